package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Lister lists jobs of the queue. *Client does.
type Lister interface {
	JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
}

// maxLive is how many jobs River lists at once.
const maxLive = 10_000

// Live returns the arguments of the jobs of some kinds, alike in their
// arguments, that somebody will work on: those that wait, and those that a
// worker took after since. An older one whose work nobody holds is a killed
// worker's, or one that hangs.
func Live[A any](ctx context.Context, list Lister, since time.Time, kinds ...string) ([]A, error) {
	found, err := list.JobList(ctx, river.NewJobListParams().First(maxLive).Kinds(kinds...).
		States(rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
			rivertype.JobStateScheduled, rivertype.JobStateRunning))
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	var out []A
	for _, job := range found.Jobs {
		var args A
		if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
			continue
		}
		if job.State != rivertype.JobStateRunning || job.AttemptedAt != nil && job.AttemptedAt.After(since) {
			out = append(out, args)
		}
	}
	return out, nil
}

// Sweep looks for lost work at once and then every so often, until ctx ends.
// Errors are logged as what failed: the next look tries again.
func Sweep(ctx context.Context, every time.Duration, log *slog.Logger, what string, look func(context.Context) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := look(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, what, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// retryPause is how long a job rests that could not reach its work.
const retryPause = 5 * time.Second

// RetrySoon is embedded in workers of jobs that keep their own state: what
// failed there is not the work, which counts for itself, but the way to it.
type RetrySoon[A river.JobArgs] struct{ river.WorkerDefaults[A] }

// NextRetry is soon.
func (RetrySoon[A]) NextRetry(*river.Job[A]) time.Time {
	return time.Now().Add(retryPause) //nolint:forbidigo // River's clock, not ours
}
