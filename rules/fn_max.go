package rules

import "github.com/shopspring/decimal"

var maxFunction = function{
	name:     "max",
	params:   []param{{name: "x", kind: kindNumber}, {name: "y", kind: kindNumber, repeated: true}},
	result:   kindNumber,
	doc:      "The greatest of its arguments.",
	examples: []Example{{`max(0, -1.5)`, "0"}, {`max(1, 3, 2)`, "3"}},
	total:    true,
	digits:   widest,
	call:     extreme(decimal.Decimal.GreaterThan),
}
