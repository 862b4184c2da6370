package db

import (
	"context"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"tierbook/app/kernel/errs"
	"tierbook/migrations"
)

// Schema compares a database's migrations with this program's.
type Schema struct {
	Tables, WantTables int // newest migration of ours
	Queue, WantQueue   int // newest migration of the queue
}

// Err returns nil if database and program fit.
//
// Errors: FailedPrecondition with a sentence that says how to mend it.
func (s Schema) Err() error {
	switch {
	case s.Tables < s.WantTables || s.Queue < s.WantQueue:
		return errs.New(errs.FailedPrecondition, "db.schema", "The database's tables are older than this program: run «tierbook migrate».")
	case s.Tables > s.WantTables || s.Queue > s.WantQueue:
		return errs.New(errs.FailedPrecondition, "db.schema", "The database's tables are newer than this program: use the version that migrated them, or a newer one.")
	}
	return nil
}

// Schema reads which migrations the database has. One that was never migrated
// has none: zeros, not an error.
func (d *DB) Schema(ctx context.Context) (Schema, error) { return readSchema(ctx, d.pool) }

// querier is a connection or a pool of them.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func readSchema(ctx context.Context, q querier) (Schema, error) {
	var s Schema
	for _, m := range []struct {
		table, query string
		into         *int
	}{
		{"goose_db_version", "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied", &s.Tables},
		{"river_migration", "SELECT coalesce(max(version), 0) FROM river_migration", &s.Queue},
	} {
		var there bool
		if err := q.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", m.table).Scan(&there); err != nil {
			return Schema{}, fmt.Errorf("read the schema's version: %w", err)
		}
		if !there {
			continue
		}
		if err := q.QueryRow(ctx, m.query).Scan(m.into); err != nil {
			return Schema{}, fmt.Errorf("read the schema's version: %w", Translate(err))
		}
	}
	var err error
	s.WantTables, s.WantQueue, err = wanted()
	return s, err
}

// wanted returns the newest migrations that this program has.
func wanted() (tables, queue int, err error) {
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return 0, 0, err
	}
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		n, err := strconv.Atoi(number)
		if err != nil {
			return 0, 0, fmt.Errorf("migration %s has no number: %w", name, err)
		}
		tables = max(tables, n)
	}
	m, err := rivermigrate.New(riverdatabasesql.New(nil), nil)
	if err != nil {
		return 0, 0, fmt.Errorf("read the queue's migrations: %w", err)
	}
	for _, v := range m.AllVersions() {
		queue = max(queue, v.Version)
	}
	return tables, queue, nil
}
