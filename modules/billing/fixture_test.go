package billing

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/db"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/jobs"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

const (
	accessModel = `
[request_definition]
r = role, tier, resource, action
[policy_definition]
p = role, tier, resource, action
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.role == p.role && (p.resource == "*" || r.resource == p.resource) && (p.action == "*" || r.action == p.action)`
	accessPolicy = `
p, operator, *, *, *
p, finance, *, billing, recalculate
p, finance, *, billing, read_runs
p, finance, *, billing, read
p, finance, *, billing, acknowledge`
)

var march = period.NewMonth(2026, time.March)

// world is a distributor's tree with the ports of billing in memory and
// everything else real:
//
//	dist ─┬─ north ─┬─ acme
//	      │         └─ bolt
//	      ├─ south ─── cargo
//	      └─ direct
type world struct {
	t         *testing.T
	db        *dbtest.Bundle
	module    *Module
	s         *Service
	scopes    map[string]scope.Scope
	tenants   *fakeTenants
	contracts *fakeContracts
	usage     *fakeUsage
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: dbtest.New(t), scopes: map[string]scope.Scope{}, tenants: &fakeTenants{parents: map[id.Tenant]id.Tenant{}}}
	w.contracts = &fakeContracts{versions: map[id.Version]ContractVersion{}}
	w.usage = &fakeUsage{tenants: w.tenants, batch: 64_000}
	w.tenant(scope.Distributor, "dist", "")
	w.tenant(scope.Reseller, "north", "dist")
	w.tenant(scope.Reseller, "south", "dist")
	w.tenant(scope.Customer, "acme", "north")
	w.tenant(scope.Customer, "bolt", "north")
	w.tenant(scope.Customer, "cargo", "south")
	w.tenant(scope.Customer, "direct", "dist")
	w.module = New(w.deps())
	w.s = w.module.Service
	return w
}

func (w *world) deps() Deps {
	w.t.Helper()
	access, err := authz.New(accessModel, accessPolicy)
	if err != nil {
		w.t.Fatal(err)
	}
	enqueuer := func(d *db.DB) *jobs.Enqueuer {
		e, err := jobs.NewEnqueuer(d)
		if err != nil {
			w.t.Fatal(err)
		}
		return e
	}
	return Deps{
		Web: w.db.Web, Work: w.db.Work, WebJobs: enqueuer(w.db.Web), WorkJobs: enqueuer(w.db.Work),
		Audit: audit.New(w.db.Web, testClock{}), Authz: access, Clock: testClock{}, Logger: slog.New(slog.NewTextHandler(w.t.Output(), nil)),
		Tenants: w.tenants, Contracts: w.contracts, Usage: w.usage, Recount: w.usage, Directory: directory{w.tenants}, Workers: 2,
	}
}

// testClock tells the real time: what is tested is who comes first.
type testClock struct{}

func (testClock) Now() time.Time { return time.Now().UTC() }

func (w *world) tenant(tier scope.Tier, slug, parent string) {
	w.t.Helper()
	var above []scope.Scope
	if parent != "" {
		above = append(above, w.scopes[parent])
	}
	sc := w.db.NamedTenant(w.t, tier, slug, above...)
	w.scopes[slug] = sc
	w.tenants.list = append(w.tenants.list, Tenant{ID: sc.Tenant, Tree: sc.Tree, Tier: tier, Slug: slug, Name: nameOf(slug)})
	if parent != "" {
		w.tenants.parents[sc.Tenant] = above[0].Tenant
	}
}

// nameOf is what the tenant with a slug is called.
func nameOf(slug string) string { return slug + " Ltd" }

// as returns a context that acts as the tenant called slug, in the role
// operator or the one given.
func (w *world) as(slug string, roles ...string) context.Context {
	sc, ok := w.scopes[slug]
	if !ok {
		w.t.Fatalf("no tenant %q", slug)
	}
	if len(roles) > 0 {
		sc.Actor.Roles = roles
	}
	return scope.With(w.t.Context(), sc)
}

func (w *world) id(slug string) id.Tenant {
	if slug == "" {
		return id.Tenant{}
	}
	sc, ok := w.scopes[slug]
	if !ok {
		w.t.Fatalf("no tenant %q", slug)
	}
	return sc.Tenant
}

