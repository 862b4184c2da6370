package billing

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// resultsAround returns what line run r said of each edge and assignee, and
// what was published there before: the newest results of runs that had
// completed when r did. A run of the distributor's replaces everything, so that
// places which it does not have any more are among the latter.
func (s store) resultsAround(ctx context.Context, r Run) (now, before []resultRow, err error) {
	const columns = `e.run_id, e.bearer_id, e.sold_to, e.assignee_id, e.currency, e.charges, e.amount, e.cost, e.hash`
	err = s.q(ctx).Raw(`SELECT `+columns+` FROM billing_run_results e WHERE e.run_id = ? AND e.sold_to IS NOT NULL`, r.ID).Scan(&now).Error
	if err != nil || len(now) == 0 {
		return nil, nil, err
	}
	var all []resultRow
	err = s.q(ctx).Raw(`
		WITH older AS (
			SELECT `+columns+`, w.finished_at,
				max(w.finished_at) OVER (PARTITION BY e.bearer_id, e.sold_to, e.assignee_id) AS newest
			FROM billing_run_results e JOIN billing_runs w ON w.id = e.run_id
			WHERE e.month = ? AND e.sold_to IS NOT NULL AND w.finished_at < ?
				AND e.assignee_id IN (SELECT assignee_id FROM billing_run_results WHERE run_id = ?))
		SELECT `+columns+` FROM older e WHERE e.finished_at = e.newest`, r.Month, r.FinishedAt, r.ID).Scan(&all).Error
	return now, replaced(r, now, all), err
}

// replaced returns those of before that r has taken the place of.
func replaced(r Run, now, before []resultRow) []resultRow {
	type place struct {
		edge     Edge
		assignee id.Tenant
	}
	has, previous := map[place]bool{}, map[id.Run]bool{}
	for _, x := range now {
		has[place{x.edge(), x.AssigneeID}] = true
	}
	for _, x := range before {
		if has[place{x.edge(), x.AssigneeID}] {
			previous[x.RunID] = true
		}
	}
	var out []resultRow
	for _, x := range before {
		if has[place{x.edge(), x.AssigneeID}] || r.Acting == r.Tree && previous[x.RunID] {
			out = append(out, x)
		}
	}
	return out
}

// ruleSum adds up a run's charges by service and rule.
type ruleSum struct {
	RunID   id.Run
	Service string
	Rule    string
	Charges int64
	Amount  decimal.Decimal
}

// chargesByRule adds up what is left of the charges of two runs at a place.
func (s store) chargesByRule(ctx context.Context, month period.Month, p placeKey, runs ...id.Run) ([]ruleSum, error) {
	var rows []ruleSum
	err := s.q(ctx).Raw(`
		SELECT run_id, service, rule, count(*) AS charges, sum(amount) AS amount FROM billing_charges
		WHERE month = ? AND run_id = ANY(?::uuid[]) AND seller_id = ? AND buyer_id = ? AND assignee_id = ? AND currency = ?
		GROUP BY run_id, service, rule`,
		month, array(uuids(runs)), p.Seller, p.Buyer, p.assignee, p.currency).Scan(&rows).Error
	return rows, err
}

// periodRunsAround returns the period run of an edge that r led to, and the one
// before it: none, one or two. Of a period run, that is r itself.
func (s store) periodRunsAround(ctx context.Context, r Run, e Edge) ([]Run, error) {
	after, args := `started_at >= ?`, []any{r.Month, e.Seller, e.Buyer, r.FinishedAt}
	if r.Kind == RunPeriod {
		after, args = `id = ?`, []any{r.Month, e.Seller, e.Buyer, r.ID}
	}
	const complete = `WHERE kind = 'period' AND state = 'complete' AND month = ? AND seller_id = ? AND buyer_id = ? AND `
	now, err := s.runs(ctx, complete+after+` ORDER BY started_at LIMIT 1`, args...)
	if err != nil || len(now) == 0 {
		return nil, err
	}
	before, err := s.runs(ctx, complete+`finished_at <= ? AND id <> ? ORDER BY finished_at DESC LIMIT 1`,
		r.Month, e.Seller, e.Buyer, now[0].StartedAt, now[0].ID)
	return append(now, before...), err
}
