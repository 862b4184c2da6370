package billing

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// roundingRule stands in the place of a rule's name where a period charge is
// the rounding. No rule can have this name.
const roundingRule = "(rounding)"

// periodRow is a row of billing_period_charges without run, tree, edge and
// month.
type periodRow struct {
	Ordinal    int
	Stage      string
	Rule       string
	Label      string
	Currency   string
	AssigneeID id.Tenant // per customer and per account
	Account    string    // per account
	Base       decimal.NullDecimal
	Rate       string
	Amount     decimal.Decimal
}

// joinablePeriod returns the period run of an edge that has not started, and
// holds it back from starting until the transaction ends.
func (s store) joinablePeriod(ctx context.Context, edge Edge, month period.Month) (id.Run, bool, error) {
	runs, err := s.runs(ctx, `
		WHERE kind = 'period' AND seller_id = ? AND buyer_id = ? AND month = ? AND state IN ('requested', 'waiting')
		ORDER BY id LIMIT 1 FOR SHARE`, edge.Seller, edge.Buyer, month)
	if err != nil || len(runs) == 0 {
		return id.Run{}, false, err
	}
	return runs[0].ID, true, nil
}

// edgeTotals adds up an edge's published line charges by currency.
func (s store) edgeTotals(ctx context.Context, edge Edge, month period.Month) ([]edgeSum, error) {
	return s.edgeSums(ctx, `
		SELECT c.seller_id, c.buyer_id, c.currency, sum(c.amount) AS amount FROM `+chargesOfEdge+`
		GROUP BY c.seller_id, c.buyer_id, c.currency ORDER BY c.currency`, edge.Seller, edge.Buyer, month, month)
}

// edgeResults returns the hashes of the published line results of an edge, in
// order.
func (s store) edgeResults(ctx context.Context, edge Edge, month period.Month) ([]string, error) {
	var out []string
	err := s.q(ctx).Raw(`
		SELECT e.hash FROM billing_run_results e
		WHERE e.bearer_id = ? AND e.sold_to = ? AND e.month = ? AND EXISTS (
			SELECT FROM billing_published p WHERE p.run_id = e.run_id AND p.bearer_id = e.bearer_id
				AND p.sold_to = e.sold_to AND p.assignee_id = e.assignee_id AND p.month = e.month)
		ORDER BY e.hash`, edge.Seller, edge.Buyer, month).Scan(&out).Error
	return out, err
}

// edgeAssignees returns the assignees that have something published on an edge.
func (s store) edgeAssignees(ctx context.Context, edge Edge, month period.Month) ([]id.Tenant, error) {
	var rows []struct{ AssigneeID id.Tenant }
	err := s.q(ctx).Raw(`
		SELECT DISTINCT assignee_id FROM billing_published WHERE bearer_id = ? AND sold_to = ? AND month = ?`,
		edge.Seller, edge.Buyer, month).Scan(&rows).Error
	out := make([]id.Tenant, len(rows))
	for i, r := range rows {
		out[i] = r.AssigneeID
	}
	return out, err
}

// blockedLines returns the edges and assignees, among those that have something
// published on edge, where lines stopped because no contract covers them.
func (s store) blockedLines(ctx context.Context, edge Edge, month period.Month) ([]findingRow, error) {
	var rows []findingRow
	err := s.q(ctx).Raw(`
		SELECT DISTINCT f.seller_id, f.assignee_id FROM billing_findings f
		JOIN billing_published above ON above.run_id = f.run_id AND above.bearer_id = f.seller_id
			AND above.sold_to = f.buyer_id AND above.assignee_id = f.assignee_id AND above.month = f.month
		WHERE f.code = ? AND f.month = ? AND f.seller_id <> ? AND EXISTS (
			SELECT FROM billing_published p
			WHERE p.bearer_id = ? AND p.sold_to = ? AND p.assignee_id = f.assignee_id AND p.month = f.month)
		ORDER BY f.assignee_id, f.seller_id`,
		rules.FindingNoContract, month, edge.Seller, edge.Seller, edge.Buyer).Scan(&rows).Error
	return rows, err
}

// feeGrain selects the columns of grainRow from c.
const feeGrain = `c.assignee_id, c.account_id, c.currency, c.payer, c.provider, c.account, c.service, c.sku, c.region,
	c.charge_category, c.charge_class, c.marketplace, c.commitment_role, c.unit, c.service_month`

