package contracts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// The policy of these tests: an operator may everything, finance of a reseller
// handles its contracts, a viewer reads them.
const (
	testModel = `[request_definition]
r = role, tier, res, act
[policy_definition]
p = role, tier, res, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = (p.role == "*" || p.role == r.role) && (p.tier == "*" || p.tier == r.tier) && (p.res == "*" || p.res == r.res) && (p.act == "*" || p.act == r.act)
`
	testPolicy = "p, operator, *, *, *\np, finance, reseller, contracts, *\np, viewer, *, contracts, read\n"
)

var now = time.Date(2026, 4, 2, 10, 0, 0, 0, time.UTC)

// bundle is a tree d → r → c, d → r2 → c2 and d → direct, and a foreign tree.
type bundle struct {
	*dbtest.Bundle
	service                        *Service
	tenants                        *fakeTenants
	lines                          fakeLines
	log                            *bytes.Buffer
	d, r, c, r2, c2, direct, other scope.Scope
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{Bundle: dbtest.New(t), tenants: &fakeTenants{}, lines: fakeLines{}, log: &bytes.Buffer{}}
	add := func(tier scope.Tier, slug string, parent ...scope.Scope) scope.Scope {
		sc := b.NamedTenant(t, tier, slug, parent...)
		b.tenants.add(sc, slug, parent...)
		return sc
	}
	b.d = add(scope.Distributor, "d")
	b.r, b.r2 = add(scope.Reseller, "r", b.d), add(scope.Reseller, "r2", b.d)
	b.c, b.c2, b.direct = add(scope.Customer, "c", b.r), add(scope.Customer, "c2", b.r2), add(scope.Customer, "direct", b.d)
	b.other = add(scope.Distributor, "other")
	a, err := authz.New(testModel, testPolicy)
	if err != nil {
		t.Fatal(err)
	}
	b.service = New(Deps{
		DB: b.Web, Authz: a, Audit: audit.New(b.Web, clock.Fixed(now)), Clock: clock.Fixed(now),
		Logger: slog.New(slog.NewTextHandler(b.log, nil)), Engine: testEngine(t), Tenants: b.tenants, Lines: b.lines,
	}).Service
	return b
}

// fakeTenants answers from a map what the scope in the context may see.
type fakeTenants struct {
	list   []Tenant
	parent map[id.Tenant]id.Tenant
}

func (f *fakeTenants) add(sc scope.Scope, slug string, parent ...scope.Scope) {
	f.list = append(f.list, Tenant{ID: sc.Tenant, Tree: sc.Tree, Tier: sc.Tier, Slug: slug, Name: slug})
	if f.parent == nil {
		f.parent = map[id.Tenant]id.Tenant{}
	}
	if len(parent) > 0 {
		f.parent[sc.Tenant] = parent[0].Tenant
	}
}

func (f *fakeTenants) chain(top, bottom id.Tenant) []id.Tenant {
	up := []id.Tenant{bottom}
	for at := bottom; at != top; at = up[len(up)-1] {
		parent, ok := f.parent[at]
		if !ok {
			return nil
		}
		up = append(up, parent)
	}
	slices.Reverse(up)
	return up
}

func (f *fakeTenants) ByID(ctx context.Context, ts []id.Tenant) (map[id.Tenant]Tenant, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	out := map[id.Tenant]Tenant{}
	for _, t := range f.list {
		if slices.Contains(ts, t.ID) && f.chain(sc.Tenant, t.ID) != nil {
			out[t.ID] = t
		}
	}
	return out, nil
}

var errNoTenant = errs.New(errs.NotFound, "test.no_tenant", "There is no such tenant.")

func (f *fakeTenants) BySlug(ctx context.Context, slug string) (Tenant, error) {
	for _, t := range f.list {
		if seen, err := f.ByID(ctx, []id.Tenant{t.ID}); err != nil || (t.Slug == slug && len(seen) == 1) {
			return t, err
		}
	}
	return Tenant{}, errNoTenant
}

func (f *fakeTenants) Chain(ctx context.Context, top, bottom id.Tenant, _ period.Month) ([]Tenant, error) {
	ids := f.chain(top, bottom)
	seen, err := f.ByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 || len(seen) != len(ids) {
		return nil, errNoTenant
	}
	out := make([]Tenant, len(ids))
	for i, t := range ids {
		out[i] = seen[t]
	}
	return out, nil
}

