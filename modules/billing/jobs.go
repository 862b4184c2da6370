package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"tierbook/app/kernel/id"
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

const (
	// runTimeout ends a run that hangs; it is enough for billions of lines.
	runTimeout = 2 * time.Hour
	// retryPause is how long a job rests after the database could not be reached.
	retryPause = 5 * time.Second
)

type lineRunWorker struct {
	river.WorkerDefaults[LineRunArgs]
	service *Service
}

// Timeout is far away: a run takes as long as it has lines. When a worker dies,
// the sweeper puts its run back at once, and River the job after this time,
// when its run has long ended.
func (lineRunWorker) Timeout(*river.Job[LineRunArgs]) time.Duration { return runTimeout }

// NextRetry is soon: what failed here is not the run, which counts for itself,
// but the way to the database.
func (lineRunWorker) NextRetry(*river.Job[LineRunArgs]) time.Time {
	return time.Now().Add(retryPause) //nolint:forbidigo // River's clock, not ours
}

func (w lineRunWorker) Work(ctx context.Context, job *river.Job[LineRunArgs]) error {
	return work(w.service.carryOut(ctx, job.Args.RunID))
}

type periodRunWorker struct {
	river.WorkerDefaults[PeriodRunArgs]
	service *Service
}

func (periodRunWorker) Timeout(*river.Job[PeriodRunArgs]) time.Duration { return runTimeout }

func (periodRunWorker) NextRetry(*river.Job[PeriodRunArgs]) time.Time {
	return time.Now().Add(retryPause) //nolint:forbidigo // River's clock, not ours
}

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

// backlog reads River's jobs of this module.
type backlog struct{ client jobLister }

// jobLister is satisfied by *jobs.Client.
type jobLister interface {
	JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
}

// maxBacklog is how many jobs River lists at once.
const maxBacklog = 10_000

// live returns the runs whose jobs somebody will work on: those that wait, and
// those that a worker took after since. An older one that has not started its
// run by now is a killed worker's, which River notices much later.
func (b backlog) live(ctx context.Context, since time.Time) (map[id.Run]bool, error) {
	list, err := b.client.JobList(ctx, river.NewJobListParams().First(maxBacklog).
		Kinds(LineRunArgs{}.Kind(), PeriodRunArgs{}.Kind()).
		States(rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
			rivertype.JobStateScheduled, rivertype.JobStateRunning))
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	out := make(map[id.Run]bool, len(list.Jobs))
	for _, job := range list.Jobs {
		var args LineRunArgs
		if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
			continue
		}
		if job.State != rivertype.JobStateRunning || job.AttemptedAt != nil && job.AttemptedAt.After(since) {
			out[args.RunID] = true
		}
	}
	return out, nil
}
