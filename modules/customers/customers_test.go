package customers

import (
	"context"
	"encoding/csv"
	"fmt"
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
	d       = decimal.RequireFromString
)

// tree is tenants in memory, as the acting tenant sees them; who that is, the
// real module says and is tested for.
type tree struct {
	nodes   []Node // parents before children
	asked   int    // questions
	created []NewTenant
	refuse  error
}

func (f *tree) find(want func(Node) bool) (Node, error) {
	f.asked++
	if i := slices.IndexFunc(f.nodes, want); i >= 0 {
		return f.nodes[i], nil
	}
	return Node{}, errNone
}

func (f *tree) Node(_ context.Context, _ period.Month, t id.Tenant) (Node, error) {
	return f.find(func(n Node) bool { return n.ID == t || t.IsZero() })
}

func (f *tree) Children(_ context.Context, _ period.Month, parents []id.Tenant, skip, limit int) (out []Node, err error) {
	f.asked++
	seen := map[id.Tenant]int{}
	for _, n := range f.nodes {
		if slices.Contains(parents, n.Parent) {
			if seen[n.Parent]++; seen[n.Parent] > skip && seen[n.Parent] <= skip+limit {
				out = append(out, n)
			}
		}
	}
	return out, nil
}

func (f *tree) Matching(_ context.Context, _ period.Month, m Match) (out []Node, all int64, err error) {
	f.asked++
	above := map[id.Tenant]bool{}
	for _, n := range slices.Backward(f.nodes) {
		n.IsMatch = strings.Contains(strings.ToLower(n.Name), strings.ToLower(m.Text)) &&
			(m.Is == nil || m.Is(n.ID)) && (m.Among == nil || slices.Contains(m.Among, n.ID))
		if n.IsMatch {
			all++
			n.IsMatch = all <= int64(m.Limit)
		}
		if n.IsMatch || above[n.ID] {
			above[n.Parent] = true
			out = append(out, n)
		}
	}
	slices.Reverse(out)
	return out, all, nil
}

func (f *tree) Containing(_ context.Context, _ period.Month, tenants ...id.Tenant) (map[id.Tenant][]id.Tenant, error) {
	f.asked++
	out := map[id.Tenant][]id.Tenant{}
	for _, t := range tenants {
		for at := t; !at.IsZero(); {
			i := slices.IndexFunc(f.nodes, func(n Node) bool { return n.ID == at })
			if i < 0 {
				break
			}
			out[t], at = append(out[t], at), f.nodes[i].Parent
		}
	}
	return out, nil
}

func (f *tree) Search(_ context.Context, text string, limit int) (out []Tenant, err error) {
	found, _, err := f.Matching(context.Background(), october, Match{Text: text, Limit: limit})
	for _, n := range found {
		if n.IsMatch {
			out = append(out, n.Tenant)
		}
	}
	return out, err
}

func (f *tree) BySlug(_ context.Context, slug string) (Tenant, error) {
	n, err := f.find(func(n Node) bool { return n.Slug == slug })
	return n.Tenant, err
}

func (f *tree) ByID(_ context.Context, tenants ...id.Tenant) (map[id.Tenant]Tenant, error) {
	f.asked++
	out := map[id.Tenant]Tenant{}
	for _, n := range f.nodes {
		if slices.Contains(tenants, n.ID) {
			out[n.ID] = n.Tenant
		}
	}
	return out, nil
}

func (f *tree) Create(_ context.Context, in NewTenant) (Tenant, error) {
	if f.refuse != nil {
		return Tenant{}, f.refuse
	}
	f.created = append(f.created, in)
	return Tenant{Slug: "new-one", Name: in.Name}, nil
}

// facts are what other modules know.
type facts struct {
	figures   []Figures
	troubles  []Trouble
	services  Services
	invoices  Invoices
	contracts []Contract
	counts    map[id.Tenant]int64
	accounts  []Account
	asked     int
}

func (f *facts) Months(context.Context) ([]period.Month, error) {
	f.asked++
	return []period.Month{october.Add(1), october, october.Add(-1)}, nil
}

func (f *facts) Billed(_ context.Context, m period.Month) (out []id.Tenant, err error) {
	f.asked++
	for _, x := range f.figures {
		if m == october {
			out = append(out, x.Tenant)
		}
	}
	return out, nil
}