func (f *fakeTenants) Chains(ctx context.Context, top id.Tenant, m period.Month, bottoms ...id.Tenant) (map[id.Tenant][]Tenant, error) {
	out := map[id.Tenant][]Tenant{}
	for _, t := range bottoms {
		chain, err := f.Chain(ctx, top, t, m)
		if err != nil && !errors.Is(err, errNoTenant) {
			return nil, err
		}
		if err == nil {
			out[t] = chain
		}
	}
	return out, nil
}

// fakeLines holds batches by assignee and owner.
type fakeLines map[id.Tenant]map[id.Tenant][]*rules.Batch

func (f fakeLines) Select(ctx context.Context, assignee id.Tenant, _ period.Month) ([]Selection, error) {
	if _, err := scope.From(ctx); err != nil {
		return nil, err
	}
	var out []Selection
	for owner, batches := range f[assignee] {
		out = append(out, Selection{Owner: owner, Handle: batches})
	}
	return out, nil
}

func (fakeLines) Scan(_ context.Context, sel Selection, _ rules.Need, workers int, fn func(int, *rules.Batch) error) error {
	for i, b := range sel.Handle.([]*rules.Batch) {
		if err := fn(i%workers, b); err != nil {
			return err
		}
	}
	return nil
}

func (f fakeLines) Owns(_ context.Context, tenant id.Tenant) (bool, error) {
	for _, owners := range f {
		if len(owners[tenant]) > 0 {
			return true, nil
		}
	}
	return false, nil
}

func as(t *testing.T, sc scope.Scope) context.Context {
	t.Helper()
	return scope.With(t.Context(), sc)
}

// finance returns a context of a finance user of that tenant.
func finance(t *testing.T, sc scope.Scope) context.Context {
	t.Helper()
	sc.Actor = scope.Actor{User: id.New[id.User](), Name: "fin@example.com", Roles: []string{"finance"}}
	return scope.With(t.Context(), sc)
}

// doc is a contract of an edge in USD from 2026-01 on.
func doc(seller, buyer, name string, basis rules.Basis, rs ...rules.Rule) Document {
	return Document{
		Seller: seller, Buyer: buyer, Name: name, Months: period.Months{From: month("2026-01")},
		Terms: rules.Terms{Basis: basis, Currency: "USD", Rules: rs},
	}
}

func price(name string, then rules.Source) rules.Rule {
	return rules.Rule{Name: name, Stage: rules.StagePrice, Then: then}
}

func (b *bundle) apply(t *testing.T, sc scope.Scope, d Document) Applied {
	t.Helper()
	out, err := b.service.Apply(as(t, sc), d)
	if err != nil {
		t.Fatalf("apply %q: %v", d.Name, err)
	}
	return out
}

func TestService_Apply(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := doc("d", "r", "Resale", rules.BasisList, price("book", "list * 0.9"))
	created := b.apply(t, b.d, first)
	if created.Outcome != OutcomeCreated || created.Version.Number != 1 || created.Version.From != month("2026-01") || created.Version.SavedBy != "dbtest" {
		t.Errorf("first: %+v", created)
	}
	second := doc("d", "r", "Resale", rules.BasisList, price("book", "list * 0.8"))
	second.From = month("2026-03")
	if got := b.apply(t, b.d, second); got.Outcome != OutcomeSaved || got.Version.Number != 2 || got.Contract.ID != created.Contract.ID {
		t.Errorf("second: %+v", got)
	}
	t.Run("Invariant4_ApplyingAgainChangesNothing", func(t *testing.T) {
		for _, d := range []Document{first, second, first} {
			if got := b.apply(t, b.d, d); got.Outcome != OutcomeUnchanged || got.Version.From != d.withDefaults().From {
				t.Errorf("again: %+v", got)
			}
		}
		shown, err := b.service.Show(as(t, b.d), b.d.Tenant, b.r.Tenant)
		if err != nil || len(shown) != 1 || len(shown[0].Versions) != 2 {
			t.Errorf("Show: %+v, %v", shown, err)
		}
	})
	t.Run("MonthsChange", func(t *testing.T) {
		shorter := first
		shorter.Months.To = month("2026-06")
		if got := b.apply(t, b.d, shorter); got.Outcome != OutcomeMonths || got.Contract.Months != shorter.Months || got.Version.Number != 1 {
			t.Errorf("shorter: %+v", got)
		}
		earlier := first
		earlier.Months.From, earlier.From = month("2025-11"), month("2026-01")
		if _, err := b.service.Apply(as(t, b.d), earlier); !errors.Is(err, ErrMonths) {
			t.Errorf("months without a version: %v, want ErrMonths", err)
		}
		earlier.From = period.Month{}
		if got := b.apply(t, b.d, earlier); got.Outcome != OutcomeSaved || got.Version.Number != 3 || got.Contract.Months != earlier.Months {
			t.Errorf("earlier: %+v", got)
		}
	})
}

