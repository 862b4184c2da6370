package usage

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// usual imports three accounts for north, March and April 2026, with a refund
// in April for February.
func (b *bundle) usual(t *testing.T) {
	t.Helper()
	c := new(cur).
		line("111", "2026-03", "2026-03-01", "2026-03-02", "10").
		line("111", "2026-04", "2026-04-01", "2026-04-02", "20").
		typed("Refund", "111", "2026-04", "2026-02-10", "2026-02-11", "-3").
		line("112", "2026-03", "2026-03-05", "2026-03-06", "0.25").
		line("113", "2026-04", "2026-03-31", "2026-04-02", "7")
	b.load(t, b.north, file(t, "cur.csv", c.text()))
}

func (b *bundle) slugOf(t id.Tenant) string { return b.tenants[t].Slug }

func (b *bundle) give(t *testing.T, account string, to scope.Scope, months ...string) (AssignResult, error) {
	t.Helper()
	in := AssignInput{Account: account, Assignee: to.Tenant, From: month(t, months[0])}
	if len(months) > 1 {
		in.To = month(t, months[1])
	}
	return b.Assign(as(t, b.north), in)
}

func (b *bundle) mustGive(t *testing.T, account string, to scope.Scope, months ...string) {
	t.Helper()
	if _, err := b.give(t, account, to, months...); err != nil {
		t.Fatal(err)
	}
}

// assigned lists an account's assignments.
func (b *bundle) assigned(t *testing.T, account string) []string {
	t.Helper()
	list, err := b.Accounts(as(t, b.north), AccountFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, a := range list {
		for _, x := range a.Assignments {
			if a.Account == account {
				out = append(out, fmt.Sprintf("%s %s %v", b.slugOf(x.Assignee), x.Months, x.OwnUse))
			}
		}
	}
	return out
}

func TestService_Assign(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)

	b.mustGive(t, "111", b.harbour, "2026-01")
	if diff := cmp.Diff([]string{"harbour from 2026-01 false"}, b.assigned(t, "111")); diff != "" {
		t.Error(diff)
	}
	r, err := b.give(t, "111", b.harbour, "2026-02")
	if err != nil || len(r.Ended) != 0 || !r.Assignment.Months.To.IsZero() {
		t.Errorf("assigning to who has it: %+v, %v", r, err)
	}
	r, err = b.give(t, "111", b.direct, "2026-04")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"harbour 2026-01 to 2026-03 false", "direct from 2026-04 false"}, b.assigned(t, "111")); diff != "" {
		t.Error(diff)
	}
	if len(r.Ended) != 1 || len(r.Touched) != 2 || r.Touched[0] != b.direct.Tenant || r.Touched[1] != b.harbour.Tenant {
		t.Errorf("ended %v, touched %v", r.Ended, r.Touched)
	}
	if _, err = b.give(t, "111", b.east, "2026-04"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"harbour 2026-01 to 2026-03 false", "east from 2026-04 true"}, b.assigned(t, "111")); diff != "" {
		t.Error(diff)
	}
	b.mustGive(t, "112", b.north, "2026-03", "2026-03")
	if diff := cmp.Diff([]string{"north 2026-03 true"}, b.assigned(t, "112")); diff != "" {
		t.Error(diff)
	}
	if _, err = b.give(t, "111", b.harbour, "2026-02", "2026-03"); err != nil {
		t.Errorf("a part of what it has: %v", err)
	}
}

// Whoever gives months up keeps those before and after them, and a mistake can
// be mended: Replace takes months from any assignment.
func TestService_Assign_GivesMonthsUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	steps := []struct {
		to       scope.Scope
		from, at string
		replace  bool
		want     []string
	}{
		{b.harbour, "2026-01", "", false, []string{"harbour from 2026-01 false"}},
		{b.direct, "2026-03", "2026-03", false, []string{"harbour 2026-01 to 2026-02 false", "direct 2026-03 false", "harbour from 2026-04 false"}},
		{b.east, "2026-02", "2026-05", true, []string{"harbour 2026-01 false", "east 2026-02 to 2026-05 true", "harbour from 2026-06 false"}},
		{b.harbour, "2025-12", "2026-02", true, []string{"harbour 2025-12 to 2026-02 false", "east 2026-03 to 2026-05 true", "harbour from 2026-06 false"}},
		{b.direct, "2025-11", "", true, []string{"direct from 2025-11 false"}},
	}
	for _, s := range steps {
		in := AssignInput{Account: "111", Assignee: s.to.Tenant, From: month(t, s.from), Replace: s.replace}
		if s.at != "" {
			in.To = month(t, s.at)
		}
		if _, err := b.Assign(as(t, b.north), in); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.want, b.assigned(t, "111")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestService_Assign_Refuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	b.mustGive(t, "111", b.harbour, "2026-01", "2026-06")
	b.mustGive(t, "112", b.harbour, "2026-03")
	tests := []struct {
		name    string
		acting  scope.Scope
		in      AssignInput
		kind    errs.Kind
		message string
	}{
		{"Taken", b.north, AssignInput{Account: "111", Assignee: b.direct.Tenant, From: month(t, "2026-05")}, errs.Conflict, "Account 111 is assigned to harbour 2026-01 to 2026-06: choose other months, or say that the assignment is replaced in these."},
		{"TakenLater", b.north, AssignInput{Account: "112", Assignee: b.direct.Tenant, From: month(t, "2026-01")}, errs.Conflict, "Account 112 is assigned to harbour from 2026-03: choose other months, or say that the assignment is replaced in these."},
		{"NoSuchAccount", b.north, AssignInput{Account: "999", Assignee: b.direct.Tenant, From: month(t, "2026-05")}, errs.NotFound, ""},
		{"OtherProvider", b.north, AssignInput{Account: "111", Provider: "gcp", Assignee: b.direct.Tenant, From: month(t, "2026-05")}, errs.NotFound, ""},
		{"ForeignAssignee", b.north, AssignInput{Account: "113", Assignee: b.far.Tenant, From: month(t, "2026-05")}, errs.NotFound, ""},
		{"ForeignAccount", b.south, AssignInput{Account: "113", Assignee: b.far.Tenant, From: month(t, "2026-05")}, errs.NotFound, ""},
		{"AccountOfTheTierAbove", b.east, AssignInput{Account: "111", Assignee: b.harbour.Tenant, From: month(t, "2026-07")}, errs.NotFound, ""},
		{"NoFirstMonth", b.north, AssignInput{Account: "113", Assignee: b.direct.Tenant}, errs.Invalid, ""},
		{"NoMonths", b.north, AssignInput{Account: "113", Assignee: b.direct.Tenant, From: month(t, "2026-05"), To: month(t, "2026-04")}, errs.Invalid, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.Assign(as(t, tt.acting), tt.in)
			if err == nil || errs.KindOf(err) != tt.kind {
				t.Fatalf("err = %v, want %s", err, tt.kind)
			}
			if m, _ := errs.Message(err); tt.message != "" && m != tt.message {
				t.Errorf("message %q, want %q", m, tt.message)
			}
		})
	}
}

