package billing

import (
	"testing"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
)

// Whoever Billed names is whoever Buying has rows of, for every tier that looks.
func TestBilled_IsBuying(t *testing.T) {
	t.Parallel()
	w, _ := booked(t, 1)
	all := []id.Tenant{w.id("dist"), w.id("north"), w.id("south"), w.id("acme"), w.id("bolt"), w.id("cargo"), w.id("direct")}
	for _, who := range []string{"dist", "north", "acme"} {
		figures, err := w.s.Buying(w.as(who), march, all...)
		if err != nil {
			t.Fatal(err)
		}
		want := map[id.Tenant]bool{}
		for _, f := range figures {
			want[f.Tenant] = true
		}
		got, err := w.s.Billed(w.as(who), march)
		if err != nil || len(got) != len(want) {
			t.Errorf("as %s: %d tenants, %v, want %d", who, len(got), err, len(want))
		}
		for _, x := range got {
			if !want[x] {
				t.Errorf("as %s: %s has no figures", who, x)
			}
		}
	}
	if _, err := w.s.Billed(w.as("north", "viewer"), march); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("without permission: %v", err)
	}
}
