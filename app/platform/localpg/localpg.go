// Package localpg runs a private PostgreSQL from the programs on this machine,
// for those who have no server of their own.
//
// It listens on a socket in a private directory and on no network. The first
// process that needs it starts it, later ones attach, the last one out stops
// it. Who is attached is a shared file lock, which the kernel drops with its
// process: after kill -9 the next start attaches to the server that is still
// there, or starts it again and PostgreSQL recovers.
package localpg

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// Options say where a cluster lives and how it is tuned.
type Options struct {
	Dir      string            // the cluster's directory; created if missing
	Settings map[string]string // of postgresql.conf, over the defaults
	Fast     bool              // nothing is worth keeping: initdb does not wait for the disk
	Log      *slog.Logger      // nil: silent
}

// Cluster is a running private PostgreSQL to which this process is attached.
type Cluster struct {
	OwnerURL string // defines tables; owns the database, no superuser
	WebURL   string // row-level security applies
	WorkURL  string // past row-level security
	AdminURL string // superuser; the cluster's own house-keeping and tests

	// Started reports whether this call started the server, rather than
	// attaching to a running one.
	Started bool

	server   *server
	start    string    // path of the lock under which servers start and stop
	attached *fileLock // shared by all attached processes
}

// Ensure attaches to the private PostgreSQL under dataDir/pg, and sets it up
// and starts it first where needed. Every Ensure needs a Release.
//
// Errors: FailedPrecondition with a sentence that says what to install or to
// change.
func Ensure(ctx context.Context, dataDir string, log *slog.Logger) (*Cluster, error) {
	return Start(ctx, Options{Dir: filepath.Join(dataDir, "pg"), Log: log})
}

// Start is Ensure with options.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	if err := os.MkdirAll(dir, 0o711); err != nil { //nolint:gosec // the server's user passes through; what is secret is 0600
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	c := &Cluster{start: filepath.Join(dir, "start.lock")}
	guard, err := lockFile(ctx, c.start, exclusive)
	if err != nil {
		return nil, err
	}
	defer guard.release()
	if c.attached, err = lockFile(ctx, filepath.Join(dir, "attached.lock"), shared); err != nil {
		return nil, err
	}
	if err := c.open(ctx, dir, opts); err != nil {
		c.leave()
		return nil, err
	}
	return c, nil
}

// open sets the cluster up and starts it, as far as that has not been done.
// The caller holds the start lock.
func (c *Cluster) open(ctx context.Context, dir string, opts Options) error {
	st, err := loadState(dir)
	if err != nil {
		return err
	}
	if c.server, err = newServer(dir, st, opts); err != nil {
		return err
	}
	if c.Started, err = c.server.ensure(ctx); err != nil {
		return err
	}
	if err := st.bootstrap(ctx, dir); err != nil {
		return err
	}
	c.OwnerURL, c.WebURL, c.WorkURL = st.url(ownerUser, database), st.url(webUser, database), st.url(workUser, database)
	c.AdminURL = st.url(adminUser, "postgres")
	return nil
}

// Release detaches, and stops the server if nobody else is attached. A second
// call does nothing.
func (c *Cluster) Release() error {
	if c.attached == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	guard, err := lockFile(ctx, c.start, exclusive)
	if err != nil {
		c.attached.release()
		c.attached = nil
		return err
	}
	defer guard.release()
	return c.leave()
}

// leave gives up this process's place and, if it was the last, stops the
// server. The caller holds the start lock, so nobody attaches meanwhile.
func (c *Cluster) leave() error {
	path := c.attached.path
	c.attached.release()
	c.attached = nil
	last, err := tryLockFile(path)
	if err != nil || last == nil {
		return err
	}
	defer last.release()
	if c.server == nil {
		return nil
	}
	return c.server.stop()
}
