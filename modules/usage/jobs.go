package usage

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
)

// Queue is the River queue of this module's jobs. An import has
// Deps.MemoryBytes for itself, so a process runs few at once.
const Queue = "usage"

// ImportArgs asks a worker to carry out an import. Safe to run twice: the
// import's state decides.
type ImportArgs struct {
	ImportID id.Import `json:"import_id"`
}

// Kind never changes.
func (ImportArgs) Kind() string { return "usage.import" }

// InsertOpts puts the job into the module's queue.
func (ImportArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Queue} }

// RerateArgs asks for months to be rated again whose lines are not what they
// were, in the perspective of who changed them. Safe to run twice.
type RerateArgs struct {
	Acting     id.Tenant     `json:"acting_id"`
	Tree       id.Tenant     `json:"tree_id"`
	Actor      string        `json:"actor"`  // as the audit trail names it
	Reason     string        `json:"reason"` // for the log of runs
	Months     []Stale       `json:"months,omitempty"`
	Deliveries []id.Delivery `json:"delivery_ids,omitempty"` // also the months of whoever answers for lines of these
}

// Kind never changes.
func (RerateArgs) Kind() string { return "usage.rerate" }

// InsertOpts puts the job into the module's queue of quick jobs: it must not
// wait for long imports.
func (RerateArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: "default"} }

// Enqueuer puts jobs into the queue. Satisfied by *jobs.Enqueuer.
type Enqueuer interface {
	// Enqueue inserts a job in the transaction in ctx: it exists if and only if
	// that commits.
	Enqueue(ctx context.Context, args river.JobArgs, opts ...*river.InsertOpts) error
}

const (
	// importTimeout ends an import that hangs.
	importTimeout = 6 * time.Hour
	// retryPause is how long a job rests after the database could not be reached.
	retryPause = 5 * time.Second
)

type importWorker struct {
	river.WorkerDefaults[ImportArgs]
	service *Service
}

// Timeout is far away: an import takes as long as it has rows. When a worker
// dies, the sweeper finds its import at once.
func (importWorker) Timeout(*river.Job[ImportArgs]) time.Duration { return importTimeout }

// NextRetry is soon: what failed here is not the import, but the way to it.
func (importWorker) NextRetry(*river.Job[ImportArgs]) time.Time {
	return time.Now().Add(retryPause) //nolint:forbidigo // River's clock, not ours
}

func (w importWorker) Work(ctx context.Context, job *river.Job[ImportArgs]) error {
	return w.service.carryOut(ctx, job.Args.ImportID)
}

type rerateWorker struct {
	river.WorkerDefaults[RerateArgs]
	service *Service
}

func (w rerateWorker) Work(ctx context.Context, job *river.Job[RerateArgs]) error {
	err := w.service.rerate(ctx, job.Args)
	switch errs.KindOf(err) {
	case errs.Invalid, errs.NotFound, errs.FailedPrecondition, errs.Forbidden:
		return river.JobCancel(err) // trying again cannot help
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

// live returns the imports whose jobs somebody will work on: those that wait,
// and those that a worker took after since. An older one whose import nobody
// holds is a killed worker's, which River notices much later.
func (b backlog) live(ctx context.Context, since time.Time) (map[id.Import]bool, error) {
	list, err := b.client.JobList(ctx, river.NewJobListParams().First(maxBacklog).Kinds(ImportArgs{}.Kind()).
		States(rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
			rivertype.JobStateScheduled, rivertype.JobStateRunning))
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	out := make(map[id.Import]bool, len(list.Jobs))
	for _, job := range list.Jobs {
		var args ImportArgs
		if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
			continue
		}
		if job.State != rivertype.JobStateRunning || job.AttemptedAt != nil && job.AttemptedAt.After(since) {
			out[args.ImportID] = true
		}
	}
	return out, nil
}
