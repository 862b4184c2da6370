package utilities

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
	"tierbook/app/platform/webtest"
)

var (
	now     = time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC)
	october = period.NewMonth(2026, 10)
	errNone = errs.New(errs.NotFound, "test.none", "There is none.")
)

// queue is a queue in memory; who sees what is billing's business, and tested
// there.
type queue struct {
	runs      []Run // newest first
	reasons   []string
	cancelled []id.Run
	detail    string
	changes   []EdgeChange
	findings  []Finding
}

func (q *queue) List(_ context.Context, f RunFilter) (out []Run, err error) {
	for _, r := range q.runs {
		switch {
		case len(f.States) > 0 && !slices.Contains(f.States, r.State), !f.Month.IsZero() && f.Month != r.Month,
			f.Kind == "" && r.Kind == KindFees && r.State != StateFailed, f.Kind == KindFees && r.Kind != KindFees,
			!f.Cause.IsZero() && r.Cause != f.Cause, len(f.Customers) > 0 && !slices.Contains(f.Customers, r.Customer):
		case len(out) < f.Limit:
			out = append(out, r)
		}
	}
	return out, nil
}

func (q *queue) Get(_ context.Context, run id.Run) (Run, error) {
	i := slices.IndexFunc(q.runs, func(r Run) bool { return r.ID == run })
	if i < 0 {
		return Run{}, errNoRun
	}
	return q.runs[i], nil
}

func (q *queue) Request(_ context.Context, assignee id.Tenant, month period.Month, reason string) (id.Run, error) {
	q.reasons = append(q.reasons, month.String()+" "+reason)
	r := Run{ID: id.New[id.Run](), Kind: KindRecalculation, Customer: assignee, Month: month, State: StateRequested, Reason: reason, RequestedAt: now}
	q.runs = append([]Run{r}, q.runs...)
	return r.ID, nil
}

func (q *queue) Cancel(_ context.Context, run id.Run) error {
	q.cancelled = append(q.cancelled, run)
	return nil
}

func (q *queue) Failure(ctx context.Context, run id.Run) (message, detail string, err error) {
	r, err := q.Get(ctx, run)
	return r.Error, q.detail, err
}

func (q *queue) Changes(context.Context, id.Run) ([]EdgeChange, error) { return q.changes, nil }

func (q *queue) Findings(_ context.Context, runs ...id.Run) (out []Finding, err error) {
	for _, f := range q.findings {
		if slices.Contains(runs, f.Run) {
			out = append(out, f)
		}
	}
	return out, nil
}

func (q *queue) CountFindings(_ context.Context, runs ...id.Run) (map[id.Run]int, error) {
	out := map[id.Run]int{}
	for _, f := range q.findings {
		if slices.Contains(runs, f.Run) {
			out[f.Run]++
		}
	}
	return out, nil
}

// people are tenants and users in memory.
type people struct {
	tenants []Tenant
	users   map[id.User]string
}

func (p *people) ByID(_ context.Context, tenants ...id.Tenant) (map[id.Tenant]Tenant, error) {
	out := map[id.Tenant]Tenant{}
	for _, t := range p.tenants {
		if slices.Contains(tenants, t.ID) {
			out[t.ID] = t
		}
	}
	return out, nil
}

func (p *people) BySlug(_ context.Context, slug string) (Tenant, error) {
	i := slices.IndexFunc(p.tenants, func(t Tenant) bool { return t.Slug == slug })
	if i < 0 {
		return Tenant{}, errNone
	}
	return p.tenants[i], nil
}

func (p *people) Search(_ context.Context, text string, limit int) (out []Tenant, err error) {
	for _, t := range p.tenants {
		if strings.Contains(strings.ToLower(t.Name), strings.ToLower(text)) && len(out) < limit {
			out = append(out, t)
		}
	}
	return out, nil
}

func (p *people) UserNames(_ context.Context, users ...id.User) (map[id.User]string, error) {
	out := map[id.User]string{}
	for _, u := range users {
		if name := p.users[u]; name != "" {
			out[u] = name
		}
	}
	return out, nil
}

