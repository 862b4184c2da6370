package rules

import (
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

var indexOfFunction = function{
	name:     "indexOf",
	params:   []param{{name: "s", kind: kindText}, {name: "part", kind: kindText}},
	result:   kindNumber,
	doc:      "Where part first begins in s, counted in characters from 0; -1 if it does not occur.",
	examples: []Example{{`indexOf("eu-west-1", "-")`, "2"}, {`indexOf("eu", "x")`, "-1"}},
	total:    true,
	call: func(args []any) (any, error) {
		return decimal.NewFromInt(int64(indexOf(args[0].(string), args[1].(string)))), nil
	},
}

func indexOf(s, part string) int {
	i := strings.Index(s, part)
	if i < 0 {
		return -1
	}
	return utf8.RuneCountInString(s[:i])
}
