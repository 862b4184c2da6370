package usage

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// assignedRow counts an assignee's accounts by the months of their assignment.
type assignedRow struct {
	AssigneeID id.Tenant
	Months     period.Months
	Accounts   int64
}

// assigned counts the assignments of assignees.
func (s store) assigned(ctx context.Context, assignees array) ([]assignedRow, error) {
	var rows []assignedRow
	err := s.query(ctx, &rows, `
		SELECT a.assignee_id, a.months, count(*) AS accounts FROM usage_assignments a
		WHERE a.assignee_id = ANY (?::uuid[])
		GROUP BY a.assignee_id, a.months ORDER BY a.assignee_id, a.months`, assignees)
	return rows, err
}

// someAssignees returns whoever has accounts, at most limit.
func (s store) someAssignees(ctx context.Context, limit int) ([]id.Tenant, error) {
	var rows []struct{ AssigneeID id.Tenant }
	err := s.query(ctx, &rows, `SELECT DISTINCT a.assignee_id FROM usage_assignments a LIMIT ?`, limit)
	out := make([]id.Tenant, len(rows))
	for i, r := range rows {
		out[i] = r.AssigneeID
	}
	return out, err
}

// assignedMonths returns the ranges of all assignments, without repetition.
func (s store) assignedMonths(ctx context.Context) ([]period.Months, error) {
	var rows []struct{ Months period.Months }
	err := s.query(ctx, &rows, `SELECT DISTINCT a.months FROM usage_assignments a ORDER BY a.months`)
	out := make([]period.Months, len(rows))
	for i, r := range rows {
		out[i] = r.Months
	}
	return out, err
}

// countQuarantined counts the open rows that count against p, of all owners
// that the role sees.
func (s store) countQuarantined(ctx context.Context, p period.Month) (n int64, err error) {
	err = s.query(ctx, &n, `
		SELECT count(*) FROM usage_quarantine q
		WHERE q.acknowledged_at IS NULL AND (q.period = ? OR q.period IS NULL) AND `+counts, p)
	return n, err
}