// ranges are months by tenant.
type ranges map[id.Tenant][]period.Months

func (r ranges) of(tenants []id.Tenant) map[id.Tenant][]period.Months {
	out := map[id.Tenant][]period.Months{}
	for t, months := range r {
		if len(tenants) == 0 || slices.Contains(tenants, t) {
			out[t] = months
		}
	}
	return out
}

func (r ranges) Assignees(_ context.Context, limit int) (some []id.Tenant, months []period.Months, err error) {
	for t, m := range r {
		if months = append(months, m...); len(some) < limit {
			some = append(some, t)
		}
	}
	return some, months, nil
}

func (r ranges) Assigned(_ context.Context, tenants ...id.Tenant) (map[id.Tenant][]period.Months, error) {
	return r.of(tenants), nil
}

func (r ranges) Covered(_ context.Context, buyers ...id.Tenant) (map[id.Tenant][]period.Months, error) {
	return r.of(buyers), nil
}

type world struct {
	*webtest.Site
	queue    *queue
	people   *people
	assigned ranges
	covered  ranges
	service  *Service
	acting   scope.Scope
	cee, own Tenant
}

func setup(t *testing.T) *world {
	t.Helper()
	b := dbtest.New(t)
	dee := b.Tenant(t, scope.Distributor)
	arr := b.Tenant(t, scope.Reseller, dee)
	w := &world{
		queue: &queue{}, people: &people{users: map[id.User]string{}}, assigned: ranges{}, covered: ranges{}, acting: arr,
		cee: Tenant{ID: id.New[id.Tenant](), Slug: "cee", Name: "Cee Foods", Tier: scope.Customer},
		own: Tenant{ID: arr.Tenant, Slug: "arr", Name: "Arr IT", Tier: scope.Reseller},
	}
	w.people.tenants = []Tenant{w.cee, w.own}
	w.assigned[w.cee.ID] = []period.Months{{From: period.NewMonth(2026, 3), To: period.NewMonth(2026, 4)}, {From: period.NewMonth(2026, 8)}}
	w.assigned[w.own.ID] = []period.Months{{From: october}}
	w.covered[w.cee.ID] = []period.Months{{From: period.NewMonth(2026, 9)}}
	m := New(Deps{Authz: webtest.Authz(t), Clock: clock.Fixed(now), Runs: w.queue, Tenants: w.people, Accounts: w.assigned, Contracts: w.covered})
	w.Site, w.service = webtest.New(t, b, m), m.Service
	return w
}

func (w *world) admin() *webtest.Browser { return w.As(w.acting, "billing_utilities_admin") }

func (w *world) add(r Run) Run {
	if r.ID.IsZero() {
		r.ID = id.New[id.Run]()
	}
	if r.Kind == "" {
		r.Kind = KindRecalculation
	}
	if r.Customer.IsZero() {
		r.Customer = w.cee.ID
	}
	if r.Month.IsZero() {
		r.Month = october
	}
	w.queue.runs = append([]Run{r}, w.queue.runs...)
	return r
}

// Invariant 1: only who has accounts, only in months that have begun.
func TestPages_FormOffersWhatCanBeRecalculated(t *testing.T) {
	t.Parallel()
	w := setup(t)
	page := w.admin().Get(t, routes.Recalculate).Is(t, 200)
	if got := page.All(t, "select[name=customer] option"); !slices.Equal(got, []string{"Choose a customer", "Arr IT (own use)", "Cee Foods"}) {
		t.Errorf("customers: %q", got)
	}
	page = w.admin().Part(t, routes.With(routes.Recalculate, "customer", "cee"), "recalculate").Is(t, 200)
	want := []string{"2026-11 (running)", "2026-10", "2026-09", "2026-08 (no contract)", "2026-04 (no contract)", "2026-03 (no contract)"}
	if diff := cmp.Diff(want, page.All(t, "[name=period] + span")); diff != "" {
		t.Error(diff)
	}
	page.Lacks(t, "main")
	page.Has(t, "form[hx-post='/billing/utilities/recalculate'] select[name=reason][required]")
}

