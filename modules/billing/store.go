package billing

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"gorm.io/gorm"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
)

// store is the module's door to its tables on one role's pool, and to the
// queue. Its methods need a transaction in their context.
type store struct {
	db   *db.DB
	jobs Enqueuer
}

func (s store) q(ctx context.Context) *gorm.DB { return s.db.Gorm(ctx) }

var errRunNotFound = errs.New(errs.NotFound, "billing.run_not_found", "There is no such run.")

// runColumns are the columns of runRow. The record of what was read is not
// among them: see inputsOf.
const runColumns = `id, tree_id, kind, acting_tenant, assignee_id, contract_id, seller_id, buyer_id, month, state,
	reason, actor, cause_id, requested_at, started_at, finished_at, fence, attempts, engine, input_hash, result_hash,
	lines, classes, tuples, charges, seconds, error`

type runRow struct {
	ID           id.Run
	TreeID       id.Tenant
	Kind         string
	ActingTenant id.Tenant
	AssigneeID   id.Tenant
	ContractID   id.Contract
	SellerID     id.Tenant
	BuyerID      id.Tenant
	Month        period.Month
	State        string
	Reason       string
	Actor        string
	CauseID      id.Run
	RequestedAt  time.Time
	StartedAt    *time.Time
	FinishedAt   *time.Time
	Fence        int64
	Attempts     int
	Engine       string
	InputHash    *string
	ResultHash   *string
	Lines        int64
	Classes      int64
	Tuples       int64
	Charges      int64
	Seconds      decimal.Decimal
	Error        *string
}

