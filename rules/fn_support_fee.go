package rules

import (
	"fmt"

	"github.com/shopspring/decimal"
)

// supportFeeFunction knows the fee schedules of the configuration.
func supportFeeFunction(schedules map[string]Schedule) function {
	return function{
		name:   "support_fee",
		params: []param{{name: "base", kind: kindNumber}, {name: "schedule", kind: kindText}},
		result: kindNumber,
		doc:    "A provider's published support fee on base: the greater of the schedule's minimum and its graduated percentages. Schedules lie in configs/fees; the name must be a literal.",
		period: true,
		call: func(args []any) (any, error) {
			s, ok := schedules[args[1].(string)]
			if !ok {
				return nil, fmt.Errorf("there is no fee schedule %q", args[1])
			}
			return s.fee(number(args[0]))
		},
		rate: func(args []any) string { return "support fee " + args[1].(string) },
	}
}

// fee returns the greater of the minimum and the graduated percentages of base.
func (s Schedule) fee(base decimal.Decimal) (decimal.Decimal, error) {
	t := make(tiers, len(s.Tiers))
	for i, st := range s.Tiers {
		t[i] = tier{upTo: st.UpTo.Decimal, unit: st.Percent.Shift(-2)}
	}
	fee, err := t.graduated(base)
	if err != nil {
		return decimal.Decimal{}, err
	}
	return decimal.Max(s.Minimum, fee), nil
}
