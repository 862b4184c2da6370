package billing

import (
	"testing"

	"github.com/google/go-cmp/cmp"

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
		if err != nil {
			t.Fatal(err)
		}
		told := map[id.Tenant]bool{}
		for _, x := range got {
			told[x] = true
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("as %s (-want +got):\n%s", who, diff)
		}
	}
	if _, err := w.s.Billed(w.as("north", "viewer"), march); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("without permission: %v", err)
	}
}