func TestService_Apply_Refuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.apply(t, b.d, doc("d", "r", "Resale", rules.BasisList))
	change := func(d Document, f func(*Document)) Document { f(&d); return d }
	for _, tt := range []struct {
		name   string
		acting scope.Scope
		doc    Document
		want   *errs.Error
		says   string
	}{
		{"AnotherNameInThoseMonths", b.d, doc("d", "r", "New", rules.BasisList), ErrOverlap, `"Resale" stands on this edge from 2026-01`},
		{"AnotherCurrency", b.d, change(doc("d", "r", "Resale", rules.BasisList), func(d *Document) { d.Terms.Currency = "EUR" }), ErrCurrency, "USD"},
		{"FromOutside", b.d, change(doc("d", "r", "Resale", rules.BasisList), func(d *Document) { d.From = month("2025-12") }), ErrMonths, "2025-12"},
		{"FromAfterStart", b.d, change(doc("d", "direct", "New", rules.BasisList), func(d *Document) { d.From = month("2026-02") }), ErrMonths, "2026-02"},
		{"NoMonths", b.d, change(doc("d", "r", "Resale", rules.BasisList), func(d *Document) { d.Months = period.Months{} }), ErrMonths, ""},
		{"NotAnEdge", b.d, doc("d", "c", "New", rules.BasisList), ErrNotAnEdge, "directly below"},
		{"UpsideDown", b.d, doc("r", "d", "New", rules.BasisList), ErrNotAnEdge, "directly below"},
		{"ForeignBuyer", b.d, doc("d", "other", "New", rules.BasisList), ErrDocument, `there is no tenant "other"`},
		{"UnknownBuyer", b.d, doc("d", "nobody", "New", rules.BasisList), ErrDocument, `there is no tenant "nobody"`},
		{"SellerAbove", b.r, doc("d", "r", "New", rules.BasisList), ErrDocument, `there is no tenant "d"`},
		{"SiblingsCustomer", b.r, doc("r", "c2", "New", rules.BasisCost), ErrDocument, `there is no tenant "c2"`},
		{"ResellersBase", b.d, doc("r", "", "Base", ""), ErrDocument, "a contract without buyer is a distributor's"},
		{"BaseWithPrices", b.d, doc("d", "", "Base", "", price("p", "list")), ErrDocument, "exclude rules only"},
		{"SyntaxError", b.d, doc("d", "direct", "New", rules.BasisList, price("p", "list *")), ErrDocument, "1:"},
		{"BilledBelow", b.r, doc("r", "c", "New", rules.BasisCost, price("p", "billed")), ErrDocument, "use cost"},
		{"NoName", b.d, doc("d", "r", "", rules.BasisList), ErrDocument, "a name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.service.Apply(as(t, tt.acting), tt.doc)
			if e, ok := errors.AsType[*errs.Error](err); !ok || e.Code != tt.want.Code || e.Kind != tt.want.Kind || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %s saying «%s»", err, tt.want.Code, tt.says)
			}
		})
	}
	t.Run("Forbidden", func(t *testing.T) {
		viewer := b.d
		viewer.Actor.Roles = []string{"viewer"}
		_, apply := b.service.Apply(as(t, viewer), doc("d", "r", "X", rules.BasisList))
		_, preview := b.service.Preview(as(t, viewer), PreviewInput{Draft: doc("d", "r", "X", rules.BasisList), Customer: b.c.Tenant, Month: month("2026-01")})
		if errs.KindOf(apply) != errs.Forbidden || errs.KindOf(preview) != errs.Forbidden {
			t.Errorf("apply %v, preview %v, want Forbidden", apply, preview)
		}
		if _, err := b.service.Show(as(t, viewer), b.d.Tenant, b.r.Tenant); err != nil {
			t.Errorf("a viewer sees: %v", err)
		}
	})
	t.Run("NothingWasSaved", func(t *testing.T) {
		if got := b.count(t, "contracts_contracts") + 10*b.count(t, "contracts_versions"); got != 11 {
			t.Errorf("%d, want one contract with one version", got)
		}
	})
}

