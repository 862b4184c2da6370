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

// assigned counts the assignments of assignees; of all for an empty list.
func (s store) assigned(ctx context.Context, assignees array) ([]assignedRow, error) {
	condition, args := "", []any{}
	if len(assignees) > 0 {
		condition, args = "WHERE a.assignee_id = ANY (?::uuid[])", []any{assignees}
	}
	var rows []assignedRow
	err := s.query(ctx, &rows, `
		SELECT a.assignee_id, a.months, count(*) AS accounts FROM usage_assignments a `+condition+`
		GROUP BY a.assignee_id, a.months ORDER BY a.assignee_id, a.months`, args...)
	return rows, err
}

// countQuarantined counts the open rows that count against p, of all owners
// that the role sees.
func (s store) countQuarantined(ctx context.Context, p period.Month) (n int64, err error) {
	err = s.query(ctx, &n, `
		SELECT count(*) FROM usage_quarantine q
		WHERE q.acknowledged_at IS NULL AND (q.period = ? OR q.period IS NULL) AND `+counts, p)
	return n, err
}