func (f *facts) Buying(_ context.Context, m period.Month, tenants ...id.Tenant) (out []Figures, err error) {
	f.asked++
	for _, x := range f.figures {
		if m == october && slices.Contains(tenants, x.Tenant) {
			out = append(out, x)
		}
	}
	return out, nil
}

func (f *facts) Troubled(context.Context, period.Month) ([]Trouble, error) {
	f.asked++
	return f.troubles, nil
}

func (f *facts) ByService(context.Context, id.Tenant, ...period.Month) (Services, error) {
	return f.services, nil
}

func (f *facts) Invoices(_ context.Context, _ id.Tenant, page int) (Invoices, error) {
	out := f.invoices
	out.Page = max(page, 1)
	return out, nil
}

func (f *facts) Standing(_ context.Context, buyers ...id.Tenant) (out []Contract, err error) {
	f.asked++
	for _, c := range f.contracts {
		if slices.Contains(buyers, c.Buyer) {
			out = append(out, c)
		}
	}
	return out, nil
}

func (f *facts) Counts(context.Context, period.Month, ...id.Tenant) (map[id.Tenant]int64, error) {
	f.asked++
	return f.counts, nil
}

func (f *facts) Of(context.Context, id.Tenant, int) ([]Account, int64, error) {
	return f.accounts, int64(len(f.accounts)), nil
}

type world struct {
	*webtest.Site
	tree   *tree
	facts  *facts
	module *Module
	dee    scope.Scope
	arr    scope.Scope
}

// setup makes dee, who sells to arr and direct; arr sells to cee and bee.
func setup(t *testing.T) *world {
	t.Helper()
	b := dbtest.New(t)
	w := &world{tree: &tree{}, facts: &facts{counts: map[id.Tenant]int64{}}, dee: b.Tenant(t, scope.Distributor)}
	w.arr = b.Tenant(t, scope.Reseller, w.dee)
	w.add(w.dee.Tenant, scope.Distributor, "Dee", id.Tenant{})
	w.add(w.arr.Tenant, scope.Reseller, "Arr", w.dee.Tenant)
	w.add(id.New[id.Tenant](), scope.Customer, "Direct", w.dee.Tenant)
	w.add(id.New[id.Tenant](), scope.Customer, "Cee", w.arr.Tenant)
	w.add(id.New[id.Tenant](), scope.Customer, "Bee", w.arr.Tenant)
	w.module = New(Deps{Authz: webtest.Authz(t), Clock: clock.Fixed(now), Tenants: w.tree, Money: w.facts, Contracts: w.facts, Accounts: w.facts})
	w.Site = webtest.New(t, b, w.module)
	return w
}

func (w *world) add(t id.Tenant, tier scope.Tier, name string, parent id.Tenant) {
	for i := range w.tree.nodes {
		if w.tree.nodes[i].ID == parent {
			w.tree.nodes[i].Children++
		}
	}
	slug := strings.ReplaceAll(strings.ToLower(name), " ", "-")
	w.tree.nodes = append(w.tree.nodes, Node{Tenant: Tenant{ID: t, Slug: slug, Name: name, Tier: tier, CreatedAt: now}, Parent: parent})
}

func (w *world) id(slug string) id.Tenant {
	i := slices.IndexFunc(w.tree.nodes, func(n Node) bool { return n.Slug == slug })
	return w.tree.nodes[i].ID
}

func (w *world) sells(seller, buyer, cost, price string) {
	f := Figures{Tenant: w.id(buyer), Currency: "USD", Amounts: Amounts{d(cost), d(price), d(price).Sub(d(cost))}}
	if seller != "" {
		f.Seller = w.id(seller)
	}
	w.facts.figures = append(w.facts.figures, f)
}

func names(rows []string) (out []string) {
	for _, r := range rows {
		out = append(out, strings.Fields(r)[0])
	}
	return out
}