func TestService_Assign_NotBelowOwner(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.load(t, b.east, file(t, "cur.csv", new(cur).line("555", "2026-03", "2026-03-01", "2026-03-02", "1").text()))
	_, err := b.give(t, "555", b.direct, "2026-03")
	if errs.KindOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), "direct is not below the owner") {
		t.Errorf("err = %v", err)
	}
	b.mustGive(t, "555", b.harbour, "2026-03")
}

// The same number of two owners is not unique until somebody says whose.
func TestService_Assign_Ambiguous(t *testing.T) {
	t.Parallel()
	b := setup(t)
	text := new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1").text()
	b.load(t, b.north, file(t, "cur.csv", text))
	b.load(t, b.east, file(t, "cur.csv", text))
	in := AssignInput{Account: "111", Assignee: b.harbour.Tenant, From: month(t, "2026-03")}
	if _, err := b.Assign(as(t, b.north), in); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "There are 2 accounts 111") {
		t.Errorf("err = %v", err)
	}
	in.Owner = b.east.Tenant
	if _, err := b.Assign(as(t, b.north), in); err != nil {
		t.Error(err)
	}
}

// Invariant 5: overlap is impossible, whatever the service believes.
func TestInvariant5_AssignmentsNeverOverlap(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	b.mustGive(t, "111", b.harbour, "2026-01", "2026-06")
	err := b.web.db.InTx(as(t, b.north), func(ctx context.Context) error {
		rows, err := b.web.findAccounts(ctx, AssignInput{Account: "111"})
		if err != nil {
			return err
		}
		a := rows[0]
		return b.web.insertAssignment(ctx, assignmentRow{
			ID: id.New[id.Assignment](), TreeID: a.TreeID, OwnerID: a.OwnerID, AccountID: a.ID, AssigneeID: b.direct.Tenant,
			Months: period.Months{From: month(t, "2026-06")}, CreatedAt: now,
		})
	})
	if errs.KindOf(err) != errs.Conflict {
		t.Errorf("err = %v", err)
	}
}

func TestService_Accounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	b.mustGive(t, "111", b.harbour, "2026-03", "2026-04")
	list := func(sc scope.Scope, f AccountFilter) []string {
		t.Helper()
		accounts, err := b.Accounts(as(t, sc), f)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, a := range accounts {
			s := a.Provider + " " + a.Account + ":"
			for _, m := range a.Months {
				s += fmt.Sprintf(" %s/%s %s %v;", m.Month, m.Period, m.Billed, m.IsAssigned)
			}
			out = append(out, s)
		}
		return out
	}
	if diff := cmp.Diff([]string{
		"aws 111: 2026-02/2026-04 -3 false; 2026-03/2026-03 10 true; 2026-04/2026-04 20 true;",
		"aws 112: 2026-03/2026-03 0.25 false;",
		"aws 113: 2026-04/2026-04 7 false;",
	}, list(b.north, AccountFilter{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"aws 112: 2026-03/2026-03 0.25 false;"}, list(b.north, AccountFilter{Unassigned: true, Period: month(t, "2026-03")})); diff != "" {
		t.Error(diff)
	}
	// The assignee, and who is above it but below the owner, see the account and
	// no sums; siblings and neighbours see nothing.
	for _, sc := range []scope.Scope{b.east, b.harbour} {
		if diff := cmp.Diff([]string{"aws 111:"}, list(sc, AccountFilter{})); diff != "" {
			t.Error(diff)
		}
	}
	for _, sc := range []scope.Scope{b.direct, b.south, b.far} {
		if got := list(sc, AccountFilter{}); len(got) != 0 {
			t.Errorf("%s sees %v", b.slugOf(sc.Tenant), got)
		}
	}
}
