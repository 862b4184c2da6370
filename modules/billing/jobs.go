package billing

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/jobs"
)

// Queue is the River queue of this module's jobs.
const Queue = "billing"

// LineRunArgs asks a worker to carry out a line run. Safe to run twice: the
// run's state decides.
type LineRunArgs struct {
	RunID id.Run `json:"run_id"`
}

// Kind never changes.
func (LineRunArgs) Kind() string { return "billing.line_run" }

// InsertOpts puts the job into the module's queue. It is not unique: River
// forgets completed jobs, and would swallow a request made while one runs.
func (LineRunArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Queue} }

// PeriodRunArgs asks a worker to carry out a period run. Safe to run twice.
type PeriodRunArgs struct {
	RunID id.Run `json:"run_id"`
}

// Kind never changes.
func (PeriodRunArgs) Kind() string { return "billing.period_run" }

// InsertOpts puts the job into the module's queue.
func (PeriodRunArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Queue} }

// Enqueuer puts jobs into the queue. Satisfied by *jobs.Enqueuer.
type Enqueuer interface {
	// Enqueue inserts a job in the transaction in ctx: it exists if and only if
	// that commits.
	Enqueue(ctx context.Context, args river.JobArgs, opts ...*river.InsertOpts) error
}

// enqueue asks for r to be carried out once the transaction in ctx commits.
func (s store) enqueue(ctx context.Context, r Run) error {
	if r.Kind == RunPeriod {
		return s.jobs.Enqueue(ctx, PeriodRunArgs{RunID: r.ID})
	}
	return s.jobs.Enqueue(ctx, LineRunArgs{RunID: r.ID})
}

// runTimeout ends a run that hangs; it is enough for billions of lines.
const runTimeout = 2 * time.Hour

type lineRunWorker struct {
	jobs.RetrySoon[LineRunArgs]
	service *Service
}

// Timeout is far away: a run takes as long as it has lines.
func (lineRunWorker) Timeout(*river.Job[LineRunArgs]) time.Duration { return runTimeout }

func (w lineRunWorker) Work(ctx context.Context, job *river.Job[LineRunArgs]) error {
	return work(w.service.carryOut(ctx, job.Args.RunID))
}

type periodRunWorker struct {
	jobs.RetrySoon[PeriodRunArgs]
	service *Service
}

func (periodRunWorker) Timeout(*river.Job[PeriodRunArgs]) time.Duration { return runTimeout }

func (w periodRunWorker) Work(ctx context.Context, job *river.Job[PeriodRunArgs]) error {
	return work(w.service.carryOut(ctx, job.Args.RunID))
}

// work turns what carryOut says into what River does. A snooze counts as no
// attempt; the run counts its own.
func work(again time.Duration, err error) error {
	if err == nil && again > 0 {
		return river.JobSnooze(again)
	}
	return err
}

// liveRuns returns the runs whose jobs somebody will work on.
func liveRuns(ctx context.Context, queue jobs.Lister, since time.Time) (map[id.Run]bool, error) {
	list, err := jobs.Live[LineRunArgs](ctx, queue, since, LineRunArgs{}.Kind(), PeriodRunArgs{}.Kind())
	out := make(map[id.Run]bool, len(list))
	for _, args := range list {
		out[args.RunID] = true
	}
	return out, err
}
