package billing

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/routes"
	"tierbook/rules"
	"tierbook/views/layout"
)

// A buyer reads what its supplier is called, and of nobody above that one.
func TestParties_EachTierItsSupplier(t *testing.T) {
	t.Parallel()
	w := billed(t)
	site := w.site()
	tests := []struct {
		buyer, seller string
		service       string
		hidden        []string // slugs; names begin with them
	}{
		{"north", "dist", "Compute", nil},
		{"acme", "north", "Compute", []string{"dist", "bolt", "south"}},
		{"direct", "dist", "Free", []string{"north", "south"}},
	}
	for _, tt := range tests {
		user := site.As(w.scopes[tt.buyer], "finance")
		for path, selector := range map[string]string{
			routes.With(routes.Invoices, "q", nameOf(tt.seller)):                                         "#invoices td:first-child",
			invoicePath(tt.seller, tt.buyer):                                                             ".tb-dl",
			whyURL(march, tt.seller, tt.buyer, "rounding", "1"):                                          "main",
			whyURL(march, tt.seller, tt.buyer, "label", "Usage", "service", tt.service, "unit", "Hours"): "main",
		} {
			page := user.Get(t, path).Is(t, http.StatusOK)
			if !strings.Contains(strings.Join(page.All(t, selector), " "), nameOf(tt.seller)) {
				t.Errorf("%s does not read %q at %s", tt.buyer, nameOf(tt.seller), path)
			}
			for _, h := range tt.hidden {
				if strings.Contains(page.Body, h+" ") || strings.Contains(page.Body, "/"+h) {
					t.Errorf("%s reads of %s at %s", tt.buyer, h, path)
				}
			}
		}
		hits, err := w.module.Search(w.as(tt.buyer), nameOf(tt.seller), 5)
		if err != nil || len(hits) == 0 || !slices.ContainsFunc(hits, func(h layout.Hit) bool { return h.Title == nameOf(tt.seller)+" → "+nameOf(tt.buyer) }) {
			t.Errorf("%s finds %+v, %v", tt.buyer, hits, err)
		}
		figures, err := w.s.Figures(w.as(tt.buyer), march)
		if err != nil || len(figures) != 1 || figures[0].Bought[0].Supplier != (Party{ID: w.id(tt.seller), Slug: tt.seller, Name: nameOf(tt.seller)}) {
			t.Errorf("%s: %+v, %v", tt.buyer, figures, err)
		}
		if _, err := w.s.directory.Tenant(w.as(tt.buyer), w.id(tt.seller)); err == nil {
			t.Errorf("%s reads all of %s", tt.buyer, tt.seller)
		}
	}
}

// The policies of the publication are those of the names: what a statement of
// the web role gets, whatever it asks for.
func TestParties_Policies(t *testing.T) {
	t.Parallel()
	w := billed(t)
	for who, want := range map[string]string{
		"dist":   "dist → direct, dist → north, north → acme, north → bolt",
		"north":  "dist → north, north → acme, north → bolt",
		"acme":   "north → acme",
		"direct": "dist → direct",
		"south":  "",
	} {
		var got []string
		err := w.db.Web.ReadTx(w.as(who), func(ctx context.Context) error {
			return w.db.Web.Gorm(ctx).Raw(`SELECT replace(seller_name || ' → ' || buyer_name, ' Ltd', '') FROM billing_period_published ORDER BY 1`).Scan(&got).Error
		})
		if text := strings.Join(got, ", "); err != nil || text != want {
			t.Errorf("%s reads %q, %v", who, text, err)
		}
		var names string
		err = w.db.Web.ReadTx(w.as(who), func(ctx context.Context) error {
			return w.db.Web.Gorm(ctx).Raw(`SELECT coalesce(string_agg(replace(name, ' Ltd', ''), ' ' ORDER BY name), '') FROM billing_party_names`).Scan(&names).Error
		})
		if want := map[string]string{"dist": "acme bolt direct dist north north", "north": "acme bolt north"}[who]; err != nil || names != want {
			t.Errorf("%s reads the names %q, %v", who, names, err)
		}
	}
}

