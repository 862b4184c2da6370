package billing

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// placedResult is a result with the start of its run.
type placedResult struct {
	ResultRow
	StartedAt time.Time
}

// ResultRow is resultRow under a name with which GORM reads embedded structs.
type ResultRow = resultRow

// resultsAround returns what line run r said of each edge and assignee, and
// what was published there before it.
func (s store) resultsAround(ctx context.Context, r Run) (now, before []resultRow, err error) {
	const columns = `e.run_id, e.bearer_id, e.sold_to, e.assignee_id, e.currency, e.charges, e.amount, e.cost, e.hash, e.started_at`
	err = s.q(ctx).Raw(`SELECT `+columns+` FROM billing_run_results e WHERE e.run_id = ? AND e.sold_to IS NOT NULL`, r.ID).Scan(&now).Error
	if err != nil {
		return nil, nil, err
	}
	var newest []placedResult
	err = s.q(ctx).Raw(`
		WITH older AS (
			SELECT `+columns+`, max(e.started_at) OVER (PARTITION BY e.bearer_id, e.sold_to, e.assignee_id) AS newest
			FROM billing_run_results e
			WHERE e.month = ? AND e.sold_to IS NOT NULL AND e.started_at < ?
				AND e.assignee_id IN (SELECT ?::uuid UNION SELECT assignee_id FROM billing_run_results WHERE run_id = ?))
		SELECT `+columns+` FROM older e WHERE e.started_at = e.newest`, r.Month, r.StartedAt, r.Assignee, r.ID).Scan(&newest).Error
	return now, replaced(r, now, newest), err
}

// replaced returns those of newest, the last results of each place, that r has
// taken the place of: where it says something itself, and for a distributor's
// run, which replaces everything of its assignees, what the distributor's run
// before it and later ones had said.
func replaced(r Run, now []resultRow, newest []placedResult) []resultRow {
	type place struct {
		edge     Edge
		assignee id.Tenant
	}
	has, since := map[place]bool{}, map[id.Tenant]time.Time{}
	for _, x := range now {
		has[place{x.edge(), x.AssigneeID}] = true
	}
	for _, x := range newest {
		if x.BearerID == r.Tree && x.StartedAt.After(since[x.AssigneeID]) {
			since[x.AssigneeID] = x.StartedAt
		}
	}
	var out []resultRow
	for _, x := range newest {
		isStill := r.Acting == r.Tree && !x.StartedAt.Before(since[x.AssigneeID])
		if has[place{x.edge(), x.AssigneeID}] || isStill {
			out = append(out, x.ResultRow)
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
		month, id.Array(runs), p.Seller, p.Buyer, p.assignee, p.currency).Scan(&rows).Error
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
