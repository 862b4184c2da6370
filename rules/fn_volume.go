package rules

var volumeFunction = function{
	name:   "volume",
	params: []param{{name: "q", kind: kindNumber}, {name: "tiers", kind: kindTiers}},
	result: kindNumber,
	doc: "Prices all of the quantity q by the tier that it ends in. A tier is {up_to, unit, flat}: up_to is inclusive, " +
		"the last tier has none. A negative q lies in the first tier.",
	examples: []Example{
		{`volume(15, [{up_to: 15, unit: 10}, {unit: 5}])`, "150"},
		{`volume(16, [{up_to: 15, unit: 10}, {unit: 5}])`, "80"},
	},
	period: true,
	call:   func(args []any) (any, error) { return args[1].(tiers).volume(number(args[0])) },
	rate:   func([]any) string { return "volume" },
}
