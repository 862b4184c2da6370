package rules

import "github.com/shopspring/decimal"

var floorFunction = function{
	name:     "floor",
	params:   []param{{name: "x", kind: kindNumber}, {name: "places", kind: kindNumber, optional: true}},
	result:   kindNumber,
	doc:      "The greatest number of places decimals (default 0) that is not above x.",
	examples: []Example{{`floor(1.9)`, "1"}, {`floor(-1.1)`, "-2"}, {`floor(1.239, 2)`, "1.23"}},
	digits:   digitsOfRounding,
	call:     rounding(decimal.Decimal.RoundFloor),
}
