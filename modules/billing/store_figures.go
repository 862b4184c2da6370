package billing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// dates writes months as a PostgreSQL array literal.
func dates(months []period.Month) string {
	out := make([]string, len(months))
	for i, m := range months {
		out[i] = m.Start().Format("2006-01-02")
	}
	return "{" + strings.Join(out, ",") + "}"
}

// maxListedEdges is how many edges of the acting tenant, and of all sellers below it,
// Figures lists for a month; the others are added up by seller.
const maxListedEdges = 100

// readFigures reads the sums of months.
func (s store) readFigures(ctx context.Context, sc scope.Scope, months []period.Month, b *figuresBook) error {
	in := dates(months)
	bearers, whose := own(sc, "t", "bearer_id", "bearer_id")
	sellers, sold := own(sc, "p", "seller_id", "seller_id")
	with := func(args []any, more ...any) []any { return append(slices.Clone(args), more...) }
	for _, q := range []struct {
		into  any
		query string
		args  []any
	}{
		{&b.sellers, `
			SELECT month, bearer_id AS seller_id, currency, sum(price) AS price, sum(cost) AS cost, sum(supplied) AS supplied
			FROM billing_bearer_totals t WHERE ` + bearers + ` AND month = ANY(?::date[]) AND is_sold
			GROUP BY month, bearer_id, currency`, with(whose, in)},
		{&b.ends, `
			SELECT month, bearer_id AS seller_id, currency, sum(cost) AS cost, sum(supplied) AS supplied
			FROM billing_edge_totals t WHERE ` + bearers + ` AND month = ANY(?::date[]) AND own_use AND sold_to IS NULL
			GROUP BY month, bearer_id, currency`, with(whose, in)},
		{&b.bought, `
			SELECT month, bearer_id AS seller_id, currency, sum(supplied) AS supplied
			FROM billing_bearer_totals WHERE bearer_id = ? AND month = ANY(?::date[]) GROUP BY month, bearer_id, currency`, []any{sc.Tenant, in}},
		{&b.feesOf, `
			SELECT month, seller_id, currency, charged, documents AS edges FROM billing_seller_totals p
			WHERE ` + sellers + ` AND month = ANY(?::date[])`, with(sold, in)},
	} {
		if err := s.q(ctx).Raw(q.query, q.args...).Scan(q.into).Error; err != nil {
			return err
		}
	}
	if err := s.feesPaidBy(ctx, in, b); err != nil {
		return err
	}
	return s.listedEdges(ctx, sc, in, b)
}

// listedEdges reads the largest edges of each month, which are found by index,
// and such as have a cost only: no contract covers their lines. What the index
// leads to is read once, for the fees too.
func (s store) listedEdges(ctx context.Context, sc scope.Scope, in string, b *figuresBook) error {
	const largest = `
		(SELECT p.seller_id, p.buyer_id, p.currency, p.fees + p.rounding FROM billing_period_published p WHERE %s AND p.month = m.month
			ORDER BY p.lines + p.fees + p.rounding DESC LIMIT ?)`
	places, args := []string{fmt.Sprintf(largest, "p.seller_id = ?")}, []any{in, sc.Tenant, maxListedEdges}
	if sc.Tier == scope.Distributor {
		places, args = append(places, fmt.Sprintf(largest, "p.tree_id = ? AND p.seller_id <> ?")), append(args, sc.Tree, sc.Tenant, maxListedEdges)
	}
	bearers, whose := own(sc, "t", "bearer_id", "bearer_id")
	args = append(append(append(args, in), whose...), maxListedEdges)
	return s.q(ctx).Raw(`
		WITH large AS (
			SELECT m.month, p.seller_id, p.buyer_id, p.currency, p.charged FROM unnest(?::date[]) AS m (month)
			CROSS JOIN LATERAL (`+strings.Join(places, " UNION ALL ")+`) p (seller_id, buyer_id, currency, charged)
		), unpriced AS (
			SELECT m.month, e.seller_id, e.buyer_id FROM unnest(?::date[]) AS m (month)
			CROSS JOIN LATERAL (
				SELECT t.bearer_id, t.sold_to FROM billing_edge_totals t
				WHERE `+bearers+` AND t.month = m.month AND t.price = 0 AND t.sold_to IS NOT NULL LIMIT ?) e (seller_id, buyer_id)
			EXCEPT SELECT month, seller_id, buyer_id FROM large
		)
		SELECT e.*, t.currency, t.price, t.cost, 0 AS charged, 0 AS edges
		FROM (SELECT month, seller_id, buyer_id FROM large UNION ALL SELECT * FROM unpriced) e
		JOIN billing_edges t ON t.bearer_id = e.seller_id AND t.sold_to = e.buyer_id AND t.month = e.month
		UNION ALL
		SELECT month, seller_id, buyer_id, currency, 0, 0, charged, 1 FROM large
		UNION ALL
		SELECT e.*, p.currency, 0, 0, p.fees + p.rounding, 1 FROM unpriced e
		JOIN billing_period_published p ON p.seller_id = e.seller_id AND p.buyer_id = e.buyer_id AND p.month = e.month`,
		args...).Scan(&b.listed).Error
}

