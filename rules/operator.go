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
}

// textSet is the right side of `in` where it is a list of literals.
type textSet map[string]struct{}

var operators = map[string]operator{
	"number neg": {numbers(1), false, kindNumber, true, func(args []any) (any, error) { return number(args[0]).Neg(), nil }},
	"number +":   arithmetic(add),
	"number -":   arithmetic(subtract),
	"number *":   arithmetic(multiply),
	"number /":   arithmetic(divide),
	"number %":   arithmetic(remainder),
	"number **":  arithmetic(power),
	"number ==":  comparison(func(c int) bool { return c == 0 }),
	"number !=":  comparison(func(c int) bool { return c != 0 }),
	"number <":   comparison(func(c int) bool { return c < 0 }),
	"number <=":  comparison(func(c int) bool { return c <= 0 }),
	"number >":   comparison(func(c int) bool { return c > 0 }),
	"number >=":  comparison(func(c int) bool { return c >= 0 }),
	"number in": {numbers(2), true, kindBool, true, func(args []any) (any, error) {
		x := number(args[0])
		return slices.ContainsFunc(args[1:], func(a any) bool { return x.Equal(number(a)) }), nil
	}},
	"text in": {[]kind{kindText, kindText}, true, kindBool, true, func(args []any) (any, error) {
		return slices.ContainsFunc(args[1:], func(a any) bool { return args[0].(string) == a.(string) }), nil
	}},
	"text in set": {[]kind{kindText, kindNone}, false, kindBool, true, func(args []any) (any, error) {
		_, ok := args[1].(textSet)[args[0].(string)]
		return ok, nil
	}},
	"text in texts": {[]kind{kindText, kindTexts}, false, kindBool, true, func(args []any) (any, error) {
		return slices.Contains(args[1].([]string), args[0].(string)), nil
	}},
	"text +": {[]kind{kindText, kindText}, false, kindText, false, func(args []any) (any, error) {
		return text(args[0].(string) + args[1].(string))
	}},
	"text slice":    {[]kind{kindText, kindPlace, kindPlace}, false, kindText, true, sliceText},
	"texts slice":   {[]kind{kindTexts, kindPlace, kindPlace}, false, kindTexts, true, sliceTexts},
	"texts at":      {[]kind{kindTexts, kindPlace}, false, kindText, false, textAt},
	"place len":     {[]kind{kindNone}, false, kindPlace, true, func(args []any) (any, error) { return length(args[0]), nil }},
	"place indexOf": {[]kind{kindText, kindText}, false, kindPlace, true, placeOf},
	"place neg":     {[]kind{kindPlace}, false, kindPlace, true, func(args []any) (any, error) { return -args[0].(int), nil }},
	"place +":       placement(func(a, b int) int { return a + b }),
	"place -":       placement(func(a, b int) int { return a - b }),
	"number count":  {[]kind{kindPlace}, false, kindNumber, true, func(args []any) (any, error) { return decimal.NewFromInt(int64(args[0].(int))), nil }},
	"number graduated": {[]kind{kindNumber, kindNone, kindNumber}, true, kindNumber, false,
		tiered(tiers.graduated)},
	"number volume": {[]kind{kindNumber, kindNone, kindNumber}, true, kindNumber, false,
		tiered(tiers.volume)},
}

func numbers(n int) []kind { return slices.Repeat([]kind{kindNumber}, n) }

func arithmetic(f func(a, b decimal.Decimal) (decimal.Decimal, error)) operator {
	return operator{numbers(2), false, kindNumber, false, func(args []any) (any, error) {
		return f(number(args[0]), number(args[1]))
	}}
}

func comparison(holds func(order int) bool) operator {
	return operator{numbers(2), false, kindBool, true, func(args []any) (any, error) {
		return holds(number(args[0]).Cmp(number(args[1]))), nil
	}}
}

func placement(f func(a, b int) int) operator {
	return operator{[]kind{kindPlace, kindPlace}, false, kindPlace, true, func(args []any) (any, error) {
		return f(args[0].(int), args[1].(int)), nil
	}}
}

func placeOf(args []any) (any, error) { return indexOf(args[0].(string), args[1].(string)), nil }

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