func (b *bundle) count(t *testing.T, table string) (n int) {
	t.Helper()
	if err := b.Work.SystemTx(t.Context(), func(ctx context.Context) error {
		return b.Work.Gorm(ctx).Raw("SELECT count(*) FROM " + table).Scan(&n).Error
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestService_Invariant1_OneContractPerEdgeAndMonth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.apply(t, b.d, doc("d", "", "Base", ""))
	old := doc("d", "r", "2025", rules.BasisList)
	old.Months = period.Months{From: month("2025-01"), To: month("2025-12")}
	b.apply(t, b.d, old)
	b.apply(t, b.d, doc("d", "r", "2026", rules.BasisList))
	longer := old
	longer.Months.To = month("2026-01")
	if _, err := b.service.Apply(as(t, b.d), longer); !errors.Is(err, ErrOverlap) {
		t.Errorf("extended into the next contract: %v, want ErrOverlap", err)
	}
	if _, err := b.service.Apply(as(t, b.d), doc("d", "", "Second base", "")); !errors.Is(err, ErrOverlap) {
		t.Errorf("a second base contract: %v, want ErrOverlap", err)
	}
	err := b.Web.InTx(as(t, b.d), func(ctx context.Context) error {
		return b.Web.Gorm(ctx).Exec(`INSERT INTO contracts_contracts (id, tree_id, seller_id, buyer_id, name, currency, months, created_at)
			SELECT gen_random_uuid(), tree_id, seller_id, buyer_id, 'x', currency, '[2026-02-01,2026-03-01)', now() FROM contracts_contracts WHERE name = '2026'`).Error
	})
	if errs.KindOf(err) != errs.Conflict {
		t.Errorf("past the service: %v, want a Conflict", err)
	}
	errc := make(chan error)
	for i := range 4 {
		go func() {
			_, err := b.service.Apply(as(t, b.d), doc("d", "direct", fmt.Sprint("n", i), rules.BasisList))
			errc <- err
		}()
	}
	won := 0
	for range 4 {
		if err := <-errc; err == nil {
			won++
		} else if !errors.Is(err, ErrOverlap) {
			t.Errorf("at once: %v, want ErrOverlap", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of 4 contracts at once stand, want 1", won)
	}
}

func TestService_Invariant2_NewestVersionIsInForce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	edge := Edge{Seller: b.d.Tenant, Buyer: b.r.Tenant}
	versions := []struct{ from, then string }{{"2026-01", "list * 1"}, {"2026-04", "list * 2"}, {"2026-02", "list * 3"}, {"2026-04", "list * 4"}}
	var ids []id.Version
	for _, v := range versions {
		d := doc("d", "r", "Resale", rules.BasisList, price("p", rules.Source(v.then)))
		d.From, d.Months.To = month(v.from), month("2026-06")
		d.Terms.Missing = rules.MissingPassThrough
		ids = append(ids, b.apply(t, b.d, d).Version.ID)
	}
	for m, want := range map[string]int{"2025-12": 0, "2026-01": 1, "2026-02": 3, "2026-03": 3, "2026-04": 4, "2026-06": 4, "2026-07": 0} {
		got, err := b.service.InForce(as(t, b.d), []Edge{edge}, month(m))
		if err != nil {
			t.Fatal(err)
		}
		terms := got[edge]
		number := 0
		if terms.InForce != nil {
			number = terms.InForce.Version.Number
			if terms.InForce.Compiled == nil || !cmp.Equal(terms.InForce.Compiled.Terms(), terms.InForce.Version.Terms) {
				t.Errorf("%s: the compiled contract has other terms", m)
			}
		}
		missing, currency := rules.MissingPassThrough, money.Currency("USD")
		if m == "2025-12" { // nobody had chosen anything yet
			missing, currency = rules.MissingBlock, ""
		}
		if number != want || terms.Missing != missing || terms.Currency != currency {
			t.Errorf("%s: version %d, missing %s in %q; want %d, %s in %q", m, number, terms.Missing, terms.Currency, want, missing, currency)
		}
	}
	past, err := b.service.ByVersion(as(t, b.d), ids)
	if err != nil || len(past) != 4 || past[ids[1]].Version.Terms.Rules[0].Then != "list * 2" {
		t.Errorf("ByVersion: %v, %v", past, err)
	}
	unknown := Edge{Seller: b.d.Tenant, Buyer: b.direct.Tenant}
	none, err := b.service.InForce(as(t, b.d), []Edge{unknown}, month("2026-01"))
	if err != nil || none[unknown] != (EdgeTerms{Missing: rules.MissingBlock}) {
		t.Errorf("an edge without contracts: %+v, %v", none, err)
	}
	err = b.Web.InTx(as(t, b.d), func(ctx context.Context) error {
		return b.Web.Gorm(ctx).Exec(`UPDATE contracts_versions SET number = number + 10`).Error
	})
	if err == nil {
		t.Error("the web role changed saved versions")
	}
}

// Between contracts stands what the seller chose last before, not what a later
// contract or a version that was never in force says.
func TestService_InForce_ChoiceOfAnEndedContract(t *testing.T) {
	t.Parallel()
	b := setup(t)
	edge := Edge{Seller: b.d.Tenant, Buyer: b.r.Tenant}
	save := func(name, starts, ends, from string, missing rules.Missing) {
		t.Helper()
		d := doc("d", "r", name, rules.BasisList)
		d.Months, d.From, d.Terms.Missing = period.Months{From: month(starts), To: month(ends)}, month(from), missing
		b.apply(t, b.d, d)
	}
	save("Spring", "2026-01", "2026-06", "2026-01", rules.MissingBlock)
	save("Spring", "2026-01", "2026-06", "2026-03", rules.MissingPassThrough)
	save("Spring", "2026-01", "2026-06", "2026-06", rules.MissingBlock)
	save("Spring", "2026-01", "2026-04", "2026-01", rules.MissingBlock) // ends before the version of June begins
	save("Spring", "2026-01", "2026-04", "2026-03", rules.MissingPassThrough)
	save("Autumn", "2026-09", "2026-10", "2026-09", rules.MissingBlock)
	for m, want := range map[string]rules.Missing{
		"2025-12": rules.MissingBlock, "2026-05": rules.MissingPassThrough, "2026-08": rules.MissingPassThrough,
		"2026-09": rules.MissingBlock, "2026-11": rules.MissingBlock,
	} {
		got, err := b.service.InForce(as(t, b.d), []Edge{edge}, month(m))
		if err != nil || got[edge].Missing != want {
			t.Errorf("%s: %v, %v; want %s", m, got[edge].Missing, err, want)
		}
	}
}

// What is unchanged is what is in force, not what was saved some time.
func TestService_Apply_OvertakenVersionsAreSavedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	edge := Edge{Seller: b.d.Tenant, Buyer: b.r.Tenant}
	steps := []struct {
		from, then string
		want       Outcome
		number     int
	}{
		{"2026-01", "cost * 1.1", OutcomeCreated, 1},
		{"2026-03", "cost * 1.2", OutcomeSaved, 2},
		{"2026-01", "cost * 1.1", OutcomeUnchanged, 1}, // a renewal stands beside it
		{"2026-03", "cost * 1.2", OutcomeUnchanged, 2},
		{"2026-01", "cost * 1.3", OutcomeSaved, 3}, // from March on, too
		{"2026-03", "cost * 1.2", OutcomeSaved, 4},
		{"2026-01", "cost * 1.3", OutcomeUnchanged, 3},
		{"2026-05", "cost * 1.2", OutcomeUnchanged, 4}, // in force there anyway
		{"2026-02", "cost * 1.3", OutcomeSaved, 5},     // until February so far
		{"2026-01", "cost * 1.1", OutcomeSaved, 6},     // has been overtaken by 3
	}
	for i, s := range steps {
		d := doc("d", "r", "Resale", rules.BasisCost, price("p", rules.Source(s.then)))
		d.From = month(s.from)
		got := b.apply(t, b.d, d)
		if got.Outcome != s.want || got.Version.Number != s.number {
			t.Errorf("step %d: %s, version %d; want %s, %d", i, got.Outcome, got.Version.Number, s.want, s.number)
		}
		terms, err := b.service.InForce(as(t, b.d), []Edge{edge}, d.From)
		if err != nil {
			t.Fatal(err)
		}
		if then := terms[edge].InForce.Version.Terms.Rules[0].Then; string(then) != s.then {
			t.Errorf("step %d: in force is %s, want %s", i, then, s.then)
		}
	}
}

func TestService_ForMonth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.apply(t, b.d, doc("d", "", "Base", "", rules.Rule{Name: "no tax", Stage: rules.StageExclude, When: `charge_category == "Tax"`}))
	b.apply(t, b.d, doc("d", "r", "Resale", rules.BasisEffective))
	b.apply(t, b.r, doc("r", "c", "Retail", rules.BasisCost))
	past := doc("d", "direct", "Past", rules.BasisList)
	past.Months.To = month("2026-01")
	b.apply(t, b.d, past)
	for _, tt := range []struct {
		acting scope.Scope
		month  string
		want   []string
	}{
		{b.d, "2026-01", []string{"Base", "Past", "Resale", "Retail"}},
		{b.d, "2026-02", []string{"Base", "Resale", "Retail"}},
		{b.d, "2025-12", nil},
		{b.r, "2026-02", []string{"Retail"}},
		{b.c, "2026-02", nil},
		{b.other, "2026-02", nil},
	} {
		for name, on := range map[string]*Service{"web": b.service, "work": b.onWork()} {
			got, err := on.ForMonth(as(t, tt.acting), month(tt.month))
			var names []string
			for _, c := range got {
				names = append(names, c.Name)
			}
			slices.Sort(names)
			if err != nil || !slices.Equal(names, tt.want) {
				t.Errorf("%s, %s role, %s: %v, %v; want %v", tt.acting.Tier, name, tt.month, names, err, tt.want)
			}
		}
	}
	base, err := b.service.Base(as(t, b.d), b.d.Tenant, month("2026-02"))
	if err != nil || base == nil || base.Name != "Base" {
		t.Errorf("Base: %v, %v", base, err)
	}
}

// onWork returns the service on the role that row-level security does not hold.
func (b *bundle) onWork() *Service {
	s := *b.service
	s.db, s.store = b.Work, store{db: b.Work}
	return &s
}

func TestService_Invariant3_VisibleToSellerAndAbove(t *testing.T) {
	t.Parallel()
	b := setup(t)
	upper := b.apply(t, b.d, doc("d", "r", "Resale", rules.BasisEffective))
	lower := b.apply(t, b.r, doc("r", "c", "Retail", rules.BasisCost))
	for _, tt := range []struct {
		name         string
		acting       scope.Scope
		upper, lower bool
	}{
		{"distributor", b.d, true, true},
		{"reseller", b.r, false, true},
		{"customer", b.c, false, false},
		{"sibling", b.r2, false, false},
		{"another tree", b.other, false, false},
	} {
		for role, s := range map[string]*Service{"web": b.service, "work": b.onWork()} {
			for _, one := range []struct {
				applied Applied
				sees    bool
			}{{upper, tt.upper}, {lower, tt.lower}} {
				ctx, e := as(t, tt.acting), one.applied.Contract.Edge
				shown, err := s.Show(ctx, e.Seller, e.Buyer)
				if (err == nil) != one.sees || (!one.sees && !errors.Is(err, ErrNotFound)) {
					t.Errorf("%s, %s role: Show %s: %d, %v", tt.name, role, one.applied.Contract.Name, len(shown), err)
				}
				_, err = s.ByVersion(ctx, []id.Version{one.applied.Version.ID})
				if (err == nil) != one.sees || (!one.sees && !errors.Is(err, ErrNotFound)) {
					t.Errorf("%s, %s role: ByVersion %s: %v", tt.name, role, one.applied.Contract.Name, err)
				}
				terms, err := s.InForce(ctx, []Edge{e}, month("2026-02"))
				if err != nil || (terms[e].InForce != nil) != one.sees {
					t.Errorf("%s, %s role: InForce %s: %+v, %v", tt.name, role, one.applied.Contract.Name, terms, err)
				}
			}
		}
		rows := 0
		if err := b.Web.ReadTx(as(t, tt.acting), func(ctx context.Context) error {
			return b.Web.Gorm(ctx).Raw("SELECT count(*) FROM contracts_contracts JOIN contracts_versions ON contract_id = contracts_contracts.id").Scan(&rows).Error
		}); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, sees := range []bool{tt.upper, tt.lower} {
			if sees {
				want++
			}
		}
		if rows != want {
			t.Errorf("%s: %d rows past the service, want %d", tt.name, rows, want)
		}
	}
	_, unknown := b.service.Show(as(t, b.r), id.New[id.Tenant](), b.r.Tenant)
	_, foreign := b.service.Show(as(t, b.r), b.d.Tenant, b.r.Tenant)
	if unknown.Error() != foreign.Error() {
		t.Errorf("unknown: «%v», foreign: «%v»", unknown, foreign)
	}
}

func TestService_CheckFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := "seller: r\nbuyer: nobody\nname: n\nstarts: 2026-01\nbasis: billed\ncurrency: USD\nrules:\n  - name: a\n    stage: price\n    then: effective\n"
	_, err := b.service.CheckFile(as(t, b.r), "c.yaml", []byte(file))
	for _, want := range []string{`c.yaml:2:8: buyer: there is no tenant "nobody"`, "c.yaml:5:8: basis: ", `c.yaml:10:11: rule "a", then: `} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want «%s» in\n%v", want, err)
		}
	}
	good := strings.NewReplacer("nobody", "c", "billed", "cost", "effective", "cost * 1.1").Replace(file)
	if d, err := b.service.CheckFile(as(t, b.r), "c.yaml", []byte(good)); err != nil || d.Buyer != "c" {
		t.Errorf("%+v, %v", d, err)
	}
	if n := b.count(t, "contracts_contracts"); n != 0 {
		t.Errorf("checking saved %d contracts", n)
	}
}

