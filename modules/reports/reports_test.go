package reports

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
	"tierbook/app/platform/webtest"
	view "tierbook/views/reports"
)

var (
	now       = time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC)
	september = period.NewMonth(2026, 9)
	october   = period.NewMonth(2026, 10)
	november  = period.NewMonth(2026, 11)
	d         = decimal.RequireFromString
)

func amounts(cost, price string) Amounts {
	return Amounts{Cost: d(cost), Price: d(price), Margin: d(price).Sub(d(cost))}
}

// ledger is what there is to report.
type ledger struct {
	months   []period.Month
	figures  []Figures
	services []ServiceMonth
	troubles Troubles
	books    Books
	invoices []Invoice

	unassigned  []Unassigned
	quarantined int64
	newest      period.Month
	asked       []period.Month // of sales by buyer
}

func (l *ledger) Months(context.Context) ([]period.Month, error) { return l.months, nil }

func (l *ledger) Figures(_ context.Context, months ...period.Month) (out []Figures, err error) {
	for _, f := range l.figures {
		if slices.Contains(months, f.Month) {
			out = append(out, f)
		}
	}
	return out, nil
}

func (l *ledger) ByService(_ context.Context, months ...period.Month) (out []ServiceMonth, err error) {
	for _, s := range l.services {
		if slices.Contains(months, s.Month) {
			out = append(out, s)
		}
	}
	return out, nil
}

func (l *ledger) SalesTo(_ context.Context, buyers []id.Tenant, months ...period.Month) (out []BuyerMonth, err error) {
	l.asked = months
	for _, f := range l.figures {
		for _, s := range f.Sales {
			if slices.Contains(buyers, s.Buyer.ID) && slices.Contains(months, f.Month) {
				out = append(out, BuyerMonth{f.Month, s.Buyer.ID, f.Currency, s.Amounts})
			}
		}
	}
	return out, nil
}

func (l *ledger) Troubles(context.Context, period.Month) (Troubles, error) { return l.troubles, nil }
func (l *ledger) Books(context.Context, period.Month) (Books, error)       { return l.books, nil }
func (l *ledger) Invoices(_ context.Context, limit int) ([]Invoice, error) {
	return l.invoices[:min(limit, len(l.invoices))], nil
}

func (l *ledger) Unassigned(context.Context, period.Month) ([]Unassigned, error) {
	return l.unassigned, nil
}

func (l *ledger) Quarantined(context.Context, period.Month) (int64, error) { return l.quarantined, nil }
func (l *ledger) Newest(context.Context) (period.Month, error)             { return l.newest, nil }

type world struct {
	*webtest.Site
	*ledger
	dee, arr, cee scope.Scope
}

func setup(t *testing.T) *world {
	t.Helper()
	b := dbtest.New(t)
	w := &world{ledger: &ledger{}, dee: b.Tenant(t, scope.Distributor)}
	w.arr = b.Tenant(t, scope.Reseller, w.dee)
	w.cee = b.Tenant(t, scope.Customer, w.arr)
	w.Site = webtest.New(t, b, New(Deps{Authz: webtest.Authz(t), Clock: clock.Fixed(now), Money: w.ledger, Usage: w.ledger}))
	return w
}

// usual is two months of a distributor with a reseller and a customer.
func (w *world) usual() {
	dee, arr, cee := party(w.dee, "Dee"), party(w.arr, "Arr"), party(w.cee, "Cee")
	w.months, w.newest = []period.Month{november, october, september}, november
	for i, m := range []period.Month{september, october} {
		price := []string{"100", "108"}[i]
		w.figures = append(w.figures, Figures{
			Month: m, Currency: "USD",
			Tiers: []TierFigures{{Tier: scope.Distributor, Amounts: amounts("90", price)}, {Tier: scope.Reseller, Fees: d("3"), Amounts: amounts("111", "150")}},
			Sales: []Sale{{arr, amounts("90", price)}},
			Flow: []Flow{
				{Node{Kind: NodeProvider}, Node{NodeTenant, dee}, d("90")},
				{Node{NodeTenant, dee}, Node{NodeTenant, arr}, d(price)},
				{Node{NodeTenant, arr}, Node{NodeTenant, cee}, d("150")},
				{Node{NodeTenant, arr}, Node{NodeOwnUse, arr}, d("-2")},
			},
		})
		w.services = append(w.services,
			ServiceMonth{Month: m, Currency: "USD", Service: "Compute", Amounts: amounts("80", price)},
			ServiceMonth{Month: m, Currency: "USD", IsFee: true, Amounts: amounts("0", "1.005")})
	}
	w.books = Books{IsChecked: true, OK: true}
}

