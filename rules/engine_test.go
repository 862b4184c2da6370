package rules

import (
	"testing"

	"github.com/shopspring/decimal"
)

func TestEngine_Fingerprint(t *testing.T) {
	t.Parallel()
	schedule := func(minimum, percent string) map[string]Schedule {
		return map[string]Schedule{
			"basic": {Minimum: dec(minimum), Tiers: []ScheduleTier{
				{UpTo: decimal.NewNullDecimal(dec("1000")), Percent: dec(percent)}, {Percent: dec("5")},
			}},
			"other": {Tiers: []ScheduleTier{{Percent: dec("1")}}},
		}
	}
	of := func(o Options) string {
		t.Helper()
		e, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		c, err := e.Compile(EdgeFirst, basis(BasisBilled))
		if err != nil || c.Engine() != e.Fingerprint() {
			t.Errorf("the contract's engine is %s, want %s: %v", c.Engine(), e.Fingerprint(), err)
		}
		return e.Fingerprint()
	}
	want := of(Options{schedule("100", "10"), []string{"AWS Support*", "Azure Support"}})
	same := of(Options{schedule("100.00", "1e1"), []string{"Azure Support", "AWS Support*", "AWS Support*"}})
	if same != want || len(want) != 64 {
		t.Errorf("equal options: %s and %s", want, same)
	}
	for name, o := range map[string]Options{
		"minimum": {schedule("101", "10"), []string{"AWS Support*", "Azure Support"}},
		"percent": {schedule("100", "9"), []string{"AWS Support*", "Azure Support"}},
		"support": {schedule("100", "10"), []string{"AWS Support*"}},
		"nothing": {},
	} {
		if of(o) == want {
			t.Errorf("%s: the fingerprint has not changed", name)
		}
	}
}
