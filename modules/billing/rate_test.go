package billing

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares got with testdata/name, which go test -update writes.
func golden(t *testing.T, name string, got []string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	text := strings.Join(got, "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// Three tiers, line by line: what every edge charges is what the next tier's
// line costs.
func TestRate_ThreeTiers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme",
		usageLine{service: "Compute", quantity: "10", list: "100", billed: "80"},
		usageLine{service: "Compute", quantity: "5", list: "50", billed: "40.5"},
		usageLine{service: "Storage", quantity: "2", list: "20", billed: "20"},
		usageLine{service: "Storage", category: "Tax", quantity: "0", billed: "7.77"})
	w.account("north", "222", "acme", usageLine{service: "Storage", quantity: "3", list: "30", billed: "28.000000001"})
	r := w.recalc("dist", "acme")
	golden(t, "three-tiers.txt", w.ledger("acme"))
	if r.Lines != 5 || r.InputHash == "" || r.ResultHash == "" || r.Charges == 0 {
		t.Errorf("run: %+v", r)
	}
}

// A late line belongs to who had the account then, and is priced by this
// month's contract.
func TestRate_LateLines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	january := period.NewMonth(2026, time.January)
	w.account("dist", "111", "acme",
		usageLine{service: "Compute", quantity: "10", billed: "100"},
		usageLine{service: "Compute", quantity: "0", billed: "-25", month: january})
	w.assign("111", "cargo", january)
	w.recalc("dist", "acme")
	w.recalc("dist", "cargo")
	golden(t, "late-lines.txt", append(w.ledger("acme"), w.ledger("cargo")...))
}

// Invariant 2: equal inputs give equal hashes, whatever the number of workers,
// the cut into batches, the process and the data directory.
func TestRate_EqualInputsEqualHashes(t *testing.T) {
	t.Parallel()
	var first Run
	for i, variant := range []struct{ workers, batch int }{{1, 64_000}, {2, 3}, {5, 1}, {3, 7}} {
		w := newWorld(t)
		w.usage.batch = variant.batch
		w.s.workers = variant.workers
		w.usual()
		var lines []usageLine
		for n := range 40 {
			lines = append(lines, usageLine{
				service: []string{"Compute", "Storage", "Network"}[n%3], quantity: decimalText(n), list: decimalText(3 * n), billed: decimalText(2*n + 1),
			})
		}
		w.account("dist", "111", "acme", lines...)
		w.account("dist", "112", "acme", lines[:7]...)
		for range 2 {
			r := w.recalc("dist", "acme")
			if i == 0 && first.ID.IsZero() {
				first = r
			}
			if r.InputHash != first.InputHash || r.ResultHash != first.ResultHash {
				t.Errorf("workers %d, batch %d: hashes %s %s, want %s %s",
					variant.workers, variant.batch, r.InputHash, r.ResultHash, first.InputHash, first.ResultHash)
			}
		}
	}
}

func decimalText(n int) string { return strings.Repeat("1", n%5) + "0." + strings.Repeat("3", 1+n%9) }

// Invariant 3: an account that moves is billed once, by re-rating everybody it
// touched.
func TestRate_MovedAccountReratesBoth(t *testing.T) {
	t.Parallel()
	for _, asked := range []string{"acme", "cargo"} {
		t.Run(asked, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.usual()
			w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "100"})
			w.account("dist", "222", "acme", usageLine{service: "Compute", billed: "10"})
			w.account("dist", "333", "cargo", usageLine{service: "Compute", billed: "1"})
			w.recalc("dist", "acme")
			w.recalc("dist", "cargo")
			w.assign("111", "cargo")
			w.recalc("dist", asked)
			got := w.query(`
				SELECT format('%s %s %s', t.slug, c.account, trim_scale(sum(c.cost))) FROM billing_charge_costs c
				JOIN billing_published p ON p.run_id = c.run_id AND p.bearer_id = c.bearer_id AND p.assignee_id = c.assignee_id AND p.account_id = c.account_id
				JOIN tenancy_tenants t ON t.id = c.assignee_id WHERE c.supplier IS NULL GROUP BY t.slug, c.account ORDER BY t.slug, c.account`)
			if diff := cmp.Diff([]string{"acme 222 10", "cargo 111 100", "cargo 333 1"}, got); diff != "" {
				t.Errorf("owner's costs (-want +got):\n%s", diff)
			}
		})
	}
}

