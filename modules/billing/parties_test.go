package billing

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tierbook/app/kernel/routes"
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
