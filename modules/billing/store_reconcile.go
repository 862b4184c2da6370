package billing

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

// publishedCosts joins cost rows c with what is published.
const publishedCosts = `billing_charge_costs c JOIN billing_published p ON p.run_id = c.run_id AND p.bearer_id = c.bearer_id
	AND p.sold_to IS NOT DISTINCT FROM c.sold_to AND p.assignee_id = c.assignee_id AND p.account_id = c.account_id AND p.month = c.month`

// publishedCharges joins line charges c with what is published.
const publishedCharges = `billing_charges c JOIN billing_published p ON p.run_id = c.run_id AND p.bearer_id = c.seller_id
	AND p.sold_to = c.buyer_id AND p.assignee_id = c.assignee_id AND p.account_id = c.account_id AND p.month = c.month`

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
	b.unsettled, err = s.unsettledPeriods(ctx, b.tree, b.month)
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
		FROM `+publishedCosts+`
		WHERE c.tree_id = ? AND c.month = ?
		GROUP BY c.bearer_id, c.supplier, c.sold_to, c.assignee_id, c.provider, c.payer, c.account, c.account_id, c.currency`,
		tree, month).Scan(&rows).Error
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
		SELECT c.seller_id, c.buyer_id, c.currency, sum(c.amount) AS amount FROM `+publishedCharges+`
		WHERE c.tree_id = ? AND c.month = ? GROUP BY c.seller_id, c.buyer_id, c.currency`, tree, month)
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