// An account that nobody has any more leaves nothing published.
func TestRate_AccountThatLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "100"})
	w.recalc("dist", "acme")
	w.assign("111", "")
	r := w.recalc("dist", "acme")
	if got := w.ledger("acme"); len(got) != 0 || r.Charges != 0 {
		t.Errorf("still published: %v", got)
	}
}

// A tenant that has moved to another reseller leaves nothing behind on the old
// edge, whose fees are computed again.
func TestRate_MovedTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.contract("south", "acme", rules.Terms{Basis: rules.BasisCost})
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "100"})
	w.recalc("dist", "acme")
	w.tenants.move(w.id("acme"), w.id("south"))
	r := w.recalc("dist", "acme")
	got := w.query(`
		SELECT DISTINCT format('%s → %s', a.slug, b.slug) FROM billing_published p
		JOIN tenancy_tenants a ON a.id = p.bearer_id LEFT JOIN tenancy_tenants b ON b.id = p.sold_to ORDER BY 1`)
	if diff := cmp.Diff([]string{"acme → ", "dist → south", "south → acme"}, got); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	got = w.query(`
		SELECT format('%s → %s', a.slug, b.slug) FROM billing_runs r
		JOIN tenancy_tenants a ON a.id = r.seller_id JOIN tenancy_tenants b ON b.id = r.buyer_id WHERE r.cause_id = ? ORDER BY 1`, r.ID)
	if diff := cmp.Diff([]string{"dist → north", "dist → south", "north → acme", "south → acme"}, got); diff != "" {
		t.Errorf("period runs (-want +got):\n%s", diff)
	}
}

// Own use ends at its tenant; without an edge there is only a cost.
func TestRate_OwnUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "dist", usageLine{service: "Compute", billed: "12.5"})
	w.account("dist", "222", "north", usageLine{service: "Compute", billed: "10"})
	w.recalc("dist", "dist")
	w.recalc("dist", "north")
	golden(t, "own-use.txt", append(w.ledger("dist"), w.ledger("north")...))
}

// A month without usage has its period runs all the same.
func TestRate_NoUsageAsksForPeriodRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	r := w.recalc("dist", "acme")
	waited, err := w.s.Wait(w.as("dist"), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(waited.Periods) != 2 || r.Charges != 0 || r.ResultHash == "" {
		t.Errorf("periods %d, run %+v", len(waited.Periods), r)
	}
}

// The published run and the one before keep their charges; older ones their
// totals and hashes.
func TestRate_OldChargesAreDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	var runs []id.Run
	for _, billed := range []string{"1", "2", "3"} {
		w.account("dist", "a"+billed, "acme", usageLine{service: "Compute", billed: billed})
		runs = append(runs, w.recalc("dist", "acme").ID)
	}
	for table, want := range map[string]int{"billing_charges": 2, "billing_charge_costs": 2, "billing_run_results": 3} {
		if got := w.query(`SELECT DISTINCT run_id::text FROM ` + table); len(got) != want || (want == 2) == slices.Contains(got, runs[0].String()) {
			t.Errorf("%s: runs %v of %v", table, got, runs)
		}
	}
}