func TestPages_Tree(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.sells("", "dee", "90", "120")
	w.sells("dee", "arr", "70", "95.5")
	w.sells("arr", "cee", "95", "130.004")
	w.facts.troubles = []Trouble{{Tenant: w.id("cee"), Findings: 2}}
	w.facts.counts[w.id("cee")] = 3
	w.facts.contracts = []Contract{
		{Buyer: w.id("cee"), Months: period.Months{From: october}},
		{Buyer: w.id("cee"), Months: period.Months{From: october, To: october}},
		{Buyer: w.id("cee"), Months: period.Months{From: october.Add(5)}},
	}
	page := w.As(w.dee, "admin").Get(t, routes.Customers).Is(t, 200)
	want := []string{
		"Dee Distributor Warning 90.00 120.00 30.00",
		"Arr Reseller Warning 70.00 95.50 25.50",
		"Cee Customer Warning 1 active, 1 scheduled, 1 expired 3 95.00 130.00 35.00",
		"Bee Customer Not available",
		"Direct Customer Not available",
	}
	if diff := cmp.Diff(want, page.All(t, "#tenants > tr")); diff != "" {
		t.Error(diff)
	}
	if got := page.Has(t, "#f-month option[selected]"); got != "October 2026" {
		t.Errorf("figures of %s", got)
	}
	page.Has(t, "a.btn-primary[href='/customers/new']")
	w.As(w.dee, "readonly").Get(t, routes.Customers).Is(t, 200).Lacks(t, "a[href='/customers/new']")
}

// Invariant 4: Failed before Warning before Success, from below upwards.
func TestPages_StatusIsTheWorst(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.sells("dee", "direct", "1", "2")
	w.sells("arr", "bee", "1", "2")
	w.facts.troubles = []Trouble{{Tenant: w.id("cee"), IsFailed: true}, {Tenant: w.id("bee"), Findings: 1}}
	page := w.As(w.dee, "admin").Get(t, routes.Customers).Is(t, 200)
	if got := page.All(t, "#tenants .tb-badge"); !slices.Equal(got, []string{"Failed", "Failed", "Failed", "Warning", "Success"}) {
		t.Errorf("statuses: %q", got)
	}
}

// Carets are links: which branches are open stands in the address.
func TestPages_TreeOpensAndCloses(t *testing.T) {
	t.Parallel()
	w := setup(t)
	who := w.As(w.dee, "admin")
	page := who.Get(t, routes.Customers).Is(t, 200)
	closes := page.Attr(t, "#caret-arr[aria-expanded=true]", "hx-get")
	if closes != routes.Customers+"?open=-" {
		t.Fatalf("the caret leads to %s", closes)
	}
	closed := who.Part(t, closes, "tenants").Is(t, 200)
	closed.Lacks(t, "thead")
	if got := names(closed.All(t, "#tenants > tr")); !slices.Equal(got, []string{"Dee", "Arr", "Direct"}) {
		t.Errorf("closed: %q", got)
	}
	if opens := closed.Attr(t, "#caret-arr[aria-expanded=false]", "hx-get"); opens != routes.Customers+"?open=arr" {
		t.Errorf("the caret leads to %s", opens)
	}
	if got := names(who.Get(t, routes.Customers+"?under=arr").Is(t, 200).All(t, "#tenants > tr")); !slices.Equal(got, []string{"Arr", "Cee", "Bee"}) {
		t.Errorf("below Arr: %q", got)
	}
	who.Get(t, routes.Customers+"?under=quay").Is(t, 404)
}

// Invariant 3.
func TestPages_TreeFilterKeepsParents(t *testing.T) {
	t.Parallel()
	w := setup(t)
	page := w.As(w.dee, "admin").Get(t, routes.Customers+"?q=bee").Is(t, 200)
	if got := names(page.All(t, "#tenants > tr")); !slices.Equal(got, []string{"Dee", "Arr", "Bee"}) {
		t.Errorf("rows: %q", got)
	}
	if got := page.All(t, "#tenants a.muted"); !slices.Equal(got, []string{"Dee", "Arr"}) {
		t.Errorf("only parents: %q", got)
	}
	if got := page.Has(t, ".tb-foot"); got != "1 match" {
		t.Errorf("foot: %s", got)
	}
	if to := page.Attr(t, ".tb-chip a", "href"); to != routes.Customers {
		t.Errorf("without the filter: %s", to)
	}
	w.As(w.dee, "admin").Get(t, routes.Customers+"?q=quay").Is(t, 200).Has(t, ".tb-empty")
}

