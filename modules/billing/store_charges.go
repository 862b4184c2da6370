package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// chargeRow is a row of billing_charges without run, tree and month.
type chargeRow struct {
	GrainRow
	SellerID id.Tenant
	BuyerID  id.Tenant
	Rule     string
	Label    string
	Quantity decimal.Decimal
	List     decimal.NullDecimal
	Amount   decimal.Decimal
}

// costRow is a row of billing_charge_costs without run, tree and month.
type costRow struct {
	GrainRow
	BearerID id.Tenant
	Supplier id.Tenant // zero: the bearer owns the payer account
	SoldTo   id.Tenant // zero: the chain ends here
	Reason   string
	Cost     decimal.Decimal
}

// GrainRow is grainRow under a name with which GORM reads embedded structs.
type GrainRow = grainRow

// grainRow is what a charge and a cost are told apart by.
type grainRow struct {
	AssigneeID     id.Tenant
	AccountID      id.Account
	Currency       string
	Payer          string
	Provider       string
	Account        string
	Service        string
	Sku            string
	Region         string
	ChargeCategory string
	ChargeClass    string
	Marketplace    bool
	CommitmentRole string
	Unit           string
	ServiceMonth   string
}

var grainColumns = []string{
	"run_id", "tree_id", "month", "assignee_id", "account_id", "currency", "payer", "provider", "account", "service", "sku",
	"region", "charge_category", "charge_class", "marketplace", "commitment_role", "unit", "service_month",
}

// values returns g as grainColumns has it, with room for more.
func (g *grainRow) values(row []any, r Run) []any {
	return append(row, r.ID, r.Tree, r.Month, g.AssigneeID, g.AccountID, g.Currency, g.Payer, g.Provider, g.Account, g.Service, g.Sku,
		g.Region, g.ChargeCategory, g.ChargeClass, g.Marketplace, g.CommitmentRole, g.Unit, g.ServiceMonth)
}

// ensureMonth makes the month's partitions.
func (s store) ensureMonth(ctx context.Context, month period.Month) error {
	return s.q(ctx).Exec(`SELECT billing_ensure_month(?::date)`, month).Error
}

func (s store) copyCharges(ctx context.Context, r Run, rows []chargeRow) error {
	columns := append(append([]string{}, grainColumns...), "seller_id", "buyer_id", "rule", "label", "quantity", "list", "amount")
	_, err := s.db.CopyFrom(ctx, "billing_charges", columns, func(yield func([]any, error) bool) {
		var row []any
		for i := range rows {
			c := &rows[i]
			row = append(c.values(row[:0], r), c.SellerID, c.BuyerID, c.Rule, c.Label, c.Quantity, c.List, c.Amount)
			if !yield(row, nil) {
				return
			}
		}
	})
	return err
}

func (s store) copyCosts(ctx context.Context, r Run, rows []costRow) error {
	columns := append(append([]string{}, grainColumns...), "bearer_id", "supplier", "sold_to", "reason", "cost")
	_, err := s.db.CopyFrom(ctx, "billing_charge_costs", columns, func(yield func([]any, error) bool) {
		var row []any
		for i := range rows {
			c := &rows[i]
			row = append(c.values(row[:0], r), c.BearerID, c.Supplier, c.SoldTo, c.Reason, c.Cost)
			if !yield(row, nil) {
				return
			}
		}
	})
	return err
}

// publishedRow is a row of billing_published.
type publishedRow struct {
	BearerID   id.Tenant
	SoldTo     id.Tenant
	AssigneeID id.Tenant
	AccountID  id.Account
	RunID      id.Run
}

func (p publishedRow) edge() Edge { return Edge{Seller: p.BearerID, Buyer: p.SoldTo} }

// published returns what is published for (assignee, month).
func (s store) published(ctx context.Context, assignee id.Tenant, month period.Month) ([]publishedRow, error) {
	var rows []publishedRow
	err := s.q(ctx).Raw(`
		SELECT bearer_id, sold_to, assignee_id, account_id, run_id FROM billing_published
		WHERE assignee_id = ? AND month = ?`, assignee, month).Scan(&rows).Error
	return rows, err
}

