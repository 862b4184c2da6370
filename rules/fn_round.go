package rules

import "github.com/shopspring/decimal"

var roundFunction = function{
	name:     "round",
	params:   []param{{name: "x", kind: kindNumber}, {name: "places", kind: kindNumber, optional: true}},
	result:   kindNumber,
	doc:      "Rounds x to places decimals (default 0), half away from zero. Negative places round to tens, hundreds, ….",
	examples: []Example{{`round(1.225, 2)`, "1.23"}, {`round(-2.5)`, "-3"}, {`round(1250, -2)`, "1300"}},
	digits:   digitsOfRounding,
	call:     rounding(decimal.Decimal.Round),
}

// rounding makes a function of (x, places?).
func rounding(round func(x decimal.Decimal, places int32) decimal.Decimal) func([]any) (any, error) {
	return func(args []any) (any, error) {
		var n int32
		if len(args) > 1 {
			var err error
			if n, err = places(number(args[1])); err != nil {
				return nil, err
			}
		}
		return bounded(round(number(args[0]), n))
	}
}

// digitsOfRounding allows for a number that is filled up with zeros.
func digitsOfRounding(args []digits) digits {
	return digits{max(args[0].whole, maxPlaces) + 1, max(args[0].places, maxPlaces)}
}