func TestPages_RecalculateAnswersWithTheQueue(t *testing.T) {
	t.Parallel()
	w := setup(t)
	form := url.Values{"customer": {"cee"}, "period": {"2026-10", "2026-09"}, "reason": {"Other"}, "explanation": {" prices were wrong "}}
	answer := w.admin().Post(t, routes.Recalculate, form).Is(t, 303)
	if to := answer.Header.Get("Location"); to != routes.Runs {
		t.Errorf("sent to %s", to)
	}
	if want := []string{"2026-09 Other: prices were wrong", "2026-10 Other: prices were wrong"}; !slices.Equal(w.queue.reasons, want) {
		t.Errorf("requested %q", w.queue.reasons)
	}
	page := w.admin().Get(t, routes.Runs).Is(t, 200)
	if got := page.Has(t, "#runs tr:first-child"); !strings.Contains(got, "Recalculation Requested Cee Foods 2026-10 Other") {
		t.Errorf("first row: %s", got)
	}
	if poll := page.Attr(t, "#runs", "hx-get"); poll != routes.Runs {
		t.Errorf("polls %s", poll)
	}
	if title := page.Attr(t, "#runs td:nth-child(6) a", "title"); title != "prices were wrong" {
		t.Errorf("explanation: %q", title)
	}
}

// Invariant 2: all months or none.
func TestPages_RecalculateRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		form  url.Values
		field string
	}{
		"NoCustomer":      {url.Values{"period": {"2026-10"}, "reason": {"Late usage"}}, "customer"},
		"ForeignCustomer": {url.Values{"customer": {"quay"}, "period": {"2026-10"}, "reason": {"Late usage"}}, "customer"},
		"NoPeriod":        {url.Values{"customer": {"cee"}, "period": {"nonsense"}, "reason": {"Late usage"}}, "period"},
		"WithoutAccounts": {url.Values{"customer": {"cee"}, "period": {"2026-10", "2026-05"}, "reason": {"Late usage"}}, "period"},
		"Future":          {url.Values{"customer": {"cee"}, "period": {"2026-12"}, "reason": {"Late usage"}}, "period"},
		"NoReason":        {url.Values{"customer": {"cee"}, "period": {"2026-10"}, "reason": {"because"}}, "reason"},
		"OtherUnsaid":     {url.Values{"customer": {"cee"}, "period": {"2026-10"}, "reason": {"Other"}, "explanation": {" "}}, "explanation"},
		"LongExplanation": {url.Values{"customer": {"cee"}, "period": {"2026-10"}, "reason": {"Other"}, "explanation": {strings.Repeat("x", 501)}}, "explanation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			page := w.admin().Post(t, routes.Recalculate, tt.form).Is(t, 422)
			page.Has(t, ".tb-errors a[href='#f-"+tt.field+"']")
			if len(w.queue.reasons) > 0 {
				t.Errorf("requested %q", w.queue.reasons)
			}
			if explanation := tt.form.Get("explanation"); strings.TrimSpace(explanation) != "" && page.Has(t, "textarea") != explanation {
				t.Error("what was typed is gone")
			}
		})
	}
}

// Open jobs make the page ask until the last has ended.
func TestPages_QueuePollsWhileSomethingIsOpen(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.add(Run{State: StateComplete, RequestedAt: now.Add(-time.Hour), StartedAt: now.Add(-time.Hour), FinishedAt: now.Add(-time.Hour + 3*time.Minute)})
	w.admin().Get(t, routes.Runs).Is(t, 200).Lacks(t, "#runs[hx-get]")
	run := w.add(Run{State: StateRunning, RequestedAt: now.Add(-time.Minute), StartedAt: now.Add(-30 * time.Second)})
	page := w.admin().Get(t, routes.Runs).Is(t, 200)
	poll := page.Attr(t, "#runs[data-keep][hx-trigger='every 2s']", "hx-get")
	if got := page.Has(t, "#runs tr:first-child td:last-child"); got != "30.0 s" {
		t.Errorf("elapsed so far: %q", got)
	}
	still := w.admin().Part(t, poll, "runs").Is(t, 200)
	still.Lacks(t, "thead")
	still.Has(t, "tbody#runs[hx-get]")
	w.queue.runs[0].State, w.queue.runs[0].FinishedAt = StateFailed, now
	ended := w.admin().Part(t, poll, "runs").Is(t, 200)
	ended.Lacks(t, "tbody#runs[hx-get]")
	if to := ended.Attr(t, "#runs tr:first-child td:nth-child(3) a", "href"); to != routes.Run(run.ID) {
		t.Errorf("the badge leads to %q", to)
	}
}