// Invariant 2: ten thousand tenants are asked about as often as five.
func TestPages_TreeFilterByStatus(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.sells("", "dee", "1", "2")
	w.sells("dee", "arr", "1", "2")
	w.sells("dee", "direct", "1", "2")
	w.sells("arr", "bee", "1", "2")
	w.facts.figures = append(w.facts.figures, Figures{Tenant: id.New[id.Tenant](), Currency: "USD"}) // it has left the tree since
	w.facts.troubles = []Trouble{{Tenant: w.id("cee"), IsFailed: true}, {Tenant: w.id("bee"), Findings: 1}}
	who := w.As(w.dee, "admin")
	for _, tt := range []struct {
		query, foot string
		rows, only  []string // only: there because of what is below
	}{
		{"status=failed", "3 matches", []string{"Dee", "Arr", "Cee"}, nil},
		{"status=warning", "1 match", []string{"Dee", "Arr", "Bee"}, []string{"Dee", "Arr"}},
		{"status=success", "1 match", []string{"Dee", "Direct"}, []string{"Dee"}},
		{"status=success&q=dir", "1 match", []string{"Dee", "Direct"}, []string{"Dee"}},
		{"status=failed&q=cee", "1 match", []string{"Dee", "Arr", "Cee"}, []string{"Dee", "Arr"}},
		{"status=nonsense", "2 directly below Dee", []string{"Dee", "Arr", "Cee", "Bee", "Direct"}, nil},
	} {
		page := who.Get(t, routes.Customers+"?"+tt.query).Is(t, 200)
		if got := names(page.All(t, "#tenants > tr")); !slices.Equal(got, tt.rows) {
			t.Errorf("%s: %q", tt.query, got)
		}
		if got := page.All(t, "#tenants a.muted"); !slices.Equal(got, tt.only) {
			t.Errorf("%s, only parents: %q", tt.query, got)
		}
		if got := page.Has(t, ".tb-foot"); got != tt.foot {
			t.Errorf("%s, foot: %s", tt.query, got)
		}
	}
	who.Get(t, routes.Customers+"?status=none").Is(t, 200).Has(t, ".tb-empty")
	// Another month than the usual one is a filter; the usual one is none.
	september := who.Get(t, routes.Customers+"?q=dir&month=2026-09").Is(t, 200)
	if got := september.All(t, ".tb-chip"); len(got) != 2 || got[1] != "Figures of 2026-09" {
		t.Errorf("chips of another month: %q", got)
	}
	if to := september.Attr(t, ".tb-chip a[aria-label='Remove Figures of 2026-09']", "href"); to != routes.Customers+"?q=dir" {
		t.Errorf("the usual month again: %s", to)
	}
	who.Get(t, routes.Customers+"?month="+october.String()).Is(t, 200).Lacks(t, ".tb-chip")
	w.add(id.New[id.Tenant](), scope.Customer, "Late", w.arr.Tenant)
	page := who.Get(t, routes.Customers+"?status=none&q=late").Is(t, 200)
	if got := page.Has(t, ".tb-foot"); got != "1 match" {
		t.Errorf("without billing data, foot: %s", got)
	}
	if got := page.Has(t, "#tenants tr:last-child .tb-badge"); !strings.Contains(got, "Not available") {
		t.Errorf("without billing data: %s", got)
	}
	if got := page.All(t, ".tb-chip"); len(got) != 2 || !strings.Contains(got[1], "Billing data: Not available") {
		t.Errorf("chips: %q", got)
	}
	if to := page.Attr(t, ".tb-chip a", "href"); to != routes.Customers+"?status=none" { // of the first chip
		t.Errorf("without a filter: %s", to)
	}
	page.Has(t, "select[name=status] option[value=none][selected]")
	export := page.Attr(t, "a[href^='/customers.csv']", "href")
	rows, err := csv.NewReader(strings.NewReader(who.Get(t, export).Is(t, 200).Body)).ReadAll()
	if err != nil || len(rows) != 4 || rows[3][0] != "late" {
		t.Errorf("%s: %q, %v", export, rows, err)
	}
}