// publishedUnder returns the assignees under whom one of accounts is published.
func (s store) publishedUnder(ctx context.Context, accounts []id.Account, month period.Month) ([]id.Tenant, error) {
	var rows []struct{ AssigneeID id.Tenant }
	err := s.q(ctx).Raw(`
		SELECT DISTINCT assignee_id FROM billing_published WHERE account_id = ANY(?::uuid[]) AND month = ?
		ORDER BY assignee_id`, id.Array(accounts), month).Scan(&rows).Error
	out := make([]id.Tenant, len(rows))
	for i, r := range rows {
		out[i] = r.AssigneeID
	}
	return out, err
}

// recordOf returns what run read. The record is empty for a run that has not
// published.
func (s store) recordOf(ctx context.Context, run id.Run) (record, error) {
	var texts []*string
	if err := s.q(ctx).Raw(`SELECT inputs::text FROM billing_runs WHERE id = ?`, run).Scan(&texts).Error; err != nil {
		return record{}, err
	}
	var out record
	if len(texts) == 0 || texts[0] == nil {
		return out, nil
	}
	err := json.Unmarshal([]byte(*texts[0]), &out)
	return out, err
}

// dropOld deletes the charges and costs of assignee's month that bearers
// publish no more; those that are published now, and soon will be the previous
// ones, stay. It runs before switchPublished.
func (s store) dropOld(ctx context.Context, assignee id.Tenant, month period.Month, bearers []id.Tenant) error {
	const old = `
		DELETE FROM %s c USING (
			SELECT DISTINCT e.run_id, e.bearer_id, e.sold_to FROM billing_run_results e
			WHERE e.assignee_id = ? AND e.month = ? AND e.bearer_id = ANY(?::uuid[]) AND NOT EXISTS (
				SELECT FROM billing_published p
				WHERE p.run_id = e.run_id AND p.bearer_id = e.bearer_id AND p.sold_to IS NOT DISTINCT FROM e.sold_to
					AND p.assignee_id = e.assignee_id AND p.month = e.month)
		) o
		WHERE c.run_id = o.run_id AND c.month = ? AND c.assignee_id = ? AND `
	args := []any{assignee, month, id.Array(bearers), month, assignee}
	err := s.q(ctx).Exec(fmt.Sprintf(old, "billing_charges")+`c.seller_id = o.bearer_id AND c.buyer_id = o.sold_to`, args...).Error
	if err != nil {
		return err
	}
	return s.q(ctx).Exec(fmt.Sprintf(old, "billing_charge_costs")+
		`c.bearer_id = o.bearer_id AND c.sold_to IS NOT DISTINCT FROM o.sold_to`, args...).Error
}

// switchPublished makes rows what is published for assignee's month by
// bearers, and nothing else.
func (s store) switchPublished(ctx context.Context, r Run, assignee id.Tenant, bearers []id.Tenant, rows iter.Seq[publishedRow]) error {
	err := s.q(ctx).Exec(`
		DELETE FROM billing_published WHERE assignee_id = ? AND month = ? AND bearer_id = ANY(?::uuid[])`,
		assignee, r.Month, id.Array(bearers)).Error
	if err != nil {
		return err
	}
	columns := []string{"tree_id", "bearer_id", "sold_to", "assignee_id", "account_id", "month", "run_id"}
	_, err = s.db.CopyFrom(ctx, "billing_published", columns, func(yield func([]any, error) bool) {
		for p := range rows {
			if !yield([]any{r.Tree, p.BearerID, p.SoldTo, p.AssigneeID, p.AccountID, r.Month, r.ID}, nil) {
				return
			}
		}
	})
	return err
}

// switchApplied makes rows what was applied for assignee's month by bearers, and
// nothing else.
func (s store) switchApplied(ctx context.Context, r Run, assignee id.Tenant, bearers []id.Tenant, rows []usedTerms) error {
	err := s.q(ctx).Exec(`
		DELETE FROM billing_applied WHERE assignee_id = ? AND month = ? AND seller_id = ANY(?::uuid[])`,
		assignee, r.Month, id.Array(bearers)).Error
	if err != nil {
		return err
	}
	columns := []string{"tree_id", "seller_id", "buyer_id", "month", "assignee_id", "version_id", "terms_hash"}
	_, err = s.db.CopyFrom(ctx, "billing_applied", columns, func(yield func([]any, error) bool) {
		for _, u := range rows {
			if !yield([]any{r.Tree, u.SellerID, u.BuyerID, r.Month, u.AssigneeID, u.VersionID, u.TermsHash}, nil) {
				return
			}
		}
	})
	return err
}

