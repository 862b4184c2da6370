package rules

import "strings"

var lowerFunction = function{
	name:     "lower",
	params:   []param{{name: "s", kind: kindText}},
	result:   kindText,
	doc:      "s in lower case.",
	examples: []Example{{`lower("EU-Central")`, "eu-central"}},
	total:    true,
	call:     func(args []any) (any, error) { return strings.ToLower(args[0].(string)), nil },
}