func (w *world) edge(seller, buyer string) Edge {
	return Edge{Seller: w.id(seller), Buyer: w.id(buyer)}
}

// contract saves terms as the version in force of an edge in every month; an
// empty buyer means the base contract. A missing currency is USD.
func (w *world) contract(seller, buyer string, terms rules.Terms) {
	w.t.Helper()
	terms.Currency = cmp.Or(terms.Currency, "USD")
	kind := rules.EdgeBelow
	switch {
	case buyer == "":
		kind = rules.EdgeBase
	case seller == "dist":
		kind = rules.EdgeFirst
	}
	engine, err := rules.New(rules.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	pricing, err := engine.Compile(kind, terms)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := json.Marshal(terms)
	if err != nil {
		w.t.Fatal(err)
	}
	w.contracts.save(ContractVersion{
		Contract: id.New[id.Contract](), Version: id.New[id.Version](), Number: 1, Edge: w.edge(seller, buyer),
		Name: seller + "-" + buyer, Currency: terms.Currency, Pricing: pricing, TermsHash: hashLines([]string{string(text)}),
	})
}

// price is a rule of the stage price.
func price(name, when, then string) rules.Rule {
	return rules.Rule{Name: name, Stage: rules.StagePrice, When: rules.Source(when), Then: rules.Source(then)}
}

// usual signs believable contracts on every edge.
func (w *world) usual() {
	w.t.Helper()
	w.contract("dist", "north", rules.Terms{Basis: rules.BasisList, Rules: []rules.Rule{
		{Name: "tax", Stage: rules.StageExclude, When: `charge_category == "Tax"`},
		price("compute", `service == "Compute"`, "price * 0.9"),
		price("rest", "", "price * 0.95"),
	}})
	w.contract("dist", "south", rules.Terms{Basis: rules.BasisBilled, Rules: []rules.Rule{price("all", "", "price * 1.02")}})
	w.contract("dist", "direct", rules.Terms{Basis: rules.BasisList})
	w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{
		price("markup", "", "price * 1.10"),
		{Name: "care", Stage: rules.StageAdjust, Label: "Managed service", When: `service == "Compute"`, Then: "price + 0.5"},
	}})
	w.contract("north", "bolt", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{price("markup", "", "price * 1.2")}})
	w.contract("south", "cargo", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{price("markup", "", "price * 1.15")}})
}

// request asks for assignee's March in the perspective of acting.
func (w *world) request(acting, assignee string) id.Run {
	w.t.Helper()
	run, err := w.s.Request(w.as(acting), RunRequest{Assignee: w.id(assignee), Month: march, Reason: "test"})
	if err != nil {
		w.t.Fatal(err)
	}
	return run
}

// carryOut carries out one run until it ends or is held back.
func (w *world) carryOut(run id.Run) Run {
	w.t.Helper()
	if err := w.module.CarryOut(w.t.Context(), run); err != nil {
		w.t.Fatal(err)
	}
	return w.run(run)
}

// drain carries out every open run that is not held back, the oldest first.
func (w *world) drain() {
	w.t.Helper()
	for {
		open := slices.DeleteFunc(w.openRuns(), func(r Run) bool { return r.Error != "" })
		if len(open) == 0 {
			return
		}
		w.carryOut(open[0].ID)
	}
}