func TestPages_TreeFilterIsCapped(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for i := range maxMatches + 5 {
		w.add(id.New[id.Tenant](), scope.Customer, fmt.Sprint("Many ", i), w.arr.Tenant)
	}
	page := w.As(w.dee, "admin").Get(t, routes.Customers+"?q=many").Is(t, 200)
	if got := page.Has(t, ".tb-foot"); got != "The first 200 of 205 matches" {
		t.Errorf("foot: %s", got)
	}
	if rows := page.All(t, "#tenants > tr"); len(rows) != maxMatches+2 {
		t.Errorf("%d rows", len(rows))
	}
}

func TestPages_TreeOfManyTenants(t *testing.T) {
	t.Parallel()
	w := setup(t)
	who := w.As(w.dee, "admin")
	who.Get(t, routes.Customers).Is(t, 200)
	few := w.tree.asked + w.facts.asked
	for i := range 100 {
		reseller := id.New[id.Tenant]()
		w.add(reseller, scope.Reseller, fmt.Sprintf("Reseller %d", i), w.dee.Tenant)
		for j := range 100 {
			w.tree.nodes = append(w.tree.nodes, Node{Tenant: Tenant{ID: id.New[id.Tenant](), Slug: fmt.Sprint("c", i, "-", j), Name: "C", Tier: scope.Customer}, Parent: reseller})
		}
		w.tree.nodes[len(w.tree.nodes)-101].Children = 100
	}
	w.tree.asked, w.facts.asked = 0, 0
	page := who.Get(t, routes.Customers).Is(t, 200)
	if many := w.tree.asked + w.facts.asked; many != few {
		t.Errorf("%d questions, %d for a small tree", many, few)
	}
	if got := page.Has(t, ".tb-foot"); got != "50 of 102 directly below Dee" {
		t.Errorf("foot: %s", got)
	}
	if rows := page.All(t, "#tenants > tr"); len(rows) > 200 {
		t.Errorf("%d rows", len(rows))
	}
	if got := page.Attr(t, "#tenants a[href^='/customers?under=reseller']", "href"); got != "/customers?under=reseller-0" {
		t.Errorf("the rest of a branch: %s", got)
	}
	more := who.Part(t, page.Attr(t, "#tenants-more", "hx-get"), "tenants").Is(t, 200)
	if got := len(more.All(t, "a[id^=caret-]")); got != 99 {
		t.Errorf("%d resellers after loading more", got)
	}
}

