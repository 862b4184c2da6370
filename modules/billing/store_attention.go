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
		WHERE state = 'failed' AND id IN (
			SELECT DISTINCT ON (kind, assignee_id, seller_id, buyer_id) id FROM billing_runs
			WHERE tree_id = ? AND month = ? AND state IN ('complete', 'failed')
			ORDER BY kind, assignee_id, seller_id, buyer_id, id DESC)
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