func (w *world) openRuns() (open []Run) {
	w.t.Helper()
	err := w.db.Work.SystemTx(w.t.Context(), func(ctx context.Context) (err error) {
		open, err = w.s.work.openRuns(ctx)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return open
}

// recalc rates assignee's March and computes the period runs it causes. It
// fails the test unless the run completes.
func (w *world) recalc(acting, assignee string) Run {
	w.t.Helper()
	run := w.request(acting, assignee)
	w.drain()
	r := w.run(run)
	if r.State != StateComplete {
		w.t.Fatalf("run of %s by %s is %s: %s", assignee, acting, r.State, r.Error)
	}
	return r
}

// run returns a run past every policy.
func (w *world) run(run id.Run) Run {
	w.t.Helper()
	r, err := w.s.find(w.t.Context(), run)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// query returns the rows of a SELECT of one text, past every policy.
func (w *world) query(sql string, args ...any) (out []string) {
	w.t.Helper()
	err := w.db.Work.SystemTx(w.t.Context(), func(ctx context.Context) error {
		out = nil
		return w.db.Work.Gorm(ctx).Raw(sql, args...).Scan(&out).Error
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// ledger writes what is published for assignee's March: who sells what to whom
// at which price, and what it costs whom.
func (w *world) ledger(assignee string) []string {
	w.t.Helper()
	return w.query(`
		WITH slug AS (SELECT id, slug FROM tenancy_tenants)
		SELECT line FROM (
			SELECT 1 AS part, t.tier, format('charge %s → %s  %s %s %s  rule %s%s  quantity %s  list %s  amount %s %s',
				a.slug, b.slug, c.account, c.service, c.charge_category || CASE c.service_month WHEN '' THEN '' ELSE ' for ' || c.service_month END,
				CASE c.rule WHEN '' THEN '-' ELSE c.rule END, CASE c.label WHEN '' THEN '' ELSE ' «' || c.label || '»' END,
				trim_scale(c.quantity), coalesce(trim_scale(c.list)::text, '-'), trim_scale(c.amount), c.currency) AS line
			FROM billing_charges c
			JOIN billing_published p ON p.run_id = c.run_id AND p.bearer_id = c.seller_id AND p.sold_to = c.buyer_id
				AND p.assignee_id = c.assignee_id AND p.account_id = c.account_id AND p.month = c.month
			JOIN slug a ON a.id = c.seller_id JOIN slug b ON b.id = c.buyer_id JOIN tenancy_tenants t ON t.id = c.seller_id
			WHERE c.assignee_id = ? AND c.month = ?
			UNION ALL
			SELECT 2, t.tier, format('cost   %s%s%s  %s %s %s  %s%s %s',
				a.slug, coalesce(' from ' || s.slug, ''), coalesce(' for ' || b.slug, ''),
				c.account, c.service, c.charge_category || CASE c.service_month WHEN '' THEN '' ELSE ' for ' || c.service_month END,
				CASE c.reason WHEN '' THEN '' ELSE c.reason || ': ' END, trim_scale(c.cost), c.currency)
			FROM billing_charge_costs c
			JOIN billing_published p ON p.run_id = c.run_id AND p.bearer_id = c.bearer_id AND p.sold_to IS NOT DISTINCT FROM c.sold_to
				AND p.assignee_id = c.assignee_id AND p.account_id = c.account_id AND p.month = c.month
			JOIN slug a ON a.id = c.bearer_id LEFT JOIN slug b ON b.id = c.sold_to LEFT JOIN slug s ON s.id = c.supplier
			JOIN tenancy_tenants t ON t.id = c.bearer_id
			WHERE c.assignee_id = ? AND c.month = ?
		) x ORDER BY part, tier, line`, w.id(assignee), march, w.id(assignee), march)
}

// idleClient returns a client that has not been started.
func (w *world) idleClient() *jobs.Client {
	w.t.Helper()
	workers := river.NewWorkers()
	w.module.Workers(workers)
	client, err := jobs.New(w.db.Work.Pool(), workers, map[string]int{Queue: 2}, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// startWorker takes jobs until the test ends.
func (w *world) startWorker() *jobs.Client {
	w.t.Helper()
	client := w.idleClient()
	if err := client.Start(context.WithoutCancel(w.t.Context())); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := client.Stop(ctx); err != nil {
			w.t.Error(err)
		}
	})
	return client
}

// fakeTenants answers from a list; parents are the same in every month.
type fakeTenants struct {
	mu      sync.Mutex
	list    []Tenant
	parents map[id.Tenant]id.Tenant
	gone    []id.Tenant // who was in the tree once
}

var errNoTenant = errs.New(errs.NotFound, "fake.tenant", "There is no such tenant.")

func (f *fakeTenants) Tenant(ctx context.Context, t id.Tenant) (Tenant, error) {
	all, err := f.Tenants(ctx)
	if err != nil {
		return Tenant{}, err
	}
	for _, x := range all {
		if x.ID == t {
			return x, nil
		}
	}
	return Tenant{}, errNoTenant
}

func (f *fakeTenants) Tenants(ctx context.Context) ([]Tenant, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.list), func(t Tenant) bool {
		return f.path(sc.Tenant, t.ID) == nil && !slices.Contains(f.gone, t.ID)
	}), nil
}

func (f *fakeTenants) Chain(_ context.Context, top, bottom id.Tenant, _ period.Month) ([]Tenant, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.path(top, bottom); p != nil {
		return p, nil
	}
	return nil, errNoTenant
}

// move puts a tenant under another parent.
func (f *fakeTenants) move(t, parent id.Tenant) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parents[t] = parent
}

// rename gives a tenant another name.
func (f *fakeTenants) rename(t id.Tenant, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list[slices.IndexFunc(f.list, func(x Tenant) bool { return x.ID == t })].Name = name
}

// leave takes a tenant out of every tree, and lets it be known all the same.
func (f *fakeTenants) leave(t id.Tenant) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.parents, t)
	f.gone = append(f.gone, t)
}

func (f *fakeTenants) path(top, bottom id.Tenant) []Tenant {
	var out []Tenant
	for t := bottom; !t.IsZero(); t = f.parents[t] {
		for _, x := range f.list {
			if x.ID == t {
				out = append(out, x)
			}
		}
		if t == top {
			slices.Reverse(out)
			return out
		}
	}
	return nil
}

// fakeContracts holds saved versions; the last one of an edge is in force.
type fakeContracts struct {
	mu       sync.Mutex
	versions map[id.Version]ContractVersion
	stale    map[Edge]bool      // whose versions cannot be compiled any more
	ended    map[Edge]EdgeTerms // where no contract is in force: what the last one said
}

func (f *fakeContracts) save(v ContractVersion) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.versions {
		if x.Edge == v.Edge {
			v.Contract, v.Number = x.Contract, max(v.Number, x.Number+1)
		}
	}
	f.versions[v.Version] = v
}