func (r runRow) run() Run {
	return Run{
		ID: r.ID, Tree: r.TreeID, Kind: RunKind(r.Kind), Acting: r.ActingTenant, Assignee: r.AssigneeID,
		Contract: r.ContractID, Seller: r.SellerID, Buyer: r.BuyerID, Month: r.Month,
		State: RunState(r.State), Reason: r.Reason, Actor: r.Actor, Cause: r.CauseID,
		RequestedAt: r.RequestedAt.UTC(), StartedAt: instant(r.StartedAt), FinishedAt: instant(r.FinishedAt),
		Fence: r.Fence, Attempts: r.Attempts,
		Engine: r.Engine, InputHash: text(r.InputHash), ResultHash: text(r.ResultHash),
		Lines: r.Lines, Classes: r.Classes, Tuples: r.Tuples, Charges: r.Charges, Seconds: r.Seconds, Error: Text(text(r.Error)),
	}
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (s store) insertRun(ctx context.Context, r Run) error {
	return s.q(ctx).Exec(`
		INSERT INTO billing_runs (id, tree_id, kind, acting_tenant, assignee_id, contract_id, seller_id, buyer_id,
			month, state, reason, actor, cause_id, requested_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.Tree, string(r.Kind), r.Acting, r.Assignee, r.Contract, r.Seller, r.Buyer,
		r.Month, string(r.State), r.Reason, r.Actor, r.Cause, r.RequestedAt).Error
}

// getRun returns one run. Errors: NotFound, also where row-level security
// hides it.
func (s store) getRun(ctx context.Context, run id.Run) (Run, error) {
	var rows []runRow
	if err := s.q(ctx).Raw(`SELECT `+runColumns+` FROM billing_runs WHERE id = ?`, run).Scan(&rows).Error; err != nil {
		return Run{}, err
	}
	if len(rows) == 0 {
		return Run{}, errRunNotFound
	}
	return rows[0].run(), nil
}

// listRuns returns the runs of f, the newest first. Ids sort by the time of
// the request.
func (s store) listRuns(ctx context.Context, f RunFilter) ([]Run, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	where, args := []string{"true"}, []any{}
	and := func(condition string, arg any) {
		where, args = append(where, condition), append(args, arg)
	}
	if f.Kind != "" {
		and("kind = ?", string(f.Kind))
	}
	if f.Main {
		where = append(where, "(kind = 'line' OR state = 'failed')")
	}
	if !f.Month.IsZero() {
		and("month = ?", f.Month)
	}
	if !f.Assignee.IsZero() {
		and("assignee_id = ?", f.Assignee)
	}
	if !f.Contract.IsZero() {
		and("contract_id = ?", f.Contract)
	}
	if len(f.Parties) > 0 {
		and("coalesce(assignee_id, buyer_id) = ANY(?::uuid[])", id.Array(f.Parties))
	}
	if !f.Cause.IsZero() {
		and("cause_id = ?", f.Cause)
	}
	if len(f.States) > 0 {
		and("state IN ?", f.States)
	}
	if !f.Before.IsZero() {
		and("id < ?", f.Before)
	}
	condition := strings.Join(where, " AND ")
	if sc.Tier == scope.Distributor || f.isNarrow() {
		return s.runs(ctx, `WHERE `+condition+` ORDER BY id DESC LIMIT ?`, append(args, f.limit())...)
	}
	// Row-level security looks at all runs of the tree, the newest first, until
	// it has found enough. Here each tenant's are walked along an index.
	return s.runs(ctx, `
		WHERE id IN (SELECT r.id FROM billing_actors() AS a (id) CROSS JOIN LATERAL (
			SELECT id FROM billing_runs WHERE acting_tenant = a.id AND `+condition+`
			ORDER BY id DESC LIMIT ?) r)
		ORDER BY id DESC LIMIT ?`, append(args, f.limit(), f.limit())...)
}

// isNarrow reports whether f's runs are found by index, whoever asks.
func (f RunFilter) isNarrow() bool {
	return !f.Cause.IsZero() || len(f.States) > 0 && !slices.ContainsFunc(f.States, func(s RunState) bool { return !s.IsOpen() })
}

// runs returns the runs that the rest of a SELECT chooses.
func (s store) runs(ctx context.Context, rest string, args ...any) ([]Run, error) {
	var rows []runRow
	if err := s.q(ctx).Raw(`SELECT `+runColumns+` FROM billing_runs `+rest, args...).Scan(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]Run, len(rows))
	for i, r := range rows {
		out[i] = r.run()
	}
	return out, nil
}

// lockRequests keeps two transactions from requesting the same line run twice.
func (s store) lockRequests(ctx context.Context, acting, assignee id.Tenant, month period.Month) error {
	name := strings.Join([]string{"billing.request", acting.String(), assignee.String(), month.String()}, ":")
	return s.q(ctx).Exec(`SELECT pg_advisory_xact_lock(hashtextextended(?, 0))`, name).Error
}

// joinable returns the line run of (acting, assignee, month) that has not
// started, and holds it back from starting until the transaction ends.
func (s store) joinable(ctx context.Context, acting, assignee id.Tenant, month period.Month) (Run, bool, error) {
	runs, err := s.runs(ctx, `
		WHERE kind = 'line' AND acting_tenant = ? AND assignee_id = ? AND month = ? AND state IN ('requested', 'waiting')
		ORDER BY id LIMIT 1 FOR UPDATE`, acting, assignee, month)
	if err != nil || len(runs) == 0 {
		return Run{}, false, err
	}
	return runs[0], true, nil
}

// isRunning reports whether a line run of (assignee, month) is under way, as
// far as the role sees.
func (s store) isRunning(ctx context.Context, assignee id.Tenant, month period.Month) (bool, error) {
	var n int64
	err := s.q(ctx).Raw(`
		SELECT count(*) FROM billing_runs WHERE kind = 'line' AND assignee_id = ? AND month = ? AND state = 'running'`,
		assignee, month).Scan(&n).Error
	return n > 0, err
}

// startRun takes an open run for the caller, who holds its lock: it draws a
// fence that shuts out whoever had it before. ok is false if the run has ended.
func (s store) startRun(ctx context.Context, run id.Run, engine string, at time.Time) (Run, bool, error) {
	var rows []runRow
	err := s.q(ctx).Raw(`
		UPDATE billing_runs
		SET state = 'running', fence = nextval('billing_fence'), started_at = ?, engine = ?, error = NULL
		WHERE id = ? AND state IN ('requested', 'waiting', 'running')
		RETURNING `+runColumns, at, engine, run).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return Run{}, false, err
	}
	return rows[0].run(), true, nil
}

// holdRun makes sure that r is still the caller's to publish, and keeps it so
// until the transaction ends. Errors: errTakenOver.
func (s store) holdRun(ctx context.Context, r Run) error {
	var fences []int64
	err := s.q(ctx).Raw(`SELECT fence FROM billing_runs WHERE id = ? AND state = 'running' FOR UPDATE`, r.ID).Scan(&fences).Error
	if err != nil {
		return err
	}
	if !slices.Equal(fences, []int64{r.Fence}) {
		return errTakenOver
	}
	return nil
}

// leaveRun ends r's start without a result: state says what becomes of the
// run. It does nothing if the run was taken over.
func (s store) leaveRun(ctx context.Context, r Run, state RunState, attempts int, message string, at time.Time) (bool, error) {
	var finished *time.Time
	if !state.IsOpen() {
		finished = &at
	}
	res := s.q(ctx).Exec(`
		UPDATE billing_runs SET state = ?, attempts = ?, error = nullif(?, ''), finished_at = ?
		WHERE id = ? AND fence = ? AND state = 'running'`,
		string(state), attempts, message, finished, r.ID, r.Fence)
	return res.RowsAffected == 1, res.Error
}

// cancelRun ends a run that has not started; ok is false for any other one.
func (s store) cancelRun(ctx context.Context, run id.Run, at time.Time) (bool, error) {
	res := s.q(ctx).Exec(`
		UPDATE billing_runs SET state = 'cancelled', error = NULL, finished_at = ?
		WHERE id = ? AND state IN ('requested', 'waiting')`, at, run)
	return res.RowsAffected == 1, res.Error
}

// queueRun says of a requested run that its lock is taken.
func (s store) queueRun(ctx context.Context, run id.Run) error {
	return s.q(ctx).Exec(`UPDATE billing_runs SET state = 'waiting' WHERE id = ? AND state = 'requested'`, run).Error
}

// retry gives a run that waits for its supplier another try.
func (s store) retry(ctx context.Context, r Run) error {
	err := s.q(ctx).Exec(`UPDATE billing_runs SET state = 'requested', error = NULL WHERE id = ? AND state = 'waiting'`, r.ID).Error
	if err != nil {
		return err
	}
	return s.enqueue(ctx, r)
}

// completeRun ends a run whose result is published. record may be nil.
func (s store) completeRun(ctx context.Context, r Run, record any) error {
	inputs, err := json.Marshal(record)
	if err != nil {
		return err
	}
	return s.q(ctx).Exec(`
		UPDATE billing_runs
		SET state = 'complete', finished_at = ?, inputs = ?::jsonb, input_hash = ?, result_hash = ?,
			lines = ?, classes = ?, tuples = ?, charges = ?, seconds = ?, error = NULL
		WHERE id = ?`,
		r.FinishedAt, string(inputs), r.InputHash, r.ResultHash,
		r.Lines, r.Classes, r.Tuples, r.Charges, r.Seconds, r.ID).Error
}

// insertError keeps what went wrong on an edge for its seller.
func (s store) insertError(ctx context.Context, r Run, seller id.Tenant, message string, detail map[string]any) error {
	text, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	return s.q(ctx).Exec(`
		INSERT INTO billing_run_errors (run_id, tree_id, seller_id, message, detail) VALUES (?, ?, ?, ?, ?::jsonb)
		ON CONFLICT (run_id) DO UPDATE SET seller_id = EXCLUDED.seller_id, message = EXCLUDED.message, detail = EXCLUDED.detail`,
		r.ID, r.Tree, seller, message, string(text)).Error
}

// errorOf returns what an edge's seller may read about why run failed; ok is
// false if there is nothing, or not for the scope.
func (s store) errorOf(ctx context.Context, run id.Run) (message Text, ok bool, err error) {
	var messages []Text
	err = s.q(ctx).Raw(`SELECT message FROM billing_run_errors WHERE run_id = ?`, run).Scan(&messages).Error
	if err != nil || len(messages) == 0 {
		return "", false, err
	}
	return messages[0], true, nil
}

// openRuns returns all runs that have not ended, of every tree.
func (s store) openRuns(ctx context.Context) ([]Run, error) {
	return s.runs(ctx, `WHERE state IN ('requested', 'waiting', 'running') ORDER BY id`)
}

// heldBack returns the line runs of assignees' months that wait for a
// supplier.
func (s store) heldBack(ctx context.Context, assignees []id.Tenant, month period.Month) ([]Run, error) {
	return s.runs(ctx, `
		WHERE kind = 'line' AND assignee_id = ANY(?::uuid[]) AND month = ? AND state = 'waiting' AND error IS NOT NULL
		ORDER BY id`, id.Array(assignees), month)
}

// causedBy returns the period runs that run's publishing asked for, directly or
// through other period runs, and those of its edges that are open.
func (s store) causedBy(ctx context.Context, run Run) ([]Run, error) {
	return s.runs(ctx, `
		WHERE kind = 'period' AND tree_id = ? AND month = ? AND (
			id IN (
				WITH RECURSIVE caused AS (
					SELECT c.id FROM billing_runs c WHERE c.cause_id = ?
					UNION
					SELECT n.id FROM billing_runs n JOIN caused ON n.cause_id = caused.id)
				SELECT id FROM caused)
			OR (state IN ('requested', 'waiting', 'running') AND EXISTS (
				SELECT FROM billing_run_results e
				WHERE e.run_id = ? AND e.bearer_id = seller_id AND e.sold_to = buyer_id)))
		ORDER BY id`, run.Tree, run.Month, run.ID, run.ID)
}
