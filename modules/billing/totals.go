package billing

import (
	"cmp"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

// totalKey names what published rows are added up by.
type totalKey struct {
	Edge     // Buyer is zero at a chain's end
	currency string
	service  string // empty in totals of all services
}

// total adds up what a bearer charges and bears for an assignee's lines.
type total struct {
	price    decimal.Decimal // charged to the edge's buyer; 0 at a chain's end
	cost     decimal.Decimal
	supplied decimal.Decimal // the part of cost that the bearer's supplier charges
}

// assigneeTotals is what a run publishes of one assignee, added up for pages.
type assigneeTotals struct {
	assignee id.Tenant
	ownUse   bool
	services map[totalKey]total
}

// totals adds up the rows that are published.
func (a *ratedAssignee) totals() assigneeTotals {
	out := assigneeTotals{assignee: a.in.assignee, services: map[totalKey]total{}}
	if n := len(a.in.chain); n > 0 {
		out.ownUse = a.in.chain[n-1].Tier != scope.Customer
	}
	for i := range a.charges {
		c := &a.charges[i]
		k := totalKey{Edge{Seller: c.SellerID, Buyer: c.BuyerID}, c.Currency, c.Service}
		t := out.services[k]
		t.price = t.price.Add(c.Amount)
		out.services[k] = t
	}
	for i := range a.costs {
		c := &a.costs[i]
		k := totalKey{Edge{Seller: c.BearerID, Buyer: c.SoldTo}, c.Currency, c.Service}
		t := out.services[k]
		t.cost = t.cost.Add(c.Cost)
		if !c.Supplier.IsZero() {
			t.supplied = t.supplied.Add(c.Cost)
		}
		out.services[k] = t
	}
	return out
}

// edges adds up the services.
func (a assigneeTotals) edges() map[totalKey]total {
	out := map[totalKey]total{}
	for k, s := range a.services {
		k.service = ""
		t := out[k]
		t.price, t.cost, t.supplied = t.price.Add(s.price), t.cost.Add(s.cost), t.supplied.Add(s.supplied)
		out[k] = t
	}
	return out
}

// sortedTotals returns the keys in an order that is the same on every run.
func sortedTotals(totals map[totalKey]total) []totalKey {
	return slices.SortedFunc(maps.Keys(totals), func(a, b totalKey) int {
		return cmp.Or(a.Seller.Compare(b.Seller), a.Buyer.Compare(b.Buyer),
			cmp.Compare(a.currency, b.currency), cmp.Compare(a.service, b.service))
	})
}
