package billing

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// switchTotals makes totals what pages read for the assignee's month of
// bearers, and nothing else. It belongs into the transaction that switches what
// is published.
func (s store) switchTotals(ctx context.Context, r Run, bearers []id.Tenant, totals assigneeTotals) error {
	for _, table := range []string{"billing_edge_totals", "billing_service_totals"} {
		err := s.q(ctx).Exec(fmt.Sprintf(`
			DELETE FROM %s WHERE assignee_id = ? AND month = ? AND bearer_id = ANY(?::uuid[])`, table),
			totals.assignee, r.Month, id.Array(bearers)).Error
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

// sumLines writes what the published line charges of edges come to beside their
// fees, where there are some already: a period run that comes first writes it
// itself. Whoever publishes lines of the same edge meanwhile waits for the
// caller's transaction, whose end this belongs to, and sees what it has written.
func (s store) sumLines(ctx context.Context, month period.Month, edges []Edge) error {
	edges = slices.Clone(edges)
	slices.SortFunc(edges, func(a, b Edge) int { return cmp.Or(a.Seller.Compare(b.Seller), a.Buyer.Compare(b.Buyer)) })
	for _, e := range edges {
		const of = ` WHERE seller_id = ? AND buyer_id = ? AND month = ?`
		err := s.q(ctx).Exec(`SELECT FROM billing_period_published`+of+` FOR UPDATE`, e.Seller, e.Buyer, month).Error
		if err != nil {
			return err
		}
		err = s.q(ctx).Exec(`UPDATE billing_period_published p SET lines = `+linesOfEdge+of, e.Seller, e.Buyer, month).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// linesOfEdge adds up the published line charges of the edge and month of p.
const linesOfEdge = `(
	SELECT coalesce(sum(t.price), 0) FROM billing_edges t
	WHERE t.bearer_id = p.seller_id AND t.sold_to = p.buyer_id AND t.month = p.month AND t.currency = p.currency)`
