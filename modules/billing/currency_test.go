package billing

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// euro is a line of another payer, which bills in EUR.
func euro(billed string) usageLine {
	return usageLine{service: "Compute", billed: billed, payer: "payer-eu", currency: "EUR"}
}

// Lines of a second currency that no contract charges are booked beside the
// others, and reconcile on their own.
func TestRate_TwoCurrencies(t *testing.T) {
	t.Parallel()
	t.Run("OwnUse", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.account("dist", "111", "dist", usageLine{service: "Compute", billed: "12.5"}, euro("3.25"), euro("-1"))
		w.recalc("dist", "dist")
		want := []string{"cost   dist  111 Compute Usage  12.5 USD", "cost   dist  111 Compute Usage  2.25 EUR"}
		if diff := cmp.Diff(want, w.ledger("dist")); diff != "" {
			t.Errorf("ledger (-want +got):\n%s", diff)
		}
		got := w.reconcile()
		if !got.OK || len(got.Trees) != 2 {
			t.Fatalf("%+v, want OK and two currencies", got)
		}
		for i, want := range []string{"2.25", "12.5"} {
			if tree := got.Trees[i]; tree.OwnUse.String() != want || tree.Imported.String() != want || !tree.Difference.IsZero() {
				t.Errorf("%s: imported %s, own use %s, difference %s", tree.Currency, tree.Imported, tree.OwnUse, tree.Difference)
			}
		}
	})
	t.Run("Blocked", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.usual()
		w.contract("dist", "north", rules.Terms{
			Basis: rules.BasisBilled, Covers: rules.Covers{{Provider: "aws", Payers: []string{"payer-of-dist"}}},
		})
		w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"}, euro("7"), euro("0.5"))
		r := w.recalc("dist", "acme")
		golden(t, "two-currencies.txt", w.ledger("acme"))
		if again := w.recalc("dist", "acme"); again.ResultHash != r.ResultHash || again.InputHash != r.InputHash {
			t.Error("equal inputs gave other hashes")
		}
		got := w.reconcile()
		if !got.OK || len(got.Trees) != 2 || got.Trees[0].Imported.String() != "7.5" || got.Trees[1].Imported.String() != "80" {
			t.Fatalf("%+v, want OK and two currencies", got)
		}
		want := []string{"no_contract: 2 lines of acme have no contract on dist → north: not charged there or further down, at a cost of 7.50 EUR."}
		if diff := cmp.Diff(want, messages(got.Trees[0].Notices)); diff != "" {
			t.Errorf("notices in EUR (-want +got):\n%s", diff)
		}
		inv, err := w.s.Invoice(w.as("dist"), w.edge("dist", "north"), march)
		if err != nil || inv.Currency != "USD" || inv.Total.String() != "80" {
			t.Errorf("invoice: %s %s, %v", inv.Total, inv.Currency, err)
		}
		if diff := cmp.Diff(want, messages(inv.Findings)); diff != "" {
			t.Errorf("findings on the invoice (-want +got):\n%s", diff)
		}
	})
	t.Run("PassedThroughByAContract", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.usual()
		w.contract("dist", "direct", rules.Terms{
			Basis: rules.BasisBilled, Covers: rules.Covers{{Payers: []string{"payer-of-dist"}}}, Missing: rules.MissingPassThrough,
		})
		w.account("dist", "111", "direct", usageLine{service: "Compute", billed: "80"}, euro("7"))
		w.wantMixed("direct", "dist → direct", "111", "EUR", "USD")
	})
	t.Run("PassedThroughWithoutContract", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.contracts.ended = map[Edge]EdgeTerms{w.edge("dist", "direct"): {Missing: rules.MissingPassThrough, Currency: "EUR"}}
		w.account("dist", "111", "direct", euro("7"))
		w.recalc("dist", "direct")
		want := []string{
			"charge dist → direct  111 Compute Usage  rule -  quantity 1  list 7  amount 7 EUR",
			"cost   dist for direct  111 Compute Usage  7 EUR", "cost   direct from dist  111 Compute Usage  7 EUR",
		}
		if diff := cmp.Diff(want, w.ledger("direct")); diff != "" {
			t.Errorf("ledger (-want +got):\n%s", diff)
		}
		w.account("dist", "222", "direct", usageLine{service: "Compute", billed: "80"})
		w.wantMixed("direct", "dist → direct", "222", "USD", "EUR")
		if diff := cmp.Diff(want, w.ledger("direct")); diff != "" {
			t.Errorf("a failed run changed the ledger (-want +got):\n%s", diff)
		}
	})
}

// wantMixed checks that rating assignee fails and names everything of words.
func (w *world) wantMixed(assignee string, words ...string) {
	w.t.Helper()
	r := w.carryOut(w.request("dist", assignee))
	for _, word := range words {
		if r.State != StateFailed || !strings.Contains(r.Error.String(), word) {
			w.t.Errorf("run is %s: %q does not name %s", r.State, r.Error, word)
		}
	}
}

