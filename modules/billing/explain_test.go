package billing

import (
	"errors"
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
			if who == buyer {
				w.wantBuyers(x, l)
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

// wantBuyers holds an explanation of l against what a buyer may read: steps
// that lead to the document's amount, by labels of the document.
func (w *world) wantBuyers(x Explanation, l InvoiceLine) {
	w.t.Helper()
	if len(x.Left) > 0 || x.Contract != nil || x.Rule != nil || x.Lines != 0 || len(x.Steps) == 0 {
		w.t.Errorf("the buyer reads %+v", x)
		return
	}
	n := len(x.Steps) - 1
	if !x.Steps[n].Total.Equal(l.Amount) || x.Steps[n].Kind != StepInvoice || !x.Steps[n].Before.Equal(x.Amount) {
		w.t.Errorf("%+v: the steps do not end at %s, exactly %s: %+v", l, l.Amount, x.Amount, x.Steps)
	}
	for i, s := range x.Steps {
		if s.Rule != nil || s.Sentence != "" || s.Basis != "" || s.Lines != 0 {
			w.t.Errorf("the buyer reads of a rule: %+v", s)
		}
		if i > 0 && s.Kind != StepOwn && !s.Before.Equal(x.Steps[i-1].After) {
			w.t.Errorf("%+v: a step does not begin where the one before ended: %+v", l, x.Steps)
		}
	}
	if l.Kind == KindUsage && n > 0 && !x.Steps[n-1].Total.Equal(x.Amount) {
		w.t.Errorf("%+v: the steps before rounding do not end at %s: %+v", l, x.Amount, x.Steps)
	}
}

// steps writes an explanation's steps in short.
func (x Explanation) steps() (out []string) {
	for _, s := range x.Steps {
		name := s.Basis
		if s.Rule != nil {
			name = s.Rule.Name
		}
		if x.IsSeller == (s.Label != "") && s.Kind != StepList && s.Kind != StepInvoice {
			name += " of the wrong reader"
		}
		if s.Label != "" {
			name = s.Label
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
	want = []string{"list : 0 lines 0 → 210, 210", "charged Usage: 0 lines 210 → 189, 189", "invoice : 0 lines 189 → 189, 189"}
	if diff := cmp.Diff(want, bought.steps()); diff != "" {
		t.Error(diff)
	}
	// The customer reads its own charges: nothing of the reseller's cost of 180,
	// from which its price starts.
	bill := w.explain("acme", "north", "acme", of)
	want = []string{"list : 0 lines 0 → 200, 200", "charged Usage: 0 lines 200 → 198, 198", "invoice : 0 lines 198 → 198, 198"}
	if diff := cmp.Diff(want, bill.steps()); diff != "" || bill.IsSeller || bill.Amount.String() != "198" || bill.Contract != nil {
		t.Errorf("%s %+v", diff, bill)
	}
	billed := w.explain("acme", "north", "acme", Amount{IsUsage: true, Label: "Managed service", Service: "Compute", Unit: "Hours"})
	want = []string{
		"list : 0 lines 0 → 200, 200", "charged Usage: 0 lines 200 → 198, 198", "added Managed service: 0 lines 198 → 199, 199",
		"own Managed service: 0 lines 0 → 1, 1", "invoice : 0 lines 1 → 1, 1",
	}
	if diff := cmp.Diff(want, billed.steps()); diff != "" {
		t.Error(diff)
	}
	// Narrowed down to one customer.
	of.Assignee = w.id("bolt")
	if x := w.explain("dist", "dist", "north", of); x.Amount.String() != "9" || x.Lines != 1 {
		t.Errorf("%+v", x)
	}
}

// A buyer's steps follow its contract's order of adjustments, take in only the
// usage that the amount is for, and know of no list price where not all of it
// has one.
func TestExplain_ChargesOfABuyer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	adjust := func(name, label, when, then string) rules.Rule {
		return rules.Rule{Name: name, Stage: rules.StageAdjust, Label: label, When: rules.Source(when), Then: rules.Source(then)}
	}
	w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{
		{Name: "secret of storage", Stage: rules.StagePrice, Label: "Archive", When: `sku == "cold"`, Then: "price * 0.5"},
		price("markup", "", "price * 2"),
		adjust("hidden round", "", "", "price + 0.004"),
		adjust("z", "Volume discount", `sku != "tax"`, "price * 0.9"),
		adjust("a", "Care", `sku == "hot"`, "price + 3"),
	}})
	w.account("dist", "1", "acme",
		usageLine{service: "Storage", sku: "hot", billed: "90", list: "100"},
		usageLine{service: "Storage", sku: "cold", billed: "190", list: "200"},
		usageLine{service: "Storage", sku: "tax", billed: "10", category: "Credit"})
	w.recalc("dist", "acme")
	of := func(label string) Amount {
		return Amount{IsUsage: true, Label: label, Service: "Storage", Unit: "Hours"}
	}
	for label, want := range map[string][]string{
		"Usage":   {"list : 0 lines 0 → 100, 100", "charged Usage: 0 lines 100 → 190.004, 190.004", "invoice : 0 lines 190.004 → 190, 190"},
		"Archive": {"list : 0 lines 0 → 200, 200", "charged Archive: 0 lines 200 → 95.004, 95.004", "invoice : 0 lines 95.004 → 95, 95"},
		"Credit":  {"charged Credit: 0 lines 0 → 19.004, 19.004", "invoice : 0 lines 19.004 → 19, 19"},
		"Volume discount": {
			"list : 0 lines 0 → 300, 300", "charged Archive: 0 lines 300 → 195.004, 195.004", "charged Usage: 0 lines 195.004 → 285.008, 285.008",
			"added Volume discount: 0 lines 285.008 → 256.5072, 256.5072", "own Volume discount: 0 lines 0 → -28.5008, -28.5008",
			"invoice : 0 lines -28.5008 → -28.5, -28.5",
		},
		"Care": {
			"list : 0 lines 0 → 100, 100", "charged Usage: 0 lines 100 → 190.004, 190.004",
			"added Volume discount: 0 lines 190.004 → 171.0036, 171.0036", "added Care: 0 lines 171.0036 → 174.0036, 174.0036",
			"own Care: 0 lines 0 → 3, 3", "invoice : 0 lines 3 → 3, 3",
		},
	} {
		if diff := cmp.Diff(want, w.explain("acme", "north", "acme", of(label)).steps()); diff != "" {
			t.Errorf("%s: %s", label, diff)
		}
	}
	// A part of a line has no rounding of its own.
	part := of("Volume discount")
	part.SKU = "hot"
	x := w.explain("acme", "north", "acme", part)
	if n := len(x.Steps); n == 0 || x.Steps[n-1].Kind != StepOwn || x.Steps[n-1].Total.String() != "-19.0004" {
		t.Errorf("%v", x.steps())
	}
}

// A rule that is a price rule in one customer's version and an adjust rule in
// another's is each where it was applied.
func TestExplain_RulesOfSeveralVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	care := func(stage rules.Stage, then string) rules.Terms {
		return rules.Terms{Basis: rules.BasisList, Rules: []rules.Rule{
			{Name: "care", Stage: stage, Label: "Care", Then: rules.Source(then)},
		}}
	}
	w.account("dist", "1", "acme", usageLine{service: "Storage", billed: "100", list: "100"})
	w.account("dist", "2", "bolt", usageLine{service: "Storage", billed: "100", list: "100"})
	w.contract("dist", "north", care(rules.StagePrice, "50"))
	w.recalc("dist", "bolt")
	w.contract("dist", "north", care(rules.StageAdjust, "price + 3"))
	w.recalc("dist", "acme")
	x := w.explain("north", "dist", "north", Amount{IsUsage: true, Label: "Care", Service: "Storage", Unit: "Hours"})
	want := []string{
		"list : 0 lines 0 → 200, 200", "charged Care: 0 lines 200 → 150, 150", "charged Usage: 0 lines 150 → 150, 150",
		"added Care: 0 lines 150 → 153, 153", "own Care: 0 lines 0 → 53, 53", "invoice : 0 lines 53 → 53, 53",
	}
	if diff := cmp.Diff(want, x.steps()); diff != "" {
		t.Error(diff)
	}
}

