package contracts

import (
	"context"

	"tierbook/app/kernel/id"
)

func (s store) standing(ctx context.Context, buyers []id.Tenant) ([]Contract, error) {
	condition := "c.buyer_id IS NOT NULL"
	if len(buyers) > 0 {
		condition = "c.buyer_id IN (SELECT unnest(CAST(@buyers AS uuid[])))" // hashed, however many
	}
	rows, err := query[contractRow](ctx, s, `SELECT `+contractColumns+` FROM contracts_contracts c
		WHERE c.tree_id = @tree AND `+condition+` ORDER BY c.buyer_id, lower(c.months) DESC, c.id`, map[string]any{"buyers": id.Array(buyers)})
	out := make([]Contract, len(rows))
	for i, r := range rows {
		out[i] = r.contract()
	}
	return out, err
}