// resultRow is a row of billing_run_results without tree and month.
type resultRow struct {
	RunID      id.Run
	BearerID   id.Tenant
	SoldTo     id.Tenant
	AssigneeID id.Tenant
	Currency   string
	Charges    int64
	Amount     decimal.Decimal
	Cost       decimal.Decimal
	Hash       string
}

func (s store) copyResults(ctx context.Context, r Run, rows []resultRow) error {
	columns := []string{"run_id", "tree_id", "bearer_id", "sold_to", "assignee_id", "month", "currency", "charges", "amount", "cost", "hash", "started_at"}
	_, err := s.db.CopyFrom(ctx, "billing_run_results", columns, func(yield func([]any, error) bool) {
		for _, x := range rows {
			row := []any{r.ID, r.Tree, x.BearerID, x.SoldTo, x.AssigneeID, r.Month, x.Currency, x.Charges, x.Amount, x.Cost, x.Hash, r.StartedAt}
			if !yield(row, nil) {
				return
			}
		}
	})
	return err
}

// results returns what run said of each edge and assignee.
func (s store) results(ctx context.Context, run id.Run) ([]resultRow, error) {
	var rows []resultRow
	err := s.q(ctx).Raw(`
		SELECT run_id, bearer_id, sold_to, assignee_id, currency, charges, amount, cost, hash
		FROM billing_run_results WHERE run_id = ?`, run).Scan(&rows).Error
	return rows, err
}

const grainSelect = `assignee_id, account_id, currency, payer, provider, account, service, sku, region, charge_category,
	charge_class, marketplace, commitment_role, unit, service_month`

// charges returns the stored charges of run.
func (s store) charges(ctx context.Context, run id.Run, month period.Month) ([]chargeRow, error) {
	var rows []chargeRow
	err := s.q(ctx).Raw(`
		SELECT `+grainSelect+`, seller_id, buyer_id, rule, label, quantity, list, amount
		FROM billing_charges WHERE run_id = ? AND month = ?`, run, month).Scan(&rows).Error
	return rows, err
}

// costs returns the stored costs of run.
func (s store) costs(ctx context.Context, run id.Run, month period.Month) ([]costRow, error) {
	var rows []costRow
	err := s.q(ctx).Raw(`
		SELECT `+grainSelect+`, bearer_id, supplier, sold_to, reason, cost
		FROM billing_charge_costs WHERE run_id = ? AND month = ?`, run, month).Scan(&rows).Error
	return rows, err
}

// publishedRuns returns the line runs that speak for an edge in month, with
// the edges and assignees that they speak for.
func (s store) publishedRuns(ctx context.Context, tree id.Tenant, month period.Month) ([]publishedRow, error) {
	var rows []publishedRow
	err := s.q(ctx).Raw(`
		SELECT DISTINCT bearer_id, sold_to, assignee_id, run_id FROM billing_published
		WHERE tree_id = ? AND month = ? ORDER BY run_id`, tree, month).Scan(&rows).Error
	return rows, err
}

func (s store) copyFindings(ctx context.Context, r Run, rows []findingRow) error {
	columns := []string{
		"run_id", "tree_id", "seller_id", "buyer_id", "assignee_id", "month",
		"code", "blocking", "rule", "lines", "currency", "sum", "message",
	}
	_, err := s.db.CopyFrom(ctx, "billing_findings", columns, func(yield func([]any, error) bool) {
		for _, f := range rows {
			row := []any{
				r.ID, r.Tree, f.SellerID, f.BuyerID, f.AssigneeID, r.Month,
				f.Code, f.Blocking, f.Rule, f.Lines, f.Currency, f.Sum, string(f.Message),
			}
			if !yield(row, nil) {
				return
			}
		}
	})
	return err
}
