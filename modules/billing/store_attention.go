package billing

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// maxFailed is how many failed runs a page lists.
const maxFailed = 20

// isLast is the condition that no run of the same month of an assignee, or of an
// edge, has ended after the run f.
const isLast = `NOT EXISTS (
		SELECT FROM billing_runs n WHERE f.kind = 'line' AND n.kind = 'line' AND n.assignee_id = f.assignee_id
			AND n.month = f.month AND n.id > f.id AND n.state IN ('complete', 'failed'))
	AND NOT EXISTS (
		SELECT FROM billing_runs n WHERE f.kind = 'period' AND n.kind = 'period' AND n.seller_id = f.seller_id AND n.buyer_id = f.buyer_id
			AND n.month = f.month AND n.id > f.id AND n.state IN ('complete', 'failed'))`

// troubledRuns fills in the runs of a month that somebody may want to look at.
func (s store) troubledRuns(ctx context.Context, tree id.Tenant, month period.Month, out *Attention) error {
	var err error
	out.Failed, err = s.runs(ctx, `
		f WHERE f.tree_id = ? AND f.month = ? AND f.state = 'failed' AND `+isLast+`
		ORDER BY f.id DESC LIMIT ?`, tree, month, maxFailed)
	if err != nil {
		return err
	}
	var open struct{ Waiting, Running int }
	err = s.q(ctx).Raw(`
		SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state <> 'waiting') AS running
		FROM billing_runs WHERE tree_id = ? AND month = ? AND state IN ('requested', 'waiting', 'running')`, tree, month).Scan(&open).Error
	out.Waiting, out.Running = open.Waiting, open.Running
	return err
}