func party(sc scope.Scope, name string) Party {
	return Party{ID: sc.Tenant, Slug: strings.ToLower(name), Name: name, Tier: sc.Tier}
}

func TestHome_Distributor(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.usual()
	page := w.As(w.dee, "admin").Get(t, "/").Is(t, 200)
	if got := page.Has(t, "#home-month option[selected]"); got != "October 2026" {
		t.Errorf("month %s: the last full one is October", got)
	}
	if got := page.All(t, ".tb-group-title"); !slices.Equal(got, []string{"Your own business", "Resellers together"}) {
		t.Errorf("groups: %q", got)
	}
	if got := page.Has(t, "[aria-label='Resellers together'] .tb-help"); !strings.Contains(got, "use themselves is not in these figures") {
		t.Errorf("own use: %q", got)
	}
	page.Lacks(t, "[aria-label='Your own business'] .tb-help")
	want := []string{
		"Cost 90.00 USD as in 2026-09", "Price 108.00 USD +8.0 % on 2026-09", "Margin 18.00 USD 16.7 % of price, +80.0 % on 2026-09",
		"Cost 111.00 USD 3.00 of it fees and rounding, as in 2026-09", "Price 150.00 USD as in 2026-09", "Margin 39.00 USD 26.0 % of price, as in 2026-09",
	}
	if got := page.All(t, ".tb-figure"); !slices.Equal(got, want) {
		t.Errorf("figures: %q", got)
	}
	if got := page.Has(t, "[aria-labelledby=attention]"); !strings.Contains(got, "Everything is reconciled") {
		t.Errorf("attention: %s", got)
	}
	chart := page.Attr(t, "#flow-USD [data-chart]", "data-chart")
	if !strings.Contains(chart, `{"from":"Dee","to":"Arr","value":"108"}`) || strings.Contains(chart, "own use") {
		t.Errorf("flow: %s", chart)
	}
	if rows := page.All(t, "#flow-USD tbody tr"); len(rows) != 4 || rows[3] != "Arr Arr, own use \u22122.00" {
		t.Errorf("behind the flow: %q", rows)
	}
	trend := page.Attr(t, "#trend-USD [data-chart]", "data-chart")
	if !strings.Contains(trend, `"labels":["2026-09","2026-10"]`) || !strings.Contains(trend, `"name":"Fees and rounding","values":["1.005","1.005"]`) {
		t.Errorf("trend: %s", trend)
	}
}

// Only a distributor reconciles: nobody else is told that the books agree.
func TestHome_ResellerIsNotToldOfBooks(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.usual()
	got := w.As(w.arr, "admin").Get(t, "/").Is(t, 200).Has(t, "[aria-labelledby=attention]")
	if !strings.Contains(got, "Nothing needs you") || strings.Contains(got, "reconciled") {
		t.Errorf("attention: %s", got)
	}
}

func TestHome_ByBuyer(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.usual()
	page := w.As(w.dee, "admin").Get(t, "/?by=buyer&month=2026-09").Is(t, 200)
	if len(w.asked) != trend || w.asked[trend-1] != september {
		t.Errorf("asked for %v", w.asked)
	}
	// The services say 80 and 101.005, of which Arr is 90 and 100.
	if rows := page.All(t, "#trend-USD tbody tr"); !slices.Equal(rows, []string{"2026-09 Arr 90.00 100.00 10.00", "2026-09 All others \u221210.00 1.01 11.01"}) {
		t.Errorf("rows: %q", rows)
	}
	if got := page.Attr(t, "form input[name=by]", "value"); got != "buyer" {
		t.Error("choosing a month forgets the choice")
	}
}

