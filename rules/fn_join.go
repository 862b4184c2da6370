package rules

import "strings"

var joinFunction = function{
	name:     "join",
	params:   []param{{name: "parts", kind: kindTexts}, {name: "by", kind: kindText, optional: true}},
	result:   kindText,
	doc:      "The parts in one text, with by (default: nothing) between them.",
	examples: []Example{{`join(split("a-b-c", "-")[0:2], "/")`, "a/b"}},
	call: func(args []any) (any, error) {
		parts, by := args[0].([]string), ""
		if len(args) > 1 {
			by = args[1].(string)
		}
		if len(parts)*len(by) > maxText {
			return nil, errLongText
		}
		return text(strings.Join(parts, by))
	},
}
