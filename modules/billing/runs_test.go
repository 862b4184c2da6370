package billing

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/db"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	t.Run("JoinsWhatHasNotStarted", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		first := w.request("dist", "acme")
		if second := w.request("dist", "acme"); second != first {
			t.Errorf("second request made run %s, want %s", second, first)
		}
		if other := w.request("north", "acme"); other == first {
			t.Error("another tenant's request joined the distributor's run")
		}
		if got := w.query(`SELECT count(*)::text FROM audit_events WHERE action = 'billing.recalculate'`); got[0] != "3" {
			t.Errorf("%s audit events, want one per request", got[0])
		}
	})
	t.Run("AtTheSameTime", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var wg sync.WaitGroup
		runs := make([]id.Run, 8)
		for i := range runs {
			wg.Go(func() { runs[i] = w.request("dist", "acme") })
		}
		wg.Wait()
		for _, r := range runs {
			if r != runs[0] {
				t.Fatalf("runs %v, want one", runs)
			}
		}
	})
	t.Run("ForeignTenantIsNotFound", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		for _, assignee := range []id.Tenant{w.id("cargo"), w.id("dist"), id.New[id.Tenant]()} {
			_, err := w.s.Request(w.as("north", "finance"), RunRequest{Assignee: assignee, Month: march, Reason: "test"})
			if errs.KindOf(err) != errs.NotFound || err.Error() != errNotBelow.Error() {
				t.Errorf("%s: %v, want NotFound", assignee, err)
			}
		}
	})
	t.Run("NeedsPermission", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		_, err := w.s.Request(w.as("north", "viewer"), RunRequest{Assignee: w.id("acme"), Month: march, Reason: "test"})
		if errs.KindOf(err) != errs.Forbidden {
			t.Errorf("%v, want Forbidden", err)
		}
	})
	t.Run("NeedsReasonAndMonth", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		for _, in := range []RunRequest{{Assignee: w.id("acme"), Month: march, Reason: " "}, {Assignee: w.id("acme"), Reason: "x"}} {
			if _, err := w.s.Request(w.as("dist"), in); errs.KindOf(err) != errs.Invalid {
				t.Errorf("%+v: %v, want Invalid", in, err)
			}
		}
	})
}

// A request made while a run is under way is carried out after it.
func TestRequest_WhileRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
	started, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w.beforeScan(func(Selection) error {
		once.Do(func() { close(started); <-goOn })
		return nil
	})
	w.startWorker()
	first := w.request("dist", "acme")
	<-started
	second := w.request("dist", "acme")
	if r := w.run(second); second == first || r.State != StateWaiting {
		t.Fatalf("second run %s is %s", second, r.State)
	}
	w.deliver("111", usageLine{service: "Compute", billed: "90"})
	close(goOn)
	waited, err := w.s.Wait(w.as("dist"), second)
	if err != nil {
		t.Fatal(err)
	}
	a, b := w.run(first), waited.Run
	if a.State != StateComplete || b.State != StateComplete || b.StartedAt.Before(a.FinishedAt) {
		t.Errorf("first %s until %s, second %s from %s", a.State, a.FinishedAt, b.State, b.StartedAt)
	}
	if a.InputHash == b.InputHash {
		t.Error("the second run has read what the first has")
	}
}

