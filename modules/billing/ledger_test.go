package billing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/db"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// ledger is a tree whose line charges a test writes down as a bookkeeper
// would, instead of rating usage: what period runs, documents and
// reconciliation make of them is under test.
type ledger struct {
	t         *testing.T
	db        *dbtest.Bundle
	m         *Module
	s         *Service
	engine    *rules.Engine
	queue     *ledgerQueue
	month     period.Month
	top       scope.Scope
	scopes    map[string]scope.Scope
	parents   map[string]string
	accounts  map[string]id.Account
	contracts *ledgerContracts
	recount   *ledgerRecount
}

// newLedger returns a tree with the distributor dist, its resellers north and
// south, the customers acme and bolt of north and core of south, and dora, who
// buys from the distributor.
func newLedger(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{
		t: t, db: dbtest.New(t), queue: &ledgerQueue{}, month: period.NewMonth(2026, time.March),
		scopes: map[string]scope.Scope{}, parents: map[string]string{}, accounts: map[string]id.Account{},
		contracts: &ledgerContracts{}, recount: &ledgerRecount{},
	}
	for _, x := range []struct {
		slug, parent string
		tier         scope.Tier
	}{
		{"dist", "", scope.Distributor},
		{"north", "dist", scope.Reseller},
		{"south", "dist", scope.Reseller},
		{"acme", "north", scope.Customer},
		{"bolt", "north", scope.Customer},
		{"core", "south", scope.Customer},
		{"dora", "dist", scope.Customer},
	} {
		var parents []scope.Scope
		if x.parent != "" {
			parents = append(parents, l.scopes[x.parent])
		}
		l.scopes[x.slug], l.parents[x.slug] = l.db.NamedTenant(t, x.tier, x.slug, parents...), x.parent
	}
	l.top = l.scopes["dist"]
	az, err := authz.New(accessModel, accessPolicy)
	if err != nil {
		t.Fatal(err)
	}
	if l.engine, err = rules.New(rules.Options{}); err != nil {
		t.Fatal(err)
	}
	c := clock.Fixed(time.Date(2026, time.April, 2, 9, 0, 0, 0, time.UTC))
	l.m = New(Deps{
		Web: l.db.Web, Work: l.db.Work, WebJobs: l.queue.on(l.db.Web), WorkJobs: l.queue.on(l.db.Work),
		Audit: audit.New(l.db.Web, c), Authz: az, Clock: c, Logger: slog.New(slog.DiscardHandler),
		Tenants: ledgerTenants{l}, Contracts: l.contracts, Recount: l.recount, Directory: directory{ledgerTenants{l}}, Workers: 1,
	})
	l.s = l.m.Service
	return l
}

func (l *ledger) as(slug string) context.Context { return scope.With(l.t.Context(), l.scopes[slug]) }

func (l *ledger) tenant(slug string) id.Tenant {
	if slug == "" {
		return id.Tenant{}
	}
	sc, ok := l.scopes[slug]
	if !ok {
		l.t.Fatalf("no tenant %q", slug)
	}
	return sc.Tenant
}

func (l *ledger) edge(seller, buyer string) Edge {
	return Edge{Seller: l.tenant(seller), Buyer: l.tenant(buyer)}
}

func (l *ledger) account(name string) id.Account {
	if _, ok := l.accounts[name]; !ok {
		l.accounts[name] = id.New[id.Account]()
	}
	return l.accounts[name]
}

// chain returns the tenants from the distributor down to slug.
func (l *ledger) chain(slug string) []string {
	var out []string
	for s := slug; s != ""; s = l.parents[s] {
		out = append(out, s)
	}
	slices.Reverse(out)
	return out
}

// contract puts a contract in force: «basis: cost» with the given rules.
func (l *ledger) contract(seller, buyer, currency string, rs ...rules.Rule) *ContractVersion {
	l.t.Helper()
	kind := rules.EdgeFirst
	if seller != "dist" {
		kind = rules.EdgeBelow
	}
	terms := rules.Terms{Basis: rules.BasisCost, Currency: money.Currency(currency), Rules: rs}
	return l.contractOf(seller, buyer, kind, terms)
}

func (l *ledger) contractOf(seller, buyer string, kind rules.EdgeKind, terms rules.Terms) *ContractVersion {
	l.t.Helper()
	compiled, err := l.engine.Compile(kind, terms)
	if err != nil {
		l.t.Fatal(err)
	}
	edge := l.edge(seller, buyer)
	l.contracts.end(edge)
	l.contracts.list = append(l.contracts.list, ContractVersion{
		Contract: id.New[id.Contract](), Version: id.New[id.Version](), Number: 1, Edge: edge,
		Name: seller + " " + buyer, Currency: terms.Currency, Pricing: compiled, TermsHash: fmt.Sprintf("%+v", terms),
	})
	return &l.contracts.list[len(l.contracts.list)-1]
}

