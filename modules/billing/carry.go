package billing

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
)

const (
	// maxAttempts is how many starts of a run may end in an error of ours.
	maxAttempts = 5
	// lockPause is how long a run's job rests while another run has its lock.
	lockPause = 500 * time.Millisecond
)

var errTakenOver = errs.New(errs.Internal, "billing.taken_over", "another worker has taken over this run")

// publisher writes a computed result in the transaction that ends its run. It
// fills in the run's hashes and counts, and returns the record of what was
// read. It writes nothing to Run's state.
type publisher func(ctx context.Context, run *Run) (record any, err error)

// holdBack is returned by a computation that cannot go on before somebody else
// has acted. The run waits, with the message, until it is tried again.
type holdBack struct{ message string }

func (h *holdBack) Error() string { return h.message }

// needLocks is returned by a computation that found that it touches more than
// what was locked for it.
type needLocks struct{ keys []db.LockKey }

func (*needLocks) Error() string { return "the run touches more than it has locked" }

// edgeError is a failure in what an edge's seller has agreed or written. Only
// the seller and the tenants above it may read its message.
type edgeError struct {
	seller   id.Tenant
	isMasked bool // the acting tenant is below the seller
	detail   map[string]any
	err      error
}

func (e *edgeError) Error() string { return e.err.Error() }
func (e *edgeError) Unwrap() error { return e.err }

// lockKey names what run works on; two runs with one key exclude each other.
func lockKey(r Run) db.LockKey {
	if r.Kind == RunPeriod {
		return db.LockKey(fmt.Sprintf("billing.period:%s:%s:%s", r.Seller, r.Buyer, r.Month))
	}
	return lineKey(r.Assignee, r)
}

func lineKey(assignee id.Tenant, r Run) db.LockKey {
	return db.LockKey(fmt.Sprintf("billing.line:%s:%s", assignee, r.Month))
}

// reference is how people name run to their supplier or to support.
func reference(run id.Run) string {
	s := run.UUID().String()
	return "R-" + strings.ToUpper(s[len(s)-8:])
}

// workScope is the scope in which a worker carries out r: the whole tree's,
// because a chain begins above the acting tenant. What is published, and what
// the acting tenant gets to read, is decided by r.Acting.
func workScope(r Run) scope.Scope {
	name := "job:billing.line_run"
	if r.Kind == RunPeriod {
		name = "job:billing.period_run"
	}
	sc := scope.System(r.Tree, r.Tree, scope.Distributor, name)
	sc.Request = r.ID.String()
	return sc
}

// carryOut takes run's lock, starts it, computes and publishes it, or says why
// not. The job is to come back after again; 0 means that it is done.
//
// It may be called by several workers for one run: the lock lets one through,
// and the fence keeps a worker that lost its lock from publishing.
func (s *Service) carryOut(ctx context.Context, run id.Run) (again time.Duration, err error) {
	r, err := s.find(ctx, run)
	if errs.KindOf(err) == errs.NotFound {
		return 0, nil
	}
	if err != nil || !r.State.IsOpen() {
		return 0, err
	}
	ctx = scope.With(ctx, workScope(r))
	keys := []db.LockKey{lockKey(r)}
	for range 3 { // an assignment that changes between two reads makes another round
		var more *needLocks
		again, err = s.carryLocked(ctx, r, keys)
		if !errors.As(err, &more) {
			return again, err
		}
		keys = append(keys, more.keys...)
	}
	return lockPause, nil
}

// carryLocked is carryOut with the locks that seem to be needed. Errors:
// needLocks if they are not all.
func (s *Service) carryLocked(ctx context.Context, r Run, keys []db.LockKey) (time.Duration, error) {
	lock, ok, err := s.work.db.Lock(ctx, keys...)
	if err != nil {
		return 0, err
	}
	if !ok {
		return lockPause, s.work.db.InTx(ctx, func(ctx context.Context) error { return s.work.queueRun(ctx, r.ID) })
	}
	defer lock.Release()
	err = s.work.db.InTx(ctx, func(ctx context.Context) error {
		r, ok, err = s.work.startRun(ctx, r.ID, engineVersion, s.clock.Now())
		return err
	})
	if err != nil || !ok {
		return 0, err
	}
	return s.leave(ctx, r, s.computeAndPublish(ctx, r, keys))
}

