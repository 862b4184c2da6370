package rules

import (
	"errors"

	"tierbook/app/kernel/money"
)

var errPackageSize = errors.New("the size of a package must be above 0")

var packageFunction = function{
	name:     "package",
	params:   []param{{name: "q", kind: kindNumber}, {name: "size", kind: kindNumber}, {name: "price", kind: kindNumber}},
	result:   kindNumber,
	doc:      "The price of as many whole packages as hold the quantity q: ceil(q / size) · price.",
	examples: []Example{{`package(11, 10, 15)`, "30"}, {`package(0, 10, 15)`, "0"}},
	period:   true,
	call: func(args []any) (any, error) {
		q, size, price := number(args[0]), number(args[1]), number(args[2])
		if !size.IsPositive() {
			return nil, errPackageSize
		}
		// The quotient's remainder, not a rounded quotient, decides: a tenth of
		// a unit opens one more package however large q is.
		whole, rest := q.QuoRem(size, 0)
		if rest.IsPositive() {
			whole = whole.Add(one)
		}
		return multiply(whole, price)
	},
	rate: func(args []any) string {
		return money.Plain(number(args[2])) + " per package of " + money.Plain(number(args[1]))
	},
}
