package db

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// dialector is GORM's PostgreSQL with our translation of errors.
type dialector struct{ *postgres.Dialector }

// Translate turns PostgreSQL's errors into kinds wherever GORM reports one.
func (dialector) Translate(err error) error { return Translate(err) }

func openGorm(std *sql.DB, opts Options) (*gorm.DB, error) {
	return gorm.Open(dialector{&postgres.Dialector{Config: &postgres.Config{Conn: std}}}, &gorm.Config{
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		TranslateError:         true,
		Logger:                 slowLog{log: opts.Logger, slow: opts.SlowQuery},
		NowFunc:                func() time.Time { return time.Now().UTC() },
	})
}

// session returns GORM on tx.
func (d *DB) session(ctx context.Context, tx *sql.Tx) *gorm.DB {
	h := d.gorm.Session(&gorm.Session{NewDB: true, Context: ctx})
	h.Statement.ConnPool = tx
	return h
}

// slowLog tells slog about statements that took long, with placeholders
// instead of values, and about nothing else: errors go up to the caller.
type slowLog struct {
	log  *slog.Logger
	slow time.Duration
}

func (l slowLog) LogMode(logger.LogLevel) logger.Interface { return l }
func (slowLog) Info(context.Context, string, ...any)       {}
func (slowLog) Warn(context.Context, string, ...any)       {}
func (slowLog) Error(context.Context, string, ...any)      {}

// ParamsFilter keeps values out of the log.
func (slowLog) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) { return sql, nil }

func (l slowLog) Trace(ctx context.Context, began time.Time, fc func() (string, int64), err error) {
	took := time.Since(began)
	if took < l.slow || errors.Is(err, context.Canceled) {
		return
	}
	text, rows := fc()
	l.log.WarnContext(ctx, "slow statement", "sql", text, "rows", rows, "took", took)
}