// sale is a line on its way down: what it cost the distributor, and the price
// on each edge. A price of "-" is an exclusion: it goes no further.
type sale struct {
	account  string // empty: the assignee's slug
	service  string
	category string // empty: Usage
	late     string
	label    string
	unit     string
	payer    string // empty: payer-1
	currency string // empty: USD
	quantity string // empty: 0
	prices   string // «100 110 125»: cost, price on the first edge, on the second
}

// publish makes sales what speaks for slug's month, and asks for the period
// runs as a line run does. It returns the run.
func (l *ledger) publish(slug string, sales ...sale) id.Run {
	l.t.Helper()
	r := Run{
		ID: id.New[id.Run](), Tree: l.top.Tree, Kind: RunLine, Acting: l.top.Tree, Assignee: l.tenant(slug), Month: l.month,
		State: StateRunning, Reason: "test", Actor: "test", RequestedAt: l.s.clock.Now(),
	}
	err := l.s.work.db.InTx(l.as("dist"), func(ctx context.Context) error {
		if err := l.s.work.insertRun(ctx, r); err != nil {
			return err
		}
		if err := l.s.work.ensureMonth(ctx, l.month); err != nil {
			return err
		}
		return l.publishRows(ctx, r, slug, sales)
	})
	if err != nil {
		l.t.Fatalf("publish %s: %v", slug, err)
	}
	return r.ID
}

func (l *ledger) publishRows(ctx context.Context, r Run, slug string, sales []sale) error {
	chain := l.chain(slug)
	var charges []chargeRow
	var costs []costRow
	seen := map[publishedRow]bool{}
	var places []publishedRow
	var tenants []Tenant
	var edges []Edge
	var bearers []id.Tenant
	for i, s := range chain {
		tenants = append(tenants, l.asTenant(s))
		bearers = append(bearers, l.tenant(s))
		e := Edge{Seller: l.tenant(s)}
		if i+1 < len(chain) {
			e.Buyer = l.tenant(chain[i+1])
		}
		edges = append(edges, e)
	}
	for _, x := range sales {
		cs, ks := l.rows(chain, x)
		charges, costs = append(charges, cs...), append(costs, ks...)
		for i := range chain {
			p := publishedRow{BearerID: edges[i].Seller, SoldTo: edges[i].Buyer, AssigneeID: r.Assignee, AccountID: l.account(x.accountOf(slug))}
			if !seen[p] {
				seen[p] = true
				places = append(places, p)
			}
		}
	}
	text := newResultText(tenants)
	for i := range charges {
		text.charge(&charges[i])
	}
	for i := range costs {
		text.cost(&costs[i])
	}
	var results []resultRow
	var lines []string
	for _, e := range edges {
		rows, more := text.close(e, r.Assignee)
		results, lines = append(results, rows...), append(lines, more...)
	}
	r.ResultHash, r.FinishedAt = hashLines(lines), l.s.clock.Now()
	return errors.Join(
		l.s.work.dropOld(ctx, r.Assignee, r.Month, bearers),
		l.s.work.copyCharges(ctx, r, charges),
		l.s.work.copyCosts(ctx, r, costs),
		l.s.work.copyResults(ctx, r, results),
		l.s.work.switchPublished(ctx, r, r.Assignee, bearers, slices.Values(places)),
		l.s.work.completeRun(ctx, r, record{}),
		l.s.enqueuePeriodRuns(ctx, r, edges),
	)
}

