package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/riverqueue/river"
	"golang.org/x/sync/errgroup"

	"tierbook/app/platform/jobs"
)

// Work takes jobs from the queue while do runs. When do returns, no more jobs
// are taken, and those under way get the configured grace; what is cut off is
// taken up again by the next process that works.
func (a *App) Work(ctx context.Context, do func(ctx context.Context) error) (err error) {
	workers := river.NewWorkers()
	a.runs.Workers(workers)
	a.lines.Workers(workers)
	client, err := jobs.New(a.work.Pool(), workers, a.Config.Work.Queues, a.Log, a.runs.Periodic()...)
	if err != nil {
		return err
	}
	present, err := client.Attend(ctx, a.work)
	if err != nil {
		return err
	}
	defer present.Leave()
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	defer func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.Config.Work.StopGrace)
		defer cancel()
		err = errors.Join(err, client.Stop(grace))
	}()
	ctx, stop := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return present.Run(ctx) })
	group.Go(func() error { return a.runs.Sweeper(client).Run(ctx) })
	group.Go(func() error { return a.lines.Sweeper(client).Run(ctx) })
	group.Go(func() error {
		defer stop()
		return do(ctx)
	})
	return group.Wait()
}

// untilDone blocks until ctx ends.
func untilDone(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
