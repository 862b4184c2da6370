package billing

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/rules"
)

// givenAway is a customer's month in which some usage has no list price, and
// the distributor sells at list. It has been rated.
func givenAway(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "80"}, usageLine{service: "Spot", list: "0", billed: "7.5"})
	w.account("dist", "222", "bolt", usageLine{service: "Spot", list: "0", billed: "2"})
	w.contract("dist", "north", rules.Terms{Basis: rules.BasisList})
	w.recalc("dist", "acme")
	w.recalc("dist", "bolt")
	return w
}

func (w *world) invoiceFindings(as string) []string {
	w.t.Helper()
	inv, err := w.s.Invoice(w.as(as), w.edge("dist", "north"), march)
	if err != nil {
		w.t.Fatal(err)
	}
	out := []string{}
	for _, f := range inv.Findings {
		text := f.Code + " " + f.Sum.String()
		if f.Blocking {
			text += " blocks"
		}
		if f.Acknowledged != nil {
			text += " acknowledged for " + f.Acknowledged.Reason
		}
		out = append(out, text)
	}
	return out
}

func (w *world) wantFindings(when string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.invoiceFindings("dist")); diff != "" {
		w.t.Errorf("findings %s (-want +got):\n%s", when, diff)
	}
}

// What is acknowledged is a finding with its sum.
func TestAcknowledgeFinding(t *testing.T) {
	t.Parallel()
	w := givenAway(t)
	w.wantFindings("at first", "zero_basis 7.5 blocks", "zero_basis 2 blocks")
	in := AcknowledgeInput{
		Edge: w.edge("dist", "north"), Month: march, Code: rules.FindingZeroBasis, Assignee: w.id("acme"), Reason: "  a gift ",
	}
	got, err := w.s.AcknowledgeFinding(w.as("dist", "finance"), in)
	if err != nil || len(got) != 1 || got[0].Blocking || got[0].Acknowledged == nil || got[0].Acknowledged.Reason != "a gift" {
		t.Fatalf("%+v, %v", got, err)
	}
	w.wantFindings("then", "zero_basis 2 blocks", "zero_basis 7.5 acknowledged for a gift")
	if text, err := json.Marshal(got[0]); err != nil || !strings.Contains(string(text), `"acknowledged":{"by":"`) || !strings.Contains(got[0].Text(), "Acknowledged by ") {
		t.Errorf("%s, %q, %v", text, got[0].Text(), err)
	}
	events := w.query(`SELECT after::text FROM audit_events WHERE action = 'billing.acknowledge'`)
	if len(events) != 1 || !strings.Contains(events[0], `"sum": "7.5"`) || !strings.Contains(events[0], "a gift") {
		t.Errorf("audit: %v", events)
	}

	// It survives a recalculation that finds the same, and lapses with another.
	w.recalc("dist", "acme")
	w.wantFindings("after the same result", "zero_basis 2 blocks", "zero_basis 7.5 acknowledged for a gift")
	w.deliver("111", usageLine{service: "Compute", billed: "80"}, usageLine{service: "Spot", list: "0", billed: "7.6"})
	w.recalc("dist", "acme")
	w.wantFindings("after another result", "zero_basis 7.6 blocks", "zero_basis 2 blocks")

	// All of the edge at once; what is acknowledged keeps who did so first.
	in.Assignee = w.id("bolt")
	if _, err := w.s.AcknowledgeFinding(w.as("dist"), in); err != nil {
		t.Fatal(err)
	}
	in.Assignee, in.Reason = id.Tenant{}, "spot is free"
	if got, err = w.s.AcknowledgeFinding(w.as("dist"), in); err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	w.wantFindings("at last", "zero_basis 7.6 acknowledged for spot is free", "zero_basis 2 acknowledged for a gift")
	if a, err := w.s.Attention(w.as("dist"), march); err != nil || len(a.Findings) > 0 || a.Blocked > 0 {
		t.Errorf("attention: %+v, %v; want nothing", a, err)
	}
	if got := w.reconcile(); !got.OK {
		t.Errorf("%+v, want OK", got)
	}
}

