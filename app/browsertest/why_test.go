package browsertest

import (
	"strings"
	"testing"

	"tierbook/app/kernel/routes"
	"tierbook/app/sitetest"
)

// Every amount of an invoice explains itself, to each tier as far as it may
// know.
func TestStory_Why(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	month := s.Last().String()
	sold := routes.Invoices + "/" + month + "/" + sitetest.Reseller + "/" + sitetest.Customer
	bought := routes.Invoices + "/" + month + "/" + sitetest.Distributor + "/" + sitetest.Reseller
	for _, tt := range []struct {
		name, slug, invoice string
		sees, lacks         []string
	}{
		{"the seller above", sitetest.Distributor, bought, []string{"Step by step", "list"}, nil},
		{"the distributor, of what its reseller sells", sitetest.Distributor, sold, []string{"Step by step", "Managed service"}, nil},
		{"the seller", sitetest.Reseller, sold, []string{"Step by step", "Managed service", "cost"}, []string{"list * 0.9", "Meridian"}},
		{"the reseller, of what it buys", sitetest.Reseller, bought, nil, []string{"list * 0.9", "price * 1.004"}},
		{"the customer", sitetest.Customer, sold, nil, []string{"price * 1.07", "cost", "Margin", "Meridian"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := Open(t, s).As(s.Person(t, tt.slug, "admin"))
			p.Go(tt.invoice)
			p.Click("tbody a|why")
			p.Wait("dialog[open] .tb-why .tb-figure-value")
			text := p.Text("dialog[open] .tb-why")
			for _, word := range tt.sees {
				if !strings.Contains(text, word) {
					t.Errorf("does not say %s:\n%s", word, text)
				}
			}
			for _, word := range tt.lacks {
				if strings.Contains(text, word) {
					t.Errorf("says %s:\n%s", word, text)
				}
			}
			p.Accessible("the steps of a price")
			p.Click("dialog[open] form button|Close")
			p.Gone("dialog[open]")
		})
	}
}
