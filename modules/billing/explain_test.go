package billing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/money"
	"tierbook/rules"
)

func (w *world) explain(who, seller, buyer string, of Amount) Explanation {
	w.t.Helper()
	got, err := w.s.Explain(w.as(who), w.edge(seller, buyer), march, of)
	if err != nil {
		w.t.Fatalf("%s asks why %s → %s %+v: %v", who, seller, buyer, of, err)
	}
	return got
}

// amountOf names a document's line.
func amountOf(l InvoiceLine) Amount {
	return Amount{IsUsage: true, Label: l.Label, Service: l.Service, Unit: l.Unit}
}

// Every amount of every document of a random month is explained, and the last
// step of each is exactly the amount.
func TestExplain_EveryAmount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w, _ := booked(t, seed)
			docs, err := w.s.Documents(w.as("dist"), DocumentFilter{Month: march})
			if err != nil || len(docs.List) == 0 {
				t.Fatal(err, len(docs.List))
			}
			for _, d := range docs.List {
				inv, err := w.s.Invoice(w.as("dist"), d.Edge, march)
				if err != nil {
					t.Fatal(err)
				}
				w.wantExplained(d.SellerParty.Slug, d.BuyerParty.Slug, inv)
			}
		})
	}
}

func (w *world) wantExplained(seller, buyer string, inv Invoice) {
	w.t.Helper()
	net, fees := decimal.Zero, 0
	for _, l := range inv.Lines {
		of := amountOf(l)
		if l.Kind == KindFee {
			fees++
			of = Amount{Fee: fees}
		}
		for _, who := range []string{seller, buyer} {
			x := w.explain(who, seller, buyer, of)
			if !x.Amount.Round(2).Equal(l.Amount) || x.IsSeller != (who == seller) {
				w.t.Errorf("%s reads %s for %+v", who, x.Amount, l)
			}
			if l.Kind == KindUsage && who == seller {
				if n := len(x.Steps); n == 0 || !x.Steps[n-1].Total.Equal(x.Amount) {
					w.t.Errorf("%s → %s %+v: the steps do not end at %s: %+v", seller, buyer, l, x.Amount, x.Steps)
				}
			}
			if who == buyer && (len(x.Steps) > 0 || len(x.Left) > 0 || x.Contract != nil || x.Rule != nil) {
				w.t.Errorf("the buyer reads steps: %+v", x)
			}
			if who == seller {
				net = net.Add(x.Amount)
			}
		}
	}
	if !net.Equal(inv.net) {
		w.t.Errorf("%s → %s: the amounts come to %s, the net is %s", seller, buyer, net, inv.net)
	}
	x := w.explain(buyer, seller, buyer, Amount{IsRounding: true})
	if !x.Amount.Equal(inv.Rounding) || !x.Steps[len(x.Steps)-1].Total.Equal(inv.Rounding) {
		w.t.Errorf("rounding of %s explained as %+v", inv.Rounding, x.Steps)
	}
}

// steps writes an explanation's steps in short.
func (x Explanation) steps() (out []string) {
	for _, s := range x.Steps {
		name := s.Basis
		if s.Rule != nil {
			name = s.Rule.Name
		}
		out = append(out, fmt.Sprintf("%s %s: %d lines %s → %s, %s", s.Kind, name, s.Lines, money.Plain(s.Before), money.Plain(s.After), money.Plain(s.Total)))
	}
	return out
}