// Invariant 4: a reseller's recalculation changes nothing above it, and takes
// the edge above as it was published.
func TestRate_ResellerPublishesItsEdgesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Storage", list: "100", billed: "80"})
	w.account("north", "222", "acme", usageLine{service: "Storage", billed: "5"})
	top := w.recalc("dist", "acme")
	before := w.ledger("acme")

	w.contract("dist", "north", rules.Terms{Basis: rules.BasisList, Rules: []rules.Rule{price("dear", "", "price * 3")}})
	w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{price("markup", "", "price * 3")}})
	r := w.recalc("north", "acme")
	golden(t, "reseller.txt", append(append(before, "--- after north's recalculation"), w.ledger("acme")...))
	got := w.query(`
		SELECT DISTINCT format('%s %s', t.slug, CASE p.run_id WHEN ? THEN 'dist' WHEN ? THEN 'north' END) FROM billing_published p
		JOIN tenancy_tenants t ON t.id = p.bearer_id ORDER BY 1`, top.ID, r.ID)
	if diff := cmp.Diff([]string{"acme north", "dist dist", "north north"}, got); diff != "" {
		t.Errorf("who published (-want +got):\n%s", diff)
	}
	if got := w.query(`SELECT DISTINCT a.slug FROM billing_runs r JOIN tenancy_tenants a ON a.id = r.seller_id WHERE r.cause_id = ?`, r.ID); !slices.Equal(got, []string{"north"}) {
		t.Errorf("period runs of %v, want north's only", got)
	}
}

func TestRate_WaitsForTheSupplier(t *testing.T) {
	t.Parallel()
	t.Run("NothingPublished", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.usual()
		w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
		run := w.request("north", "acme")
		if r := w.carryOut(run); r.State != StateWaiting || r.Error != messageUnpublished {
			t.Fatalf("run is %s: %q", r.State, r.Error)
		}
		if again := w.request("north", "acme"); again != run || w.run(run).State != StateRequested {
			t.Errorf("asked again: run %s, want %s, is %s", again, run, w.run(run).State)
		}
		w.carryOut(run)
		w.recalc("dist", "acme")
		if got := w.query(`SELECT count(*)::text FROM river_job WHERE args->>'run_id' = ?`, run.String()); got[0] != "3" {
			t.Errorf("jobs of the waiting run: %s, want 3: it is woken", got[0])
		}
		if r := w.carryOut(run); r.State != StateComplete {
			t.Errorf("run is %s: %q", r.State, r.Error)
		}
	})
	t.Run("NewerData", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.usual()
		w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
		w.recalc("dist", "acme")
		w.deliver("111", usageLine{service: "Compute", billed: "81"})
		if r := w.carryOut(w.request("north", "acme")); r.State != StateWaiting || r.Error != messageNewer {
			t.Errorf("run is %s: %q", r.State, r.Error)
		}
	})
	t.Run("MovedAway", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.usual()
		w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
		w.recalc("dist", "acme")
		w.assign("111", "bolt")
		if r := w.carryOut(w.request("north", "acme")); r.State != StateWaiting || r.Error != messageNewer {
			t.Errorf("run is %s: %q", r.State, r.Error)
		}
	})
	t.Run("NothingAbove", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.usual()
		w.account("north", "111", "acme", usageLine{service: "Compute", billed: "80"})
		w.recalc("north", "acme")
	})
}