// Invariant 1: a run that was taken over publishes nothing.
func TestCarryOut_TakenOverPublishesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
	run := w.request("dist", "acme")
	w.beforeScan(func(Selection) error {
		w.beforeScan(nil)
		// What happens when the first worker's connection is lost: its lock is
		// free, and another worker takes the run.
		var r Run
		err := w.db.Work.SystemTx(t.Context(), func(ctx context.Context) (err error) {
			r, _, err = w.s.work.startRun(ctx, run, engineVersion, time.Now())
			return err
		})
		if err != nil {
			return err
		}
		_, err = w.s.leave(w.as("dist"), r, w.s.computeAndPublish(w.as("dist"), r, []db.LockKey{lockKey(r)}))
		return err
	})
	if err := w.module.CarryOut(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if r := w.run(run); r.State != StateComplete || r.Attempts != 0 {
		t.Errorf("run is %s after %d attempts: %s", r.State, r.Attempts, r.Error)
	}
	if got := w.query(`SELECT count(*)::text FROM billing_run_results`); got[0] != "3" {
		t.Errorf("%s results, want one per place of the chain: published once", got[0])
	}
	if got := w.query(`SELECT count(*)::text FROM billing_runs WHERE kind = 'period'`); got[0] != "2" {
		t.Errorf("%s period runs, want 2", got[0])
	}
}

