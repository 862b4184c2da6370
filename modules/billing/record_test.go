package billing

import (
	"testing"

	"github.com/shopspring/decimal"

	"tierbook/rules"
)

// Equal terms mean something else under other fee schedules.
func TestTermsHash_KnowsTheEngine(t *testing.T) {
	t.Parallel()
	hash := func(percent int64) string {
		engine, err := rules.New(rules.Options{Schedules: map[string]rules.Schedule{
			"support": {Tiers: []rules.ScheduleTier{{Percent: decimal.NewFromInt(percent)}}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		pricing, err := engine.Compile(rules.EdgeFirst, rules.Terms{Basis: rules.BasisBilled, Currency: "USD"})
		if err != nil {
			t.Fatal(err)
		}
		return termsHash(&ContractVersion{Pricing: pricing, TermsHash: "terms"})
	}
	if a, b := hash(5), hash(5); a != b {
		t.Errorf("equal engines: %s and %s", a, b)
	}
	if a, b := hash(5), hash(6); a == b {
		t.Errorf("another schedule has the same hash %s", a)
	}
}
