package rules

import (
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// lenFunction also takes lists: the checker lets them pass.
var lenFunction = function{
	name:     "len",
	params:   []param{{name: "s", kind: kindText}},
	result:   kindNumber,
	doc:      "The number of characters of a text, or of parts of a list.",
	examples: []Example{{`len("Zürich")`, "6"}, {`len(split("a-b-c", "-"))`, "3"}},
	total:    true,
	call:     func(args []any) (any, error) { return decimal.NewFromInt(int64(length(args[0]))), nil },
}

func length(x any) int {
	if parts, ok := x.([]string); ok {
		return len(parts)
	}
	return utf8.RuneCountInString(x.(string))
}