func TestPages_Export(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.sells("arr", "cee", "95.0000001", "130")
	w.tree.nodes[3].Name = "=Cee"
	answer := w.As(w.dee, "admin").Get(t, routes.CustomersCSV+"?q=cee").Is(t, 200)
	rows, err := csv.NewReader(strings.NewReader(answer.Body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"cee", "'=Cee", "customer", "arr", "Success", "0", "0", "0", "0", "2026-10", "USD", "95.0000001", "130", "34.9999999"}
	if len(rows) != 4 || !slices.Equal(rows[3], want) {
		t.Errorf("%d rows: %q", len(rows), rows)
	}
	if got := answer.Header.Get("Content-Disposition"); !strings.Contains(got, "customers-2026-10.csv") {
		t.Errorf("saved as %s", got)
	}
	rows, _ = csv.NewReader(strings.NewReader(w.As(w.dee, "admin").Get(t, routes.CustomersCSV).Body)).ReadAll()
	if len(rows) != 6 {
		t.Errorf("everybody: %q", rows)
	}
	for i := range exportRows { // more than are read at once
		w.tree.nodes = append(w.tree.nodes, Node{Tenant: Tenant{ID: id.New[id.Tenant](), Slug: fmt.Sprint("many-", i), Name: "Many", Tier: scope.Customer}, Parent: w.arr.Tenant})
	}
	rows, _ = csv.NewReader(strings.NewReader(w.As(w.dee, "admin").Get(t, routes.CustomersCSV).Body)).ReadAll()
	if len(rows) != exportRows+6 || rows[len(rows)-2][3] != "arr" {
		t.Errorf("%d rows, the last of %q", len(rows), rows[len(rows)-1])
	}
}

func TestPages_TenantOverview(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.sells("arr", "cee", "20", "30")
	w.facts.services = Services{LeavesOutFees: true, Rows: []ServiceMonth{
		{october.Add(-1), "USD", "Compute", false, Amounts{d("10"), d("16"), d("6")}},
		{october, "USD", "Compute", false, Amounts{d("10"), d("20"), d("10")}},
	}}
	page := w.As(w.dee, "admin").Get(t, routes.Customer("cee")).Is(t, 200)
	want := []string{
		"Cost 10.00 USD", "Price 20.00 USD +25.0 % on 2026-09", "Margin 10.00 USD 50.0 % of price",
		"Cost 20.00 USD", "Price 30.00 USD", "Margin 10.00 USD 33.3 % of price",
	}
	if diff := cmp.Diff(want, page.All(t, ".tb-figure")); diff != "" {
		t.Error(diff)
	}
	if got := page.All(t, ".tb-group-title"); !slices.Equal(got, []string{"With you, who sell it to Arr", "At Arr, who sells to Cee"}) {
		t.Errorf("groups: %q", got)
	}
	if got := page.Has(t, "figcaption"); got != "Arr pays you for Cee 20.00 USD in 2026-10, +25.0 % on 2026-09" {
		t.Errorf("chart: %s", got)
	}
	if got := page.All(t, "[aria-label='Services in 2026-10'] tfoot td"); !slices.Equal(got, []string{"Total", "10.00", "20.00", "10.00", "50.0 %"}) {
		t.Errorf("total: %q", got)
	}
	if got := page.All(t, ".tb-crumbs li"); !slices.Equal(got, []string{"Customers", "Arr", "Cee"}) {
		t.Errorf("crumbs: %q", got)
	}
}

// Invariant 5: a reseller that looks at itself sees what it pays.
func TestPages_OwnSpendHasNoCost(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.tree.nodes = w.tree.nodes[1:] // as the reseller sees the tree
	w.tree.nodes[0].Parent = id.Tenant{}
	w.facts.services = Services{IsSpend: true, Rows: []ServiceMonth{{october, "USD", "Compute", false, Amounts{Price: d("20")}}}}
	page := w.As(w.arr, "admin").Get(t, routes.Customer("arr")).Is(t, 200)
	if got := page.All(t, ".tb-figure"); !slices.Equal(got, []string{"Spend in 2026-10 20.00 USD"}) {
		t.Errorf("figures: %q", got)
	}
	if got := page.All(t, "[aria-label='Services in 2026-10'] thead th"); !slices.Equal(got, []string{"Service", "Spend, USD"}) {
		t.Errorf("columns: %q", got)
	}
	page.Lacks(t, ".tb-tabs a[href$='/contracts']")
}

func TestPages_TenantTabs(t *testing.T) {
	t.Parallel()
	w := setup(t)
	contract := id.New[id.Contract]()
	w.facts.contracts = []Contract{{ID: contract, Seller: w.id("arr"), Buyer: w.id("cee"), Name: "Retail", Currency: "USD", Months: period.Months{From: october}}}
	w.facts.accounts = []Account{{Provider: "aws", Number: "0111", Name: "Prod", Months: []period.Months{{From: october}}}}
	w.facts.invoices = Invoices{Count: 60, Pages: 2, List: []Invoice{{
		Month: october, Seller: "arr", Buyer: "cee", SellerName: "Arr", BuyerName: "Cee", Currency: "USD", Total: d("30"), State: "blocked",
	}}}
	who := w.As(w.dee, "admin")
	for tab, want := range map[string]string{
		"accounts": "0111 Prod aws from 2026-10", "contracts": "Retail Arr Active from 2026-10 USD", "invoices": "2026-10 Arr Cee Blocked 30.00 USD",
	} {
		page := who.Get(t, routes.CustomerTab("cee", tab)).Is(t, 200)
		if got := page.All(t, "tbody tr"); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q", tab, got)
		}
		if got := page.Has(t, ".tb-tabs [aria-current=page]"); !strings.EqualFold(got, tab) {
			t.Errorf("%s: open is %s", tab, got)
		}
	}
	who.Get(t, routes.CustomerTab("cee", "contracts")).Has(t, "a[href='"+routes.Contract(contract)+"']")
	who.Get(t, routes.CustomerTab("cee", "invoices")).Has(t, "a[href='/customers/cee/invoices?page=2']")
	w.As(w.arr, "billing_utilities_admin").Get(t, routes.CustomerTab("cee", "contracts")).Is(t, 200).Lacks(t, "tbody tr") // may not read contracts
}

