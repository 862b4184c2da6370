package billing

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/money"
	"tierbook/rules"
)

// changed writes what a run changed, as slug may see it.
func (w *world) changed(slug string, r Run) (out []string) {
	w.t.Helper()
	got, err := w.s.Changes(w.as(slug), r.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range got.Edges {
		what := e.Assignee.Slug
		if e.IsFees {
			what = "fees"
		}
		text := fmt.Sprintf("%s → %s %s: %s → %s", e.Seller.Slug, e.Buyer.Slug, what, money.Plain(e.Before), money.Plain(e.After))
		if !e.HasDetail {
			text += " (totals only)"
		}
		for _, c := range append(e.Services, e.Rules...) {
			text += fmt.Sprintf(" | %s %s → %s", c.Name, money.Plain(c.Before), money.Plain(c.After))
		}
		out = append(out, text)
	}
	return out
}

func TestChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	terms := func(factor string) rules.Terms {
		return rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{
			price("compute", `service == "Compute"`, "price * "+factor), fee("Care", "percent(spend, 10)"),
		}}
	}
	w.contract("north", "acme", terms("2"))
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"}, usageLine{service: "DNS", billed: "10"})
	first := w.recalc("dist", "acme")
	w.contract("north", "acme", terms("3"))
	second := w.recalc("north", "acme")
	want := []string{
		"north → acme acme: 189.5 → 279.5 | Compute 180 → 270 | DNS 9.5 → 9.5 | compute 180 → 270 | (the basis) 9.5 → 9.5",
		"north → acme fees: 18.95 → 27.95 | Care 18.95 → 27.95 | Rounding 0 → 0",
	}
	for _, who := range []string{"dist", "north"} {
		if diff := cmp.Diff(want, w.changed(who, second)); diff != "" {
			t.Errorf("%s reads of the second run:\n%s", who, diff)
		}
	}
	want = []string{
		"dist → north acme: 0 → 99.5 | Compute 0 → 90 | DNS 0 → 9.5 | compute 0 → 90 | rest 0 → 9.5",
		"dist → north fees: 0 → 0 | Rounding 0 → 0",
		"north → acme acme: 0 → 189.5 | Compute 0 → 180 | DNS 0 → 9.5 | compute 0 → 180 | (the basis) 0 → 9.5",
		"north → acme fees: 0 → 18.95 | Care 0 → 18.95 | Rounding 0 → 0",
	}
	if diff := cmp.Diff(want, w.changed("dist", first)); diff != "" {
		t.Errorf("the first run:\n%s", diff)
	}
	if _, err := w.s.Changes(w.as("north"), first.ID); errs.KindOf(err) != errs.NotFound {
		t.Errorf("the reseller reads a run of the distributor: %v", err)
	}
	// After two more, the first two have lost their charges.
	w.contract("north", "acme", terms("4"))
	w.recalc("north", "acme")
	w.contract("north", "acme", terms("5"))
	w.recalc("north", "acme")
	want = []string{"north → acme acme: 189.5 → 279.5 (totals only)"}
	if diff := cmp.Diff(want, w.changed("north", second)); diff != "" {
		t.Errorf("the second run, later:\n%s", diff)
	}
}

// A customer that has moved is charged on another edge.
func TestChanges_Move(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.contract("south", "acme", rules.Terms{Basis: rules.BasisCost})
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"})
	w.recalc("dist", "acme")
	w.tenants.move(w.id("acme"), w.id("south"))
	second := w.recalc("dist", "acme")
	want := []string{
		"dist → north acme: 90 → 0 | Compute 90 → 0 | compute 90 → 0",
		"dist → north fees: 0 → 0 | Rounding 0 → 0", // its contract is in force all the same
		"dist → south acme: 0 → 102 | Compute 0 → 102 | all 0 → 102",
		"dist → south fees: 0 → 0 | Rounding 0 → 0",
		"north → acme acme: 99.5 → 0 | Compute 99.5 → 0 | markup 99 → 0 | care 0.5 → 0",
		"north → acme fees: 0 → 0 | Rounding 0 → 0",
		"south → acme acme: 0 → 102 | Compute 0 → 102 | (the basis) 0 → 102",
		"south → acme fees: 0 → 0 | Rounding 0 → 0",
	}
	got := w.changed("dist", second)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestChanges_NotComplete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	run := w.request("dist", "acme")
	if _, err := w.s.Changes(w.as("dist"), run); errs.KindOf(err) != errs.FailedPrecondition {
		t.Error(err)
	}
}
