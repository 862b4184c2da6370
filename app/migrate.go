package app

import (
	"context"
	"io"
	"path/filepath"

	"tierbook/app/kernel/errs"
	"tierbook/app/platform/db"
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
	c := cfg.Database
	if !c.IsPrivate() {
		if c.Owner == "" {
			return errs.New(errs.FailedPrecondition, "app.no_owner", "to migrate, DATABASE_URL must name a role that may create tables and roles")
		}
		return db.Migrate(ctx, c.Owner.Reveal(), c.Web.Reveal(), c.Work.Reveal())
	}
	log, err := logs.New(stderr, cfg.Log.Format, cfg.Log.Level)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(cfg.DataDir)
	if err != nil {
		return err
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	cluster, err := localpg.Ensure(ctx, dir, log)
	if err != nil {
		return err
	}
	err = db.Migrate(ctx, cluster.OwnerURL, cluster.WebURL, cluster.WorkURL)
	if rerr := cluster.Release(); err == nil {
		err = rerr
	}
	return err
}
