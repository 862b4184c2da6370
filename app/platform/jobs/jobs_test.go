package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"tierbook/app/kernel/errs"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/jobs"
	"tierbook/app/platform/scope"
)

type noteArgs struct {
	Text string `json:"text"`
}

func (noteArgs) Kind() string { return "test.note" }

func (noteArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: "test", MaxAttempts: 1} }

type bundle struct {
	*dbtest.Bundle
	ctx      context.Context //nolint:containedctx // one test's
	enqueuer *jobs.Enqueuer
	worked   chan string
	log      *syncBuffer
}

// syncBuffer is a log that workers write and the test reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{Bundle: dbtest.New(t), worked: make(chan string, 100), log: new(syncBuffer)}
	b.ctx = scope.With(t.Context(), b.Tenant(t, scope.Distributor))
	var err error
	if b.enqueuer, err = jobs.NewEnqueuer(b.Web); err != nil {
		t.Fatal(err)
	}
	return b
}

// start runs a client whose worker notes each job, fails on "fail" and panics
// on "panic".
func (b *bundle) start(t *testing.T) *jobs.Client {
	t.Helper()
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, j *river.Job[noteArgs]) error {
		defer func() { b.worked <- j.Args.Text }()
		switch j.Args.Text {
		case "fail":
			return errors.New("it failed")
		case "panic":
			panic("it panicked")
		case "slow":
			b.worked <- "started"
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}))
	c, err := jobs.New(b.Work.Pool(), workers, map[string]int{"test": 2}, slog.New(slog.NewTextHandler(b.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = c.Stop(ctx)
	})
	return c
}

func (b *bundle) enqueue(t *testing.T, text string, end error) {
	t.Helper()
	err := b.Web.InTx(b.ctx, func(ctx context.Context) error {
		if err := b.enqueuer.Enqueue(ctx, noteArgs{text}); err != nil {
			return err
		}
		return end
	})
	if !errors.Is(err, end) {
		t.Fatal(err)
	}
}

func (b *bundle) next(t *testing.T) string {
	t.Helper()
	select {
	case s := <-b.worked:
		return s
	case <-time.After(20 * time.Second):
		t.Fatal("no job was worked on")
		return ""
	}
}

func TestEnqueue_CommittedRunsRolledBackDoesNotExist(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start(t)
	b.enqueue(t, "rolled back", errors.New("stop"))
	b.enqueue(t, "committed", nil)
	if got := b.next(t); got != "committed" {
		t.Errorf("worked on %q", got)
	}
	var n int
	if err := b.Work.Pool().QueryRow(t.Context(), "SELECT count(*) FROM river_job").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 1 {
		t.Errorf("%d jobs exist, want 1", n)
	}
}

// A notification wakes the workers: a job does not wait for the next poll.
func TestEnqueue_StartsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start(t)
	b.enqueue(t, "first", nil) // by then the client listens
	b.next(t)
	best := time.Hour
	for range 5 {
		began := time.Now()
		b.enqueue(t, "again", nil)
		b.next(t)
		best = min(best, time.Since(began))
	}
	if best > 500*time.Millisecond {
		t.Errorf("the quickest of five jobs took %v", best)
	}
}

func TestEnqueue_WithoutTransactionIsInternal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.enqueuer.Enqueue(b.ctx, noteArgs{"x"}); err == nil || errs.KindOf(err) != errs.Internal {
		t.Errorf("got %v", err)
	}
}

func TestClient_LogsFailuresAndGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start(t)
	for _, text := range []string{"fail", "panic", "fine"} {
		b.enqueue(t, text, nil)
		if got := b.next(t); got != text {
			t.Errorf("worked on %q, want %q", got, text)
		}
	}
	for _, want := range []string{"it failed", "it panicked"} {
		if !strings.Contains(b.log.String(), want) {
			t.Errorf("%q is not in the log:\n%s", want, b.log)
		}
	}
}

func TestClient_Stop_CancelsWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.start(t)
	b.enqueue(t, "slow", nil)
	if got := b.next(t); got != "started" {
		t.Fatalf("got %q", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := c.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if got := b.next(t); got != "slow" {
		t.Errorf("got %q", got)
	}
}