// computeAndPublish does the work of a started run.
func (s *Service) computeAndPublish(ctx context.Context, r Run, locked []db.LockKey) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	publish, err := s.compute(ctx, r, locked)
	if err != nil {
		return err
	}
	return s.work.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.work.holdRun(ctx, r); err != nil {
			return err
		}
		done := r
		record, err := publish(ctx, &done)
		if err != nil {
			return err
		}
		done.FinishedAt = s.clock.Now()
		return s.work.completeRun(ctx, done, record)
	})
}

func (s *Service) compute(ctx context.Context, r Run, locked []db.LockKey) (publisher, error) {
	if r.Kind == RunPeriod {
		return s.ratePeriod(ctx, r)
	}
	return s.rateLines(ctx, r, locked)
}

// leave says in the log what became of a started run, and when to try again.
func (s *Service) leave(ctx context.Context, r Run, err error) (time.Duration, error) {
	var held *holdBack
	var more *needLocks
	switch {
	case err == nil, errors.Is(err, errTakenOver):
		return 0, nil
	case errors.As(err, &more):
		return 0, errors.Join(more, s.end(ctx, r, StateRequested, r.Attempts, ""))
	case errors.As(err, &held):
		return 0, s.end(ctx, r, StateWaiting, r.Attempts, held.message)
	case ctx.Err() != nil: // the process is asked to stop: somebody else goes on
		return lockPause, s.end(context.WithoutCancel(ctx), r, StateRequested, r.Attempts, "")
	case isFinal(err):
		return 0, s.fail(ctx, r, err)
	}
	s.log.ErrorContext(ctx, "run failed", "run", r.ID, "kind", r.Kind, "attempt", r.Attempts+1, "error", err)
	if r.Attempts+1 >= maxAttempts {
		return 0, s.fail(ctx, r, fmt.Errorf("attempt %d: %w", r.Attempts+1, err))
	}
	pause := time.Second << r.Attempts
	return pause, s.end(ctx, r, StateRequested, r.Attempts+1, "")
}

// isFinal reports whether trying again cannot help: the error is about what
// people wrote or agreed, not about the machinery.
func isFinal(err error) bool {
	if errors.As(err, new(*edgeError)) {
		return true
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.FailedPrecondition, errs.NotFound:
		return db.ConstraintOf(err) == ""
	default:
		return false
	}
}

// fail ends r as failed. Its seller's detail goes where only the seller and
// the tenants above it read it.
func (s *Service) fail(ctx context.Context, r Run, cause error) error {
	message, ok := errs.Message(cause)
	if !ok {
		message = fmt.Sprintf("Something went wrong inside Tierbook; the log knows more (reference %s).", reference(r.ID))
	}
	edge, isEdge := errors.AsType[*edgeError](cause)
	if isEdge {
		message = edge.Error()
	}
	if isEdge && edge.isMasked {
		message = fmt.Sprintf("Your supplier's pricing could not be applied (reference %s).", reference(r.ID))
	}
	return s.work.db.InTx(ctx, func(ctx context.Context) error {
		ours, err := s.work.leaveRun(ctx, r, StateFailed, r.Attempts, message, s.clock.Now())
		if err != nil || !ours || !isEdge {
			return err
		}
		return s.work.insertError(ctx, r, edge.seller, edge.Error(), edge.detail)
	})
}

func (s *Service) end(ctx context.Context, r Run, state RunState, attempts int, message string) error {
	return s.work.db.InTx(ctx, func(ctx context.Context) error {
		_, err := s.work.leaveRun(ctx, r, state, attempts, message, s.clock.Now())
		return err
	})
}

// find returns a run of any tree.
func (s *Service) find(ctx context.Context, run id.Run) (r Run, err error) {
	err = s.work.db.SystemTx(ctx, func(ctx context.Context) error {
		r, err = s.work.getRun(ctx, run)
		return err
	})
	return r, err
}
