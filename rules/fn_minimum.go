package rules

import (
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
)

var minimumFunction = function{
	name:     "minimum",
	params:   []param{{name: "base", kind: kindNumber}, {name: "m", kind: kindNumber}},
	result:   kindNumber,
	doc:      "What tops base up to m: max(0, m - max(0, base)). A negative base is not topped up beyond m: a refund stays a refund.",
	examples: []Example{{`minimum(80, 100)`, "20"}, {`minimum(120, 100)`, "0"}, {`minimum(-30, 100)`, "100"}},
	period:   true,
	call: func(args []any) (any, error) {
		return bounded(positive(number(args[1]).Sub(positive(number(args[0])))))
	},
	rate: func(args []any) string { return "minimum " + money.Plain(number(args[1])) },
}

// positive returns max(0, d).
func positive(d decimal.Decimal) decimal.Decimal {
	if d.IsNegative() {
		return decimal.Decimal{}
	}
	return d
}
