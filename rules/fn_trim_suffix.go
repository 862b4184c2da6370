package rules

import "strings"

var trimSuffixFunction = function{
	name:     "trimSuffix",
	params:   []param{{name: "s", kind: kindText}, {name: "suffix", kind: kindText}},
	result:   kindText,
	doc:      "s without suffix, where it ends with it.",
	examples: []Example{{`trimSuffix("eu-west-1a", "a")`, "eu-west-1"}},
	total:    true,
	call: func(args []any) (any, error) {
		return strings.TrimSuffix(args[0].(string), args[1].(string)), nil
	},
}