// A document keeps its parties' names until it is computed again, and they are
// in no hash.
func TestParties_AsPublished(t *testing.T) {
	t.Parallel()
	w := billed(t)
	supplier := func() string {
		t.Helper()
		docs, err := w.s.Documents(w.as("acme"), DocumentFilter{})
		if err != nil || len(docs.List) != 1 {
			t.Fatal(docs, err)
		}
		return docs.List[0].SellerParty.Name
	}
	hash := func() string {
		t.Helper()
		return strings.Join(w.query(`SELECT r.result_hash FROM billing_period_published p JOIN billing_runs r ON r.id = p.run_id WHERE p.buyer_id = ?`, w.id("acme")), " ")
	}
	before := hash()
	w.tenants.rename(w.id("north"), "Northern Light")
	if got := supplier(); got != nameOf("north") {
		t.Errorf("the document has changed: %q", got)
	}
	w.recalc("north", "acme")
	if got := supplier(); got != "Northern Light" {
		t.Errorf("computed again: %q", got)
	}
	if after := hash(); after != before || after == "" {
		t.Errorf("the hash was %q, is %q", before, after)
	}
}

// Documents are found by the names that they bear and by today's, however many
// tenants a text calls.
func TestParties_FoundByEitherName(t *testing.T) {
	t.Parallel()
	w := billed(t)
	w.tenants.rename(w.id("north"), "Polar Star")
	w.tenants.rename(w.id("dist"), "Head Office")
	for _, many := range []int{0, 1, 2, 300} {
		w.s.manyCalled = many
		for _, tt := range []struct{ who, text, want string }{
			{"dist", "north Ltd", "dist→north, north→acme, north→bolt"},
			{"dist", "polar", "dist→north, north→acme, north→bolt"},
			{"dist", "r", "dist→direct, dist→north, north→acme, north→bolt"},
			{"dist", "head", "dist→direct, dist→north"},
			{"north", "north Ltd", "dist→north, north→acme, north→bolt"},
			{"north", "polar", "dist→north, north→acme, north→bolt"},
			{"north", "dist Ltd", "dist→north"},
			{"north", "head", ""}, // a tenant above is what its documents call it
			{"acme", "north Ltd", "north→acme"},
			{"acme", "polar", ""},
			{"south", "north", ""},
		} {
			docs, err := w.s.Documents(w.as(tt.who), DocumentFilter{Text: tt.text})
			var got []string
			for _, d := range docs.List {
				got = append(got, d.SellerParty.Slug+"→"+d.BuyerParty.Slug)
			}
			if text := strings.Join(got, ", "); err != nil || text != tt.want || docs.Count != len(got) {
				t.Errorf("with %d, %s finds %q for %q, %v; want %q", many, tt.who, text, tt.text, err, tt.want)
			}
		}
	}
}

// What a worker of the version before the names has published is read by slugs.
func TestParties_PublishedWithoutNames(t *testing.T) {
	t.Parallel()
	w := billed(t)
	w.db.Exec(t, `UPDATE billing_period_published SET seller_name = DEFAULT, buyer_name = DEFAULT WHERE buyer_id = $1`, w.id("acme").UUID())
	docs, err := w.s.Documents(w.as("acme"), DocumentFilter{Text: "nort"})
	if err != nil || len(docs.List) != 1 || docs.List[0].SellerParty.Name != "north" || docs.List[0].BuyerParty.Name != "acme" {
		t.Errorf("%+v, %v", docs, err)
	}
	figures, err := w.s.Figures(w.as("acme"), march)
	if err != nil || len(figures) != 1 || figures[0].Bought[0].Supplier.Name != "north" {
		t.Errorf("%+v, %v", figures, err)
	}
	why := w.explain("acme", "north", "acme", Amount{IsRounding: true})
	if why.Seller.Name != "north" || why.Buyer.Name != "acme" {
		t.Errorf("%+v", why)
	}
}