// Findings of several owners on one edge are one, per currency.
func TestRate_FindingsOfSeveralOwnersAreOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.contract("dist", "north", rules.Terms{Basis: rules.BasisBilled})
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
	w.account("north", "222", "acme", usageLine{service: "Compute", billed: "20"}, usageLine{service: "DNS", billed: "1"}, euro("5"))
	w.recalc("dist", "acme")
	got, err := w.s.Findings(w.as("north"), w.edge("north", "acme"), march)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"no_contract: 1 line of acme has no contract on north → acme: not charged there or further down, at a cost of 5.00 EUR.",
		"no_contract: 3 lines of acme have no contract on north → acme: not charged there or further down, at a cost of 101.00 USD.",
	}
	if diff := cmp.Diff(want, messages(got)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// A late line whose owner is not above the assignee any more stays with the
// owner, and everything else of the month is rated.
func TestRate_LateLinesOfAFormerSeller(t *testing.T) {
	t.Parallel()
	january := period.NewMonth(2026, time.January)
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "cargo", usageLine{service: "Compute", billed: "100"})
	w.account("north", "222", "", usageLine{service: "Compute", billed: "-25", month: january}, usageLine{service: "DNS", billed: "4", month: january})
	w.assign("222", "cargo", january)
	r := w.recalc("dist", "cargo")
	golden(t, "former-seller.txt", w.ledger("cargo"))
	if again := w.recalc("dist", "cargo"); again.ResultHash != r.ResultHash || again.InputHash != r.InputHash {
		t.Error("equal inputs gave other hashes")
	}
	got := w.reconcile()
	if !got.OK || !got.Trees[0].Difference.IsZero() || got.Trees[0].Imported.String() != "79" {
		t.Errorf("%+v, want OK", got)
	}
	want := []string{"no_contract: 2 lines of cargo for earlier months have no seller any more: north is not above it this month, and bears a cost of -21.00 USD."}
	if diff := cmp.Diff(want, messages(notices(got))); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	if found, err := w.s.Findings(w.as("north"), w.edge("north", "cargo"), march); err != nil || len(found) != 1 || !found[0].Blocking {
		t.Errorf("the former seller reads %v, %v", found, err)
	}

	// The new seller rates its own edge, and has nothing to do with it.
	w.contract("south", "cargo", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{price("markup", "", "price * 2")}})
	w.recalc("south", "cargo")
	if got := w.reconcile(); !got.OK {
		t.Errorf("%+v, want OK", got)
	}
	if found, err := w.s.Findings(w.as("south"), w.edge("south", "cargo"), march); err != nil || len(found) > 0 {
		t.Errorf("the new seller reads %v, %v", found, err)
	}

	// A contract with the former buyer does not cover what is no edge.
	w.contract("north", "cargo", rules.Terms{Basis: rules.BasisCost})
	if got := w.reconcile(); !cmp.Equal(want, messages(notices(got))) {
		t.Errorf("notices %v", messages(notices(got)))
	}

	// The account is given back: nothing stays published.
	w.assign("222", "", january)
	w.recalc("dist", "cargo")
	if left := w.query(`SELECT a.slug FROM billing_published p JOIN tenancy_tenants a ON a.id = p.bearer_id WHERE a.slug = 'north'`); len(left) > 0 {
		t.Errorf("still published: %v", left)
	}
}

// A customer who has left the tree has late lines too.
func TestRate_LateLinesOfAFormerCustomer(t *testing.T) {
	t.Parallel()
	january := period.NewMonth(2026, time.January)
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "", usageLine{service: "Compute", billed: "5", month: january})
	w.assign("111", "acme", january)
	run := w.request("dist", "acme")
	w.tenants.leave(w.id("acme"))
	w.drain()
	if r := w.run(run); r.State != StateComplete {
		t.Fatalf("run is %s: %s", r.State, r.Error)
	}
	if diff := cmp.Diff([]string{"cost   dist for acme  111 Compute Usage for 2026-01  (no contract): 5 USD"}, w.ledger("acme")); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

// A month to come is rated, but no fee is due in it yet.
func TestRate_MonthToComeAsksForNoPeriodRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	next := period.MonthOf(w.s.clock.Now()).Add(1)
	run, err := w.s.Request(w.as("dist"), RunRequest{Assignee: w.id("acme"), Month: next, Reason: "too early"})
	if err != nil {
		t.Fatal(err)
	}
	w.drain()
	waited, err := w.s.Wait(w.as("dist"), run)
	if err != nil || waited.Run.State != StateComplete || len(waited.Periods) > 0 {
		t.Errorf("%s with %d period runs, %v; want complete without any", waited.Run.State, len(waited.Periods), err)
	}
}
