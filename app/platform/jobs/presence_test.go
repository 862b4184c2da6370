package jobs_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/riverqueue/river"

	"tierbook/app/platform/jobs"
)

// A job goes on at once when its worker has died, and is left alone while that
// lives.
func TestPresence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	taken := func(text, worker string) {
		b.enqueue(t, text, nil)
		b.Exec(t, `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now(), attempted_by = ARRAY['before', $2] WHERE args ->> 'text' = $1`, text, worker)
	}
	taken("of a dead one", "ghost")
	living, err := jobs.New(b.Work.Pool(), river.NewWorkers(), map[string]int{"other": 1}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	other, err := living.Attend(t.Context(), b.Work)
	if err != nil {
		t.Fatal(err)
	}
	taken("of a living one", living.ID())
	if got, err := jobs.FindTaken(t.Context(), b.Work); err != nil || got.UnderWay != 1 || got.Left() != 1 {
		t.Errorf("%d jobs under way, %d left, %v, want one of each", got.UnderWay, got.Left(), err)
	}

	c := b.start(t)
	present, err := c.Attend(t.Context(), b.Work)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(present.Leave)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- present.Run(ctx) }()
	if got := b.next(t); got != "of a dead one" {
		t.Errorf("worked on the job %s", got)
	}
	other.Leave()
	if got := b.next(t); got != "of a living one" {
		t.Errorf("worked on the job %s", got)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
