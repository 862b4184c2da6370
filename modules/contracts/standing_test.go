package contracts

import (
	"slices"
	"testing"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

func TestService_Standing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.apply(t, b.d, doc("d", "", "Base", "", rules.Rule{Name: "no tax", Stage: rules.StageExclude, When: `charge_category == "Tax"`}))
	b.apply(t, b.d, doc("d", "r", "Resale", rules.BasisEffective))
	b.apply(t, b.r, doc("r", "c", "Retail", rules.BasisCost))
	past := doc("d", "direct", "Past", rules.BasisList)
	past.Months.To = month("2026-01")
	b.apply(t, b.d, past)
	for _, tt := range []struct {
		acting scope.Scope
		buyers []id.Tenant
		want   []string
	}{
		{b.d, nil, []string{"Past", "Resale", "Retail"}},
		{b.d, []id.Tenant{b.direct.Tenant, b.c.Tenant}, []string{"Past", "Retail"}},
		{b.r, nil, []string{"Retail"}},
		{b.r, []id.Tenant{b.r.Tenant, b.c.Tenant}, []string{"Retail"}},
		{b.other, []id.Tenant{b.c.Tenant}, nil},
	} {
		got, err := b.service.Standing(as(t, tt.acting), tt.buyers...)
		var names []string
		for _, c := range got {
			names = append(names, c.Name)
		}
		slices.Sort(names)
		if err != nil || !slices.Equal(names, tt.want) {
			t.Errorf("%s %v: %v, %v, want %v", tt.acting.Tier, tt.buyers, names, err, tt.want)
		}
	}
}