func (f *fakeContracts) inForce() map[Edge]ContractVersion {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[Edge]ContractVersion{}
	for _, v := range f.versions {
		if v.Number > out[v.Edge].Number {
			out[v.Edge] = v
		}
	}
	return out
}

func (f *fakeContracts) InForce(_ context.Context, _ period.Month, edges ...Edge) (map[Edge]EdgeTerms, error) {
	all, out := f.inForce(), map[Edge]EdgeTerms{}
	for _, e := range edges {
		terms := EdgeTerms{Missing: rules.MissingBlock}
		if ended, ok := f.ended[e]; ok {
			terms = ended
		}
		if v, ok := all[e]; ok {
			terms.Contract = &v
		}
		out[e] = terms
	}
	return out, nil
}

func (f *fakeContracts) ForMonth(context.Context, period.Month) ([]ContractVersion, error) {
	return slices.Collect(maps.Values(f.inForce())), nil
}

func (f *fakeContracts) Versions(_ context.Context, versions ...id.Version) (map[id.Version]ContractVersion, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[id.Version]ContractVersion{}
	for _, v := range versions {
		c, ok := f.versions[v]
		if !ok {
			return nil, errs.New(errs.NotFound, "fake.version", "There is no such version.")
		}
		if f.stale[c.Edge] {
			return nil, fmt.Errorf("contract %q, version %d: %w", c.Name, c.Number, &rules.Error{Rule: "secret margin", Message: "there is no such function"})
		}
		out[v] = c
	}
	return out, nil
}

// usageLine is a usage line of the provider aws.
type usageLine struct {
	payer    string // "" is one named after the owner
	account  string
	service  string
	sku      string
	category string       // ChargeCategory; "" is Usage
	month    period.Month // service month; zero is March
	currency string       // "" is USD
	quantity string       // "" is 1
	list     string       // "" is the billed cost
	billed   string
}

// fakeUsage holds accounts and lines of March.
type fakeUsage struct {
	tenants *fakeTenants

	mu       sync.Mutex
	accounts []*fakeAccount
	batch    int                   // lines per batch
	onScan   func(Selection) error // called before each scan
	imported *Imported
}

