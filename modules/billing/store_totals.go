package billing

import (
	"context"
	"fmt"

	"tierbook/app/kernel/id"
)

// switchTotals makes totals what pages read for the assignee's month of
// bearers, and nothing else. It belongs into the transaction that switches what
// is published.
func (s store) switchTotals(ctx context.Context, r Run, bearers []id.Tenant, totals assigneeTotals) error {
	for _, table := range []string{"billing_edge_totals", "billing_service_totals"} {
		err := s.q(ctx).Exec(fmt.Sprintf(`
			DELETE FROM %s WHERE assignee_id = ? AND month = ? AND bearer_id = ANY(?::uuid[])`, table),
			totals.assignee, r.Month, array(uuids(bearers))).Error
		if err != nil {
			return err
		}
	}
	columns := []string{"tree_id", "month", "bearer_id", "sold_to", "assignee_id", "currency", "price", "cost", "supplied"}
	row := func(k totalKey, t total) []any {
		return []any{r.Tree, r.Month, k.Seller, k.Buyer, totals.assignee, k.currency, t.price, t.cost, t.supplied}
	}
	edges := totals.edges()
	_, err := s.db.CopyFrom(ctx, "billing_edge_totals", append(columns[:len(columns):len(columns)], "own_use"), func(yield func([]any, error) bool) {
		for _, k := range sortedTotals(edges) {
			if !yield(append(row(k, edges[k]), totals.ownUse), nil) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	_, err = s.db.CopyFrom(ctx, "billing_service_totals", append(columns[:len(columns):len(columns)], "service"), func(yield func([]any, error) bool) {
		for _, k := range sortedTotals(totals.services) {
			if !yield(append(row(k, totals.services[k]), k.service), nil) {
				return
			}
		}
	})
	return err
}
