package db_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"tierbook/app/kernel/errs"
	"tierbook/app/platform/db"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
)

var errStop = errors.New("stop")

// counter makes a table that all roles may write.
func counter(t *testing.T, b *dbtest.Bundle) {
	t.Helper()
	b.Exec(t, "CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL CHECK (n < 1000)); GRANT ALL ON counter TO PUBLIC; INSERT INTO counter VALUES (1, 0), (2, 0)")
}

func value(t *testing.T, ctx context.Context, d *db.DB, id int) (n int) {
	t.Helper()
	if err := d.ReadTx(ctx, func(ctx context.Context) error {
		return d.Gorm(ctx).Raw("SELECT n FROM counter WHERE id = ?", id).Scan(&n).Error
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDB_InTx(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	counter(t, b)
	d1, d2 := b.Tenant(t, scope.Distributor), b.Tenant(t, scope.Distributor)
	ctx := scope.With(t.Context(), d1)
	add := func(ctx context.Context) error {
		return b.Web.Gorm(ctx).Exec("UPDATE counter SET n = n + 1 WHERE id = 1").Error
	}

	t.Run("CommitsAndRollsBack", func(t *testing.T) {
		if err := b.Web.InTx(ctx, add); err != nil {
			t.Fatal(err)
		}
		if err := b.Web.InTx(ctx, func(ctx context.Context) error {
			return errors.Join(add(ctx), errStop)
		}); !errors.Is(err, errStop) {
			t.Fatalf("got %v", err)
		}
		if got := value(t, ctx, b.Web, 1); got != 1 {
			t.Errorf("n = %d, want 1", got)
		}
	})
	t.Run("PanicRollsBack", func(t *testing.T) {
		before := value(t, ctx, b.Web, 1)
		func() {
			defer func() { _ = recover() }()
			_ = b.Web.InTx(ctx, func(ctx context.Context) error {
				_ = add(ctx)
				panic("x")
			})
		}()
		if got := value(t, ctx, b.Web, 1); got != before {
			t.Errorf("n = %d, want %d", got, before)
		}
		if got := b.Web.Pool().Stat().AcquiredConns(); got != 0 {
			t.Errorf("%d connections are still held", got)
		}
	})
	t.Run("NestedJoins", func(t *testing.T) {
		before := value(t, ctx, b.Web, 1)
		err := b.Web.InTx(ctx, func(ctx context.Context) error {
			if err := b.Web.InTx(ctx, add); err != nil {
				return err
			}
			return errStop
		})
		if !errors.Is(err, errStop) {
			t.Fatalf("got %v", err)
		}
		if got := value(t, ctx, b.Web, 1); got != before {
			t.Errorf("the inner transaction committed on its own: n = %d", got)
		}
	})
	t.Run("Refusals", func(t *testing.T) {
		nothing := func(context.Context) error { return nil }
		for name, err := range map[string]error{
			"no scope": b.Web.InTx(t.Context(), nothing),
			"another scope": b.Web.InTx(ctx, func(ctx context.Context) error {
				return b.Web.InTx(scope.With(ctx, d2), nothing)
			}),
			"another pool": b.Web.InTx(ctx, func(ctx context.Context) error {
				return b.Work.InTx(ctx, nothing)
			}),
			"write inside read": b.Web.ReadTx(ctx, func(ctx context.Context) error {
				return b.Web.InTx(ctx, nothing)
			}),
			"tenant inside system": b.Work.SystemTx(t.Context(), func(ctx context.Context) error {
				return b.Work.InTx(scope.With(ctx, d1), nothing)
			}),
			"system of web":          b.Web.SystemTx(t.Context(), nothing),
			"handle without tx":      b.Web.Gorm(ctx).Exec("SELECT 1").Error,
			"scan without tx":        b.Web.Gorm(ctx).Raw("SELECT 1").Scan(new(int)).Error,
			"handle of another pool": b.Web.InTx(ctx, func(ctx context.Context) error { return b.Work.Gorm(ctx).Exec("SELECT 1").Error }),
		} {
			if err == nil || errs.KindOf(err) != errs.Internal {
				t.Errorf("%s: got %v, want an Internal error", name, err)
			}
		}
		if _, err := b.Web.SQLTx(ctx); err == nil {
			t.Error("SQLTx without a transaction")
		}
	})
	t.Run("ReadTxReadsOnlyAndOneMoment", func(t *testing.T) {
		err := b.Web.ReadTx(ctx, add)
		if err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("wrote in a read-only transaction: %v", err)
		}
		err = b.Web.ReadTx(ctx, func(inner context.Context) error {
			first := value(t, inner, b.Web, 1)
			if err := b.Work.InTx(ctx, func(ctx context.Context) error {
				return b.Work.Gorm(ctx).Exec("UPDATE counter SET n = n + 1 WHERE id = 1").Error
			}); err != nil {
				return err
			}
			if second := value(t, inner, b.Web, 1); second != first {
				t.Errorf("read %d, then %d", first, second)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("TenantIsGoneWithTheTransaction", func(t *testing.T) {
		if err := b.Web.InTx(ctx, add); err != nil {
			t.Fatal(err)
		}
		for range 8 { // whatever connection it takes
			var tenant *string
			if err := b.Web.Pool().QueryRow(t.Context(), "SELECT nullif(current_setting('app.tenant', true), '')").Scan(&tenant); err != nil {
				t.Fatal(err)
			}
			if tenant != nil {
				t.Fatalf("a pooled connection still acts for %s", *tenant)
			}
		}
	})
}

func TestDB_InTx_RetriesDeadlocks(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	counter(t, b)
	ctx := scope.With(t.Context(), b.Tenant(t, scope.Distributor))
	var both sync.WaitGroup
	both.Add(2)
	var results sync.WaitGroup
	for _, order := range [][2]int{{1, 2}, {2, 1}} {
		results.Go(func() {
			var met sync.Once
			err := b.Work.InTx(ctx, func(ctx context.Context) error {
				q := b.Work.Gorm(ctx)
				if err := q.Exec("UPDATE counter SET n = n + 1 WHERE id = ?", order[0]).Error; err != nil {
					return err
				}
				met.Do(func() { both.Done(); both.Wait() })
				return q.Exec("UPDATE counter SET n = n + 1 WHERE id = ?", order[1]).Error
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	results.Wait()
	if a, c := value(t, ctx, b.Work, 1), value(t, ctx, b.Work, 2); a != 2 || c != 2 {
		t.Errorf("counters are %d and %d, want 2 and 2", a, c)
	}
}

func TestDB_ErrorKinds(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	ctx := scope.With(t.Context(), b.Tenant(t, scope.Distributor))
	b.Exec(t, `
		CREATE TABLE thing (id int CONSTRAINT thing_id UNIQUE DEFERRABLE INITIALLY DEFERRED, name text CONSTRAINT thing_name UNIQUE, n int NOT NULL CONSTRAINT thing_n CHECK (n > 0),
			months daterange, CONSTRAINT thing_months EXCLUDE USING gist (months WITH &&));
		CREATE TABLE part (thing text CONSTRAINT part_thing REFERENCES thing (name));
		GRANT ALL ON thing, part TO PUBLIC;
		INSERT INTO thing VALUES (1, 'a', 1, '[2026-01-01,2026-02-01)')`)
	for _, tt := range []struct {
		name, sql  string
		kind       errs.Kind
		constraint string
	}{
		{"Unique", "INSERT INTO thing VALUES (2, 'a', 1)", errs.Conflict, "thing_name"},
		{"UniqueAtCommit", "INSERT INTO thing VALUES (1, 'b', 1)", errs.Conflict, "thing_id"},
		{"Exclusion", "INSERT INTO thing VALUES (2, 'b', 1, '[2026-01-15,2026-03-01)')", errs.Conflict, "thing_months"},
		{"Check", "INSERT INTO thing VALUES (2, 'b', 0)", errs.Invalid, "thing_n"},
		{"NotNull", "INSERT INTO thing VALUES (2, 'b', NULL)", errs.Invalid, ""},
		{"ForeignKey", "INSERT INTO part VALUES (7)", errs.FailedPrecondition, "part_thing"},
		{"NoText", `SELECT convert_from('\x6100', 'UTF8')`, errs.Invalid, ""},
		{"NoTextInJSON", `SELECT '{"a": "\u0000"}'::jsonb ->> 'a'`, errs.Invalid, ""},
		{"Other", "SELECT nonsense FROM thing", errs.Internal, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := b.Web.InTx(ctx, func(ctx context.Context) error { return b.Web.Gorm(ctx).Exec(tt.sql).Error })
			if errs.KindOf(err) != tt.kind || db.ConstraintOf(err) != tt.constraint {
				t.Errorf("kind %v of constraint %q, want %v of %q: %v", errs.KindOf(err), db.ConstraintOf(err), tt.kind, tt.constraint, err)
			}
			if m, ok := errs.Message(err); ok && tt.constraint != "" && strings.Contains(m, tt.constraint) {
				t.Errorf("the message for users names a constraint: %s", m)
			}
		})
	}
}
