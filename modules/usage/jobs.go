package usage

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/jobs"
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

// importTimeout ends an import that hangs.
const importTimeout = 6 * time.Hour

type importWorker struct {
	jobs.RetrySoon[ImportArgs]
	service *Service
}

// Timeout is far away: an import takes as long as it has rows. When a worker
// dies, the sweeper finds its import at once.
func (importWorker) Timeout(*river.Job[ImportArgs]) time.Duration { return importTimeout }

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

// liveImports returns the imports whose jobs somebody will work on.
func liveImports(ctx context.Context, queue jobs.Lister, since time.Time) (map[id.Import]bool, error) {
	list, err := jobs.Live[ImportArgs](ctx, queue, since, ImportArgs{}.Kind())
	out := make(map[id.Import]bool, len(list))
	for _, args := range list {
		out[args.ImportID] = true
	}
	return out, err
}