type fakeAccount struct {
	id       id.Account
	owner    Tenant
	number   string
	assignee id.Tenant                  // in March
	late     map[period.Month]id.Tenant // in earlier months
	lines    []usageLine
}

// account adds an account of owner, in use by assignee ("" for nobody), with
// lines.
func (w *world) account(owner, number, assignee string, lines ...usageLine) {
	w.t.Helper()
	a := &fakeAccount{id: id.New[id.Account](), number: number, assignee: w.id(assignee), late: map[period.Month]id.Tenant{}}
	for _, t := range w.tenants.list {
		if t.Slug == owner {
			a.owner = t
		}
	}
	w.usage.accounts = append(w.usage.accounts, a)
	w.deliver(number, lines...)
}

// deliver replaces an account's lines.
func (w *world) deliver(number string, lines ...usageLine) {
	w.usage.mu.Lock()
	defer w.usage.mu.Unlock()
	a := w.usage.find(number)
	a.lines = nil
	for _, l := range lines {
		l.account = number
		l.category, l.currency, l.quantity = cmp.Or(l.category, "Usage"), cmp.Or(l.currency, "USD"), cmp.Or(l.quantity, "1")
		l.list = cmp.Or(l.list, l.billed)
		if l.month.IsZero() {
			l.month = march
		}
		a.lines = append(a.lines, l)
	}
}

// assign gives an account to assignee in March; with months, in these instead.
func (w *world) assign(number, assignee string, months ...period.Month) {
	w.usage.mu.Lock()
	defer w.usage.mu.Unlock()
	a := w.usage.find(number)
	if len(months) == 0 {
		a.assignee = w.id(assignee)
	}
	for _, m := range months {
		a.late[m] = w.id(assignee)
	}
}

// beforeScan calls fn before each scan.
func (w *world) beforeScan(fn func(Selection) error) {
	w.usage.mu.Lock()
	defer w.usage.mu.Unlock()
	w.usage.onScan = fn
}

func (f *fakeUsage) find(number string) *fakeAccount {
	for _, a := range f.accounts {
		if a.number == number {
			return a
		}
	}
	return nil
}

func (a *fakeAccount) holder(m period.Month) id.Tenant {
	if m == march {
		return a.assignee
	}
	return a.late[m]
}

// months returns the service months of a's lines that assignee answers for.
func (a *fakeAccount) months(assignee id.Tenant) []period.Month {
	var out []period.Month
	for _, l := range a.lines {
		if a.holder(l.month) == assignee && !slices.Contains(out, l.month) {
			out = append(out, l.month)
		}
	}
	slices.SortFunc(out, period.Month.Compare)
	return out
}

func (f *fakeUsage) Select(_ context.Context, assignee id.Tenant, _ period.Month) ([]Selection, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Selection
	for _, a := range f.accounts {
		months := a.months(assignee)
		if len(months) == 0 {
			continue
		}
		i := slices.IndexFunc(out, func(s Selection) bool { return s.Owner == a.owner.ID })
		if i < 0 {
			i = len(out)
			out = append(out, Selection{Owner: a.owner.ID, Assignee: assignee, Contents: []string{f.content(a.owner.ID)}})
		}
		s := &out[i]
		s.Accounts = append(s.Accounts, SelectedAccount{ID: a.id, Provider: "aws", Account: a.number, ServiceMonths: months})
		for _, l := range a.lines {
			if a.holder(l.month) == assignee {
				s.Rows++
			}
		}
		s.Handle = map[string]any{"accounts": s.Accounts}
	}
	return out, nil
}

// content returns the content hash of an owner's one delivery.
func (f *fakeUsage) content(owner id.Tenant) string {
	var lines []string
	for _, a := range f.accounts {
		for _, l := range a.lines {
			if a.owner.ID == owner {
				lines = append(lines, fmt.Sprintf("%+v", l))
			}
		}
	}
	return hashLines(lines)
}

func (f *fakeUsage) Holders(_ context.Context, m period.Month, accounts ...id.Account) (map[id.Account]id.Tenant, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[id.Account]id.Tenant{}
	for _, a := range f.accounts {
		if slices.Contains(accounts, a.id) && !a.holder(m).IsZero() {
			out[a.id] = a.holder(m)
		}
	}
	return out, nil
}

