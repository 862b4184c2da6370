// Package app puts Tierbook together: configuration, database, object store
// and modules. wire.go is the only place that knows two modules.
package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/blob"
	_ "tierbook/app/platform/blob/drivers" // s3://, gs://, azblob://
	"tierbook/app/platform/db"
	"tierbook/app/platform/localpg"
	"tierbook/app/platform/web"
	"tierbook/configs"
	"tierbook/modules/billing"
	"tierbook/modules/contracts"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
	"tierbook/rules"
)

// App is Tierbook, ready for commands. Its services act for the scope in
// their context.
type App struct {
	Config configs.Config
	Log    *slog.Logger
	Rules  *rules.Engine

	Tenancy   *tenancy.Service
	Usage     *usage.Service
	Contracts *contracts.Service
	Billing   *billing.Service

	defaults  configs.Config
	web, work *db.DB
	objects   *blob.Store
	cluster   *localpg.Cluster // nil with a database from outside
	runs      *billing.Module
	lines     *usage.Module
	faces     []face
	server    func() *web.Server // made when pages are asked for: most commands have none
}

// Open connects to the database (starting the private PostgreSQL where none
// is configured, and bringing its schema up to date), opens the object store
// and wires the modules. Logs go to stderr. Every Open needs a Close.
//
// Errors: FailedPrecondition with a sentence that says how to mend it.
func Open(ctx context.Context, cfg configs.Config, stderr io.Writer) (_ *App, err error) {
	a := &App{Config: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.Config.DataDir, a.Log, err = prepare(cfg, stderr); err != nil {
		return nil, err
	}
	if a.defaults, err = configs.LoadFrom(nil); err != nil {
		return nil, err
	}
	if a.Rules, err = NewRules(); err != nil {
		return nil, err
	}
	if err := a.connect(ctx); err != nil {
		return nil, err
	}
	if a.objects, err = blob.Open(ctx, objectsURL(cfg, a.Config.DataDir)); err != nil {
		return nil, err
	}
	access, err := authz.New(configs.RBACModel, configs.RBACPolicy)
	if err != nil {
		return nil, err
	}
	if err := a.wire(access, clock.System{}); err != nil {
		return nil, err
	}
	return a, nil
}

// Close gives everything back; the last process that uses the private
// PostgreSQL stops it.
func (a *App) Close() error {
	var err error
	if a.objects != nil {
		err = a.objects.Close()
	}
	for _, d := range []*db.DB{a.web, a.work} {
		if d != nil {
			d.Close()
		}
	}
	if a.cluster != nil {
		err = errors.Join(err, a.cluster.Release())
	}
	return err
}

func (a *App) connect(ctx context.Context) error {
	urls, err := a.databaseURLs(ctx)
	if err != nil {
		return err
	}
	c := a.Config.Database
	a.web, err = db.Open(ctx, urls.Web.Reveal(), db.RoleWeb, db.Options{
		MaxConns: int32(c.WebConns), StatementTimeout: c.StatementTimeout, SlowQuery: c.SlowQuery, Logger: a.Log,
	})
	if err != nil {
		return err
	}
	a.work, err = db.Open(ctx, urls.Work.Reveal(), db.RoleWork, db.Options{
		MaxConns: int32(c.WorkConns), SlowQuery: c.SlowQuery * 10, Logger: a.Log,
	})
	return err
}

// databaseURLs returns the configured addresses, or those of the private
// PostgreSQL, which it starts and migrates.
func (a *App) databaseURLs(ctx context.Context) (configs.Database, error) {
	if !a.Config.Database.IsPrivate() {
		return a.Config.Database, nil
	}
	cluster, err := localpg.Ensure(ctx, a.Config.DataDir, a.Log)
	if err != nil {
		return configs.Database{}, err
	}
	a.cluster = cluster
	if err := db.Migrate(ctx, cluster.OwnerURL, cluster.WebURL, cluster.WorkURL); err != nil {
		return configs.Database{}, err
	}
	return addresses(cluster), nil
}

// OwnerURL returns the address of the role that owns the private PostgreSQL's
// tables, for benches that fill them; empty with a database from outside.
func (a *App) OwnerURL() string {
	if a.cluster == nil {
		return ""
	}
	return a.cluster.OwnerURL
}

// makeDir makes a directory that others may pass through but not list: the
// private PostgreSQL of root runs as another user. What is in it guards itself.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o711); err != nil { //nolint:gosec // see above
		return errs.Newf(errs.FailedPrecondition, "app.data_dir", "the data directory cannot be made: %v", err)
	}
	return nil
}

// NewRules returns the rules engine with the shipped fee schedules and provider
// names.
func NewRules() (*rules.Engine, error) {
	providers, err := configs.Providers()
	if err != nil {
		return nil, err
	}
	schedules, err := configs.Schedules()
	if err != nil {
		return nil, err
	}
	o := rules.Options{Schedules: map[string]rules.Schedule{}}
	for _, p := range providers {
		o.SupportServices = append(o.SupportServices, p.Support...)
	}
	for name, s := range schedules {
		if o.Schedules[name], err = scheduleOf(name, s); err != nil {
			return nil, err
		}
	}
	return rules.New(o)
}
