// Package jobs runs what may happen after a commit: River's queues in our
// PostgreSQL. A job that was enqueued exists if and only if the transaction
// that asked for it was committed.
package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"tierbook/app/platform/db"
)

// Enqueuer asks for jobs. It is safe for concurrent use.
type Enqueuer struct {
	db     *db.DB
	client *river.Client[*sql.Tx]
}

// NewEnqueuer returns an enqueuer for transactions of d.
func NewEnqueuer(d *db.DB) (*Enqueuer, error) {
	c, err := river.NewClient(riverdatabasesql.New(nil), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("open the queue: %w", err)
	}
	return &Enqueuer{db: d, client: c}, nil
}

// Enqueue asks for a job in the transaction in ctx. Without options those of
// args' InsertOpts hold; further options than the first are ignored.
//
// Errors: Internal if ctx carries no transaction.
func (e *Enqueuer) Enqueue(ctx context.Context, args river.JobArgs, opts ...*river.InsertOpts) error {
	tx, err := e.db.SQLTx(ctx)
	if err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	var o *river.InsertOpts
	if len(opts) > 0 {
		o = opts[0]
	}
	if _, err := e.client.InsertTx(ctx, tx, args, o); err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), db.Translate(err))
	}
	return nil
}

// Client works on jobs until it is stopped.
type Client struct {
	river *river.Client[pgx.Tx]
	log   *slog.Logger
}

// DefaultTimeout ends a job whose worker states no time limit of its own.
const DefaultTimeout = 5 * time.Minute

// New returns a client that takes jobs of queues, at most so many at once from
// each as the map says, and hands them to workers. The pool is the work role's
// and needs three connections beyond what the workers use.
func New(pool *pgxpool.Pool, workers *river.Workers, queues map[string]int, log *slog.Logger, periodic ...*river.PeriodicJob) (*Client, error) {
	cfg := &river.Config{
		Workers:           workers,
		Queues:            make(map[string]river.QueueConfig, len(queues)),
		PeriodicJobs:      periodic,
		Logger:            slog.New(quiet{log.Handler()}),
		ErrorHandler:      failures{log},
		JobTimeout:        DefaultTimeout,
		FetchCooldown:     50 * time.Millisecond,
		FetchPollInterval: time.Second,
		ReindexerSchedule: river.NeverSchedule(), // only a table's owner may reindex
	}
	for name, n := range queues {
		cfg.Queues[name] = river.QueueConfig{MaxWorkers: n}
	}
	c, err := river.NewClient(riverpgxv5.New(pool), cfg)
	if err != nil {
		return nil, fmt.Errorf("open the queue: %w", err)
	}
	return &Client{river: c, log: log}, nil
}

// ID names the client among all of the queue, as it stands with the jobs that
// it takes.
func (c *Client) ID() string { return c.river.ID() }

// Start begins to take jobs and returns. Cancelling ctx stops taking jobs and
// cancels those under way; Stop is gentler.
func (c *Client) Start(ctx context.Context) error {
	if err := c.river.Start(ctx); err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	return nil
}

// Stop takes no more jobs, gives those under way until ctx is done, and then
// cancels them; a cancelled job is taken up again later.
func (c *Client) Stop(ctx context.Context) error {
	err := c.river.Stop(ctx)
	if err == nil {
		return nil
	}
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("stop the queue: %w", err)
	}
	c.log.Warn("jobs are cancelled: they took longer than the time given to stop")
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := c.river.StopAndCancel(hard); err != nil {
		return fmt.Errorf("stop the queue: %w", err)
	}
	return nil
}

// JobList lists jobs of the queue, for who looks after those that were lost.
func (c *Client) JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error) {
	return c.river.JobList(ctx, params)
}

// failures logs jobs that failed.
type failures struct{ log *slog.Logger }

func (f failures) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	if errors.Is(err, river.JobCancel(nil)) || errors.Is(err, context.Canceled) {
		f.log.InfoContext(ctx, "job cancelled", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "error", err)
		return nil
	}
	f.log.ErrorContext(ctx, "job failed", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "attempts", job.MaxAttempts, "error", err)
	return nil
}

func (f failures) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, trace string) *river.ErrorHandlerResult {
	f.log.ErrorContext(ctx, "job panicked", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "panic", value, "trace", trace)
	return nil
}

// quiet passes on what River says from Warn upwards: it tells of every job,
// which the runs table and failures already do.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }
func (q quiet) WithGroup(name string) slog.Handler   { return quiet{q.Handler.WithGroup(name)} }
