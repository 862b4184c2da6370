package billing

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

// The published rows of a tree's month (ofTree) or of an edge's month (ofEdge),
// as c, to stand after FROM. Their arguments are tree, month, month, or seller,
// buyer, month, month.
//
// For an edge, assignee and month exactly one run speaks, and everything that
// it says of them counts. Rows are looked up run by run: OFFSET 0 keeps the
// planner from another order, which it would choose while a fresh partition has
// no statistics.
const (
	chargesOfTree = publishedIn + `tree_id = ? AND sold_to IS NOT NULL AND month = ?` + chargesOfRun
	chargesOfEdge = publishedIn + `bearer_id = ? AND sold_to = ? AND month = ?` + chargesOfRun
	costsOfTree   = publishedIn + `tree_id = ? AND month = ?` + costsOfRun
	costsOfEdge   = publishedIn + `bearer_id = ? AND sold_to = ? AND month = ?` + costsOfRun

	publishedIn  = `(SELECT DISTINCT run_id, bearer_id, sold_to, assignee_id FROM billing_published WHERE `
	chargesOfRun = `) p CROSS JOIN LATERAL (SELECT * FROM billing_charges x WHERE x.run_id = p.run_id AND x.month = ?
		AND x.seller_id = p.bearer_id AND x.buyer_id = p.sold_to AND x.assignee_id = p.assignee_id OFFSET 0) c`
	costsOfRun = `) p CROSS JOIN LATERAL (SELECT * FROM billing_charge_costs x WHERE x.run_id = p.run_id AND x.month = ?
		AND x.bearer_id = p.bearer_id AND x.sold_to IS NOT DISTINCT FROM p.sold_to AND x.assignee_id = p.assignee_id OFFSET 0) c`
)

// readBooks fills in what is published in b's tree and month.
func (s store) readBooks(ctx context.Context, b *books) error {
	var err error
	if b.costs, err = s.costSums(ctx, b.tree, b.month); err != nil {
		return err
	}
	if b.charges, err = s.chargeSums(ctx, b.tree, b.month); err != nil {
		return err
	}
	if b.fees, err = s.feeSums(ctx, b.tree, b.month); err != nil {
		return err
	}
	if b.feeCosts, err = s.feeCostSums(ctx, b.tree, b.month); err != nil {
		return err
	}
	if b.rated, err = s.ratedKeys(ctx, b.tree, b.month); err != nil {
		return err
	}
	if b.periods, err = s.publishedPeriods(ctx, b.tree, b.month); err != nil {
		return err
	}
	if b.unsettled, err = s.unsettledPeriods(ctx, b.tree, b.month); err != nil {
		return err
	}
	if b.found, err = s.findings(ctx, "f.tree_id = ? AND f.month = ? AND "+isPublished, b.tree, b.month); err != nil {
		return err
	}
	if b.used, err = s.usedTerms(ctx, b.tree, b.month); err != nil {
		return err
	}
	b.failed, err = s.failedLines(ctx, b.tree, b.month)
	return err
}

// costSums adds up the published cost rows of a tree's month.
func (s store) costSums(ctx context.Context, tree id.Tenant, month period.Month) ([]costSum, error) {
	var rows []struct {
		BearerID, Supplier, SoldTo, AssigneeID id.Tenant
		Provider, Payer, Account               string
		AccountID                              id.Account
		Currency                               string
		Cost                                   decimal.Decimal
	}
	err := s.q(ctx).Raw(`
		SELECT c.bearer_id, c.supplier, c.sold_to, c.assignee_id, c.provider, c.payer, c.account, c.account_id, c.currency,
			sum(c.cost) AS cost
		FROM `+costsOfTree+`
		GROUP BY c.bearer_id, c.supplier, c.sold_to, c.assignee_id, c.provider, c.payer, c.account, c.account_id, c.currency`,
		tree, month, month).Scan(&rows).Error
	out := make([]costSum, len(rows))
	for i, r := range rows {
		out[i] = costSum{
			Bearer: r.BearerID, Supplier: r.Supplier, SoldTo: r.SoldTo, Assignee: r.AssigneeID,
			Provider: r.Provider, Payer: r.Payer, Account: r.Account, AccountID: r.AccountID,
			Currency: money.Currency(r.Currency), Cost: r.Cost,
		}
	}
	return out, err
}

// edgeSums runs a query for (seller_id, buyer_id, currency, amount).
func (s store) edgeSums(ctx context.Context, query string, args ...any) ([]edgeSum, error) {
	var rows []struct {
		SellerID, BuyerID id.Tenant
		Currency          string
		Amount            decimal.Decimal
	}
	err := s.q(ctx).Raw(query, args...).Scan(&rows).Error
	out := make([]edgeSum, len(rows))
	for i, r := range rows {
		out[i] = edgeSum{Edge: Edge{Seller: r.SellerID, Buyer: r.BuyerID}, Currency: money.Currency(r.Currency), Amount: r.Amount}
	}
	return out, err
}

