package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Statement is one round trip to PostgreSQL: a query with all of its rows, a
// command, the beginning or the end of a transaction.
type Statement struct {
	SQL  string        // with placeholders
	Took time.Duration // until the last row was read
}

type watchKey struct{}

// Watch returns a context under which Open makes pools that tell see about
// every statement when it has ended: for benches, which print it beside what a
// page takes. see is called from many goroutines.
func Watch(ctx context.Context, see func(Statement)) context.Context {
	return context.WithValue(ctx, watchKey{}, see)
}

// watched adds what Watch has asked for to a pool's configuration.
func watched(ctx context.Context, cfg *pgx.ConnConfig) {
	if see, ok := ctx.Value(watchKey{}).(func(Statement)); ok {
		cfg.Tracer = watcher(see)
	}
}

// watcher is pgx's tracer of queries.
type watcher func(Statement)

type statementKey struct{}

type startedStatement struct {
	sql   string
	began time.Time
}

// TraceQueryStart remembers when a statement began.
func (watcher) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, statementKey{}, startedStatement{data.SQL, time.Now()})
}

// TraceQueryEnd tells of a statement that has ended.
func (w watcher) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if s, ok := ctx.Value(statementKey{}).(startedStatement); ok {
		w(Statement{SQL: s.sql, Took: time.Since(s.began)})
	}
}
