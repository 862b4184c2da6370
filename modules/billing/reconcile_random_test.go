package billing

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// Invariants 7 and 8 on rated months: whatever was imported, agreed and
// assigned, everything imported is accounted for, every edge's charges are its
// buyer's costs, and the document says what reconciliation says.
func TestReconcile_RandomMonths(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a repeatable month, no secret
			w.randomMonth(r)
			for _, who := range []string{"dist", "north", "south", "acme", "bolt", "cargo", "direct"} {
				w.recalc("dist", who)
			}
			w.wantReconciled()
			// what a reseller changes below itself leaves the tree in balance
			w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{
				price("markup", "", "price * 1.3333"), fee("Care", "percent(period_cost, 100) + percent(spend, 3)"),
			}})
			w.recalc("north", "acme")
			w.wantReconciled()
		})
	}
}

// randomMonth fills the world with contracts, accounts of several owners, and
// lines, late ones, refunds and tax among them.
func (w *world) randomMonth(r *rand.Rand) {
	amount := func() string {
		return decimal.New(r.Int64N(2_000_000)-200_000, -int32(r.IntN(9))).String()
	}
	factor := func() string { return fmt.Sprintf("price * %d.%04d", r.IntN(2), r.IntN(10_000)) }
	for _, e := range [][2]string{{"dist", "north"}, {"dist", "south"}, {"dist", "direct"}, {"north", "acme"}, {"north", "bolt"}, {"south", "cargo"}} {
		rs := []rules.Rule{
			price("some", `service == "Compute"`, factor()),
			{Name: "care", Stage: rules.StageAdjust, Label: "Care", When: `service == "Storage"`, Then: "price + 0.001"},
			fee("Share", fmt.Sprintf("percent(spend, 0.%03d)", r.IntN(1000))),
			fee("Minimum", fmt.Sprintf("minimum(fee_base, %d)", r.IntN(50_000))),
			fee("Each", "percent(spend, 1) + 3.333", "customer"),
		}
		if r.IntN(2) == 0 {
			rs = append(rs, rules.Rule{Name: "tax", Stage: rules.StageExclude, When: `charge_category == "Tax"`})
		}
		if e[0] != "dist" {
			rs = append(rs, fee("Passed on", "percent(period_cost, 40)"))
		}
		terms := rules.Terms{Basis: rules.BasisCost, Rules: rs}
		if r.IntN(3) == 0 {
			terms.Missing, terms.Covers = rules.MissingPassThrough, rules.Covers{{Provider: "aws", Payers: []string{"payer-of-dist"}}}
		}
		if r.IntN(6) > 0 { // or none is in force, and the lines are blocked
			w.contract(e[0], e[1], terms)
		}
	}
	holders := []string{"acme", "bolt", "cargo", "direct", "north", ""}
	for n := range 12 {
		owner, holder := "dist", holders[r.IntN(len(holders))]
		if n == 0 {
			owner, holder = "north", "acme"
		}
		var lines []usageLine
		for range 1 + r.IntN(30) {
			l := usageLine{service: []string{"Compute", "Storage", "DNS"}[r.IntN(3)], quantity: fmt.Sprint(r.IntN(9)), billed: amount()}
			if r.IntN(8) == 0 {
				l.category = "Tax"
			}
			if r.IntN(8) == 0 {
				l.month = period.NewMonth(2026, time.February)
			}
			lines = append(lines, l)
		}
		number := fmt.Sprint(1000 + n)
		w.account(owner, number, holder, lines...)
		if owner == "dist" {
			w.assign(number, []string{"acme", "cargo", "direct"}[r.IntN(3)], period.NewMonth(2026, time.February))
		}
	}
}

// wantReconciled checks the books of the world's March.
func (w *world) wantReconciled() {
	w.t.Helper()
	w.drain()
	got, err := w.s.Reconcile(w.as("dist"), march)
	if err != nil {
		w.t.Fatal(err)
	}
	if !got.OK || len(got.Trees) != 1 {
		w.t.Fatalf("OK = %v, findings %+v", got.OK, got.Trees)
	}
	tree := got.Trees[0]
	if !tree.Difference.IsZero() || tree.Imported.IsZero() {
		w.t.Errorf("imported %s, difference %s", tree.Imported, tree.Difference)
	}
	if len(tree.Edges) < 3 {
		w.t.Errorf("%d edges, want more of a month", len(tree.Edges))
	}
	for _, e := range tree.Edges {
		if !e.SellerCharges.Equal(e.BuyerCosts) {
			w.t.Errorf("%s charges %s %s, which books %s", e.Seller, e.Buyer, e.SellerCharges, e.BuyerCosts)
		}
		inv, err := w.s.Invoice(w.as("dist"), w.edge(e.Seller, e.Buyer), march)
		if errs.KindOf(err) == errs.NotFound && e.SellerCharges.IsZero() {
			continue // no contract, and nothing charged: no document
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if !inv.Total.Equal(e.SellerCharges) {
			w.t.Errorf("%s → %s: the invoice says %s, the books %s", e.Seller, e.Buyer, money.Plain(inv.Total), money.Plain(e.SellerCharges))
		}
	}
}
