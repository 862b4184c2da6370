package usage

import (
	"testing"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

func TestService_Assigned(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	b.mustGive(t, "111", b.harbour, "2026-03")
	b.mustGive(t, "112", b.harbour, "2026-03")
	b.mustGive(t, "113", b.harbour, "2026-01", "2026-03")
	b.mustGive(t, "113", b.direct, "2026-04")
	for _, tt := range []struct {
		acting  scope.Scope
		tenants []id.Tenant
		month   string
		of      scope.Scope
		want    int64
		ranges  int
	}{
		{b.north, nil, "2026-03", b.harbour, 0, 0},
		{b.north, []id.Tenant{b.direct.Tenant, b.harbour.Tenant}, "2026-03", b.harbour, 3, 2},
		{b.north, []id.Tenant{b.harbour.Tenant}, "2026-04", b.harbour, 2, 2},
		{b.north, []id.Tenant{b.harbour.Tenant}, "2026-04", b.direct, 0, 0},
		{b.harbour, []id.Tenant{b.harbour.Tenant}, "2026-03", b.harbour, 3, 2},
		{b.harbour, []id.Tenant{b.direct.Tenant}, "2026-04", b.direct, 0, 0},
	} {
		got, err := b.Assigned(as(t, tt.acting), month(t, tt.month), tt.tenants...)
		if a := got[tt.of.Tenant]; err != nil || a.Accounts != tt.want || len(a.Months) != tt.ranges {
			t.Errorf("%s as %s: %+v, %v, want %d accounts", tt.month, b.slugOf(tt.acting.Tenant), a, err, tt.want)
		}
	}
	sc := b.north
	sc.Actor.Roles = nil
	if _, err := b.Assigned(as(t, sc), month(t, "2026-03")); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("without permission: %v", err)
	}
}

func TestService_SomeAssignees(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	b.mustGive(t, "111", b.harbour, "2026-03")
	b.mustGive(t, "112", b.harbour, "2026-03")
	b.mustGive(t, "113", b.direct, "2026-01", "2026-03")
	for _, tt := range []struct {
		acting              scope.Scope
		limit, some, ranges int
	}{
		{b.north, 5, 2, 2},
		{b.north, 1, 1, 2},
		{b.harbour, 5, 1, 1},
		{b.south, 5, 0, 0},
	} {
		some, months, err := b.SomeAssignees(as(t, tt.acting), tt.limit)
		if err != nil || len(some) != tt.some || len(months) != tt.ranges {
			t.Errorf("as %s, %d at most: %v of %v, %v", b.slugOf(tt.acting.Tenant), tt.limit, some, months, err)
		}
	}
	sc := b.north
	sc.Actor.Roles = nil
	if _, _, err := b.SomeAssignees(as(t, sc), 5); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("without permission: %v", err)
	}
}

func TestService_CountQuarantined(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := new(cur).
		line("111", "2026-03", "2026-03-01", "2026-03-02", "1").
		line("111", "2026-03", "2026-02-30", "2026-03-02", "1").
		line("111", "never", "2026-03-01", "2026-03-02", "1")
	b.load(t, b.north, file(t, "cur.csv", c.text()))
	for m, want := range map[string]int64{"2026-03": 2, "2026-05": 1} {
		if n, err := b.CountQuarantined(as(t, b.north), month(t, m)); err != nil || n != want {
			t.Errorf("%s: %d, %v, want %d", m, n, err, want)
		}
	}
	if n, err := b.CountQuarantined(as(t, b.harbour), month(t, "2026-03")); err != nil || n != 0 {
		t.Errorf("a customer counts %d of its supplier's rows, %v", n, err)
	}
}