// Names stand where tenants are marked and nowhere else, whatever slugs are like:
// every number and every other word of a text stays as it was.
func TestNames_OnlyWhereTenantsStand(t *testing.T) {
	t.Parallel()
	slugs := []string{"1", "2", "10", "99", "190", "360", "100", "lines", "line", "of", "on", "has", "usd", "cost", "with", "version", "contract", "a", "the"}
	r := rand.New(rand.NewPCG(1, 2))
	slug := func() string { return slugs[r.IntN(len(slugs))] }
	tenant := func() Tenant { s := slug(); return Tenant{ID: id.New[id.Tenant](), Slug: s, Name: "NAME(" + s + ")"} }
	amount := func() decimal.Decimal { return decimal.New(r.Int64N(40_000), -2) }
	codes := []string{rules.FindingNoContract, rules.FindingPassThrough, rules.FindingNullMeasure, rules.FindingZeroBasis, "other"}
	for range 2000 {
		seller, buyer, assignee := tenant(), tenant(), tenant()
		n, known := names{}, map[id.Tenant]string{}
		for _, x := range []Tenant{seller, buyer, assignee} {
			if r.IntN(4) > 0 { // else the reader does not see it
				n.add(x)
			}
			known[x.ID] = x.Slug
		}
		sum := amount()
		found := edgeFound{seller, buyer, r.IntN(4) == 0, rules.Finding{
			Code: codes[r.IntN(len(codes))], Measure: "list", Lines: r.Int64N(400), Sum: sum, Currency: "USD",
		}}
		stale := staleGroup{edge: Edge{Seller: seller.ID, Buyer: buyer.ID}, assignees: []id.Tenant{assignee.ID}, now: &ContractVersion{Number: 10, Name: slug()}}
		fee := periodRow{
			AssigneeID: assignee.ID, Account: "360", Rate: "10 %", Base: decimal.NewNullDecimal(amount()), Currency: "USD",
		}.invoiceLine(known)
		texts := map[Text]func(s, b, a string) Text{}
		was := Text(found.message(mark(assignee.Slug)))
		texts[was] = func(s, b, a string) Text {
			f := found
			f.seller.Slug, f.buyer.Slug = s, b
			return Text(f.message(mark(a)))
		}
		texts[Text(stale.message(nil, func(t id.Tenant) string { return known[t] }))] = func(s, b, a string) Text {
			by := map[id.Tenant]string{seller.ID: s, buyer.ID: b, assignee.ID: a}
			return Text(stale.message(nil, func(t id.Tenant) string { return by[t] }))
		}
		for _, detail := range []Text{fee.Detail, fee.Brief} {
			texts[detail] = func(_, _, a string) Text { return mark0(a) + detail[len(mark0(assignee.Slug)):] }
		}
		for text, write := range texts {
			want := write(cmp.Or(n[seller.Slug], seller.Slug), cmp.Or(n[buyer.Slug], buyer.Slug), cmp.Or(n[assignee.Slug], assignee.Slug))
			if got := n.in(text); got.String() != want.String() || got.words() != text.words() {
				t.Fatalf("%q with %v became %q, not %q", text, n, got, want)
			}
			if plain := text.String(); strings.Contains(plain, isolate) || strings.Contains(plain, "NAME") {
				t.Fatalf("the command line prints %q", plain)
			}
		}
		// The sum is told once, whatever tenants are called.
		f := Finding{Message: n.in(was), Sum: sum, Currency: "USD"}
		if !sum.IsZero() && !strings.Contains(strings.ReplaceAll(f.Text(), "NAME", ""), inShort(sum, "USD")) {
			t.Fatalf("%q does not tell %s", f.Text(), sum)
		}
	}
}

func mark0(slug string) Text { return Text(mark(slug)) }

