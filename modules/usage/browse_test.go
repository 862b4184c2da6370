package usage

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

func codeOf(err error) string {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return e.Code
	}
	return ""
}

// listed returns deliveries as «payer month status rows billed».
func (b *bundle) listed(t *testing.T, sc scope.Scope, f DeliveryFilter) (out []string, page DeliveryPage) {
	t.Helper()
	page, err := b.Deliveries(as(t, sc), f)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range page.Deliveries {
		billed := ""
		for _, s := range d.Sums {
			billed += " " + money.Plain(s.Billed) + " " + s.Currency
		}
		out = append(out, fmt.Sprintf("%s %s %s %d%s", d.Payer, d.Month, d.Status, d.Rows, billed))
	}
	return out, page
}

// march loads two deliveries of one month, the second 5.5 dearer, and one of
// February.
func (b *bundle) march(t *testing.T) {
	t.Helper()
	line := func(c *cur, month, account, cost string) *cur {
		return c.line(account, month, month+"-01", month+"-02", cost)
	}
	b.load(t, b.north, file(t, "february.csv", line(new(cur), "2026-02", "111", "1").text()))
	b.load(t, b.north, file(t, "march.csv", line(line(new(cur), "2026-03", "111", "10"), "2026-03", "112", "20").text()))
	c := line(line(new(cur), "2026-03", "111", "10"), "2026-03", "113", "25.5")
	b.load(t, b.north, file(t, "again.csv", line(c, "2026-03", "114", "unreadable").text()))
}

func TestService_Deliveries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.march(t)
	all, page := b.listed(t, b.north, DeliveryFilter{})
	want := []string{"999 2026-03 current 2 35.5 USD", "999 2026-03 superseded 2 30 USD", "999 2026-02 current 1 1 USD"}
	if diff := cmp.Diff(want, all); diff != "" || page.Total != 3 || page.More {
		t.Errorf("%d, %v: %s", page.Total, page.More, diff)
	}
	var paged []string
	for f := (DeliveryFilter{Limit: 1}); ; {
		got, page := b.listed(t, b.north, f)
		paged = append(paged, got...)
		if page.Total != 3 || len(got) != 1 {
			t.Fatalf("a page of %d of %d", len(got), page.Total)
		}
		if !page.More {
			break
		}
		f.After = page.Deliveries[0].ID
	}
	if diff := cmp.Diff(want, paged); diff != "" {
		t.Errorf("page by page: %s", diff)
	}
	for name, f := range map[string]DeliveryFilter{
		want[0]: {Month: month(t, "2026-03"), Status: DeliveryCurrent}, want[1]: {Status: DeliverySuperseded},
		want[2]: {Month: month(t, "2026-02"), Provider: "aws", Owner: b.north.Tenant, Text: "99"}, "": {Text: "9%9"},
	} {
		if got, _ := b.listed(t, b.north, f); strings.Join(got, "; ") != name {
			t.Errorf("%+v: %v, want %s", f, got, name)
		}
	}
}

