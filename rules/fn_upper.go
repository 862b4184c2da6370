package rules

import "strings"

var upperFunction = function{
	name:     "upper",
	params:   []param{{name: "s", kind: kindText}},
	result:   kindText,
	doc:      "s in upper case.",
	examples: []Example{{`upper("eu")`, "EU"}},
	total:    true,
	call:     func(args []any) (any, error) { return strings.ToUpper(args[0].(string)), nil },
}
