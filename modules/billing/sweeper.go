package billing

import (
	"context"
	"errors"
	"time"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/db"
	"tierbook/app/platform/jobs"
	"tierbook/app/platform/scope"
)

const (
	sweepEvery = 2 * time.Second  // so that a killed worker's run goes on within five seconds
	lostAfter  = 5 * time.Second  // a healthy job starts its run sooner, once a worker has it
	retryEvery = 60 * time.Second // for runs that wait for a supplier
)

// Sweeper finds runs that nobody is working on: those of killed workers, those
// that have lost their job, and from time to time those that wait for a
// supplier. One runs in every worker process.
type Sweeper struct {
	service *Service
	queue   jobs.Lister
	retried map[id.Run]time.Time
}

// Run sweeps until ctx ends. Errors are logged: the next sweep tries again.
func (w *Sweeper) Run(ctx context.Context) error {
	return jobs.Sweep(ctx, sweepEvery, w.service.log, "sweep runs", w.Sweep)
}

// Sweep looks once.
func (w *Sweeper) Sweep(ctx context.Context) error {
	s := w.service
	var open []Run
	err := s.work.db.SystemTx(ctx, func(ctx context.Context) (err error) {
		open, err = s.work.openRuns(ctx)
		return err
	})
	if err != nil || len(open) == 0 {
		return err
	}
	keys := make([]db.LockKey, len(open))
	for i, r := range open {
		keys[i] = lockKey(r)
	}
	held, err := s.work.db.Held(ctx, keys...)
	if err != nil {
		return err
	}
	live, err := liveRuns(ctx, w.queue, s.clock.Now().Add(-lostAfter))
	if err != nil {
		return err
	}
	var problems []error
	for i, r := range open {
		switch {
		case held[keys[i]]:
		case r.State == StateRunning:
			problems = append(problems, w.putBack(ctx, r))
		case !live[r.ID] && w.isDue(r):
			problems = append(problems, w.enqueue(ctx, r))
		}
	}
	return errors.Join(problems...)
}

// isDue reports whether a run without a job is to get another one now.
func (w *Sweeper) isDue(r Run) bool {
	now, every := w.service.clock.Now(), lostAfter
	if r.Error != "" {
		every = retryEvery
	}
	last, ok := w.retried[r.ID]
	if !ok {
		last = r.RequestedAt
		if r.StartedAt.After(last) {
			last = r.StartedAt
		}
	}
	if now.Sub(last) < every {
		return false
	}
	w.retried[r.ID] = now
	return true
}

// putBack takes a run away from a worker that died: its lock is free. The
// start does not count as an attempt.
func (w *Sweeper) putBack(ctx context.Context, r Run) error {
	s := w.service
	lock, ok, err := s.work.db.Lock(ctx, lockKey(r))
	if err != nil || !ok {
		return err
	}
	defer lock.Release()
	ctx = scope.With(ctx, workScope(r))
	return s.work.db.InTx(ctx, func(ctx context.Context) error {
		ours, err := s.work.leaveRun(ctx, r, StateRequested, r.Attempts, "", s.clock.Now())
		if err != nil || !ours {
			return err
		}
		s.log.WarnContext(ctx, "run put back: its worker is gone", "run", r.ID, "kind", r.Kind)
		return s.work.enqueue(ctx, r)
	})
}

func (w *Sweeper) enqueue(ctx context.Context, r Run) error {
	s := w.service
	return s.work.db.InTx(scope.With(ctx, workScope(r)), func(ctx context.Context) error { return s.work.enqueue(ctx, r) })
}