func TestService_GetDelivery(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.march(t)
	_, page := b.listed(t, b.north, DeliveryFilter{})
	d, err := b.GetDelivery(as(t, b.north), page.Deliveries[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if d.Before == nil || d.Before.ID != page.Deliveries[1].ID || d.After != nil || d.Quarantined != 1 || len(d.Segments) != 1 || d.Segments[0].SHA256 == "" {
		t.Errorf("%+v", d)
	}
	var got []string
	for _, a := range d.Accounts {
		got = append(got, fmt.Sprintf("%s %d→%d %s→%s", a.Number, a.RowsBefore, a.Rows, money.Plain(a.Before), money.Plain(a.Billed)))
	}
	if diff := cmp.Diff([]string{"113 0→1 0→25.5", "112 1→0 20→0", "111 1→1 10→10"}, got); diff != "" || d.AccountAll != 3 {
		t.Errorf("%d accounts: %s", d.AccountAll, diff)
	}
	old, err := b.GetDelivery(as(t, b.north), page.Deliveries[1].ID)
	if err != nil || old.Before != nil || old.After == nil || old.After.ID != d.ID || len(old.Accounts) != 2 || old.Accounts[0].Number != "112" {
		t.Errorf("%+v, %v", old, err)
	}
	for _, sc := range []scope.Scope{b.east, b.harbour, b.south} {
		if _, err := b.GetDelivery(as(t, sc), d.ID); errs.KindOf(err) != errs.NotFound || err.Error() != errNoDelivery.Error() {
			t.Errorf("%s: %v", b.slugOf(sc.Tenant), err)
		}
		if got, page := b.listed(t, sc, DeliveryFilter{}); len(got) != 0 || page.Total != 0 {
			t.Errorf("%s lists %v", b.slugOf(sc.Tenant), got)
		}
	}
	if _, err := b.GetDelivery(as(t, b.north), id.New[id.Delivery]()); err == nil || err.Error() != errNoDelivery.Error() {
		t.Errorf("an unknown one: %v", err)
	}
}

func TestService_Withdraw(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.march(t)
	b.mustGive(t, "111", b.harbour, "2026-02")
	b.mustGive(t, "113", b.direct, "2026-03")
	_, page := b.listed(t, b.north, DeliveryFilter{})
	current, old := page.Deliveries[0].ID, page.Deliveries[1].ID
	for _, tt := range []struct {
		as     scope.Scope
		d      id.Delivery
		reason string
		want   errs.Kind
	}{
		{b.north, current, "  ", errs.Invalid},
		{b.north, old, "x", errs.FailedPrecondition},
		{b.east, current, "x", errs.NotFound},
		{b.south, current, "x", errs.NotFound},
		{b.north, id.New[id.Delivery](), "x", errs.NotFound},
	} {
		if err := b.Withdraw(as(t, tt.as), tt.d, tt.reason); errs.KindOf(err) != tt.want || err == nil {
			t.Errorf("%s withdraws: %v, want %s", b.slugOf(tt.as.Tenant), err, tt.want)
		}
	}
	if err := b.Withdraw(as(t, b.north), current, "it is south's"); err != nil {
		t.Fatal(err)
	}
	if got, _ := b.listed(t, b.north, DeliveryFilter{Status: DeliveryWithdrawn}); len(got) != 1 || got[0] != "999 2026-03 withdrawn 2 35.5 USD" {
		t.Errorf("withdrawn: %v", got)
	}
	if got := b.billed(t, "2026-03"); len(got) != 0 {
		t.Errorf("it still counts: %v", got)
	}
	if n := b.open(t, "2026-03"); n != 0 {
		t.Errorf("%d of its rows still count against the month", n)
	}
	b.startWorker(t)
	b.waitRated(t, "harbour 2026-03", "direct 2026-03")
	again := b.load(t, b.north, file(t, "new.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "10").text()))
	if diff := cmp.Diff([]string{"aws 999 2026-03 new"}, states(again)); diff != "" {
		t.Error(diff)
	}
}

func TestService_AssignMany(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.march(t)
	b.mustGive(t, "111", b.direct, "2026-01")
	page, err := b.BrowseAccounts(as(t, b.north), AccountQuery{})
	if err != nil || len(page.Accounts) != 3 {
		t.Fatal(page, err)
	}
	ids := []id.Account{page.Accounts[0].ID, page.Accounts[2].ID}
	in := AssignManyInput{Accounts: ids, Assignee: b.harbour.Tenant, From: month(t, "2026-03")}
	for name, change := range map[string]func(sc *scope.Scope, in *AssignManyInput){
		"usage.no_accounts": func(_ *scope.Scope, in *AssignManyInput) { in.Accounts = nil },
		"usage.no_assignee": func(_ *scope.Scope, in *AssignManyInput) { in.Assignee = id.Tenant{} },
		"usage.no_from":     func(_ *scope.Scope, in *AssignManyInput) { in.From = period.Month{} },
		"usage.no_months":   func(_ *scope.Scope, in *AssignManyInput) { in.To = month(t, "2026-02") },
		"usage.no_account":  func(sc *scope.Scope, in *AssignManyInput) { *sc = b.east },
		"test.no_tenant":    func(_ *scope.Scope, in *AssignManyInput) { in.Assignee = b.far.Tenant },
	} {
		sc, in := b.north, in
		change(&sc, &in)
		if _, err := b.AssignMany(as(t, sc), in); codeOf(err) != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	r, err := b.AssignMany(as(t, b.north), in)
	if err != nil || len(r.Results) != 2 || len(r.Stale) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	if diff := cmp.Diff([]string{"direct 2026-01 to 2026-02 false", "harbour from 2026-03 false"}, b.assigned(t, "111")); diff != "" {
		t.Error(diff)
	}
	b.startWorker(t)
	b.waitRated(t, "harbour 2026-03", "direct 2026-03")
	if diff := cmp.Diff([]string{"2 accounts were assigned to harbour", "2 accounts were assigned to harbour"}, b.rating.reasons); diff != "" {
		t.Errorf("the log's reasons: %s", diff)
	}
	if r, err := b.AssignMany(as(t, b.north), in); err != nil || len(r.Stale) != 0 {
		t.Errorf("the same again: %+v, %v", r, err)
	}
	// All or none: the second of these is taken.
	b.mustGive(t, "112", b.direct, "2026-03", "2026-04")
	all := []id.Account{page.Accounts[0].ID, page.Accounts[1].ID}
	before := b.assigned(t, "111")
	if _, err := b.AssignMany(as(t, b.north), AssignManyInput{Accounts: all, Assignee: b.direct.Tenant, From: month(t, "2026-04")}); errs.KindOf(err) != errs.Conflict {
		t.Errorf("a taken account: %v", err)
	}
	if diff := cmp.Diff(before, b.assigned(t, "111")); diff != "" {
		t.Errorf("the first was assigned all the same: %s", diff)
	}
}

func TestService_BrowseAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.march(t)
	b.mustGive(t, "111", b.harbour, "2026-03")
	numbers := func(sc scope.Scope, q AccountQuery) string {
		t.Helper()
		page, err := b.BrowseAccounts(as(t, sc), q)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, a := range page.Accounts {
			out = append(out, a.Account)
		}
		return fmt.Sprintf("%d of %d: %s", len(out), page.Total, strings.Join(out, " "))
	}
	for _, tt := range []struct {
		sc   scope.Scope
		q    AccountQuery
		want string
	}{
		{b.north, AccountQuery{}, "3 of 3: 111 112 113"},
		{b.north, AccountQuery{Limit: 2}, "2 of 3: 111 112"},
		{b.north, AccountQuery{Unassigned: true}, "2 of 2: 111 113"}, // 112 is in no current delivery
		{b.north, AccountQuery{Unassigned: true, Period: month(t, "2026-03")}, "1 of 1: 113"},
		{b.north, AccountQuery{Period: month(t, "2026-02")}, "1 of 1: 111"},
		{b.north, AccountQuery{Assignee: b.harbour.Tenant}, "1 of 1: 111"},
		{b.north, AccountQuery{Text: "13", Provider: "aws", Owner: b.north.Tenant}, "1 of 1: 113"},
		{b.north, AccountQuery{Provider: "gcp"}, "0 of 0: "},
		{b.east, AccountQuery{}, "1 of 1: 111"},
		{b.east, AccountQuery{Unassigned: true}, "0 of 0: "},
		{b.east, AccountQuery{Period: month(t, "2026-03")}, "1 of 1: 111"},
		{b.east, AccountQuery{Period: month(t, "2026-02")}, "0 of 0: "},
		{b.direct, AccountQuery{}, "0 of 0: "},
		{b.south, AccountQuery{}, "0 of 0: "},
	} {
		if got := numbers(tt.sc, tt.q); got != tt.want {
			t.Errorf("%s %+v: %s, want %s", b.slugOf(tt.sc.Tenant), tt.q, got, tt.want)
		}
	}
	page, err := b.BrowseAccounts(as(t, b.north), AccountQuery{Limit: 1})
	if err != nil || len(page.Accounts[0].Months) != 2 || len(page.Accounts[0].Assignments) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	if got := numbers(b.north, AccountQuery{After: page.Accounts[0].ID}); got != "2 of 3: 112 113" {
		t.Errorf("the next page: %s", got)
	}
	below, err := b.BrowseAccounts(as(t, b.east), AccountQuery{})
	if err != nil || len(below.Accounts[0].Months) != 0 {
		t.Errorf("an assignee's tier sees sums: %+v, %v", below, err)
	}
}

func TestService_Unassigned(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.march(t)
	b.mustGive(t, "111", b.harbour, "2026-03")
	sums := func(sc scope.Scope, m string) (out []string) {
		t.Helper()
		list, err := b.Unassigned(as(t, sc), month(t, m))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			out = append(out, fmt.Sprintf("%d accounts, %d rows, %s %s", s.Accounts, s.Rows, money.Plain(s.Billed), s.Currency))
		}
		return out
	}
	if diff := cmp.Diff([]string{"1 accounts, 1 rows, 25.5 USD"}, sums(b.north, "2026-03")); diff != "" {
		t.Error(diff)
	}
	for _, sc := range []scope.Scope{b.east, b.harbour, b.south} {
		if got := sums(sc, "2026-03"); len(got) != 0 {
			t.Errorf("%s: %v", b.slugOf(sc.Tenant), got)
		}
	}
	_, page := b.listed(t, b.north, DeliveryFilter{})
	for i, want := range []int64{1, 0, 1} { // of March, of what it replaced, of February
		list, err := b.UnassignedIn(as(t, b.north), page.Deliveries[i].ID)
		var rows int64
		for _, s := range list {
			rows += s.Rows
		}
		if err != nil || rows != want {
			t.Errorf("delivery %d: %d unassigned rows, %v, want %d", i, rows, err, want)
		}
	}
	if m, err := b.NewestMonth(as(t, b.north)); err != nil || m != month(t, "2026-03") {
		t.Errorf("newest %s, %v", m, err)
	}
	if m, err := b.NewestMonth(as(t, b.east)); err != nil || !m.IsZero() {
		t.Errorf("below the owner the newest is %s, %v", m, err)
	}
	c, err := b.Choices(as(t, b.north))
	if err != nil || len(c.Owners) != 1 || len(c.Providers) != 1 || len(c.Months) != 2 || c.Months[0] != month(t, "2026-03") {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestService_Search(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.march(t)
	b.mustGive(t, "111", b.harbour, "2026-03")
	found := func(sc scope.Scope, text string) int {
		t.Helper()
		list, err := b.Search(as(t, sc), text, 5)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	reader := b.north
	reader.Actor.Roles = []string{"reader"}
	for i, tt := range []struct {
		sc   scope.Scope
		text string
		want int
	}{{b.north, "11", 3}, {b.north, "113", 1}, {b.north, " ", 0}, {b.north, "%", 0}, {b.east, "11", 1}, {b.south, "11", 0}, {reader, "11", 0}} {
		if got := found(tt.sc, tt.text); got != tt.want {
			t.Errorf("%d: %q finds %d, want %d", i, tt.text, got, tt.want)
		}
	}
}

// What a tenant above has asked for shows to the owner without the words of
// the one above.
func TestService_Imports_HideWhoIsAbove(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.load(t, b.north, file(t, "north.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1").text()))
	path := file(t, "secret-place/east.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1").text())
	r, err := b.Import(as(t, b.north), ImportInput{Owner: b.east.Tenant, URL: "file://" + path, AnyFile: true}, nil)
	if err != nil || len(r.Warnings) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	above, below := b.get(t, b.north, r.Import), b.get(t, b.east, r.Import)
	if above.Source != "file://"+path || above.By == "" || len(above.Result.Warnings) != 1 {
		t.Errorf("who asked sees %+v", above)
	}
	if below.Source != "east.csv" || below.By != "" || below.Result.Warnings != nil || below.RowsRead != 1 {
		t.Errorf("the owner sees %+v", below)
	}
	list, err := b.Imports(as(t, b.north), ImportFilter{})
	if err != nil || len(list.Imports) != 2 || list.Imports[0].ID != r.Import {
		t.Errorf("%+v, %v", list, err)
	}
	list, err = b.Imports(as(t, b.north), ImportFilter{Before: r.Import, Limit: 1})
	if err != nil || len(list.Imports) != 1 || list.More {
		t.Errorf("%+v, %v", list, err)
	}
	list, err = b.Imports(as(t, b.east), ImportFilter{})
	if err != nil || len(list.Imports) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	_, page := b.listed(t, b.east, DeliveryFilter{})
	if len(page.Deliveries) != 1 || page.Deliveries[0].Source != "east.csv" || page.Deliveries[0].By != "" {
		t.Errorf("%+v", page)
	}
	for _, sc := range []scope.Scope{b.harbour, b.direct, b.south} {
		if _, err := b.GetImport(as(t, sc), r.Import); errs.KindOf(err) != errs.NotFound || err.Error() != errNoImport.Error() {
			t.Errorf("%s: %v", b.slugOf(sc.Tenant), err)
		}
	}
}
