package rules

import (
	"errors"
	"slices"

	"github.com/shopspring/decimal"
)

// operator is the function that an operator of the language becomes once its
// operands' kinds are known. Its name has a blank, so that no rule can call it.
type operator struct {
	operands []kind
	repeated bool // the last operand may come more than once
	result   kind
	total    bool // cannot fail
	call     func(args []any) (any, error)
	digits   digitsFunc // nil: the machine has to compute it
}

// textSet is the right side of `in` where it is a list of literals.
type textSet map[string]struct{}

var operators = map[string]operator{
	"number +":   arithmetic(add, nil), // nil: forms add and subtract themselves
	"number -":   arithmetic(subtract, nil),
	"number *":   arithmetic(multiply, digitsOfProduct),
	"number /":   arithmetic(divide, digitsOfQuotient),
	"number %":   arithmetic(remainder, widest),
	"number **":  arithmetic(power, nil),
	"number neg": {operands: numbers(1), result: kindNumber, total: true, call: negate},

	"number ==": comparison(func(order int) bool { return order == 0 }),
	"number !=": comparison(func(order int) bool { return order != 0 }),
	"number <":  comparison(func(order int) bool { return order < 0 }),
	"number <=": comparison(func(order int) bool { return order <= 0 }),
	"number >":  comparison(func(order int) bool { return order > 0 }),
	"number >=": comparison(func(order int) bool { return order >= 0 }),

	"number in":     {operands: numbers(2), repeated: true, result: kindBool, total: true, call: numberIn},
	"text in":       {operands: []kind{kindText, kindText}, repeated: true, result: kindBool, total: true, call: textIn},
	"text in set":   {operands: []kind{kindText, kindNone}, result: kindBool, total: true, call: textInSet},
	"text in texts": {operands: []kind{kindText, kindTexts}, result: kindBool, total: true, call: textInTexts},

	"text +":      {operands: []kind{kindText, kindText}, result: kindText, call: concatenate},
	"text slice":  {operands: []kind{kindText, kindPlace, kindPlace}, result: kindText, total: true, call: sliceText},
	"texts slice": {operands: []kind{kindTexts, kindPlace, kindPlace}, result: kindTexts, total: true, call: sliceTexts},
	"texts at":    {operands: []kind{kindTexts, kindPlace}, result: kindText, call: textAt},

	"place len":     {operands: []kind{kindNone}, result: kindPlace, total: true, call: placeLen},
	"place indexOf": {operands: []kind{kindText, kindText}, result: kindPlace, total: true, call: placeOf},
	"place neg":     {operands: []kind{kindPlace}, result: kindPlace, total: true, call: placeNegate},
	"place +":       placement(func(a, b int) int { return a + b }),
	"place -":       placement(func(a, b int) int { return a - b }),

	"number count":     {operands: []kind{kindPlace}, result: kindNumber, total: true, call: placeNumber},
	"number graduated": {operands: []kind{kindNumber, kindNone, kindNumber}, repeated: true, result: kindNumber, call: tiered(tiers.graduated)},
	"number volume":    {operands: []kind{kindNumber, kindNone, kindNumber}, repeated: true, result: kindNumber, call: tiered(tiers.volume)},
}

func numbers(n int) []kind { return slices.Repeat([]kind{kindNumber}, n) }

func arithmetic(f func(a, b decimal.Decimal) (decimal.Decimal, error), digits digitsFunc) operator {
	return operator{operands: numbers(2), result: kindNumber, digits: digits, call: func(args []any) (any, error) {
		return f(number(args[0]), number(args[1]))
	}}
}

func comparison(holds func(order int) bool) operator {
	return operator{operands: numbers(2), result: kindBool, total: true, call: func(args []any) (any, error) {
		return holds(number(args[0]).Cmp(number(args[1]))), nil
	}}
}

func placement(f func(a, b int) int) operator {
	return operator{operands: []kind{kindPlace, kindPlace}, result: kindPlace, total: true, call: func(args []any) (any, error) {
		return f(args[0].(int), args[1].(int)), nil
	}}
}

func digitsOfProduct(args []digits) digits {
	return digits{args[0].whole + args[1].whole, args[0].places + args[1].places}
}

// digitsOfQuotient allows for an exact quotient: a divisor of n digits has
// fewer than 4n factors of 2.
func digitsOfQuotient(args []digits) digits {
	a, b := args[0], args[1]
	return digits{a.whole + b.places, a.places + b.whole + divisionDigits + 4*(b.whole+b.places)}
}

func negate(args []any) (any, error) { return number(args[0]).Neg(), nil }

func numberIn(args []any) (any, error) {
	x := number(args[0])
	return slices.ContainsFunc(args[1:], func(a any) bool { return x.Equal(number(a)) }), nil
}

func textIn(args []any) (any, error) {
	return slices.ContainsFunc(args[1:], func(a any) bool { return args[0].(string) == a.(string) }), nil
}

func textInSet(args []any) (any, error) {
	_, ok := args[1].(textSet)[args[0].(string)]
	return ok, nil
}

func textInTexts(args []any) (any, error) {
	return slices.Contains(args[1].([]string), args[0].(string)), nil
}

func concatenate(args []any) (any, error) { return text(args[0].(string) + args[1].(string)) }

func placeLen(args []any) (any, error) { return length(args[0]), nil }

func placeOf(args []any) (any, error) { return indexOf(args[0].(string), args[1].(string)), nil }

func placeNegate(args []any) (any, error) { return -args[0].(int), nil }

func placeNumber(args []any) (any, error) { return decimal.NewFromInt(int64(args[0].(int))), nil }

// endOfSlice stands for a bound that was left out.
const endOfSlice = 1 << 30

// bounds maps the bounds of a slice onto n elements: negative ones count from
// the end, others are cut to what there is.
func bounds(from, to any, n int) (int, int) {
	clamp := func(i int) int {
		if i < 0 {
			i += n
		}
		return min(max(i, 0), n)
	}
	a, b := clamp(from.(int)), clamp(to.(int))
	return a, max(a, b)
}

func sliceText(args []any) (any, error) {
	runes := []rune(args[0].(string))
	from, to := bounds(args[1], args[2], len(runes))
	return string(runes[from:to]), nil
}

func sliceTexts(args []any) (any, error) {
	parts := args[0].([]string)
	from, to := bounds(args[1], args[2], len(parts))
	return parts[from:to], nil
}

var errNoPart = errors.New("the list has no such part")

func textAt(args []any) (any, error) {
	parts, i := args[0].([]string), args[1].(int)
	if i < 0 {
		i += len(parts)
	}
	if i < 0 || i >= len(parts) {
		return nil, errNoPart
	}
	return parts[i], nil
}