func (f *fakeUsage) Scan(ctx context.Context, sel Selection, need rules.Need, workers int, fn func(int, *rules.Batch) error) error {
	f.mu.Lock()
	hook := f.onScan
	var lines []usageLine
	for _, a := range f.accounts {
		for _, l := range a.lines {
			if slices.ContainsFunc(sel.Accounts, func(s SelectedAccount) bool { return s.ID == a.id && slices.Contains(s.ServiceMonths, l.month) }) {
				l.payer = cmp.Or(l.payer, "payer-of-"+a.owner.Slug)
				lines = append(lines, l)
			}
		}
	}
	batch := f.batch
	f.mu.Unlock()
	if hook != nil {
		if err := hook(sel); err != nil {
			return err
		}
	}
	return scanLines(ctx, lines, batch, workers, fn)
}

// scanLines cuts lines into batches and deals them out to workers.
func scanLines(ctx context.Context, lines []usageLine, size, workers int, fn func(int, *rules.Batch) error) error {
	var wg sync.WaitGroup
	problems := make([]error, workers)
	for worker := range workers {
		wg.Go(func() {
			for first := worker * size; first < len(lines); first += workers * size {
				if problems[worker] = errors.Join(ctx.Err(), fn(worker, batchOf(lines[first:min(first+size, len(lines))], int64(first)))); problems[worker] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(problems...)
}

func batchOf(lines []usageLine, first int64) *rules.Batch {
	b := &rules.Batch{FirstRow: first, Rows: len(lines)}
	for d := range rules.NumDims {
		b.Dims[d].Dict = &rules.Dict{}
		index := map[string]uint32{}
		for i := range lines {
			v := lines[i].dim(d)
			n, ok := index[v]
			if !ok {
				n = uint32(len(index))
				index[v] = n
				b.Dims[d].Dict.Values = append(b.Dims[d].Dict.Values, v)
			}
			b.Dims[d].IDs = append(b.Dims[d].IDs, n)
		}
	}
	for m := range rules.NumMeasures {
		b.Measures[m].Scale = 10
		for i := range lines {
			d := decimal.RequireFromString(lines[i].measure(m))
			b.Measures[m].Ints = append(b.Measures[m].Ints, d.Shift(10).IntPart())
		}
	}
	return b
}

func (l usageLine) dim(d rules.Dim) string {
	switch d {
	case rules.DimProvider:
		return "aws"
	case rules.DimPayer:
		return l.payer
	case rules.DimAccount:
		return l.account
	case rules.DimService:
		return l.service
	case rules.DimSKU:
		return l.sku
	case rules.DimChargeCategory:
		return l.category
	case rules.DimMarketplace:
		return "false"
	case rules.DimCommitmentRole:
		return "none"
	case rules.DimUnit:
		return "Hours"
	case rules.DimDate:
		return l.month.String() + "-14"
	case rules.DimPeriod:
		return march.String()
	case rules.DimServiceMonth:
		return l.month.String()
	case rules.DimCurrency:
		return l.currency
	default:
		return ""
	}
}

func (l usageLine) measure(m rules.Measure) string {
	switch m {
	case rules.MeasureQuantity:
		return l.quantity
	case rules.MeasureList:
		return l.list
	default:
		return l.billed
	}
}

// Imported adds up the lines, unless a test says otherwise.
func (f *fakeUsage) Imported(ctx context.Context, _ period.Month) (Imported, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return Imported{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.imported != nil {
		return *f.imported, nil
	}
	var out Imported
	for _, a := range f.accounts {
		if a.owner.Tree != sc.Tree {
			continue
		}
		for _, l := range a.lines {
			out.Sums = append(out.Sums, ImportedSum{
				Owner: a.owner.ID, Provider: "aws", Payer: cmp.Or(l.payer, "payer-of-"+a.owner.Slug), Currency: money.Currency(l.currency),
				AccountID: a.id, Account: a.number, Rows: 1, Billed: decimal.RequireFromString(l.billed), Assignee: a.holder(l.month),
			})
		}
	}
	return out, nil
}
