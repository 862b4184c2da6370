package usage

import (
	"context"
	"errors"
	"time"

	"tierbook/app/platform/db"
	"tierbook/app/platform/jobs"
	"tierbook/app/platform/scope"
)

const (
	sweepEvery = 2 * time.Second // so that a killed worker's import goes on within seconds
	lostAfter  = 4 * time.Second // a healthy job starts its import sooner, once a worker has it
)

// Sweeper finds imports that nobody is working on: those of killed workers get
// a new job, those of processes that carried them out themselves have failed.
// One runs in every worker process.
type Sweeper struct {
	service *Service
	queue   jobs.Lister
}

// Run sweeps until ctx ends. Errors are logged: the next sweep tries again.
func (w *Sweeper) Run(ctx context.Context) error {
	return jobs.Sweep(ctx, sweepEvery, w.service.log, "sweep imports", w.Sweep)
}

// Sweep looks once.
func (w *Sweeper) Sweep(ctx context.Context) error {
	s := w.service
	var open []importRow
	err := s.work.db.SystemTx(ctx, func(ctx context.Context) (err error) {
		open, err = s.work.openImports(ctx)
		return err
	})
	if err != nil || len(open) == 0 {
		return err
	}
	keys := make([]db.LockKey, len(open))
	for i, r := range open {
		keys[i] = importLock(r.ID)
	}
	held, err := s.work.db.Held(ctx, keys...)
	if err != nil {
		return err
	}
	live, err := liveImports(ctx, w.queue, s.clock.Now().Add(-lostAfter))
	if err != nil {
		return err
	}
	var problems []error
	for i, r := range open {
		switch {
		case held[keys[i]] || live[r.ID]:
		case r.ByJob:
			problems = append(problems, w.again(ctx, r))
		default:
			problems = append(problems, w.fail(ctx, r))
		}
	}
	return errors.Join(problems...)
}

// again asks for an import that has lost its worker.
func (w *Sweeper) again(ctx context.Context, r importRow) error {
	s := w.service
	s.log.WarnContext(ctx, "import taken up again: its worker is gone", "import", r.ID)
	return s.work.db.InTx(scope.With(ctx, systemScope(r, "usage.sweep")), func(ctx context.Context) error {
		return s.workJobs.Enqueue(ctx, ImportArgs{ImportID: r.ID})
	})
}

// fail ends an import whose process is gone.
func (w *Sweeper) fail(ctx context.Context, r importRow) error {
	s := w.service
	if r.State != ImportRunning {
		return nil // it is about to start
	}
	lock, ok, err := s.work.db.Lock(ctx, importLock(r.ID))
	if err != nil || !ok {
		return err
	}
	defer lock.Release()
	ctx = scope.With(ctx, systemScope(r, "usage.sweep"))
	return s.work.db.InTx(ctx, func(ctx context.Context) error {
		now, message := s.clock.Now(), abandoned
		_, err := s.work.finishImport(ctx, importRow{ID: r.ID, Attempt: r.Attempt, State: ImportFailed, FinishedAt: &now, Error: &message})
		return err
	})
}
