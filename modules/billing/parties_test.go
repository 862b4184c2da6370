package billing

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

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

// Texts that are kept with slugs are read with names, by who sees the tenants.
func TestNames_InTexts(t *testing.T) {
	t.Parallel()
	n := names{"acme": "Acme Ltd", "north-east": "North East"}
	for text, want := range map[string]string{
		"north-east → acme: 1 line of acme.":       "North East → Acme Ltd: 1 line of Acme Ltd.",
		"acme-north, north, pacme, Acme, acme_1":   "acme-north, north, pacme, Acme, acme_1",
		"recalculate acme, north-east for 2026-03": "recalculate Acme Ltd, North East for 2026-03",
		"version 2 of «acme», of acme":             "version 2 of «acme», of Acme Ltd",
		`acme: rule "acme", then, 1:7`:             `Acme Ltd: rule "acme", then, 1:7`,
		"":                                         "",
	} {
		if got := n.in(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
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
	if err != nil || !slices.ContainsFunc(inv.Lines, func(l InvoiceLine) bool { return l.Detail == "acme" }) {
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
		read("the check", f.Message, nameOf("direct"))
	}
}
