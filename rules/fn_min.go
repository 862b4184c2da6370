package rules

import "github.com/shopspring/decimal"

var minFunction = function{
	name:     "min",
	params:   []param{{name: "x", kind: kindNumber}, {name: "y", kind: kindNumber, repeated: true}},
	result:   kindNumber,
	doc:      "The smallest of its arguments.",
	examples: []Example{{`min(3, 2.5, 7)`, "2.5"}},
	total:    true,
	digits:   widest,
	call:     extreme(decimal.Decimal.LessThan),
}

// extreme makes a function that keeps the argument that is better than all others.
func extreme(better func(a, b decimal.Decimal) bool) func([]any) (any, error) {
	return func(args []any) (any, error) {
		best := number(args[0])
		for _, a := range args[1:] {
			if n := number(a); better(n, best) {
				best = n
			}
		}
		return best, nil
	}
}
