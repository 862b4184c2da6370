package rules

import "strings"

var splitFunction = function{
	name:     "split",
	params:   []param{{name: "s", kind: kindText}, {name: "by", kind: kindText}},
	result:   kindTexts,
	doc:      "The parts of s between each by; parts are counted from 0, from the end with negative numbers.",
	examples: []Example{{`split("eu-west-1", "-")[1]`, "west"}, {`split("a/b", "/")[-1]`, "b"}},
	total:    true,
	call: func(args []any) (any, error) {
		return strings.Split(args[0].(string), args[1].(string)), nil
	},
}
