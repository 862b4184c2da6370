package rules

import "strings"

var replaceFunction = function{
	name:     "replace",
	params:   []param{{name: "s", kind: kindText}, {name: "old", kind: kindText}, {name: "new", kind: kindText}},
	result:   kindText,
	doc:      "s with every old replaced by new.",
	examples: []Example{{`replace("a/b/c", "/", "-")`, "a-b-c"}},
	call: func(args []any) (any, error) {
		s, old, with := args[0].(string), args[1].(string), args[2].(string)
		if grown := len(s) + (strings.Count(s, old) * (len(with) - len(old))); grown > maxText {
			return nil, errLongText
		}
		return strings.ReplaceAll(s, old, with), nil
	},
}
