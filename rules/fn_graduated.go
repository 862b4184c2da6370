package rules

var graduatedFunction = function{
	name:   "graduated",
	params: []param{{name: "q", kind: kindNumber}, {name: "tiers", kind: kindTiers}},
	result: kindNumber,
	doc: "Prices each part of the quantity q in its own tier. A tier is {up_to, unit, flat}: up_to is inclusive, " +
		"the last tier has none; a flat is due once when its tier is entered, the first tier's always. A negative q lies in the first tier.",
	examples: []Example{
		{`graduated(7, [{up_to: 5, unit: 0, flat: 100}, {up_to: 10, unit: 0, flat: 50}, {unit: 1}])`, "150"},
		{`graduated(22, [{up_to: 5, unit: 1}, {unit: 0.5}])`, "13.5"},
	},
	period: true,
	call:   func(args []any) (any, error) { return args[1].(tiers).graduated(number(args[0])) },
	rate:   func([]any) string { return "graduated" },
}