func TestHome_NeedsAttention(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.usual()
	run := id.New[id.Run]()
	w.troubles = Troubles{
		Findings: []Finding{{
			Code: "below_cost", Message: "Sold below cost.", Count: 3, Sum: money.New(d("12.345"), "USD"), Seller: party(w.dee, "Dee"), Buyer: party(w.arr, "Arr"),
		}},
		Failed: []FailedRun{{ID: run, Customer: party(w.cee, "Cee"), Message: "division by zero"}}, Waiting: 1, Running: 2,
	}
	w.unassigned, w.quarantined, w.books = []Unassigned{{"USD", 2, d("744.34")}}, 7, Books{IsChecked: true, OK: true, IsStale: true}
	page := w.As(w.dee, "admin").Get(t, "/").Is(t, 200)
	list := page.All(t, ".tb-attention > li")
	for i, want := range []string{
		"Failed Recalculation of Cee: division by zero Open the job",
		"Finding Sold below cost. And 2 more of the kind. 12.35 USD Invoice of Arr",
		"Unassigned 2 accounts have usage that nobody is billed for. 744.34 USD Assign the accounts",
		"Quarantine 7 rows could not be read and are in no sum. Look at the rows",
		"Books Something was published since the books were reconciled: check them again. Open the reconciliation",
		"Waiting 1 job waits for another one or for the supplier. Open the queue",
		"In progress 2 jobs are under way. Open the queue",
	} {
		if i >= len(list) || list[i] != want {
			t.Errorf("item %d of %q: want %q", i, list, want)
		}
	}
	page.Lacks(t, ".tb-callout.ok")
	page.Has(t, ".tb-attention a[href='"+routes.Run(run)+"']")
	page.Has(t, ".tb-attention a[href='"+routes.Invoice(october, "dee", "arr")+"']")

	sales := w.As(w.dee, "sales").Get(t, "/").Is(t, 200) // may not read runs, reconcile, or assign
	sales.Lacks(t, ".tb-attention a[href^='/billing/utilities']")
	sales.Lacks(t, ".tb-attention a[href^='/billing/reconciliation']")
	if got := sales.Has(t, ".tb-attention a[href^='/usage/accounts']"); got != "Look at the accounts" {
		t.Errorf("sales may %s", got)
	}
}

// Invariant 4: what was not asked is not good.
func TestHome_IsGood(t *testing.T) {
	t.Parallel()
	good := Home{Books: &Books{IsChecked: true, OK: true}}
	if !good.IsGood() || !(Home{}).IsGood() {
		t.Error("nothing to say is not good")
	}
	for name, h := range map[string]Home{
		"unchecked": {Books: &Books{OK: true}}, "wrong": {Books: &Books{IsChecked: true}}, "stale": {Books: &Books{IsChecked: true, OK: true, IsStale: true}},
		"failed": {Trouble: Troubles{Failed: make([]FailedRun, 1)}}, "finding": {Trouble: Troubles{Findings: make([]Finding, 1)}},
		"waiting": {Trouble: Troubles{Waiting: 1}}, "running": {Trouble: Troubles{Running: 1}}, "unassigned": {Unassigned: make([]Unassigned, 1)}, "quarantined": {Quarantined: 1},
	} {
		if h.IsGood() {
			t.Errorf("%s is good", name)
		}
	}
}

// Invariant 1.
func TestHome_CurrenciesStayApart(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.usual()
	w.figures = append(w.figures, Figures{
		Month: october, Currency: "EUR", Tiers: []TierFigures{{Tier: scope.Distributor, Amounts: amounts("1", "2")}}, Sales: []Sale{{party(w.arr, "Arr"), amounts("1", "2")}},
	})
	page := w.As(w.dee, "admin").Get(t, "/").Is(t, 200)
	if got := page.All(t, "#home > h2"); !slices.Equal(got, []string{"USD", "EUR"}) {
		t.Errorf("sections: %q", got)
	}
	if n := len(page.All(t, "#attention")); n != 1 {
		t.Errorf("attention stands there %d times", n)
	}
}

// Invariant 2.
func TestHome_Customer(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.usual()
	w.services = []ServiceMonth{
		{Month: september, Currency: "USD", Service: "Compute", Amounts: Amounts{Price: d("50")}},
		{Month: october, Currency: "USD", Service: "Compute", Amounts: Amounts{Price: d("40")}},
	}
	for i := range 5 {
		w.invoices = append(w.invoices, Invoice{Month: october.Add(-i), Seller: Party{Slug: "arr", Name: "Arr"}, Buyer: Party{Slug: "cee", Name: "Cee"}, Currency: "USD", Total: d("40")})
	}
	page := w.As(w.cee, "finance").Get(t, "/").Is(t, 200)
	if got := page.All(t, ".tb-figure"); !slices.Equal(got, []string{"Spend in October 2026 40.00 USD \u221220.0 % on 2026-09"}) {
		t.Errorf("figures: %q", got)
	}
	for _, word := range []string{"Cost", "Margin", "Needs attention", "Where the money goes"} {
		if strings.Contains(page.Has(t, "main"), word) {
			t.Errorf("a customer reads «%s»", word)
		}
	}
	if rows := page.All(t, "[aria-label='Latest invoices'] tbody tr"); len(rows) != maxInvoices || rows[0] != "2026-10 Arr 40.00 USD" {
		t.Errorf("invoices: %q", rows)
	}
	w.services, w.invoices = nil, nil
	w.As(w.cee, "finance").Get(t, "/").Is(t, 200).Has(t, ".tb-empty")
	w.As(w.cee, "support").Get(t, "/").Is(t, 200).Lacks(t, ".tb-figure") // reads no bills
}