// Invariants 5 and 6: a failure publishes nothing, and only who may see the
// edge learns what failed.
func TestRate_Failure(t *testing.T) {
	t.Parallel()
	broken := rules.Terms{Basis: rules.BasisList, Rules: []rules.Rule{price("secret margin", "", "price / (quantity - quantity)")}}
	t.Run("SellerSeesTheRule", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.usual()
		w.contract("dist", "north", broken)
		w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
		r := w.carryOut(w.request("dist", "acme"))
		if r.State != StateFailed || !strings.Contains(r.Error.String(), "secret margin") || !strings.Contains(r.Error.String(), "dist → north") {
			t.Errorf("run is %s: %q", r.State, r.Error)
		}
		// The log has slugs; who reads a page reads names, also of who stands
		// between.
		if message, _, err := w.s.Failure(w.as("dist"), r.ID); err != nil || !strings.HasPrefix(message, "dist Ltd → north Ltd, contract") {
			t.Errorf("dist reads %q, %v", message, err)
		}
		todo, err := w.s.Attention(w.as("dist"), march)
		if err != nil || len(todo.Failed) != 1 || !strings.HasPrefix(todo.Failed[0].Error.String(), "dist Ltd → north Ltd, contract") {
			t.Errorf("the start page says %+v, %v", todo.Failed, err)
		}
		if got := w.ledger("acme"); len(got) != 0 {
			t.Errorf("published: %v", got)
		}
		if got := w.query(`SELECT count(*)::text FROM billing_charges`); got[0] != "0" {
			t.Errorf("%s charges stored", got[0])
		}
	})
	t.Run("BuyerSeesAReference", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.usual()
		w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
		w.contract("dist", "north", broken)
		w.recalcFails("dist", "acme")
		// What was published once can fail later, as after an upgrade: plant it.
		w.contract("dist", "north", rules.Terms{Basis: rules.BasisList})
		w.recalc("dist", "acme")
		w.contracts.breakAll(w.edge("dist", "north"), w.compile(rules.EdgeFirst, broken))
		run := w.request("north", "acme")
		r := w.carryOut(run)
		want := "Your supplier's pricing could not be applied (reference " + reference(run) + ")."
		if r.State != StateFailed || r.Error.String() != want {
			t.Fatalf("run is %s: %q, want %q", r.State, r.Error, want)
		}
		if message, detail, err := w.s.Failure(w.as("north", "finance"), run); detail != "" || message != want || err != nil {
			t.Errorf("north reads %q, %q, %v", message, detail, err)
		}
		_, detail, err := w.s.Failure(w.as("dist"), run)
		if err != nil || !strings.Contains(detail, "secret margin") || !strings.Contains(detail, "dist Ltd → north Ltd") {
			t.Errorf("dist reads %q, %v", detail, err)
		}
	})
	t.Run("AFeeOverTheNewCharges", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.usual()
		w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
		w.recalc("dist", "acme")
		before := w.ledger("acme")
		w.contract("dist", "north", rules.Terms{Basis: rules.BasisList, Rules: []rules.Rule{fee("Care", "100 / (spend - 90)")}})
		w.deliver("111", usageLine{service: "Compute", billed: "90"})
		r := w.carryOut(w.request("dist", "acme"))
		if r.State != StateFailed || !strings.Contains(r.Error.String(), "Care") || !strings.Contains(r.Error.String(), "dist → north") {
			t.Errorf("run is %s: %q", r.State, r.Error)
		}
		if diff := cmp.Diff(before, w.ledger("acme")); diff != "" {
			t.Errorf("published (-before +after):\n%s", diff)
		}
		w.deliver("111", usageLine{service: "Compute", billed: "190"})
		w.recalc("dist", "acme")
	})
	t.Run("NotAFeeThatOthersHaveYetToChange", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.usual()
		w.contract("dist", "north", rules.Terms{Basis: rules.BasisList, Rules: []rules.Rule{fee("Care", "100 / (spend - 90)")}})
		w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "90"})
		w.account("dist", "222", "bolt", usageLine{service: "Compute", billed: "100"})
		first, second := w.request("dist", "acme"), w.request("dist", "bolt")
		for _, run := range []id.Run{first, second} {
			if r := w.carryOut(run); r.State != StateComplete {
				t.Errorf("run is %s: %q", r.State, r.Error)
			}
		}
	})
	t.Run("OtherCurrency", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.usual()
		w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80", currency: "EUR"})
		r := w.carryOut(w.request("dist", "acme"))
		for _, word := range []string{"111", "EUR", "USD"} {
			if r.State != StateFailed || !strings.Contains(r.Error.String(), word) {
				t.Errorf("run is %s: %q does not name %s", r.State, r.Error, word)
			}
		}
	})
	t.Run("OwnersChainIsBroken", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.usual()
		w.account("south", "111", "acme", usageLine{service: "Compute", billed: "80"})
		if r := w.carryOut(w.request("dist", "acme")); r.State != StateFailed || !strings.Contains(r.Error.String(), "111") {
			t.Errorf("run is %s: %q", r.State, r.Error)
		}
	})
}