func TestService_Invariant7_ChangesAreAudited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := doc("r", "c", "Retail", rules.BasisCost)
	b.apply(t, b.r, d)
	b.apply(t, b.r, d)
	d.Terms.Rules = []rules.Rule{price("margin", "cost * 1.1")}
	b.apply(t, b.r, d)
	d.Months.To = month("2026-06")
	b.apply(t, b.r, d)
	var got []string
	if err := b.Web.ReadTx(as(t, b.d), func(ctx context.Context) error {
		return b.Web.Gorm(ctx).Raw(`SELECT action || ' ' || subject || ' ' || coalesce(before ->> 'version', '-') || ' ' || coalesce(before ->> 'months', '-')
			|| ' ' || (after ->> 'version') || ' ' || (after ->> 'months') || ' ' || coalesce(after -> 'terms' -> 'rules' -> 0 ->> 'then', '-')
			FROM audit_events ORDER BY id`).Scan(&got).Error
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"contracts.create Retail - - 1 from 2026-01 -",
		"contracts.save Retail 1 from 2026-01 2 from 2026-01 cost * 1.1",
		"contracts.save Retail 2 from 2026-01 2 2026-01 to 2026-06 cost * 1.1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("audit trail (-want +got):\n%s", diff)
	}
}

func TestTermsHash(t *testing.T) {
	t.Parallel()
	a := rules.Terms{Basis: rules.BasisList, Currency: "USD", Covers: rules.Covers{}, Rules: []rules.Rule{{Name: "f", Stage: rules.StageFee, Then: "1"}}}
	b := rules.Terms{Basis: rules.BasisList, Currency: "USD", Missing: rules.MissingBlock, Rules: []rules.Rule{{Name: "f", Stage: rules.StageFee, Then: "1", Per: rules.PerContract}}}
	ha, err := termsHash(a)
	if err != nil {
		t.Fatal(err)
	}
	if hb, _ := termsHash(b); ha != hb {
		t.Error("terms that say the same have two hashes")
	}
	b.Rules[0].Then = "1.0"
	if hb, _ := termsHash(b); ha == hb {
		t.Error("other terms have the same hash")
	}
	// A change of this value would make every standing contract look new.
	if want := "24686140"; !strings.HasPrefix(ha, want) {
		t.Errorf("hash %s, want %s…", ha, want)
	}
}