// feesPaidBy reads what the acting tenant and the sellers of b were charged in
// fees themselves.
func (s store) feesPaidBy(ctx context.Context, in string, b *figuresBook) error {
	return s.q(ctx).Raw(`
		SELECT month, seller_id, buyer_id, seller, seller_name, currency, fees + rounding AS charged FROM billing_period_published
		WHERE buyer_id = ANY(?::uuid[]) AND month = ANY(?::date[])`, id.Array(b.sellerIDs()), in).Scan(&b.paid).Error
}

// months returns the months of the documents that the scope sees, the newest
// first: it walks from one to the next.
func (s store) months(ctx context.Context) ([]period.Month, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	// A union of both ends, so that each walks along an index of its own.
	const walk = `(
		WITH RECURSIVE m AS (
			SELECT max(month) AS month FROM billing_period_published WHERE %[1]s = ?
			UNION ALL
			SELECT (SELECT max(p.month) FROM billing_period_published p WHERE p.%[1]s = ? AND p.month < m.month) FROM m WHERE m.month IS NOT NULL)
		SELECT month FROM m WHERE month IS NOT NULL)`
	columns, args := []string{"seller_id", "buyer_id"}, []any{sc.Tenant, sc.Tenant, sc.Tenant, sc.Tenant}
	if sc.Tier == scope.Distributor {
		columns, args = []string{"tree_id"}, args[:2]
	}
	var walks []string
	for _, c := range columns {
		walks = append(walks, fmt.Sprintf(walk, c))
	}
	var rows []struct{ Month period.Month }
	err = s.q(ctx).Raw(strings.Join(walks, " UNION ")+" ORDER BY month DESC", args...).Scan(&rows).Error
	out := make([]period.Month, len(rows))
	for i, r := range rows {
		out[i] = r.Month
	}
	return out, err
}

// serviceFigureRow adds up billing_service_totals.
type serviceFigureRow struct {
	Month    period.Month
	Currency string
	Service  string
	Price    decimal.Decimal
	Cost     decimal.Decimal
	Supplied decimal.Decimal
}

// edgeServices returns what an edge's lines came to by service, of all
// assignees.
func (s store) edgeServices(ctx context.Context, months []period.Month, edge Edge) ([]serviceFigureRow, error) {
	resold, err := s.serviceSums(ctx, "billing_resold_services", months, "bearer_id = ? AND sold_to = ?", edge.Seller, edge.Buyer)
	if err != nil {
		return nil, err
	}
	own, err := s.serviceSums(ctx, "billing_service_totals", months, "bearer_id = ? AND sold_to = ? AND assignee_id = ?", edge.Seller, edge.Buyer, edge.Buyer)
	return append(resold, own...), err
}

// furtherServices returns what a bearer's lines of one assignee came to by
// service that it sells to somebody else.
func (s store) furtherServices(ctx context.Context, months []period.Month, bearer, assignee id.Tenant) ([]serviceFigureRow, error) {
	return s.serviceSums(ctx, "billing_service_totals", months,
		"bearer_id = ? AND assignee_id = ? AND sold_to IS NOT NULL AND sold_to <> ?", bearer, assignee, assignee)
}

// ownServices returns what all of a bearer's lines came to by service, sold or
// not; or only those that it sells.
func (s store) ownServices(ctx context.Context, months []period.Month, bearer id.Tenant, sold bool) ([]serviceFigureRow, error) {
	return s.serviceSums(ctx, "billing_bearer_totals", months, "bearer_id = ? AND (is_sold OR NOT ?)", bearer, sold)
}

func (s store) serviceSums(ctx context.Context, table string, months []period.Month, where string, args ...any) ([]serviceFigureRow, error) {
	var rows []serviceFigureRow
	err := s.q(ctx).Raw(`
		SELECT month, currency, service, sum(price) AS price, sum(cost) AS cost, sum(supplied) AS supplied
		FROM `+table+` WHERE month = ANY(?::date[]) AND `+where+`
		GROUP BY month, currency, service`, append([]any{dates(months)}, args...)...).Scan(&rows).Error
	return rows, err
}

// sellerFees returns what period runs came to on all edges of a seller.
func (s store) sellerFees(ctx context.Context, months []period.Month, seller id.Tenant) ([]periodFigureRow, error) {
	var rows []periodFigureRow
	err := s.q(ctx).Raw(`
		SELECT month, seller_id, currency, charged, documents AS edges FROM billing_seller_totals
		WHERE seller_id = ? AND month = ANY(?::date[])`, seller, dates(months)).Scan(&rows).Error
	return rows, err
}

// periodFigures returns what period runs came to on edges that fulfil a
// condition.
func (s store) periodFigures(ctx context.Context, months []period.Month, where string, args ...any) ([]periodFigureRow, error) {
	var rows []periodFigureRow
	err := s.q(ctx).Raw(`
		SELECT month, seller_id, buyer_id, currency, fees + rounding AS charged
		FROM billing_period_published WHERE month = ANY(?::date[]) AND `+where,
		append([]any{dates(months)}, args...)...).Scan(&rows).Error
	return rows, err
}