// edgeCharges returns an edge's published line charges.
func (s store) edgeCharges(ctx context.Context, edge Edge, month period.Month) ([]chargeRow, error) {
	var rows []chargeRow
	err := s.q(ctx).Raw(`
		SELECT `+feeGrain+`, c.rule, c.quantity, c.list, c.amount FROM `+chargesOfEdge,
		edge.Seller, edge.Buyer, month, month).Scan(&rows).Error
	return rows, err
}

// edgeCosts returns what the lines sold on an edge cost its seller.
func (s store) edgeCosts(ctx context.Context, edge Edge, month period.Month) ([]costRow, error) {
	var rows []costRow
	err := s.q(ctx).Raw(`
		SELECT `+feeGrain+`, c.cost FROM `+costsOfEdge+`
		WHERE c.reason = ''`, edge.Seller, edge.Buyer, month, month).Scan(&rows).Error
	return rows, err
}

// feesPaid adds up by currency what buyer was charged in fees by its
// suppliers, rounding apart.
func (s store) feesPaid(ctx context.Context, buyer id.Tenant, month period.Month) ([]edgeSum, error) {
	return s.edgeSums(ctx, `
		SELECT c.buyer_id, c.currency, sum(c.amount) AS amount
		FROM billing_period_costs c JOIN billing_period_published p
			ON p.run_id = c.run_id AND p.seller_id = c.supplier AND p.buyer_id = c.buyer_id AND p.month = c.month
		WHERE c.buyer_id = ? AND c.month = ? AND c.rule <> ?
		GROUP BY c.buyer_id, c.currency ORDER BY c.currency`, buyer, month, roundingRule)
}