// Texts of before tenants were marked stay with slugs, and a sum that only a
// tenant's name has is told.
func TestNames_OldTextsAndSums(t *testing.T) {
	t.Parallel()
	n := names{"360": "360 Group", "99": "Ninety-Nine", "lines": "Lines GmbH"}
	for text, want := range map[Text]string{
		"3 lines of 360 have a cost of 360.10 USD.": "3 lines of 360 have a cost of 360.10 USD.",
		"10 % of 190.99": "10 % of 190.99",
		"3 lines of " + mark0("360") + " have a cost of 360.10 USD.":                 "3 lines of 360 Group have a cost of 360.10 USD.",
		mark0("lines") + ` → ` + mark0("99") + `, contract lines: rule "99" of 99.1`: `Lines GmbH → Ninety-Nine, contract lines: rule "99" of 99.1`,
		mark0("south") + " and " + mark0("99"):                                       "south and Ninety-Nine",
		"":                                                                           "",
	} {
		if got := n.in(text).String(); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
	f := Finding{Message: n.in("The usage of " + mark0("360") + " is unassigned."), Sum: decimal.NewFromInt(360), Currency: "USD"}
	if got := f.Text(); got != "The usage of 360 Group is unassigned. (360.00 USD)" {
		t.Error(got)
	}
}

func TestPages_TextsHaveNames(t *testing.T) {
	t.Parallel()
	w := billed(t)
	site := w.site()
	dist := site.As(w.scopes["dist"], "finance")
	read := func(what, text string, want ...string) {
		t.Helper()
		for _, word := range want {
			if !strings.Contains(text, word) {
				t.Errorf("%s says %q, not %q", what, text, word)
			}
		}
		text = strings.ReplaceAll(text, "«dist-direct»", "")
		for _, slug := range []string{"dist", "north", "acme", "direct", "bolt"} {
			if strings.Contains(strings.ReplaceAll(text, nameOf(slug), ""), slug) {
				t.Errorf("%s says %q", what, text)
			}
		}
	}
	// A finding of a run, and of terms that have changed since.
	w.contract("dist", "direct", rules.Terms{Basis: rules.BasisBilled})
	read("the invoice", dist.Get(t, invoicePath("dist", "direct")).Is(t, http.StatusOK).Has(t, ".tb-stack"),
		"1 line of direct Ltd on dist Ltd → direct Ltd has a cost", "dist Ltd → direct Ltd was rated")
	todo, err := w.s.Attention(w.as("dist"), march)
	if err != nil || len(todo.Findings) != 1 {
		t.Fatal(todo, err)
	}
	read("the start page", todo.Findings[0].Example.Text(), "1 line of direct Ltd")
	// A fee of one customer: on the page and in the file, not on the command line.
	w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{
		{Name: "Desk", Stage: rules.StageFee, Per: rules.PerCustomer, Then: "45"},
	}})
	w.recalc("north", "acme")
	acme := site.As(w.scopes["acme"], "finance")
	read("the fee", acme.Get(t, invoicePath("north", "acme")).Is(t, http.StatusOK).Has(t, "td .tb-help"), nameOf("acme"))
	file := acme.Get(t, routes.InvoiceCSV(march, "north", "acme")).Is(t, http.StatusOK).Body
	if !strings.Contains(file, "fee,Desk,,,,45.00,USD,acme Ltd") {
		t.Error(file)
	}
	inv, err := w.s.Invoice(w.as("acme"), w.edge("north", "acme"), march)
	if err != nil || !slices.ContainsFunc(inv.Lines, func(l InvoiceLine) bool { return l.Detail.String() == "acme" }) {
		t.Errorf("%+v %v", inv, err)
	}
	// A check of the month.
	if _, err := w.s.EnsurePeriods(w.as("dist"), march); err != nil {
		t.Fatal(err)
	}
	w.drain()
	check := w.carryOutCheck(w.checkNow())
	if len(check.Result.Trees) == 0 || len(check.Result.Trees[0].Notices) == 0 {
		t.Fatalf("%+v", check.Result)
	}
	for _, f := range check.Result.Trees[0].Notices {
		read("the check", f.Message.String(), nameOf("direct"))
	}
}
