package rules

import "strings"

var trimPrefixFunction = function{
	name:     "trimPrefix",
	params:   []param{{name: "s", kind: kindText}, {name: "prefix", kind: kindText}},
	result:   kindText,
	doc:      "s without prefix, where it begins with it.",
	examples: []Example{{`trimPrefix("USE1-BoxUsage", "USE1-")`, "BoxUsage"}},
	total:    true,
	call: func(args []any) (any, error) {
		return strings.TrimPrefix(args[0].(string), args[1].(string)), nil
	},
}