func TestPages_QueueFilters(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.add(Run{State: StateComplete, Reason: "Late usage"})
	w.add(Run{State: StateFailed, Customer: w.own.ID})
	w.add(Run{State: StateComplete, Kind: KindFees, Seller: w.own.ID})
	w.add(Run{State: StateFailed, Kind: KindFees, Month: period.NewMonth(2026, 9)})
	for query, want := range map[string]int{
		"": 3, "?type=all": 4, "?type=fees": 2, "?status=failed": 2, "?status=open": 1, "?customer=cee": 2, "?customer=arr+it&type=all": 1,
		"?customer=quay": 1, "?period=2026-09": 1, "?status=nonsense&period=x&rows=-3": 3,
	} {
		page := w.admin().Get(t, routes.Runs+query).Is(t, 200)
		if got := max(len(page.All(t, "#runs > tr")), 1); got != want {
			t.Errorf("%s: %d rows, want %d", query, got, want)
		}
	}
	w.admin().Get(t, routes.Runs+"?customer=quay").Has(t, ".tb-empty")
	chips := w.admin().Get(t, routes.Runs+"?status=failed&period=2026-09&type=all")
	if to := chips.Attr(t, ".tb-chip:first-child a", "href"); to != routes.Runs+"?period=2026-09&type=all" {
		t.Errorf("without the status: %s", to)
	}
}

func TestPages_QueueLoadsMore(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for range 60 {
		w.add(Run{State: StateComplete})
	}
	page := w.admin().Get(t, routes.Runs).Is(t, 200)
	more := page.Attr(t, "#runs-more", "hx-get")
	if n := len(page.All(t, "#runs > tr")); n != 51 || more != routes.Runs+"?rows=100" {
		t.Fatalf("%d rows, then %s", n, more)
	}
	if n := len(w.admin().Part(t, more, "runs").Is(t, 200).All(t, "#runs > tr")); n != 60 {
		t.Errorf("%d rows after loading more", n)
	}
}

func TestPages_RunFailed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.queue.detail = `rule "night", then, 1:7: division by zero`
	failed := w.add(Run{State: StateFailed, Error: "Your supplier's pricing could not be applied (reference R-1).", Reason: "Other: <b>why</b>", StartedAt: now})
	page := w.admin().Get(t, routes.Run(failed.ID)).Is(t, 200)
	if got := page.Has(t, "[role=alert]"); !strings.Contains(got, "R-1") || !strings.Contains(got, "1:7") || !strings.Contains(got, "Only your supplier") {
		t.Errorf("failure: %s", got)
	}
	if again := page.Attr(t, "[role=alert] a", "href"); again != routes.Recalculate+"?customer=cee&period=2026-10" {
		t.Errorf("again: %s", again)
	}
	if got := page.Has(t, "#reason"); got != "Other <b>why</b>" {
		t.Errorf("reason: %q", got)
	}
	page.Lacks(t, "[hx-trigger='every 2s']")
	w.As(w.acting, "readonly").Get(t, routes.Run(failed.ID)).Is(t, 200).Lacks(t, "[role=alert] a[href^='/billing/utilities/recalculate']")
}

