package usage

import (
	"context"
	"testing"

	"tierbook/app/kernel/errs"
	"tierbook/app/platform/scope"
)

// Invariant 6: nobody beside or below an owner sees its imports, sums or
// quarantine, not even with SQL of their own as the web role.
func TestInvariant6_OthersSeeNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	b.load(t, b.north, file(t, "bad.csv", new(cur).line("114", "2026-03", "2026-03-01", "2026-03-02", "x").text()))
	b.mustGive(t, "111", b.harbour, "2026-03")
	count := func(sc scope.Scope, table string) (n int64) {
		t.Helper()
		err := b.web.db.ReadTx(as(t, sc), func(ctx context.Context) error {
			return b.web.query(ctx, &n, "SELECT count(*) FROM "+table)
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	tables := []string{"usage_imports", "usage_deliveries", "usage_segments", "usage_segment_accounts", "usage_quarantine"}
	for _, table := range tables {
		if count(b.north, table) == 0 {
			t.Errorf("the owner sees nothing of %s", table)
		}
		for _, sc := range []scope.Scope{b.east, b.harbour, b.direct, b.south, b.far} {
			if n := count(sc, table); n != 0 {
				t.Errorf("%s sees %d rows of %s", b.slugOf(sc.Tenant), n, table)
			}
		}
	}
	for _, sc := range []scope.Scope{b.east, b.harbour, b.direct, b.south, b.far} {
		if totals, err := b.Totals(as(t, sc), month(t, "2026-03")); err != nil || len(totals) != 0 {
			t.Errorf("%s: totals %v, %v", b.slugOf(sc.Tenant), totals, err)
		}
		if rows, err := b.Quarantine(as(t, sc), QuarantineFilter{}); err != nil || len(rows) != 0 {
			t.Errorf("%s: quarantine %v, %v", b.slugOf(sc.Tenant), rows, err)
		}
		if n, err := b.Acknowledge(as(t, sc), month(t, "2026-03"), "not mine"); err != nil || n != 0 {
			t.Errorf("%s acknowledges %d rows, %v", b.slugOf(sc.Tenant), n, err)
		}
		in, err := b.Imported(as(t, sc), month(t, "2026-03"))
		if err != nil || len(in.Sums) != 0 || len(in.Quarantined) != 0 {
			t.Errorf("%s: imported %v, %v", b.slugOf(sc.Tenant), in, err)
		}
	}
}

// What is not in scope is NotFound; what a role does not allow is Forbidden,
// and is asked first.
func TestService_Refusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	reader := b.north
	reader.Actor.Roles = []string{"reader"}
	nobody := b.north
	nobody.Actor.Roles = nil
	url := "file://" + file(t, "cur.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1").text())
	calls := map[string]func(scope.Scope) error{
		"Import": func(sc scope.Scope) error {
			_, err := b.Import(as(t, sc), ImportInput{Owner: b.far.Tenant, URL: url, AnyFile: true}, nil)
			return err
		},
		"Assign": func(sc scope.Scope) error {
			_, err := b.Assign(as(t, sc), AssignInput{Account: "111", Assignee: b.far.Tenant, From: month(t, "2026-03")})
			return err
		},
		"Select": func(sc scope.Scope) error {
			_, err := b.Select(as(t, sc), b.far.Tenant, month(t, "2026-03"))
			return err
		},
	}
	for name, call := range calls {
		if err := call(b.north); errs.KindOf(err) != errs.NotFound {
			t.Errorf("%s of a foreign tenant: %v", name, err)
		}
	}
	for _, name := range []string{"Import", "Assign"} {
		if err := calls[name](reader); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("%s without permission: %v", name, err)
		}
	}
	if _, err := b.Acknowledge(as(t, reader), month(t, "2026-03"), "x"); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("Acknowledge without permission: %v", err)
	}
	if _, err := b.GC(as(t, reader)); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("GC without permission: %v", err)
	}
	if _, err := b.Totals(as(t, nobody), month(t, "2026-03")); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("Totals without permission: %v", err)
	}
	if _, err := b.Accounts(as(t, nobody), AccountFilter{}); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("Accounts without permission: %v", err)
	}
	if _, err := b.Quarantine(as(t, nobody), QuarantineFilter{}); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("Quarantine without permission: %v", err)
	}
	if _, err := b.Totals(context.Background(), month(t, "2026-03")); errs.KindOf(err) != errs.Internal {
		t.Errorf("without a scope: %v", err)
	}
}
