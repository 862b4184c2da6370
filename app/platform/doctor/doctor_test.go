package doctor_test

import (
	"strings"
	"testing"
	"time"

	"tierbook/app/kernel/clock"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/doctor"
)

// fast is a clock that is ahead.
type fast time.Duration

func (f fast) Now() time.Time { return time.Now().UTC().Add(time.Duration(f)) }

func options(t *testing.T, b *dbtest.Bundle) doctor.Options {
	t.Helper()
	return doctor.Options{
		Version: "test", OwnerURL: b.OwnerURL, WebURL: b.WebURL, WorkURL: b.WorkURL,
		ObjectsURL: "file://" + t.TempDir(), Clock: clock.System{},
	}
}

func find(t *testing.T, rs []doctor.Result, name string) doctor.Result {
	t.Helper()
	for _, r := range rs {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no result for %s in %+v", name, rs)
	return doctor.Result{}
}

func TestRun_AllWell(t *testing.T) {
	t.Parallel()
	rs := doctor.Run(t.Context(), options(t, dbtest.New(t)))
	if !doctor.OK(rs) {
		t.Errorf("%+v", rs)
	}
	if len(rs) != 10 {
		t.Errorf("%d results: %+v", len(rs), rs)
	}
}

func TestRun_SaysHowToMend(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, part, mend string
		change           func(t *testing.T, b *dbtest.Bundle, o *doctor.Options)
	}{
		{"NoURL", "database role work", "DATABASE_URL_WORK", func(_ *testing.T, _ *dbtest.Bundle, o *doctor.Options) { o.WorkURL = "" }},
		{"NoServer", "database role web", "PostgreSQL runs", func(_ *testing.T, _ *dbtest.Bundle, o *doctor.Options) {
			o.WebURL = "postgres://x:hidden@/y?host=/nonexistent"
		}},
		{"WrongRole", "database role web", "owns", func(_ *testing.T, b *dbtest.Bundle, o *doctor.Options) { o.WebURL = b.OwnerURL }},
		{"OldSchema", "schema", "tierbook migrate", func(t *testing.T, b *dbtest.Bundle, _ *doctor.Options) {
			t.Helper()
			b.Exec(t, "DELETE FROM goose_db_version WHERE version_id > 2")
		}},
		{"NewSchema", "schema", "newer", func(t *testing.T, b *dbtest.Bundle, _ *doctor.Options) {
			t.Helper()
			b.Exec(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
		}},
		{"OpenTable", "row-level security", "ENABLE", func(t *testing.T, b *dbtest.Bundle, _ *doctor.Options) {
			t.Helper()
			b.Exec(t, "ALTER TABLE billing_runs DISABLE ROW LEVEL SECURITY")
		}},
		{"NobodyWorks", "queue", "tierbook work", func(t *testing.T, b *dbtest.Bundle, _ *doctor.Options) {
			t.Helper()
			b.Exec(t, "INSERT INTO river_job (args, kind, max_attempts, scheduled_at) VALUES ('{}', 'x', 1, now() - interval '1 hour')")
		}},
		{"TheirWorkerDied", "queue", "tierbook work", func(t *testing.T, b *dbtest.Bundle, _ *doctor.Options) {
			t.Helper()
			b.Exec(t, "INSERT INTO river_job (args, kind, max_attempts, state) VALUES ('{}', 'x', 1, 'running')")
		}},
		{"Clock", "clock", "NTP", func(_ *testing.T, _ *dbtest.Bundle, o *doctor.Options) { o.Clock = fast(time.Minute) }},
		{"Objects", "object store", "file:///dir", func(_ *testing.T, _ *dbtest.Bundle, o *doctor.Options) { o.ObjectsURL = "var/objects" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := dbtest.New(t)
			o := options(t, b)
			tt.change(t, b, &o)
			rs := doctor.Run(t.Context(), o)
			r := find(t, rs, tt.part)
			if r.OK || !strings.Contains(r.Mend, tt.mend) {
				t.Errorf("got %+v", r)
			}
			if doctor.OK(rs) {
				t.Error("all is said to be well")
			}
			if strings.Contains(r.Detail+r.Mend, "hidden") {
				t.Errorf("a secret is shown: %+v", r)
			}
		})
	}
}