func (s store) chargeSums(ctx context.Context, tree id.Tenant, month period.Month) ([]edgeSum, error) {
	return s.edgeSums(ctx, `
		SELECT c.seller_id, c.buyer_id, c.currency, sum(c.amount) AS amount FROM `+chargesOfTree+`
		GROUP BY c.seller_id, c.buyer_id, c.currency`, tree, month, month)
}

func (s store) feeSums(ctx context.Context, tree id.Tenant, month period.Month) ([]edgeSum, error) {
	return s.edgeSums(ctx, `
		SELECT c.seller_id, c.buyer_id, c.currency, sum(c.amount) AS amount
		FROM billing_period_charges c JOIN billing_period_published p USING (run_id, seller_id, buyer_id, month)
		WHERE c.tree_id = ? AND month = ? GROUP BY c.seller_id, c.buyer_id, c.currency`, tree, month)
}

func (s store) feeCostSums(ctx context.Context, tree id.Tenant, month period.Month) ([]edgeSum, error) {
	return s.edgeSums(ctx, `
		SELECT c.supplier AS seller_id, c.buyer_id, c.currency, sum(c.amount) AS amount
		FROM billing_period_costs c JOIN billing_period_published p
			ON p.run_id = c.run_id AND p.seller_id = c.supplier AND p.buyer_id = c.buyer_id AND p.month = c.month
		WHERE c.tree_id = ? AND c.month = ? GROUP BY c.supplier, c.buyer_id, c.currency`, tree, month)
}

// resultSums returns what line runs said that they charged on each edge, and
// what the lines sold there cost the seller.
func (s store) resultSums(ctx context.Context, tree id.Tenant, month period.Month) (charges []edgeSum, costs []costSum, err error) {
	var rows []struct {
		SellerID, BuyerID id.Tenant
		Currency          string
		Amount, Cost      decimal.Decimal
	}
	err = s.q(ctx).Raw(`
		SELECT e.bearer_id AS seller_id, e.sold_to AS buyer_id, e.currency, sum(e.amount) AS amount, sum(e.cost) AS cost
		FROM billing_run_results e
		WHERE e.tree_id = ? AND e.month = ? AND e.sold_to IS NOT NULL AND e.currency <> '' AND EXISTS (
			SELECT FROM billing_published p WHERE p.run_id = e.run_id AND p.bearer_id = e.bearer_id
				AND p.sold_to = e.sold_to AND p.assignee_id = e.assignee_id AND p.month = e.month)
		GROUP BY e.bearer_id, e.sold_to, e.currency`, tree, month).Scan(&rows).Error
	for _, r := range rows {
		currency := money.Currency(r.Currency)
		charges = append(charges, edgeSum{Edge: Edge{Seller: r.SellerID, Buyer: r.BuyerID}, Currency: currency, Amount: r.Amount})
		costs = append(costs, costSum{Bearer: r.SellerID, SoldTo: r.BuyerID, Currency: currency, Cost: r.Cost})
	}
	return charges, costs, err
}

func (s store) ratedKeys(ctx context.Context, tree id.Tenant, month period.Month) (map[ratedKey]bool, error) {
	var rows []struct {
		BearerID, AssigneeID id.Tenant
		AccountID            id.Account
	}
	err := s.q(ctx).Raw(`
		SELECT DISTINCT bearer_id, assignee_id, account_id FROM billing_published WHERE tree_id = ? AND month = ?`,
		tree, month).Scan(&rows).Error
	out := make(map[ratedKey]bool, len(rows))
	for _, r := range rows {
		out[ratedKey{r.BearerID, r.AssigneeID, r.AccountID}] = true
	}
	return out, err
}

func (s store) publishedPeriods(ctx context.Context, tree id.Tenant, month period.Month) (map[Edge]bool, error) {
	var rows []struct{ SellerID, BuyerID id.Tenant }
	err := s.q(ctx).Raw(`
		SELECT seller_id, buyer_id FROM billing_period_published WHERE tree_id = ? AND month = ?`, tree, month).Scan(&rows).Error
	out := make(map[Edge]bool, len(rows))
	for _, r := range rows {
		out[Edge{Seller: r.SellerID, Buyer: r.BuyerID}] = true
	}
	return out, err
}

// unsettledPeriods returns, of each edge, the newest period run, unless that
// one is complete or was withdrawn.
func (s store) unsettledPeriods(ctx context.Context, tree id.Tenant, month period.Month) ([]Run, error) {
	return s.runs(ctx, `
		WHERE state IN ('requested', 'waiting', 'running', 'failed') AND id IN (
			SELECT DISTINCT ON (seller_id, buyer_id) id FROM billing_runs
			WHERE kind = 'period' AND tree_id = ? AND month = ? ORDER BY seller_id, buyer_id, id DESC)
		ORDER BY id`, tree, month)
}

// publishedPeriodRuns returns the period runs that speak for an edge.
func (s store) publishedPeriodRuns(ctx context.Context, tree id.Tenant, month period.Month) ([]Run, error) {
	return s.runs(ctx, `
		WHERE id IN (SELECT run_id FROM billing_period_published WHERE tree_id = ? AND month = ?) ORDER BY seller_id, buyer_id`,
		tree, month)
}