func TestPages_RunComplete(t *testing.T) {
	t.Parallel()
	w := setup(t)
	d := decimal.RequireFromString
	arr, cee := Party{Slug: "arr", Name: "Arr IT"}, Party{Slug: "cee", Name: "Cee Foods"}
	run := w.add(Run{State: StateComplete, Lines: 1234, StartedAt: now, FinishedAt: now, InputHash: strings.Repeat("ab", 32)})
	fees := w.add(Run{State: StateComplete, Kind: KindFees, Cause: run.ID})
	w.queue.changes = []EdgeChange{
		{
			Seller: arr, Buyer: cee, Currency: "USD", Before: d("10"), After: d("12.5"), CostBefore: d("8"), CostAfter: d("8"), HasDetail: true,
			Services: []Change{{"Compute", d("10"), d("12.5")}, {"Storage", d("1"), d("1")}}, Rules: []Change{{"(basis)", d("10"), d("12.5001")}},
		},
		{Seller: arr, Buyer: cee, Currency: "USD", IsFees: true, IsFirst: true, After: d("0.3")},
	}
	page := w.admin().Get(t, routes.Run(run.ID)).Is(t, 200)
	rows := page.All(t, "[aria-label='What changed on each step of the channel'] tbody tr")
	want := []string{"Arr IT → Cee Foods Usage + 2.50 10.00 USD 12.50 USD Invoice", "Arr IT → Cee Foods Fees and rounding + 0.30 new 0.30 USD Invoice"}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if got := page.All(t, "[aria-label^='By service'] tbody tr"); !slices.Equal(got, []string{"Compute + 2.50 10.00 12.50"}) {
		t.Errorf("services: %q", got)
	}
	if to := page.Attr(t, "[aria-label='What changed on each step of the channel'] a", "href"); to != routes.Invoice(october, "arr", "cee") {
		t.Errorf("invoice: %s", to)
	}
	page.Has(t, "#caused ~ .tb-table a[href='"+routes.Run(fees.ID)+"']")
	w.queue.changes = []EdgeChange{{Seller: arr, Buyer: cee, Currency: "USD", Before: d("10"), After: d("10")}}
	if got := w.admin().Get(t, routes.Run(run.ID)).Has(t, ".tb-callout.ok"); !strings.Contains(got, "No amount changed") {
		t.Errorf("nothing changed: %s", got)
	}
}

// A complete job whose invoice is kept from being issued says so, in the queue
// and on its page.
func TestPages_RunSaysWhatBlocks(t *testing.T) {
	t.Parallel()
	w := setup(t)
	arr, cee := Party{Slug: "arr", Name: "Arr IT"}, Party{Slug: "cee", Name: "Cee Foods"}
	run := w.add(Run{State: StateComplete, StartedAt: now, FinishedAt: now})
	fees := w.add(Run{State: StateComplete, Kind: KindFees, Cause: run.ID})
	w.admin().Get(t, routes.Run(run.ID)).Is(t, 200).Lacks(t, ".tb-callout.warn")
	w.queue.findings = []Finding{
		{Run: run.ID, Seller: arr, Buyer: cee, Message: "2 lines have no price."},
		{Run: fees.ID, Seller: arr, Buyer: cee, Message: "A fee has no base."},
		{Run: id.New[id.Run](), Seller: arr, Buyer: cee, Message: "Of another job."},
	}
	page := w.admin().Get(t, routes.Run(run.ID)).Is(t, 200)
	want := []string{"2 lines have no price. Invoice of Cee Foods", "A fee has no base. Invoice of Cee Foods"}
	if diff := cmp.Diff(want, page.All(t, ".tb-callout.warn li")); diff != "" {
		t.Error(diff)
	}
	if to := page.Attr(t, ".tb-callout.warn li a", "href"); to != routes.Invoice(october, "arr", "cee") {
		t.Errorf("invoice: %s", to)
	}
	row := "#runs tr:has(#job-" + run.ID.String() + ") td:nth-child(3)"
	if got := w.admin().Get(t, routes.Runs).Has(t, row); got != "Complete 1 finding" {
		t.Errorf("in the queue: %q", got)
	}
}

