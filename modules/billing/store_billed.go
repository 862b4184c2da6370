package billing

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// buyers returns whoever buying has rows of in a month, but for the acting
// tenant.
func (s store) buyers(ctx context.Context, sc scope.Scope, month period.Month) ([]id.Tenant, error) {
	var rows []struct{ TenantID id.Tenant }
	err := s.q(ctx).Raw(`
		SELECT sold_to AS tenant_id FROM billing_edge_totals WHERE tree_id = ? AND month = ? AND sold_to <> ?
		UNION
		SELECT buyer_id FROM billing_period_published WHERE tree_id = ? AND month = ? AND buyer_id <> ? AND fees + rounding <> 0`,
		sc.Tree, month, sc.Tenant, sc.Tree, month, sc.Tenant).Scan(&rows).Error
	out := make([]id.Tenant, len(rows))
	for i, r := range rows {
		out[i] = r.TenantID
	}
	return out, err
}
