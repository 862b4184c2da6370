package billing

import (
	"testing"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
)

func TestCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.request("north", "acme")
	for _, who := range []string{"south", "acme"} {
		if err := w.s.Cancel(w.as(who), run); errs.KindOf(err) != errs.NotFound || err.Error() != errRunNotFound.Error() {
			t.Errorf("%s: %v, want NotFound", who, err)
		}
	}
	if err := w.s.Cancel(w.as("north", "viewer"), run); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("without permission: %v", err)
	}
	if err := w.s.Cancel(w.as("dist"), id.New[id.Run]()); errs.KindOf(err) != errs.NotFound {
		t.Errorf("unknown: %v", err)
	}
	if err := w.s.Cancel(w.as("dist"), run); err != nil { // from above
		t.Fatal(err)
	}
	if r := w.run(run); r.State != StateCancelled || r.FinishedAt.IsZero() || !r.StartedAt.IsZero() {
		t.Errorf("cancelled run: %+v", r)
	}
	if err := w.s.Cancel(w.as("dist"), run); errs.KindOf(err) != errs.FailedPrecondition {
		t.Errorf("again: %v", err)
	}
	if got := w.query(`SELECT (before ->> 'state') || ' → ' || (after ->> 'state') FROM audit_events WHERE action = 'billing.cancel'`); len(got) != 1 || got[0] != "requested → cancelled" {
		t.Errorf("audit: %v", got)
	}
	if next := w.request("north", "acme"); next == run {
		t.Error("a request joined a cancelled run")
	}
}

// A worker that comes for a cancelled run leaves it alone.
func TestCancel_IsNotCarriedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"})
	run := w.request("dist", "acme")
	if err := w.s.Cancel(w.as("dist"), run); err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.carryOut(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if r := w.run(run); r.State != StateCancelled || r.Lines != 0 {
		t.Errorf("run: %+v", r)
	}
	if got := w.query(`SELECT count(*)::text FROM billing_published`); got[0] != "0" {
		t.Errorf("%s rows published", got[0])
	}
}