// Invariant 1, and who may come in.
func TestPages_Refusals(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, path := range []string{routes.Customers, routes.Customer("cee"), routes.CustomerTab("cee", "accounts"), routes.CustomersCSV} {
		w.Nobody().Get(t, path).Is(t, 303)
		w.As(scope.Scope{Tenant: w.id("cee"), Tree: w.dee.Tenant, Tier: scope.Customer}, "admin").Get(t, path).Is(t, 404)
		w.As(w.arr, "nobody").Get(t, path).Is(t, 403)
		w.As(w.arr, "readonly").Get(t, path).Is(t, 200)
	}
	w.As(w.dee, "admin").Get(t, routes.Customer("quay")).Is(t, 404)
	w.As(w.dee, "readonly").Get(t, routes.CustomerNew).Is(t, 403)
	w.As(w.dee, "readonly").Post(t, routes.CustomerNew, url.Values{"name": {"X"}}).Is(t, 403)
	if len(w.tree.created) > 0 {
		t.Error("a refused request added somebody")
	}
}

func TestPages_Create(t *testing.T) {
	t.Parallel()
	w := setup(t)
	who := w.As(w.dee, "sales")
	form := who.Get(t, routes.CustomerNew).Is(t, 200)
	if got := form.All(t, "select[name=parent] option"); !slices.Equal(got, []string{"Dee", "Arr"}) {
		t.Errorf("parents: %q", got)
	}
	answer := who.Post(t, routes.CustomerNew, url.Values{"name": {" New One "}, "tier": {"customer"}, "parent": {"arr"}}).Is(t, 303)
	if to := answer.Header.Get("Location"); to != routes.Customer("new-one") {
		t.Errorf("sent to %s", to)
	}
	who.Post(t, routes.CustomerNew, url.Values{"name": {"R"}, "tier": {"reseller"}}).Is(t, 303)
	want := []NewTenant{{scope.Customer, "New One", "", w.arr.Tenant}, {scope.Reseller, "R", "", w.dee.Tenant}}
	if !slices.Equal(w.tree.created, want) {
		t.Errorf("created %+v", w.tree.created)
	}
	for field, in := range map[string]url.Values{
		"name": {"name": {" "}}, "tier": {"name": {"X"}, "tier": {"distributor"}}, "parent": {"name": {"X"}, "parent": {"cee"}, "tier": {"customer"}},
	} {
		page := who.Post(t, routes.CustomerNew, in).Is(t, 422)
		page.Has(t, ".tb-errors a[href='#f-"+field+"']")
	}
	who.Post(t, routes.CustomerNew, url.Values{"name": {"X"}, "parent": {"quay"}}).Is(t, 422).Has(t, "#f-parent-error")
	w.tree.refuse = errs.New(errs.Conflict, "tenancy.slug_taken", "This slug is already in use.")
	taken := who.Post(t, routes.CustomerNew, url.Values{"name": {"X"}, "slug": {"cee"}}).Is(t, 409)
	if got := taken.Has(t, "details[open] #f-slug-error"); got != "This slug is already in use." {
		t.Errorf("slug: %q", got)
	}
}

func TestModule_Search(t *testing.T) {
	t.Parallel()
	w := setup(t)
	dee := w.dee
	dee.Actor.Roles = []string{"support"}
	hits, err := w.module.Search(scope.With(t.Context(), dee), "ee", 9)
	if err != nil || len(hits) != 3 || hits[1].URL != routes.Customer("cee") || hits[1].Sub != "Customer · cee" {
		t.Errorf("%+v, %v", hits, err)
	}
	dee.Tier = scope.Customer
	if hits, err := w.module.Search(scope.With(t.Context(), dee), "ee", 9); err != nil || len(hits) != 0 {
		t.Errorf("a customer finds %+v, %v", hits, err)
	}
}
