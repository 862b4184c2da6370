package usage

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/platform/scope"
)

func TestService_Import_WarnsOfAnotherOwnerWithTheSamePayer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := file(t, "march.csv", new(cur).line("1", "2026-03", "2026-03-01", "2026-03-02", "5").text())
	warnings := func(by, owner scope.Scope) []string {
		t.Helper()
		r, err := b.Import(as(t, by), ImportInput{Owner: owner.Tenant, URL: "file://" + path, AnyFile: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.Warnings
	}
	for _, step := range []struct {
		name      string
		by, owner scope.Scope
		want      []string
	}{
		{"First", b.north, b.north, nil},
		{"OtherTree", b.south, b.south, nil},
		{"BySomebodyBelow", b.east, b.east, nil},
		{"AgainByWhoSeesBoth", b.north, b.east, []string{"north already has payer 999 of aws in 2026-03; both now count."}},
		{"AgainForTheFirst", b.north, b.north, []string{"east already has payer 999 of aws in 2026-03; both now count."}},
	} {
		if diff := cmp.Diff(step.want, warnings(step.by, step.owner)); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
	}
}
