package billing

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/jobs"
)

// CheckArgs asks a worker to reconcile a month. Safe to run twice: the check's
// state decides.
type CheckArgs struct {
	CheckID id.Check  `json:"check_id"`
	Tree    id.Tenant `json:"tree_id"`
}

// Kind never changes.
func (CheckArgs) Kind() string { return "billing.check" }

// InsertOpts puts the job into the module's queue.
func (CheckArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Queue} }

type checkWorker struct {
	jobs.RetrySoon[CheckArgs]
	service *Service
}

// Timeout leaves time to read a large month again.
func (checkWorker) Timeout(*river.Job[CheckArgs]) time.Duration { return runTimeout }

func (w checkWorker) Work(ctx context.Context, job *river.Job[CheckArgs]) error {
	return work(w.service.carryOutCheck(ctx, job.Args.CheckID, job.Args.Tree))
}
