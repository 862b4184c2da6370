package rules

import "github.com/shopspring/decimal"

var ceilFunction = function{
	name:     "ceil",
	params:   []param{{name: "x", kind: kindNumber}, {name: "places", kind: kindNumber, optional: true}},
	result:   kindNumber,
	doc:      "The smallest number of places decimals (default 0) that is not below x.",
	examples: []Example{{`ceil(1.1)`, "2"}, {`ceil(-1.9)`, "-1"}, {`ceil(1.231, 2)`, "1.24"}},
	digits:   digitsOfRounding,
	call:     rounding(decimal.Decimal.RoundCeil),
}