func TestHome_FirstSteps(t *testing.T) {
	t.Parallel()
	w := setup(t)
	page := w.As(w.dee, "admin").Get(t, "/").Is(t, 200)
	if got := page.All(t, ".tb-steps a"); !slices.Equal(got, []string{"Import usage", "Add a customer", "Write a contract"}) {
		t.Errorf("steps: %q", got)
	}
	page.Lacks(t, "#home-month")
	w.As(w.dee, "readonly").Get(t, "/").Is(t, 200).Lacks(t, ".tb-steps a[href='/usage/imports/new']")
	w.newest = october // imported, and nothing billed yet
	w.As(w.dee, "admin").Get(t, "/").Is(t, 200).Lacks(t, ".tb-steps")
	w.Nobody().Get(t, "/").Is(t, 303)
}

// Invariant 3: a picture adds up to what it was made from.
func TestFewer(t *testing.T) {
	t.Parallel()
	dee := Party{ID: id.New[id.Tenant](), Name: "Dee", Tier: scope.Distributor}
	var flows []Flow
	total := decimal.Zero
	for i := range 40 {
		cee := Party{ID: id.New[id.Tenant](), Name: fmt.Sprint("C", i), Tier: scope.Customer}
		amount := decimal.NewFromInt(int64(i + 1))
		total = total.Add(amount)
		flows = append(flows, Flow{Node{NodeTenant, dee}, Node{NodeTenant, cee}, amount})
	}
	out, others := fewer(flows)
	got, rest := decimal.Zero, decimal.Zero
	for _, f := range out {
		got = got.Add(f.Amount)
		if f.To.Kind == NodeOthers {
			rest = f.Amount
		}
	}
	if len(out) != largest[scope.Customer]+1 || !got.Equal(total) || others[scope.Customer] != 26 || !rest.Equal(decimal.NewFromInt(26*27/2)) {
		t.Errorf("%d flows of %s, %d others of %s", len(out), got, others[scope.Customer], rest)
	}
	if small, none := fewer(flows[:largest[scope.Customer]+1]); len(small) != largest[scope.Customer]+1 || len(none) != 0 {
		t.Errorf("one more than fits was put together with itself: %d, %v", len(small), none)
	}
}

// Where the table of flows adds up some sales, a link leads to all of them.
func TestPresentHome_LinksToAllSales(t *testing.T) {
	t.Parallel()
	month := period.MonthOf(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	for unlisted, want := range map[int]string{0: "", 5: "/billing/invoices?month=2026-03"} {
		h := Home{Month: month, Months: []period.Month{month}, Now: []Figures{{Month: month, Currency: "USD", Unlisted: unlisted}}}
		if got := presentHome(h, HomeInput{}, sees{}).Sections[0].All.URL; got != want {
			t.Errorf("with %d sales that are not listed: %q, want %q", unlisted, got, want)
		}
	}
}

// The table behind the flow of hundreds of buyers lists what is drawn.
func TestPresentFlow_Many(t *testing.T) {
	t.Parallel()
	dee := Party{ID: id.New[id.Tenant](), Name: "Dee", Tier: scope.Distributor}
	f := Figures{Currency: "USD", Unlisted: 5}
	for i := range 2 * maxFlows {
		cee := Party{ID: id.New[id.Tenant](), Name: fmt.Sprint("C", i), Tier: scope.Customer}
		f.Flow = append(f.Flow, Flow{Node{NodeTenant, dee}, Node{NodeTenant, cee}, decimal.NewFromInt(int64(i + 1))})
	}
	chart, rows := presentFlow(f)
	total := decimal.Zero
	for _, r := range rows {
		total = total.Add(r.Amount)
	}
	if len(rows) != largest[scope.Customer]+1 || len(chart.Links) != len(rows) || !total.Equal(decimal.NewFromInt(maxFlows*(2*maxFlows+1))) {
		t.Errorf("%d rows of %s, %d links", len(rows), total, len(chart.Links))
	}
	if !slices.ContainsFunc(rows, func(r view.Flow) bool { return r.To == "391 other customers" }) {
		t.Errorf("rows: %+v", rows)
	}
}
