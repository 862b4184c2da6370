package billing

import (
	"context"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// checkColumns are the columns of checkRow, of billing_checks c.
const checkColumns = `c.id, c.month, c.state, c.step, c.actor, c.requested_at, c.started_at, c.finished_at, c.ok, c.result::text AS result, c.error,
	(SELECT count(*) FROM billing_runs r WHERE r.tree_id = c.tree_id AND r.month = c.month AND r.state = 'complete' AND r.finished_at > c.started_at) AS published_since`

type checkRow struct {
	ID             id.Check
	Month          period.Month
	State          string
	Step           string
	Actor          string
	RequestedAt    time.Time
	StartedAt      *time.Time
	FinishedAt     *time.Time
	Ok             *bool
	Result         *string
	Error          *string
	PublishedSince int
}

func (r checkRow) check() (Check, error) {
	c := Check{
		ID: r.ID, Month: r.Month, State: CheckState(r.State), Step: r.Step, Actor: r.Actor, RequestedAt: r.RequestedAt.UTC(),
		StartedAt: instant(r.StartedAt), FinishedAt: instant(r.FinishedAt), OK: r.Ok != nil && *r.Ok, Error: text(r.Error),
		PublishedSince: r.PublishedSince,
	}
	if r.Result == nil {
		return c, nil
	}
	var err error
	c.Result, err = parseReconciliation([]byte(*r.Result))
	return c, err
}

func (s store) checks(ctx context.Context, rest string, args ...any) ([]Check, error) {
	var rows []checkRow
	if err := s.q(ctx).Raw(`SELECT `+checkColumns+` FROM billing_checks c `+rest, args...).Scan(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]Check, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.check(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// openCheck returns the check of month that has not ended.
func (s store) openCheck(ctx context.Context, month period.Month) (Check, bool, error) {
	found, err := s.checks(ctx, `WHERE c.month = ? AND c.state IN ('requested', 'running') LIMIT 1`, month)
	if err != nil || len(found) == 0 {
		return Check{}, false, err
	}
	return found[0], true, nil
}

var errCheckNotFound = errs.New(errs.NotFound, "billing.check_not_found", "There is no such check.")

func (s store) getCheck(ctx context.Context, check id.Check) (Check, error) {
	found, err := s.checks(ctx, `WHERE c.id = ?`, check)
	if err == nil && len(found) == 0 {
		err = errCheckNotFound
	}
	if err != nil {
		return Check{}, err
	}
	return found[0], nil
}

// lastChecks returns the newest check of a month, and the newest that
// completed.
func (s store) lastChecks(ctx context.Context, month period.Month) (newest, complete Check, ok bool, err error) {
	found, err := s.checks(ctx, `WHERE c.month = ? ORDER BY c.id DESC LIMIT 1`, month)
	if err != nil || len(found) == 0 {
		return Check{}, Check{}, false, err
	}
	if found[0].State == CheckComplete {
		return found[0], found[0], true, nil
	}
	done, err := s.checks(ctx, `WHERE c.month = ? AND c.state = 'complete' ORDER BY c.id DESC LIMIT 1`, month)
	if err == nil && len(done) > 0 {
		complete = done[0]
	}
	return found[0], complete, true, err
}

// checkedMonths returns the last n months with documents or checks, the oldest
// first.
func (s store) checkedMonths(ctx context.Context, n int) ([]CheckedMonth, error) {
	documents, err := s.months(ctx)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Month     period.Month
		IsChecked bool
		Ok        bool
		IsStale   bool
		IsOpen    bool
	}
	err = s.q(ctx).Raw(`
		WITH m AS (
			SELECT unnest(?::date[]) AS month UNION SELECT month FROM billing_checks
		)
		SELECT m.month, c.id IS NOT NULL AS is_checked, coalesce(c.ok, false) AS ok,
			c.id IS NOT NULL AND EXISTS (SELECT FROM billing_runs r WHERE r.tree_id = c.tree_id AND r.month = c.month
				AND r.state = 'complete' AND r.finished_at > c.started_at) AS is_stale,
			EXISTS (SELECT FROM billing_checks o WHERE o.month = m.month AND o.state IN ('requested', 'running')) AS is_open
		FROM m LEFT JOIN LATERAL (
			SELECT * FROM billing_checks c WHERE c.month = m.month AND c.state = 'complete' ORDER BY c.id DESC LIMIT 1
		) c ON true
		ORDER BY m.month DESC LIMIT ?`, dates(documents), n).Scan(&rows).Error
	out := make([]CheckedMonth, len(rows))
	for i, r := range rows {
		out[len(rows)-1-i] = CheckedMonth{Month: r.Month, IsChecked: r.IsChecked, OK: r.Ok, IsStale: r.IsStale, IsOpen: r.IsOpen}
	}
	return out, err
}

func (s store) insertCheck(ctx context.Context, tree id.Tenant, c Check) error {
	return s.q(ctx).Exec(`INSERT INTO billing_checks (id, tree_id, month, state, actor, requested_at) VALUES (?, ?, ?, ?, ?, ?)`,
		c.ID, tree, c.Month, string(c.State), c.Actor, c.RequestedAt).Error
}

// startCheck takes a check for the caller, who holds its lock; ok is false if
// it has ended.
func (s store) startCheck(ctx context.Context, check id.Check, at time.Time) (bool, error) {
	res := s.q(ctx).Exec(`
		UPDATE billing_checks SET state = 'running', started_at = ? WHERE id = ? AND state IN ('requested', 'running')`, at, check)
	return res.RowsAffected == 1, res.Error
}

func (s store) stepCheck(ctx context.Context, check id.Check, step string) error {
	return s.q(ctx).Exec(`UPDATE billing_checks SET step = ? WHERE id = ? AND state = 'running'`, step, check).Error
}

func (s store) completeCheck(ctx context.Context, check id.Check, r Reconciliation, at time.Time) error {
	b, err := formatReconciliation(r)
	if err != nil {
		return err
	}
	return s.q(ctx).Exec(`
		UPDATE billing_checks SET state = 'complete', step = '', finished_at = ?, ok = ?, result = ?::jsonb
		WHERE id = ? AND state = 'running'`, at, r.OK, string(b), check).Error
}

// endCheck ends a check without a result.
func (s store) endCheck(ctx context.Context, check id.Check, message string, at time.Time) error {
	return s.q(ctx).Exec(`
		UPDATE billing_checks SET state = 'failed', step = '', finished_at = ?, error = ?
		WHERE id = ? AND state IN ('requested', 'running')`, at, message, check).Error
}
