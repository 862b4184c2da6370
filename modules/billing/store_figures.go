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

// maxBelow is how many edges of sellers below the acting tenant Figures lists
// for a month; the others are added up by seller.
const maxBelow = 100

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
		{&b.own, `
			SELECT month, bearer_id AS seller_id, sold_to AS buyer_id, currency, sum(price) AS price, sum(cost) AS cost
			FROM billing_edge_totals WHERE bearer_id = ? AND month = ANY(?::date[]) AND sold_to IS NOT NULL
			GROUP BY month, bearer_id, sold_to, currency`, []any{sc.Tenant, in}},
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
		{&b.fees, `
			SELECT month, seller_id, buyer_id, seller, buyer, currency, fees + rounding AS charged FROM billing_period_published
			WHERE seller_id = ? AND month = ANY(?::date[])`, []any{sc.Tenant, in}},
		{&b.feesOf, `
			SELECT month, seller_id, currency, sum(fees + rounding) AS charged, count(*) AS edges FROM billing_period_published p
			WHERE ` + sellers + ` AND month = ANY(?::date[]) GROUP BY month, seller_id, currency`, with(sold, in)},
	} {
		if err := s.q(ctx).Raw(q.query, q.args...).Scan(q.into).Error; err != nil {
			return err
		}
	}
	if err := s.feesPaidBy(ctx, in, b); err != nil || sc.Tier != scope.Distributor {
		return err
	}
	// The largest of each month are found by index.
	return s.q(ctx).Raw(`
		SELECT p.month, p.seller_id, p.buyer_id, p.currency, p.fees + p.rounding AS charged, coalesce(t.price, 0) AS price, coalesce(t.cost, 0) AS cost
		FROM unnest(?::date[]) AS m (month) CROSS JOIN LATERAL (
			SELECT * FROM billing_period_published p
			WHERE p.tree_id = ? AND p.month = m.month AND p.seller_id <> ?
			ORDER BY p.lines + p.fees + p.rounding DESC LIMIT ?
		) p LEFT JOIN LATERAL (
			SELECT sum(t.price) AS price, sum(t.cost) AS cost FROM billing_edge_totals t
			WHERE t.bearer_id = p.seller_id AND t.sold_to = p.buyer_id AND t.month = p.month AND t.currency = p.currency
		) t ON true`, in, sc.Tree, sc.Tenant, maxBelow).Scan(&b.below).Error
}

// feesPaidBy reads what the acting tenant and the sellers of b were charged in
// fees themselves.
func (s store) feesPaidBy(ctx context.Context, in string, b *figuresBook) error {
	return s.q(ctx).Raw(`
		SELECT month, seller_id, buyer_id, seller, buyer, currency, fees + rounding AS charged FROM billing_period_published
		WHERE buyer_id = ANY(?::uuid[]) AND month = ANY(?::date[])`, array(uuids(b.sellerIDs())), in).Scan(&b.paid).Error
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

// services returns what a bearer's lines came to by service: those of all
// assignees that it sells to buyer, or those of one assignee.
func (s store) services(ctx context.Context, months []period.Month, where string, args ...any) ([]serviceFigureRow, error) {
	return s.serviceSums(ctx, "billing_service_totals", months, where, args...)
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

// periodFigures returns what period runs came to on edges that fulfil a
// condition.
func (s store) periodFigures(ctx context.Context, months []period.Month, where string, args ...any) ([]periodFigureRow, error) {
	var rows []periodFigureRow
	err := s.q(ctx).Raw(`
		SELECT month, seller_id, buyer_id, seller, buyer, currency, fees + rounding AS charged
		FROM billing_period_published WHERE month = ANY(?::date[]) AND `+where,
		append([]any{dates(months)}, args...)...).Scan(&rows).Error
	return rows, err
}