// Invariant 5: that a version of a tenant above cannot be compiled any more is
// told to nobody below; what the charges say is.
func TestExplain_VersionsThatDoNotCompile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"})
	w.recalc("dist", "acme")
	of := Amount{IsUsage: true, Label: "Managed service", Service: "Compute", Unit: "Hours"}
	w.contracts.stale = map[Edge]bool{w.edge("north", "acme"): true}
	x, err := w.s.Explain(w.as("acme"), w.edge("north", "acme"), march, of)
	want := []string{"charged Managed service: 0 lines 0 → 0.5, 0.5", "invoice : 0 lines 0.5 → 0.5, 0.5"}
	if diff := cmp.Diff(want, x.steps()); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for _, stale := range []Edge{w.edge("dist", "north"), {Seller: w.id("dist")}} {
		w.contract("dist", "", rules.Terms{})
		w.recalc("dist", "acme")
		w.contracts.stale = map[Edge]bool{stale: true}
		x, err := w.s.Explain(w.as("north"), w.edge("north", "acme"), march, of)
		if !errors.Is(err, errExplainFailed) || strings.Contains(fmt.Sprintf("%v %+v", err, x), "secret") || x.Amount.String() != "0.5" || len(x.Parts) != 1 {
			t.Errorf("%v %+v", err, x)
		}
		w.contracts.stale = nil
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
