package rules

var absFunction = function{
	name:     "abs",
	params:   []param{{name: "x", kind: kindNumber}},
	result:   kindNumber,
	doc:      "The size of x without its sign.",
	examples: []Example{{`abs(-2.5)`, "2.5"}, {`abs(0)`, "0"}},
	total:    true,
	digits:   widest,
	call:     func(args []any) (any, error) { return number(args[0]).Abs(), nil },
}
