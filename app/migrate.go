package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/platform/db"
	"tierbook/app/platform/doctor"
	"tierbook/app/platform/localpg"
	"tierbook/app/platform/logs"
	"tierbook/configs"
)

// Migrate brings the configured database, or the private one, to this
// program's schema, roles and grants. It may run at any time.
//
// Errors: FailedPrecondition if DATABASE_URL, which may define tables, is not
// set while the other two are.
func Migrate(ctx context.Context, cfg configs.Config, stderr io.Writer) error {
	return withDatabase(ctx, cfg, stderr, func(c configs.Database, _ string) error {
		if c.Owner == "" {
			return errs.New(errs.FailedPrecondition, "app.no_owner", "to migrate, DATABASE_URL must name a role that may create tables and roles")
		}
		return db.Migrate(ctx, c.Owner.Reveal(), c.Web.Reveal(), c.Work.Reveal())
	})
}

// Doctor looks at everything that the installation stands on. It changes
// nothing, but starts the private PostgreSQL for the time of looking.
func Doctor(ctx context.Context, cfg configs.Config, stderr io.Writer) (results []doctor.Result, err error) {
	err = withDatabase(ctx, cfg, stderr, func(c configs.Database, objects string) error {
		results = doctor.Run(ctx, doctor.Options{
			Version: Version, Clock: clock.System{}, ObjectsURL: objects,
			OwnerURL: c.Owner.Reveal(), WebURL: c.Web.Reveal(), WorkURL: c.Work.Reveal(),
		})
		return nil
	})
	return results, err
}

// withDatabase calls do with the addresses of the configured database, or of
// the private one while it runs, and with the object store's.
func withDatabase(ctx context.Context, cfg configs.Config, stderr io.Writer, do func(c configs.Database, objects string) error) error {
	dir, log, err := prepare(cfg, stderr)
	if err != nil {
		return err
	}
	objects := objectsURL(cfg, dir)
	if !cfg.Database.IsPrivate() {
		return do(cfg.Database, objects)
	}
	cluster, err := localpg.Ensure(ctx, dir, log)
	if err != nil {
		return err
	}
	return errors.Join(do(addresses(cluster), objects), cluster.Release())
}

// prepare makes the data directory and the logger.
func prepare(cfg configs.Config, stderr io.Writer) (dir string, log *slog.Logger, err error) {
	if log, err = logs.New(stderr, cfg.Log.Format, cfg.Log.Level); err != nil {
		return "", nil, err
	}
	if dir, err = filepath.Abs(cfg.DataDir); err != nil {
		return "", nil, err
	}
	return dir, log, makeDir(dir)
}

// addresses returns the private PostgreSQL's addresses as configuration.
func addresses(c *localpg.Cluster) configs.Database {
	return configs.Database{Owner: configs.Secret(c.OwnerURL), Web: configs.Secret(c.WebURL), Work: configs.Secret(c.WorkURL)}
}

// objectsURL returns where objects are kept: below dir unless configured.
func objectsURL(cfg configs.Config, dir string) string {
	if url := cfg.Objects.URL.Reveal(); url != "" {
		return url
	}
	return "file://" + filepath.Join(dir, "objects")
}
