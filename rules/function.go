package rules

import (
	"errors"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// function is a function plugin: each lies in a file of its own, fn_NAME.go,
// and is listed in functions. It is pure: equal arguments give equal results.
type function struct {
	name     string
	params   []param
	result   kind
	doc      string
	examples []Example

	linear bool // proportional to the first argument, the others being constant
	period bool // works on a period's quantity or spend: for fees only
	total  bool // cannot fail

	call   func(args []any) (any, error)
	digits digitsFunc // nil: the machine has to compute it
	// rate says in words how the result comes from the first argument, for
	// documents: «10 %». nil: it is no rate.
	rate func(args []any) string
}

// param is a parameter. An optional one may be left out, and all after it; a
// repeated one, always the last, may be given more than once.
type param struct {
	name     string
	kind     kind
	optional bool
	repeated bool
}

// signature returns "round(x number, places? number) number".
func (f function) signature() string {
	parts := make([]string, len(f.params))
	for i, p := range f.params {
		mark := ""
		switch {
		case p.repeated:
			mark = "..."
		case p.optional:
			mark = "?"
		}
		parts[i] = p.name + mark + " " + p.kind.String()
	}
	return f.name + "(" + strings.Join(parts, ", ") + ") " + f.result.String()
}

// takes checks the number of arguments.
func (f function) takes(n int) error {
	least, most := 0, len(f.params)
	for _, p := range f.params {
		if !p.optional {
			least++
		}
		if p.repeated {
			most = maxNodes
		}
	}
	if n < least || n > most {
		return fmt.Errorf("%s takes other arguments: %s", f.name, f.signature())
	}
	return nil
}

// param returns the parameter of the i-th argument.
func (f function) param(i int) param { return f.params[min(i, len(f.params)-1)] }

// functions lists the plugins.
func functions(schedules map[string]Schedule) []function {
	return []function{
		absFunction, ceilFunction, floorFunction, maxFunction, minFunction, percentFunction, roundFunction,
		graduatedFunction, minimumFunction, packageFunction, supportFeeFunction(schedules), volumeFunction,
		indexOfFunction, joinFunction, lenFunction, lowerFunction, replaceFunction, splitFunction,
		trimFunction, trimPrefixFunction, trimSuffixFunction, upperFunction,
	}
}

const maxText = 64 << 10 // bytes of a text

var errLongText = errors.New("the text is too long")

// nullRead is the value of a measure that is missing on the line at hand.
// Reading it stops the evaluation, which is then repeated with the value that
// stands in for it: so exactly the readings that matter are counted.
type nullRead struct{ measure Measure }

func (n nullRead) Error() string { return n.measure.String() + " is missing" }

// number reads an argument that the compiler has checked to be a number. The
// library turns the panic into an error of the evaluation.
func number(arg any) decimal.Decimal {
	switch v := arg.(type) {
	case decimal.Decimal:
		return v
	case nullRead:
		panic(v) //nolint:forbidigo // stops the evaluation at the reading
	}
	panic(fmt.Errorf("expected a number, got %T", arg)) //nolint:forbidigo // the compiler has let a mistake pass
}

// text returns s unless it has grown too large.
func text(s string) (any, error) {
	if len(s) > maxText {
		return nil, errLongText
	}
	return s, nil
}
