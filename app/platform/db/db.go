// Package db is the only door to PostgreSQL: transactions that act for the
// scope in their context, bulk copies inside them, advisory locks, and the
// schema's migrations.
//
// Three roles use a database. The owner defines tables, the web role answers
// requests under row-level security, the work role imports and rates in bulk
// past it. A process that comes with the wrong role is refused by Open.
package db

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"

	"tierbook/app/kernel/errs"
)

// Role is what a connection may do.
type Role string

const (
	RoleOwner Role = "owner" // defines tables; for migrations
	RoleWeb   Role = "web"   // answers requests; row-level security applies
	RoleWork  Role = "work"  // imports and rates in bulk, past row-level security
)

// Options tune a pool. The zero value is good for a small process.
type Options struct {
	MaxConns         int32         // connections at most; 0: 8
	StatementTimeout time.Duration // PostgreSQL gives up on a statement after this; 0: never
	Application      string        // shown in pg_stat_activity; "": "tierbook"
	SlowQuery        time.Duration // statements that take longer are logged at Warn; 0: one second
	Logger           *slog.Logger  // nil: slow statements are not logged
	Retries          int           // further attempts after a serialization failure or deadlock; 0: 5
}

func (o Options) withDefaults() Options {
	if o.MaxConns == 0 {
		o.MaxConns = 8
	}
	if o.Application == "" {
		o.Application = "tierbook"
	}
	if o.SlowQuery == 0 {
		o.SlowQuery = time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Retries == 0 {
		o.Retries = 5
	}
	return o
}

// DB is a pool of connections of one role. It is safe for concurrent use.
type DB struct {
	role Role
	opts Options
	pool *pgxpool.Pool
	std  *sql.DB
	gorm *gorm.DB
}

// Open connects to url as role and refuses a database role that may do more,
// or less, than role should: see checkRole.
//
// Errors: FailedPrecondition with a sentence that says how to mend it.
func Open(ctx context.Context, url string, role Role, opts Options) (*DB, error) {
	opts = opts.withDefaults()
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errs.New(errs.FailedPrecondition, "db.url", "The database URL for "+string(role)+" cannot be read.")
	}
	cfg.MaxConns = opts.MaxConns
	params := cfg.ConnConfig.RuntimeParams
	params["application_name"] = opts.Application
	params["timezone"] = "UTC"
	if opts.StatementTimeout > 0 {
		params["statement_timeout"] = strconv.FormatInt(opts.StatementTimeout.Milliseconds(), 10)
	}
	watched(ctx, cfg.ConnConfig)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database as %s: %w", role, err)
	}
	if err := checkRole(ctx, pool, role); err != nil {
		pool.Close()
		return nil, err
	}
	d := &DB{role: role, opts: opts, pool: pool, std: stdlib.OpenDBFromPool(pool)}
	if d.gorm, err = openGorm(d.std, opts); err != nil {
		d.Close()
		return nil, fmt.Errorf("open database as %s: %w", role, err)
	}
	return d, nil
}

// Close waits for connections in use to come back and closes them all.
func (d *DB) Close() {
	_ = d.std.Close()
	d.pool.Close()
}

// Role returns what the pool's connections may do.
func (d *DB) Role() Role { return d.role }

// Pool returns the pool for River's workers and for health checks. Queries of
// modules' data go through InTx and ReadTx, which know for whom they act.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.pool.Ping(ctx) }