func TestAcknowledgeFinding_Refusals(t *testing.T) {
	t.Parallel()
	w := givenAway(t)
	in := AcknowledgeInput{Edge: w.edge("dist", "north"), Month: march, Code: rules.FindingZeroBasis, Reason: "why"}
	change := func(do func(*AcknowledgeInput)) AcknowledgeInput {
		out := in
		do(&out)
		return out
	}
	for _, c := range []struct {
		name, as string
		roles    []string
		in       AcknowledgeInput
		want     errs.Kind
	}{
		{"NoReason", "dist", nil, change(func(in *AcknowledgeInput) { in.Reason = " " }), errs.Invalid},
		{"NoRight", "dist", []string{"sales"}, in, errs.Forbidden},
		{"Buyer", "north", nil, in, errs.NotFound},
		{"Sibling", "south", nil, in, errs.NotFound},
		{"OtherCode", "dist", nil, change(func(in *AcknowledgeInput) { in.Code = "nothing" }), errs.NotFound},
		{"OtherAssignee", "dist", nil, change(func(in *AcknowledgeInput) { in.Assignee = w.id("cargo") }), errs.NotFound},
		{"OtherMonth", "dist", nil, change(func(in *AcknowledgeInput) { in.Month = march.Add(1) }), errs.NotFound},
		{"OtherEdge", "dist", nil, change(func(in *AcknowledgeInput) { in.Edge = w.edge("dist", "south") }), errs.NotFound},
	} {
		if _, err := w.s.AcknowledgeFinding(w.as(c.as, c.roles...), c.in); errs.KindOf(err) != c.want || err == nil {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	w.wantFindings("after refusals", "zero_basis 7.5 blocks", "zero_basis 2 blocks")

	// A missing contract blocks until there is one.
	blocked, _ := blockedMonth(t)
	_, err := blocked.s.AcknowledgeFinding(blocked.as("north"), AcknowledgeInput{
		Edge: blocked.edge("north", "acme"), Month: march, Code: rules.FindingNoContract, Reason: "why",
	})
	if errs.KindOf(err) != errs.FailedPrecondition {
		t.Errorf("a missing contract: %v, want FailedPrecondition", err)
	}
}

// Who is not on the seller's side neither reads nor writes acknowledgements,
// whatever SQL it runs.
func TestAcknowledgements_RowLevelSecurity(t *testing.T) {
	t.Parallel()
	w := givenAway(t)
	in := AcknowledgeInput{Edge: w.edge("dist", "north"), Month: march, Code: rules.FindingZeroBasis, Reason: "why"}
	if _, err := w.s.AcknowledgeFinding(w.as("dist"), in); err != nil {
		t.Fatal(err)
	}
	for slug, want := range map[string]int{"dist": 2, "north": 0, "south": 0, "acme": 0} {
		var rows []string
		err := w.s.web.db.ReadTx(w.as(slug), func(ctx ctxT) error {
			return w.s.web.q(ctx).Raw(`SELECT reason FROM billing_acknowledgements`).Scan(&rows).Error
		})
		if err != nil || len(rows) != want {
			t.Errorf("%s reads %v, %v; want %d rows", slug, rows, err, want)
		}
	}
	err := w.s.web.db.InTx(w.as("north"), func(ctx ctxT) error {
		return w.s.web.q(ctx).Exec(`
			INSERT INTO billing_acknowledgements (tree_id, seller_id, buyer_id, assignee_id, month, code, currency, sum,
				reason, acting_tenant, actor, acknowledged_at)
			VALUES (?, ?, ?, ?, '2026-03-01', 'zero_basis', 'USD', 1, 'x', ?, 'x', now())`,
			w.id("dist"), w.id("dist"), w.id("north"), w.id("acme"), w.id("north")).Error
	})
	if err == nil {
		t.Error("the buyer has acknowledged its supplier's finding")
	}
}