func TestExplain_EachTierItsOwnSteps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "80", list: "100"}, usageLine{service: "Compute", billed: "80", list: "100"},
		usageLine{service: "Compute", billed: "7", category: "Tax"})
	w.account("dist", "2", "bolt", usageLine{service: "Compute", billed: "8", list: "10"})
	w.recalc("dist", "acme")
	w.recalc("dist", "bolt")
	of := Amount{IsUsage: true, Label: "Usage", Service: "Compute", Unit: "Hours"}

	x := w.explain("dist", "dist", "north", of)
	want := []string{"basis list: 3 lines 0 → 210, 210", "price compute: 3 lines 210 → 189, 189"}
	if diff := cmp.Diff(want, x.steps()); diff != "" || x.Contract == nil || x.Contract.Name != "dist-north" {
		t.Error(diff, x.Contract)
	}
	if len(x.Left) != 1 || x.Left[0].Rule.Name != "tax" || x.Left[0].Cost.String() != "7" || x.Left[0].Lines != 1 {
		t.Errorf("left out: %+v", x.Left)
	}
	if len(x.Parts) != 2 || x.Parts[0].Assignee.Slug != "acme" || x.Parts[0].Amount.String() != "180" {
		t.Errorf("parts: %+v", x.Parts)
	}
	if x.List.Decimal.String() != "210" || x.Quantity.Decimal.String() != "3" {
		t.Errorf("list %v, quantity %v", x.List, x.Quantity)
	}

	// The reseller sees its own edge, and of the distributor's only what it pays:
	// the list price, because its price starts from that.
	own := w.explain("north", "north", "acme", of)
	want = []string{"basis cost: 2 lines 0 → 180, 180", "price markup: 2 lines 180 → 198, 198"}
	if diff := cmp.Diff(want, own.steps()); diff != "" || len(own.Left) != 0 {
		t.Error(diff, own.Left)
	}
	care := w.explain("north", "north", "acme", Amount{IsUsage: true, Label: "Managed service", Service: "Compute", Unit: "Hours"})
	if diff := cmp.Diff([]string{"separate care: 2 lines 198 → 199, 1"}, care.steps()); diff != "" {
		t.Error(diff)
	}
	bought := w.explain("north", "dist", "north", of)
	if bought.IsSeller || bought.Seller.Slug != "dist" || bought.Amount.String() != "189" || bought.List.Decimal.String() != "210" || !bought.List.Valid {
		t.Errorf("%+v", bought)
	}
	// The customer's price starts from the reseller's cost: no list price.
	bill := w.explain("acme", "north", "acme", of)
	if bill.IsSeller || bill.List.Valid || bill.Amount.String() != "198" || bill.Steps != nil || bill.Contract != nil {
		t.Errorf("%+v", bill)
	}
	// Narrowed down to one customer.
	of.Assignee = w.id("bolt")
	if x := w.explain("dist", "dist", "north", of); x.Amount.String() != "9" || x.Lines != 1 {
		t.Errorf("%+v", x)
	}
}

// What is not on the document, or not the reader's, does not exist.
func TestExplain_NotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "80"})
	w.recalc("dist", "acme")
	usage := Amount{IsUsage: true, Label: "Usage", Service: "Compute", Unit: "Hours"}
	tests := []struct {
		who, seller, buyer string
		of                 Amount
	}{
		{"acme", "dist", "north", usage},
		{"bolt", "north", "acme", usage},
		{"south", "dist", "north", usage},
		{"south", "north", "acme", usage},
		{"dist", "north", "bolt", usage},
		{"dist", "dist", "acme", usage},
		{"dist", "dist", "north", Amount{IsUsage: true, Label: "Usage", Service: "Nothing", Unit: "Hours"}},
		{"dist", "dist", "north", Amount{Fee: 1}},
		{"dist", "dist", "north", Amount{}},
		{"acme", "north", "acme", Amount{IsUsage: true, Label: "Usage", Service: "Compute", Unit: "Hours", Assignee: w.id("bolt")}},
	}
	for _, tt := range tests {
		_, err := w.s.Explain(w.as(tt.who), w.edge(tt.seller, tt.buyer), march, tt.of)
		if errs.KindOf(err) != errs.NotFound {
			t.Errorf("%s asks why %s → %s %+v: %v", tt.who, tt.seller, tt.buyer, tt.of, err)
		}
	}
}

func TestExplain_Fee(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{fee("Care", "percent(spend, 10)")}})
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"})
	w.recalc("dist", "acme")
	x := w.explain("north", "north", "acme", Amount{Fee: 1})
	if x.Amount.String() != "9" || x.Base.Decimal.String() != "90" || x.Rate != "10 %" || x.Rule == nil || x.Rule.Then != "percent(spend, 10)" {
		t.Errorf("%+v", x)
	}
	bill := w.explain("acme", "north", "acme", Amount{Fee: 1})
	if bill.Rule != nil || bill.Contract != nil || bill.Rate != "10 %" {
		t.Errorf("%+v", bill)
	}
}

// A failure while lines are read again, which may be about an edge above, says
// nothing of it.
func TestExplain_HidesFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "80"})
	w.recalc("dist", "acme")
	w.beforeScan(func(Selection) error { return fmt.Errorf("secret of the distributor") })
	_, err := w.s.Explain(w.as("north"), w.edge("north", "acme"), march, Amount{IsUsage: true, Label: "Usage", Service: "Compute", Unit: "Hours"})
	if errs.KindOf(err) != errs.FailedPrecondition || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
	// Lines that have changed since do not add up to what was charged.
	w.beforeScan(nil)
	w.deliver("1", usageLine{service: "Compute", billed: "81"})
	_, err = w.s.Explain(w.as("north"), w.edge("north", "acme"), march, Amount{IsUsage: true, Label: "Usage", Service: "Compute", Unit: "Hours"})
	if errs.KindOf(err) != errs.FailedPrecondition {
		t.Error(err)
	}
}
