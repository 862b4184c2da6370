package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sync/errgroup"

	"tierbook/app/kernel/errs"
	"tierbook/app/platform/metrics"
)

// Version is the program's version, as logs, metrics and doctor show it.
const Version = "0.1.0"

// Serve answers requests until ctx ends, then lets those under way finish.
// ready, which may be nil, hears the address that is listened on.
func (a *App) Serve(ctx context.Context, ready func(url string)) error {
	listener, err := a.listen(ctx, a.Config.Web.Listen, a.defaults.Web.Listen, "TIERBOOK_WEB_LISTEN")
	if err != nil {
		return err
	}
	if ready != nil {
		ready("http://" + listener.Addr().String())
	}
	return a.server().Serve(ctx, listener)
}

// objectsAnswer reports whether the object store can be asked.
func (a *App) objectsAnswer(ctx context.Context) error {
	_, err := a.objects.Exists(ctx, "segments")
	return err
}

// ServeMetrics answers Prometheus until ctx ends; at once if it is off.
func (a *App) ServeMetrics(ctx context.Context) error {
	if a.Config.Metrics.Listen == "" {
		return nil
	}
	listener, err := a.listen(ctx, a.Config.Metrics.Listen, a.defaults.Metrics.Listen, "TIERBOOK_METRICS_LISTEN")
	if err != nil {
		return err
	}
	registry := metrics.New(Version)
	registry.Pool("web", a.web.Pool())
	registry.Pool("work", a.work.Pool())
	return registry.Serve(ctx, listener, a.Log)
}

// RunServer is the serve command: requests and metrics, until ctx ends.
func (a *App) RunServer(ctx context.Context, ready func(url string)) error {
	return together(ctx, a.ServeMetrics, func(ctx context.Context) error { return a.Serve(ctx, ready) })
}

// RunWorker is the work command: jobs and metrics, until ctx ends.
func (a *App) RunWorker(ctx context.Context) error {
	return together(ctx, a.ServeMetrics, func(ctx context.Context) error { return a.Work(ctx, untilDone) })
}

// RunAll is web, workers and metrics in one process, until ctx ends.
func (a *App) RunAll(ctx context.Context, ready func(url string)) error {
	return together(ctx, a.ServeMetrics,
		func(ctx context.Context) error { return a.Work(ctx, untilDone) },
		func(ctx context.Context) error { return a.Serve(ctx, ready) })
}

// together runs parts until ctx ends or one of them fails.
func together(ctx context.Context, parts ...func(ctx context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, part := range parts {
		group.Go(func() error { return part(ctx) })
	}
	return group.Wait()
}

// listen listens on address. A busy one is an error, unless nobody chose it:
// then any free port does, so that several processes and data directories work
// side by side as they come.
func (a *App) listen(ctx context.Context, address, standard, setting string) (net.Listener, error) {
	var c net.ListenConfig
	listener, err := c.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) && address == standard {
		listener, err = c.Listen(ctx, "tcp", "127.0.0.1:0")
		if err == nil {
			a.Log.InfoContext(ctx, "the usual port is taken", "wanted", address, "listening", listener.Addr().String(), "choose", setting)
		}
	}
	if err != nil {
		return nil, errs.New(errs.FailedPrecondition, "app.listen",
			fmt.Sprintf("cannot listen on %s: %v; choose another address with %s", address, err, setting))
	}
	return listener, nil
}
