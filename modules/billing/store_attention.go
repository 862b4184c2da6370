package billing

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// maxFailed is how many failed runs a page lists.
const maxFailed = 20

// troubledRuns fills in the runs of a month that somebody may want to look at.
func (s store) troubledRuns(ctx context.Context, tree id.Tenant, month period.Month, out *Attention) error {
	var err error
	out.Failed, err = s.runs(ctx, `
		WHERE tree_id = ? AND month = ? AND state = 'failed' AND NOT EXISTS (
			SELECT FROM billing_runs n
			WHERE n.month = billing_runs.month AND n.kind = billing_runs.kind AND n.id > billing_runs.id AND n.state IN ('complete', 'failed')
				AND CASE n.kind WHEN 'line' THEN n.assignee_id = billing_runs.assignee_id
					ELSE n.seller_id = billing_runs.seller_id AND n.buyer_id = billing_runs.buyer_id END)
		ORDER BY id DESC LIMIT ?`, tree, month, maxFailed)
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
