package billing

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// buyers returns whoever buying has rows of in a month, but for the acting
// tenant. It begins with the few who sell: row-level security would look at
// every edge of the tree.
func (s store) buyers(ctx context.Context, sc scope.Scope, month period.Month) ([]id.Tenant, error) {
	var rows []struct{ TenantID id.Tenant }
	err := s.q(ctx).Raw(`
		WITH sellers AS MATERIALIZED (
			SELECT bearer_id AS id FROM billing_bearer_totals WHERE tree_id = @tree AND month = @month AND is_sold
			UNION
			SELECT seller_id FROM billing_seller_totals WHERE tree_id = @tree AND month = @month)
		SELECT x.sold_to AS tenant_id FROM sellers s CROSS JOIN LATERAL (
			SELECT e.sold_to FROM billing_edge_totals e
			WHERE e.bearer_id = s.id AND e.month = @month AND e.sold_to <> @acting OFFSET 0) x
		UNION
		SELECT x.buyer_id FROM sellers s CROSS JOIN LATERAL (
			SELECT p.buyer_id FROM billing_period_published p
			WHERE p.seller_id = s.id AND p.month = @month AND p.buyer_id <> @acting AND p.fees + p.rounding <> 0 OFFSET 0) x`,
		map[string]any{"tree": sc.Tree, "month": month, "acting": sc.Tenant}).Scan(&rows).Error
	out := make([]id.Tenant, len(rows))
	for i, r := range rows {
		out[i] = r.TenantID
	}
	return out, err
}