// insertPeriod writes r's period charges and the buyer's side of them.
func (s store) insertPeriod(ctx context.Context, r Run, rows []periodRow) error {
	for _, p := range rows {
		err := s.q(ctx).Exec(`
			INSERT INTO billing_period_charges (run_id, tree_id, seller_id, buyer_id, contract_id, month,
				ordinal, stage, rule, label, currency, assignee_id, account, base, rate, amount)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, r.Tree, r.Seller, r.Buyer, r.Contract, r.Month,
			p.Ordinal, p.Stage, p.Rule, p.Label, p.Currency, p.AssigneeID, p.Account, p.Base, p.Rate, p.Amount).Error
		if err != nil {
			return err
		}
		err = s.q(ctx).Exec(`
			INSERT INTO billing_period_costs (run_id, tree_id, buyer_id, supplier, contract_id, month, ordinal, rule, currency, amount)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, r.Tree, r.Buyer, r.Seller, r.Contract, r.Month, p.Ordinal, p.Rule, p.Currency, p.Amount).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// periodRows returns the period charges of run in order.
func (s store) periodRows(ctx context.Context, run id.Run) ([]periodRow, error) {
	var rows []periodRow
	err := s.q(ctx).Raw(`
		SELECT ordinal, stage, rule, label, currency, assignee_id, account, base, rate, amount
		FROM billing_period_charges WHERE run_id = ? ORDER BY ordinal`, run).Scan(&rows).Error
	return rows, err
}

// switchPeriod makes r what is published for its edge and month. Of the runs
// before it the last one keeps its charges, older ones their totals in the log.
func (s store) switchPeriod(ctx context.Context, r Run, p periodPublication) error {
	const old = `DELETE FROM %s c WHERE c.%s = ? AND c.buyer_id = ? AND c.month = ? AND c.run_id <> ? AND c.run_id NOT IN (
		SELECT p.run_id FROM billing_period_published p WHERE p.seller_id = ? AND p.buyer_id = ? AND p.month = ?)`
	for _, q := range []string{fmt.Sprintf(old, "billing_period_charges", "seller_id"), fmt.Sprintf(old, "billing_period_costs", "supplier")} {
		if err := s.q(ctx).Exec(q, r.Seller, r.Buyer, r.Month, r.ID, r.Seller, r.Buyer, r.Month).Error; err != nil {
			return err
		}
	}
	if err := s.q(ctx).Exec(`UPDATE billing_runs SET contract_id = ? WHERE id = ?`, r.Contract, r.ID).Error; err != nil {
		return err
	}
	err := s.q(ctx).Exec(`
		INSERT INTO billing_period_published (tree_id, seller_id, buyer_id, month, contract_id, seller, buyer, seller_name, buyer_name, run_id, currency, fees, rounding)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (seller_id, buyer_id, month) DO UPDATE
		SET contract_id = EXCLUDED.contract_id, seller = EXCLUDED.seller, buyer = EXCLUDED.buyer,
			seller_name = EXCLUDED.seller_name, buyer_name = EXCLUDED.buyer_name, run_id = EXCLUDED.run_id, currency = EXCLUDED.currency, fees = EXCLUDED.fees, rounding = EXCLUDED.rounding`,
		r.Tree, r.Seller, r.Buyer, r.Month, r.Contract, p.Seller, p.Buyer, p.SellerName, p.BuyerName, r.ID, p.Currency, p.Fees, p.Rounding).Error
	if err != nil {
		return err
	}
	err = s.q(ctx).Exec(`INSERT INTO billing_party_names (tree_id, seller_id, tenant_id, name) VALUES (?, ?, ?, ?), (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		r.Tree, r.Seller, r.Seller, p.SellerName, r.Tree, r.Seller, r.Buyer, p.BuyerName).Error
	if err != nil {
		return err
	}
	return s.sumLines(ctx, r.Month, []Edge{{Seller: r.Seller, Buyer: r.Buyer}})
}

// withdrawPeriod ends the publication of an edge that has neither contract nor
// charges.
func (s store) withdrawPeriod(ctx context.Context, edge Edge, month period.Month) error {
	return s.q(ctx).Exec(`
		DELETE FROM billing_period_published WHERE seller_id = ? AND buyer_id = ? AND month = ?`,
		edge.Seller, edge.Buyer, month).Error
}

// underWay returns the runs of a tree's month that are to end by themselves: the
// open period runs, and the line runs that are started or queued, which will
// ask for more of them. A line run that waits does so for people.
func (s store) underWay(ctx context.Context, tree id.Tenant, month period.Month) ([]id.Run, error) {
	runs, err := s.runs(ctx, `
		WHERE tree_id = ? AND month = ? AND (state IN ('requested', 'running') OR kind = 'period' AND state = 'waiting') ORDER BY id`, tree, month)
	out := make([]id.Run, len(runs))
	for i, r := range runs {
		out[i] = r.ID
	}
	return out, err
}

// isOnlyLineRun reports whether no other line run of r's tree and month is
// queued or started.
func (s store) isOnlyLineRun(ctx context.Context, r Run) (bool, error) {
	others, err := s.runs(ctx, `
		WHERE kind = 'line' AND tree_id = ? AND month = ? AND state IN ('requested', 'running') AND id <> ? LIMIT 1`, r.Tree, r.Month, r.ID)
	return len(others) == 0, err
}

// newestPeriod returns the newest period run of an edge's month.
func (s store) newestPeriod(ctx context.Context, edge Edge, month period.Month) (Run, bool, error) {
	runs, err := s.runs(ctx, `
		WHERE kind = 'period' AND seller_id = ? AND buyer_id = ? AND month = ? ORDER BY id DESC LIMIT 1`, edge.Seller, edge.Buyer, month)
	if err != nil || len(runs) == 0 {
		return Run{}, false, err
	}
	return runs[0], true, nil
}

// newestPeriods returns the newest period run of each edge of a tree's month.
func (s store) newestPeriods(ctx context.Context, tree id.Tenant, month period.Month) (map[Edge]Run, error) {
	runs, err := s.runs(ctx, `
		WHERE id IN (SELECT DISTINCT ON (seller_id, buyer_id) id FROM billing_runs
			WHERE kind = 'period' AND tree_id = ? AND month = ? ORDER BY seller_id, buyer_id, id DESC)`, tree, month)
	out := make(map[Edge]Run, len(runs))
	for _, r := range runs {
		out[Edge{Seller: r.Seller, Buyer: r.Buyer}] = r
	}
	return out, err
}

func (g grainRow) grain() rules.Grain {
	return rules.Grain{
		Payer: g.Payer, Provider: g.Provider, Account: g.Account, Service: g.Service, SKU: g.Sku, Region: g.Region,
		ChargeCategory: g.ChargeCategory, ChargeClass: g.ChargeClass, Marketplace: g.Marketplace,
		CommitmentRole: g.CommitmentRole, Unit: g.Unit, Currency: money.Currency(g.Currency), ServiceMonth: g.ServiceMonth,
	}
}