func TestPages_RunOpenCanBeWithdrawn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	waiting := w.add(Run{State: StateWaiting, Error: "Waiting: your supplier has to recalculate this month first."})
	page := w.admin().Get(t, routes.Run(waiting.ID)).Is(t, 200)
	page.Has(t, "#run[hx-get='"+routes.Run(waiting.ID)+"'][hx-trigger='every 2s']")
	if got := page.Has(t, ".tb-callout.info"); !strings.Contains(got, "your supplier has to recalculate") {
		t.Errorf("waits: %s", got)
	}
	page.Has(t, "form[data-confirm][action='"+routes.RunCancel(waiting.ID)+"']")
	w.admin().Post(t, routes.RunCancel(waiting.ID), nil).Is(t, 303)
	if !slices.Equal(w.queue.cancelled, []id.Run{waiting.ID}) {
		t.Errorf("withdrawn: %v", w.queue.cancelled)
	}
	running := w.add(Run{State: StateRunning, StartedAt: now})
	w.admin().Get(t, routes.Run(running.ID)).Is(t, 200).Lacks(t, "form[data-confirm]")
	w.queue.runs[0].State = StateComplete
	w.admin().Part(t, routes.Run(running.ID), "run").Is(t, 200).Lacks(t, "[hx-trigger]")
}

// Invariant 3, and who may do what.
func TestPages_Refusals(t *testing.T) {
	t.Parallel()
	w := setup(t)
	run := w.add(Run{State: StateRequested})
	unknown := w.admin().Get(t, routes.Run(id.New[id.Run]())).Is(t, 404)
	nonsense := w.admin().Get(t, routes.Runs+"/nonsense").Is(t, 404)
	if unknown.Has(t, "main") != nonsense.Has(t, "main") {
		t.Error("an unknown run and nonsense get different answers")
	}
	for path, want := range map[string]int{routes.Utilities: 200, routes.Runs: 200, routes.Run(run.ID): 200, routes.Recalculate: 403} {
		w.As(w.acting, "support").Get(t, path).Is(t, want)
		w.Nobody().Get(t, path).Is(t, 303)
		w.As(scope.Scope{Tenant: w.acting.Tenant, Tree: w.acting.Tree, Tier: scope.Customer}, "admin").Get(t, path).Is(t, 404)
	}
	w.As(w.acting, "support").Get(t, routes.Utilities).Lacks(t, "a[href='/billing/utilities/recalculate']")
	w.admin().Get(t, routes.Utilities).Has(t, "a[href='/billing/utilities/recalculate'][data-dialog]")
	for _, path := range []string{routes.Recalculate, routes.RunCancel(run.ID)} {
		w.As(w.acting, "support").Post(t, path, nil).Is(t, 403)
	}
	if len(w.queue.cancelled) > 0 {
		t.Error("a refused request withdrew a run")
	}
}

func TestActorName(t *testing.T) {
	t.Parallel()
	ann, other := id.New[id.User](), id.New[id.User]()
	for actor, want := range map[string]string{
		"user:" + ann.String(): "Ann", "user:" + other.String(): "Your supplier", "job:usage.rerate": "Tierbook", "cli:root": "root (command line)", "demo": "demo",
	} {
		if got := actorName(actor, map[id.User]string{ann: "Ann"}); got != want {
			t.Errorf("%s is called %q, want %q", actor, got, want)
		}
	}
}

func TestReason_RoundTrips(t *testing.T) {
	t.Parallel()
	for _, r := range []Reason{{"Late usage", ""}, {"Other", "a: b"}, {"Incorrect charges", "Other: x"}, {"demo", ""}} {
		if got := reasonOf(r.String()); got != r {
			t.Errorf("%+v comes back as %+v", r, got)
		}
	}
}

// Beyond what a select can hold, a customer is searched.
func TestPages_ManyCustomersAreSearched(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for range maxListed {
		w.assigned[id.New[id.Tenant]()] = []period.Months{{From: october}}
	}
	page := w.admin().Get(t, routes.Recalculate).Is(t, 200)
	page.Lacks(t, "select[name=customer]")
	page.Has(t, "input[name=customer][list=customers-found]")
	found := w.admin().Part(t, routes.With(routes.Recalculate, "find", "1", "customer", "foods"), "customers-found").Is(t, 200)
	if found.Attr(t, "datalist option", "value") != "cee" || len(found.All(t, "option")) != 1 {
		t.Errorf("found %q", found.All(t, "option"))
	}
}