func (x sale) accountOf(slug string) string {
	if x.account != "" {
		return x.account
	}
	return slug
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// rows writes a sale down as charges and costs of every tenant of chain.
func (l *ledger) rows(chain []string, x sale) (charges []chargeRow, costs []costRow) {
	slug := chain[len(chain)-1]
	g := grainRow{
		AssigneeID: l.tenant(slug), AccountID: l.account(x.accountOf(slug)), Currency: or(x.currency, "USD"),
		Payer: or(x.payer, "payer-1"), Provider: "aws", Account: x.accountOf(slug), Service: x.service,
		ChargeCategory: or(x.category, "Usage"), CommitmentRole: "none", Unit: x.unit, ServiceMonth: x.late,
	}
	amounts := strings.Fields(x.prices)
	for i := range chain {
		cost := costRow{GrainRow: g, BearerID: l.tenant(chain[i]), Cost: decimal.RequireFromString(amounts[i])}
		if i > 0 {
			cost.Supplier = l.tenant(chain[i-1])
		}
		if i+1 == len(chain) {
			return charges, append(costs, cost)
		}
		cost.SoldTo = l.tenant(chain[i+1])
		if amounts[i+1] == "-" {
			cost.Reason = "excluded"
			return charges, append(costs, cost)
		}
		costs = append(costs, cost)
		charges = append(charges, chargeRow{
			GrainRow: g, SellerID: cost.BearerID, BuyerID: cost.SoldTo, Label: x.label,
			Quantity: decimal.RequireFromString(or(x.quantity, "0")), Amount: decimal.RequireFromString(amounts[i+1]),
		})
	}
	return charges, costs
}

// work carries out everything that is queued, in order, until nothing is.
func (l *ledger) work() {
	l.t.Helper()
	for {
		run, ok := l.queue.next()
		if !ok {
			return
		}
		if err := l.m.CarryOut(l.t.Context(), run); err != nil {
			l.t.Fatalf("carry out %s: %v", run, err)
		}
	}
}

// run returns a run as the distributor sees it.
func (l *ledger) run(run id.Run) Run {
	l.t.Helper()
	r, err := l.s.Get(l.as("dist"), run)
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

// periods returns the period runs of an edge, oldest first.
func (l *ledger) periods(seller, buyer string) []Run {
	l.t.Helper()
	all, err := l.s.List(l.as("dist"), RunFilter{Kind: RunPeriod, Limit: maxListed})
	if err != nil {
		l.t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(r Run) bool { return Edge{r.Seller, r.Buyer} != l.edge(seller, buyer) })
	slices.Reverse(all)
	return all
}

func (l *ledger) asTenant(slug string) Tenant {
	sc := l.scopes[slug]
	return Tenant{ID: sc.Tenant, Tree: sc.Tree, Tier: sc.Tier, Slug: slug, Name: slug}
}

// ledgerTenants answers from the ledger's tree; tenants outside the scope are
// not found.
type ledgerTenants struct{ l *ledger }

var errLedgerTenant = errs.New(errs.NotFound, "test.no_tenant", "There is no such tenant.")

func (x ledgerTenants) Tenants(ctx context.Context) ([]Tenant, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	var out []Tenant
	for slug := range x.l.scopes {
		if slices.ContainsFunc(x.l.chain(slug), func(s string) bool { return x.l.tenant(s) == sc.Tenant }) {
			out = append(out, x.l.asTenant(slug))
		}
	}
	return out, nil
}

func (x ledgerTenants) Tenant(ctx context.Context, t id.Tenant) (Tenant, error) {
	all, err := x.Tenants(ctx)
	if i := slices.IndexFunc(all, func(a Tenant) bool { return a.ID == t }); err == nil && i >= 0 {
		return all[i], nil
	}
	return Tenant{}, errors.Join(err, errLedgerTenant)
}

func (x ledgerTenants) Chain(ctx context.Context, top, bottom id.Tenant, _ period.Month) ([]Tenant, error) {
	t, err := x.Tenant(ctx, bottom)
	if err != nil {
		return nil, err
	}
	var out []Tenant
	for _, slug := range x.l.chain(t.Slug) {
		if len(out) > 0 || x.l.tenant(slug) == top {
			out = append(out, x.l.asTenant(slug))
		}
	}
	if len(out) == 0 {
		return nil, errLedgerTenant
	}
	return out, nil
}

// ledgerContracts holds the contracts in force, whatever the month.
type ledgerContracts struct {
	list    []ContractVersion
	missing rules.Missing
}

func (c *ledgerContracts) end(edge Edge) {
	c.list = slices.DeleteFunc(c.list, func(v ContractVersion) bool { return v.Edge == edge })
}

func (c *ledgerContracts) ForMonth(context.Context, period.Month) ([]ContractVersion, error) {
	return slices.Clone(c.list), nil
}

func (c *ledgerContracts) InForce(_ context.Context, _ period.Month, edges ...Edge) (map[Edge]EdgeTerms, error) {
	out := map[Edge]EdgeTerms{}
	for _, e := range edges {
		terms := EdgeTerms{Missing: c.missing}
		for i := range c.list {
			if c.list[i].Edge == e {
				terms.Contract = &c.list[i]
			}
		}
		out[e] = terms
	}
	return out, nil
}

func (c *ledgerContracts) Versions(context.Context, ...id.Version) (map[id.Version]ContractVersion, error) {
	return map[id.Version]ContractVersion{}, nil
}

// ledgerRecount is what the segments are said to hold.
type ledgerRecount struct{ imported Imported }

func (r *ledgerRecount) Imported(context.Context, period.Month) (Imported, error) {
	return r.imported, nil
}

// ledgerQueue keeps the runs that were asked for.
type ledgerQueue struct{ runs []id.Run }

func (q *ledgerQueue) next() (id.Run, bool) {
	if len(q.runs) == 0 {
		return id.Run{}, false
	}
	run := q.runs[0]
	q.runs = q.runs[1:]
	return run, true
}

// on returns the queue for transactions of d.
func (q *ledgerQueue) on(d *db.DB) Enqueuer { return ledgerEnqueuer{q, d} }

type ledgerEnqueuer struct {
	q  *ledgerQueue
	db *db.DB
}

func (e ledgerEnqueuer) Enqueue(ctx context.Context, args river.JobArgs, _ ...*river.InsertOpts) error {
	if _, err := e.db.SQLTx(ctx); err != nil {
		return err
	}
	if a, ok := args.(PeriodRunArgs); ok {
		e.q.runs = append(e.q.runs, a.RunID)
	}
	return nil
}
