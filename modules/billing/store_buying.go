package billing

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// eachBuying calls add with the rows of several queries.
func (s store) eachBuying(ctx context.Context, add func(buyingRow), queries []string, args ...[]any) error {
	for i, q := range queries {
		var rows []buyingRow
		if err := s.q(ctx).Raw(q, args[i]...).Scan(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			add(r)
		}
	}
	return nil
}

// buying reads the edges on which buyers buy, whose seller the scope sees.
func (s store) buying(ctx context.Context, sc scope.Scope, month period.Month, buyers []id.Tenant, add func(buyingRow)) error {
	if len(buyers) == 0 {
		return nil
	}
	in := id.Array(buyers)
	return s.eachBuying(ctx, add, []string{
		`
		SELECT sold_to AS tenant_id, bearer_id AS seller_id, currency, price, cost
		FROM billing_edges WHERE tree_id = ? AND month = ? AND sold_to IN (SELECT unnest(?::uuid[]))`, `
		SELECT buyer_id AS tenant_id, seller_id, currency, fees + rounding AS price
		FROM billing_period_published WHERE tree_id = ? AND month = ? AND buyer_id IN (SELECT unnest(?::uuid[])) AND fees + rounding <> 0`,
	}, []any{sc.Tree, month, in}, []any{sc.Tree, month, in})
}

// selling reads what the acting tenant sells to everybody, and what it is
// charged in fees.
func (s store) selling(ctx context.Context, sc scope.Scope, month period.Month, add func(buyingRow)) error {
	args := []any{sc.Tenant, sc.Tenant, month}
	return s.eachBuying(ctx, add, []string{
		`
		SELECT ?::uuid AS tenant_id, currency, sum(price) AS price, sum(cost) AS cost
		FROM billing_bearer_totals WHERE bearer_id = ? AND month = ? AND is_sold GROUP BY currency`, `
		SELECT ?::uuid AS tenant_id, currency, charged AS price
		FROM billing_seller_totals WHERE seller_id = ? AND month = ? AND charged <> 0`, `
		SELECT ?::uuid AS tenant_id, currency, sum(fees + rounding) AS cost
		FROM billing_period_published WHERE buyer_id = ? AND month = ? GROUP BY currency HAVING sum(fees + rounding) <> 0`,
	}, args, args, args)
}

// saleRow is a part of what a tenant sells to a buyer in a month.
type saleRow struct {
	Month       period.Month
	BuyerID     id.Tenant
	Currency    string
	Price, Cost decimal.Decimal
}

// salesTo reads what the acting tenant sells to buyers in months.
func (s store) salesTo(ctx context.Context, sc scope.Scope, buyers []id.Tenant, months []period.Month) ([]saleRow, error) {
	if len(buyers) == 0 {
		return nil, nil
	}
	in, when := id.Array(buyers), dates(months)
	var rows []saleRow
	err := s.q(ctx).Raw(`
		SELECT e.month, e.sold_to AS buyer_id, e.currency, e.price, e.cost
		FROM unnest(?::uuid[]) b (id) JOIN billing_edges e ON e.bearer_id = ? AND e.sold_to = b.id
		JOIN unnest(?::date[]) m (month) ON m.month = e.month
		UNION ALL
		SELECT p.month, p.buyer_id, p.currency, p.fees + p.rounding, 0
		FROM unnest(?::uuid[]) b (id) JOIN billing_period_published p ON p.seller_id = ? AND p.buyer_id = b.id
		JOIN unnest(?::date[]) m (month) ON m.month = p.month
		WHERE p.fees + p.rounding <> 0`, in, sc.Tenant, when, in, sc.Tenant, when).Scan(&rows).Error
	return rows, err
}

// blockedRow counts the blocking findings about a tenant.
type blockedRow struct {
	TenantID id.Tenant
	Findings int64
}

func (s store) blocked(ctx context.Context, sc scope.Scope, month period.Month) ([]blockedRow, error) {
	var rows []blockedRow
	err := s.q(ctx).Raw(`
		SELECT coalesce(f.assignee_id, f.buyer_id) AS tenant_id, count(*) AS findings FROM billing_findings f
		WHERE f.tree_id = ? AND f.month = ? AND `+isBlocking+` AND coalesce(f.assignee_id, f.buyer_id) IS NOT NULL AND `+isPublished+`
		GROUP BY 1`, sc.Tree, month).Scan(&rows).Error
	return rows, err
}

// failedFor returns the tenants about whom the newest run that ended has failed.
func (s store) failedFor(ctx context.Context, sc scope.Scope, month period.Month) ([]id.Tenant, error) {
	var rows []struct{ TenantID id.Tenant }
	err := s.q(ctx).Raw(`
		SELECT DISTINCT coalesce(f.assignee_id, f.buyer_id) AS tenant_id FROM billing_runs f
		WHERE f.tree_id = ? AND f.month = ? AND f.state = 'failed' AND `+isLast, sc.Tree, month).Scan(&rows).Error
	out := make([]id.Tenant, len(rows))
	for i, r := range rows {
		out[i] = r.TenantID
	}
	return out, err
}