// A failure of ours is tried again, a few times, and says nothing of the
// inside.
func TestRate_InternalErrorIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
	fails := 2
	w.beforeScan(func(Selection) error {
		if fails--; fails >= 0 {
			return errors.New("password=hunter2")
		}
		return nil
	})
	run := w.request("dist", "acme")
	for attempt := 1; attempt <= 2; attempt++ {
		again, err := w.s.carryOut(t.Context(), run)
		if r := w.run(run); err != nil || again == 0 || r.State != StateRequested || r.Attempts != attempt {
			t.Fatalf("attempt %d: again after %s, %v, run %+v", attempt, again, err, r)
		}
	}
	if r := w.carryOut(run); r.State != StateComplete {
		t.Errorf("run is %s", r.State)
	}

	w.beforeScan(func(Selection) error { panic("password=hunter2") })
	run = w.request("dist", "acme")
	for range maxAttempts {
		if _, err := w.s.carryOut(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	if r := w.run(run); r.State != StateFailed || strings.Contains(r.Error.String(), "hunter2") || !strings.Contains(r.Error.String(), reference(run)) {
		t.Errorf("run is %s: %q", r.State, r.Error)
	}
}

// A process that is asked to stop gives the run back; that is no attempt.
func TestRate_StoppedProcessGivesTheRunBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
	ctx, cancel := context.WithCancel(t.Context())
	w.beforeScan(func(Selection) error { cancel(); return nil })
	run := w.request("dist", "acme")
	again, err := w.s.carryOut(ctx, run)
	if r := w.run(run); err != nil || again == 0 || r.State != StateRequested || r.Attempts != 0 {
		t.Fatalf("again after %s, %v, run %+v", again, err, r)
	}
	w.beforeScan(nil)
	if r := w.carryOut(run); r.State != StateComplete {
		t.Errorf("run is %s: %s", r.State, r.Error)
	}
}

// Invariant 2, its other half: what is stored is what the hashes say.
func TestVerify(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Compute", list: "100", billed: "80"})
	w.recalc("dist", "acme")
	w.recalc("north", "acme")
	found := func() (codes []string) {
		t.Helper()
		b := books{tree: w.id("dist"), month: march, tenants: map[id.Tenant]Tenant{}}
		for _, x := range w.tenants.list {
			b.tenants[x.ID] = x
		}
		findings, err := w.s.verifyLines(w.as("dist"), b)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			codes = append(codes, f.Message.String())
		}
		return codes
	}
	if got := found(); len(got) != 0 {
		t.Fatalf("findings without a cause: %v", got)
	}
	w.db.Exec(t, `UPDATE billing_charges SET amount = amount + 0.000000001 WHERE seller_id = $1`, w.id("dist").UUID())
	if got := found(); len(got) != 1 || !strings.Contains(got[0], "dist → north") {
		t.Errorf("altered charge: %v", got)
	}
	w.db.Exec(t, `DELETE FROM billing_charge_costs WHERE bearer_id = $1`, w.id("acme").UUID())
	if got := found(); len(got) != 2 {
		t.Errorf("removed cost: %v", got)
	}
}

func (w *world) recalcFails(acting, assignee string) {
	w.t.Helper()
	if r := w.carryOut(w.request(acting, assignee)); r.State != StateFailed {
		w.t.Fatalf("run is %s", r.State)
	}
}

func (w *world) compile(kind rules.EdgeKind, terms rules.Terms) *rules.Contract {
	w.t.Helper()
	terms.Currency = "USD"
	engine, err := rules.New(rules.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := engine.Compile(kind, terms)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// breakAll makes all saved versions of an edge price by c.
func (f *fakeContracts) breakAll(e Edge, c *rules.Contract) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k, v := range f.versions {
		if v.Edge == e {
			v.Pricing = c
			f.versions[k] = v
		}
	}
}
