package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

type txKey struct{}

// transaction is one open transaction and the connection it runs on.
type transaction struct {
	db       *DB
	conn     *sql.Conn
	sql      *sql.Tx
	gorm     *gorm.DB
	tenant   id.Tenant // zero: a system transaction
	readOnly bool
}

func txFrom(ctx context.Context) *transaction {
	t, _ := ctx.Value(txKey{}).(*transaction)
	return t
}

var (
	errNoTx       = errs.New(errs.Internal, "db.no_transaction", "no transaction in the context: use InTx or ReadTx")
	errOtherScope = errs.New(errs.Internal, "db.other_scope", "a transaction of another scope is open")
	errOtherPool  = errs.New(errs.Internal, "db.other_pool", "a transaction of another role's pool is open")
	errReadOnly   = errs.New(errs.Internal, "db.read_only", "a read-only transaction is open: InTx cannot join it")
	errSystem     = errs.New(errs.Internal, "db.system", "the web role has no transactions without a tenant")
)

// InTx runs fn in one read-committed transaction that acts for the tenant in
// ctx's scope; row-level security sees it as app.tenant. fn's error, or a
// panic, rolls back; nil commits.
//
// Inside another InTx with the same scope it joins that transaction; with
// another scope, another pool or inside ReadTx it is Internal. The outermost
// InTx runs fn again after a serialization failure or deadlock, so fn must not
// keep effects outside the database.
//
// PostgreSQL's errors become kinds: see Translate.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	return d.join(ctx, sc.Tenant, nil, fn)
}

// ReadTx runs fn in one read-only, repeatable-read transaction that acts for
// the tenant in ctx's scope, so that all of fn's reads see one moment. Inside
// InTx or ReadTx with the same scope it joins that transaction.
func (d *DB) ReadTx(ctx context.Context, fn func(ctx context.Context) error) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	return d.join(ctx, sc.Tenant, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
}

// SystemTx runs fn in a transaction without a tenant, for what the system does
// before it knows for whom: finding a tenant by its slug, putting back runs
// whose worker died. It joins an open transaction that has no tenant either.
// The web role is refused: row-level security would hide every row from it.
func (d *DB) SystemTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if d.role == RoleWeb {
		return errSystem
	}
	return d.join(ctx, id.Tenant{}, nil, fn)
}

// join runs fn in the open transaction, where it fits, or in a new one.
func (d *DB) join(ctx context.Context, tenant id.Tenant, opts *sql.TxOptions, fn func(ctx context.Context) error) error {
	outer := txFrom(ctx)
	switch {
	case outer == nil:
		return d.retry(ctx, tenant, opts, fn)
	case outer.db != d:
		return errOtherPool
	case outer.tenant != tenant:
		return errOtherScope
	case outer.readOnly && (opts == nil || !opts.ReadOnly):
		return errReadOnly
	}
	return fn(ctx)
}

func (d *DB) retry(ctx context.Context, tenant id.Tenant, opts *sql.TxOptions, fn func(ctx context.Context) error) error {
	for attempt := 0; ; attempt++ {
		err := d.begin(ctx, tenant, opts, fn)
		if err == nil {
			return nil
		}
		if !isRetryable(err) || attempt == d.opts.Retries {
			return Translate(err)
		}
		pause := time.Duration(1+rand.IntN(10)) * time.Millisecond << attempt
		select {
		case <-ctx.Done():
			return Translate(errors.Join(ctx.Err(), err))
		case <-time.After(pause):
		}
	}
}

// begin runs fn in a transaction on a connection of its own.
func (d *DB) begin(ctx context.Context, tenant id.Tenant, opts *sql.TxOptions, fn func(ctx context.Context) error) error {
	conn, err := d.std.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close() }()
	tx, err := conn.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if !tenant.IsZero() {
		if _, err := tx.ExecContext(ctx, "SELECT set_config('app.tenant', $1, true)", tenant.String()); err != nil {
			return fmt.Errorf("set tenant: %w", err)
		}
	}
	t := &transaction{db: d, conn: conn, sql: tx, tenant: tenant, readOnly: opts != nil && opts.ReadOnly}
	ctx = context.WithValue(ctx, txKey{}, t)
	t.gorm = d.session(ctx, tx)
	if err := fn(ctx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// open returns ctx's transaction if it is one of d's.
func (d *DB) open(ctx context.Context) (*transaction, error) {
	t := txFrom(ctx)
	switch {
	case t == nil:
		return nil, errNoTx
	case t.db != d:
		return nil, errOtherPool
	}
	return t, nil
}

// Gorm returns the handle of the transaction in ctx. Without one, every use of
// the handle fails with an Internal error.
func (d *DB) Gorm(ctx context.Context) *gorm.DB {
	t, err := d.open(ctx)
	if err != nil {
		h := d.gorm.Session(&gorm.Session{NewDB: true, Context: ctx})
		h.Error = err
		return h
	}
	return t.gorm.Session(&gorm.Session{NewDB: true, Context: ctx})
}

// SQLTx returns the transaction in ctx for libraries that write through
// database/sql. The caller neither commits nor rolls back.
//
// Errors: Internal if ctx carries no transaction of d.
func (d *DB) SQLTx(ctx context.Context) (*sql.Tx, error) {
	t, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	return t.sql, nil
}
