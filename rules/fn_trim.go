package rules

import "strings"

var trimFunction = function{
	name:     "trim",
	params:   []param{{name: "s", kind: kindText}, {name: "chars", kind: kindText, optional: true}},
	result:   kindText,
	doc:      "s without the characters chars (default: white space) at both ends.",
	examples: []Example{{`trim("  prod ")`, "prod"}, {`trim("--x-", "-")`, "x"}},
	total:    true,
	call: func(args []any) (any, error) {
		if len(args) == 1 {
			return strings.TrimSpace(args[0].(string)), nil
		}
		return strings.Trim(args[0].(string), args[1].(string)), nil
	},
}