// A killed worker's run goes on within seconds, and that is no attempt.
func TestSweeper(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
	run := w.request("dist", "acme")
	err := w.db.Work.SystemTx(t.Context(), func(ctx context.Context) error {
		_, _, err := w.s.work.startRun(ctx, run, engineVersion, time.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.db.Exec(t, `UPDATE river_job SET state = 'running', attempted_at = now() - interval '1 minute', attempt = 1`) // a dead process's
	client := w.startWorker()
	sweeper := w.module.Sweeper(client)

	lock, ok, err := w.db.Work.Lock(t.Context(), lockKey(w.run(run)))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := w.run(run); r.State != StateRunning {
		t.Fatalf("a run whose lock is held was put back: %s", r.State)
	}
	lock.Release()
	if err := sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.as("dist"), 20*time.Second)
	defer cancel()
	waited, err := w.s.Wait(ctx, run)
	if err != nil {
		t.Fatal(err)
	}
	if r := waited.Run; r.State != StateComplete || r.Attempts != 0 {
		t.Errorf("run is %s after %d attempts: %s", r.State, r.Attempts, r.Error)
	}
}

// A run that has lost its job gets another one.
func TestSweeper_LostJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.request("dist", "acme")
	sweeper := w.module.Sweeper(w.idleClient())
	if err := sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	count := func() string {
		return w.query(`SELECT count(*)::text FROM river_job WHERE args->>'run_id' = ?`, run.String())[0]
	}
	if got := count(); got != "1" {
		t.Fatalf("%s jobs of a run that has one", got)
	}
	w.db.Exec(t, `DELETE FROM river_job`)
	w.db.Exec(t, `UPDATE billing_runs SET requested_at = now() - interval '1 minute'`)
	for range 3 {
		if err := sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := count(); got != "1" {
		t.Errorf("%s jobs after the sweep, want 1", got)
	}
}

// Invariant 5: the log shows a tenant its own runs and those below it.
func TestList_ShowsOnesOwnAndBelow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	top, north, south := w.request("dist", "acme"), w.request("north", "acme"), w.request("south", "cargo")
	for _, tt := range []struct {
		acting string
		sees   []id.Run
	}{{"dist", []id.Run{south, north, top}}, {"north", []id.Run{north}}, {"acme", nil}} {
		got, err := w.s.List(w.as(tt.acting, "finance"), RunFilter{})
		if err != nil {
			t.Fatal(err)
		}
		var ids []id.Run
		for _, r := range got {
			ids = append(ids, r.ID)
		}
		if len(ids) != len(tt.sees) {
			t.Fatalf("%s sees %v, want %v", tt.acting, ids, tt.sees)
		}
		for i := range ids {
			if ids[i] != tt.sees[i] {
				t.Errorf("%s sees %v, want %v", tt.acting, ids, tt.sees)
			}
		}
	}
	for _, run := range []id.Run{top, south, id.New[id.Run]()} {
		_, err := w.s.Get(w.as("north", "finance"), run)
		if errs.KindOf(err) != errs.NotFound || err.Error() != errRunNotFound.Error() {
			t.Errorf("foreign run: %v, want NotFound", err)
		}
		if _, err := w.s.Wait(w.as("north", "finance"), run); errs.KindOf(err) != errs.NotFound {
			t.Errorf("foreign run: %v, want NotFound", err)
		}
	}
}

// Invariant 5, in the database: a reseller's own connection sees neither what
// its supplier pays nor what its supplier charges others.
func TestPolicies_ResellerSeesNothingAbove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
	w.account("dist", "222", "cargo", usageLine{service: "Compute", billed: "70"})
	w.recalc("dist", "acme")
	w.recalc("dist", "cargo")
	for name, tt := range map[string]struct{ query, want string }{
		"Charges": {`SELECT DISTINCT a.slug || '→' || b.slug FROM billing_charges c
			LEFT JOIN slugs a ON a.id = c.seller_id LEFT JOIN slugs b ON b.id = c.buyer_id`, "dist→north north→acme"},
		"Costs":     {`SELECT DISTINCT a.slug FROM billing_charge_costs c LEFT JOIN slugs a ON a.id = c.bearer_id`, "acme north"},
		"Published": {`SELECT DISTINCT a.slug FROM billing_published c LEFT JOIN slugs a ON a.id = c.bearer_id`, "acme dist north"},
		"Results":   {`SELECT DISTINCT a.slug FROM billing_run_results c LEFT JOIN slugs a ON a.id = c.bearer_id`, "acme north"},
		"Findings":  {`SELECT DISTINCT a.slug FROM billing_findings c LEFT JOIN slugs a ON a.id = c.seller_id WHERE c.seller_id = ?`, ""},
		"Runs":      {`SELECT DISTINCT a.slug FROM billing_runs c LEFT JOIN slugs a ON a.id = c.acting_tenant WHERE c.acting_tenant = ?`, ""},
	} {
		var got []string
		err := w.db.Web.ReadTx(w.as("north", "finance"), func(ctx context.Context) error {
			values, args := "", []any{}
			for slug, sc := range w.scopes {
				values, args = values+",(?::uuid, ?)", append(args, sc.Tenant, slug)
			}
			if strings.Contains(tt.query, "?") {
				args = append(args, w.id("dist"))
			}
			return w.db.Web.Gorm(ctx).Raw(`WITH slugs (id, slug) AS (VALUES `+values[1:]+`) `+tt.query+` ORDER BY 1`, args...).Scan(&got).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: north sees %q, want %q", name, got, tt.want)
		}
	}
}

func TestList_Filters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acme, cargo := w.request("dist", "acme"), w.request("dist", "cargo")
	for name, tt := range map[string]struct {
		filter RunFilter
		want   int
	}{
		"All":      {RunFilter{}, 2},
		"Assignee": {RunFilter{Assignee: w.id("acme")}, 1},
		"Kind":     {RunFilter{Kind: RunPeriod}, 0},
		"Parties":  {RunFilter{Parties: []id.Tenant{w.id("cargo"), w.id("bolt")}}, 1},
		"Cause":    {RunFilter{Cause: acme}, 0},
		"Main":     {RunFilter{Main: true, Kind: RunPeriod}, 0},
		"Month":    {RunFilter{Month: period.NewMonth(2026, time.April)}, 0},
		"States":   {RunFilter{States: []RunState{StateRequested, StateFailed}}, 2},
		"Before":   {RunFilter{Before: cargo}, 1},
		"Limit":    {RunFilter{Limit: 1}, 1},
	} {
		got, err := w.s.List(w.as("dist"), tt.filter)
		if err != nil || len(got) != tt.want {
			t.Errorf("%s: %d runs, %v, want %d", name, len(got), err, tt.want)
		}
	}
	if got := w.run(acme); got.Actor != "dbtest" || got.Reason != "test" {
		t.Errorf("run: %+v", got)
	}
}

func TestReference_IsShort(t *testing.T) {
	t.Parallel()
	if got := reference(id.New[id.Run]()); len(got) != 10 {
		t.Errorf("reference %q", got)
	}
}
