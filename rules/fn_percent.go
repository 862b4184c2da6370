package rules

import "tierbook/app/kernel/money"

var percentFunction = function{
	name:     "percent",
	params:   []param{{name: "x", kind: kindNumber}, {name: "p", kind: kindNumber}},
	result:   kindNumber,
	doc:      "p percent of x: x · p / 100.",
	examples: []Example{{`percent(190, 10)`, "19"}, {`percent(50, 8.1)`, "4.05"}},
	linear:   true,
	digits:   digitsOfPercent,
	call: func(args []any) (any, error) {
		return bounded(number(args[0]).Mul(number(args[1])).Shift(-2))
	},
	rate: func(args []any) string { return money.Plain(number(args[1])) + " %" },
}

func digitsOfPercent(args []digits) digits {
	d := digitsOfProduct(args)
	return digits{d.whole, d.places + 2}
}
