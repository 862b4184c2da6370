package billing

import (
	"context"
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

// readFigures reads the sums of months.
func (s store) readFigures(ctx context.Context, sc scope.Scope, months []period.Month, b *figuresBook) error {
	const totals = `sum(price) AS price, sum(cost) AS cost, sum(supplied) AS supplied FROM billing_edge_totals WHERE tree_id = ? AND month = ANY(?::date[]) AND `
	in := dates(months)
	for _, q := range []struct {
		into  *[]edgeFigureRow
		query string
	}{
		{&b.edges, `SELECT month, bearer_id AS seller_id, sold_to AS buyer_id, currency, ` + totals + `sold_to IS NOT NULL GROUP BY month, bearer_id, sold_to, currency`},
		{&b.ends, `SELECT month, bearer_id AS seller_id, currency, ` + totals + `sold_to IS NULL AND own_use GROUP BY month, bearer_id, currency`},
	} {
		if err := s.q(ctx).Raw(q.query, sc.Tree, in).Scan(q.into).Error; err != nil {
			return err
		}
	}
	if sc.Tier != scope.Distributor {
		err := s.q(ctx).Raw(`SELECT month, bearer_id AS seller_id, currency, `+totals+`bearer_id = ? GROUP BY month, bearer_id, currency`,
			sc.Tree, in, sc.Tenant).Scan(&b.own).Error
		if err != nil {
			return err
		}
	}
	return s.q(ctx).Raw(`
		SELECT month, seller_id, buyer_id, seller, buyer, currency, fees + rounding AS charged
		FROM billing_period_published WHERE tree_id = ? AND month = ANY(?::date[])`, sc.Tree, in).Scan(&b.periods).Error
}

// months returns the months of the documents that the scope sees, the newest
// first: it walks from one to the next.
func (s store) months(ctx context.Context) ([]period.Month, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	var rows []struct{ Month period.Month }
	err = s.q(ctx).Raw(`
		WITH RECURSIVE m AS (
			SELECT max(month) AS month FROM billing_period_published WHERE tree_id = ?
			UNION ALL
			SELECT (SELECT max(p.month) FROM billing_period_published p WHERE p.tree_id = ? AND p.month < m.month) FROM m WHERE m.month IS NOT NULL)
		SELECT month FROM m WHERE month IS NOT NULL`, sc.Tree, sc.Tree).Scan(&rows).Error
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
