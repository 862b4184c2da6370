package billing

import (
	"fmt"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/rules"
)

// What tenants buy is what Figures says of the edges into them, for every tier
// that looks, and the acting tenant's own row is the sum of what it sells.
func TestBuying_IsFigures(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w, _ := booked(t, seed)
			all := []id.Tenant{w.id("dist"), w.id("north"), w.id("south"), w.id("acme"), w.id("bolt"), w.id("cargo"), w.id("direct")}
			for _, who := range []string{"dist", "north"} {
				f := w.figures(who)
				got, err := w.s.Buying(w.as(who), march, all...)
				if err != nil {
					t.Fatal(err)
				}
				want := map[[2]id.Tenant]EdgeFigures{}
				for _, e := range f.Edges {
					want[[2]id.Tenant{e.Seller.ID, e.Buyer.ID}] = e
				}
				edges := 0
				for _, g := range got {
					if g.Tenant == w.id(who) {
						own := f.Tiers[0]
						if !g.Cost.Equal(own.Cost.Add(own.PeriodCost)) || !g.Price.Equal(own.Price) || !g.Margin.Equal(own.Margin) {
							t.Errorf("%s itself: %+v, want %+v", who, g, own)
						}
						continue
					}
					e, ok := want[[2]id.Tenant{g.Seller, g.Tenant}]
					if edges++; !ok || !g.Cost.Equal(e.Cost) || !g.Price.Equal(e.Price) || !g.Margin.Equal(e.Margin) {
						t.Errorf("as %s: %+v, want %+v", who, g, e)
					}
				}
				if edges != len(f.Edges) {
					t.Errorf("as %s: %d edges, want %d", who, edges, len(f.Edges))
				}
			}
		})
	}
}

func TestBuying_NothingAbove(t *testing.T) {
	t.Parallel()
	w, _ := booked(t, 3)
	for _, who := range []string{"acme", "cargo"} {
		got, err := w.s.Buying(w.as(who), march, w.id("north"), w.id("south"), w.id("acme"), w.id("cargo"))
		for _, g := range got {
			if g.Tenant != w.id(who) || !g.Price.IsZero() {
				t.Errorf("%s sees %+v", who, g)
			}
		}
		if err != nil {
			t.Error(err)
		}
	}
	got, err := w.s.Buying(w.as("north"), march, w.id("south"), w.id("cargo"), w.id("direct"))
	if err != nil || len(got) != 0 {
		t.Errorf("north sees its siblings: %+v, %v", got, err)
	}
	if _, err := w.s.Buying(w.as("north", "viewer"), march); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("without permission: %v", err)
	}
}

// A reseller's sales by service come to what its edges come to.
func TestSales_AddUp(t *testing.T) {
	t.Parallel()
	w, _ := booked(t, 1)
	for _, who := range []string{"dist", "north", "acme"} {
		got, err := w.s.Sales(w.as(who), march)
		if err != nil {
			t.Fatal(err)
		}
		price, want := decimal.Zero, decimal.Zero
		for _, r := range got.Rows {
			price = price.Add(r.Price)
		}
		sold := decimal.Zero
		buyers := []id.Tenant{w.id("acme"), w.id("north")}
		sales, err := w.s.SalesTo(w.as(who), buyers, march.Add(-1), march)
		for _, x := range sales {
			sold = sold.Add(x.Price)
		}
		wantSold := decimal.Zero
		for _, e := range w.figures(who).Edges {
			if e.Seller.ID == w.id(who) {
				want = want.Add(e.Price)
				if slices.Contains(buyers, e.Buyer.ID) {
					wantSold = wantSold.Add(e.Price)
				}
			}
		}
		if err != nil || !sold.Equal(wantSold) {
			t.Errorf("%s sells %s to two buyers, %s by edge: %v", who, sold, wantSold, err)
		}
		if !price.Equal(want) {
			t.Errorf("%s sells %s by service, %s by edge", who, price, want)
		}
	}
}

func TestTroubled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
	run := w.recalc("dist", "acme")
	if got, err := w.s.Troubled(w.as("dist"), march); err != nil || len(got) != 0 {
		t.Fatalf("after %s: %+v, %v", run.State, got, err)
	}
	w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{price("broken", "", "price / (quantity - quantity)")}})
	w.recalcFails("dist", "acme")
	for who, want := range map[string]int{"dist": 1, "south": 0, "acme": 0} {
		got, err := w.s.Troubled(w.as(who), march)
		if err != nil || len(got) != want {
			t.Errorf("%s: %+v, %v, want %d", who, got, err, want)
		}
		if want == 1 && (got[0].Tenant != w.id("acme") || !got[0].IsFailed) {
			t.Errorf("%s: %+v", who, got)
		}
	}
}
