package billing

import (
	"context"
	"slices"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// buyers returns whoever buying has rows of in a month, some twice, but for the
// acting tenant.
func (s store) buyers(ctx context.Context, sc scope.Scope, month period.Month) ([]id.Tenant, error) {
	sold, sellers := own(sc, "e", "bearer_id", "bearer_id")
	charged, chargers := own(sc, "p", "seller_id", "seller_id")
	var list []id.Tenants
	err := s.q(ctx).Raw(`
		SELECT string_agg(uuid_send(x.id), '') FROM (
		SELECT e.sold_to AS id FROM billing_edges e WHERE `+sold+` AND e.month = ?
		UNION ALL
		SELECT p.buyer_id FROM billing_period_published p WHERE `+charged+` AND p.month = ? AND p.fees + p.rounding <> 0) x`,
		slices.Concat(sellers, []any{month}, chargers, []any{month})...).Scan(&list).Error
	if err != nil {
		return nil, err
	}
	return list[0], nil
}
