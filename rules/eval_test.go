package rules

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
)

// testSchedules are fee schedules for tests; the real ones lie in configs.
var testSchedules = map[string]Schedule{
	"business": {
		Minimum: decimal.NewFromInt(100),
		Tiers: []ScheduleTier{
			{UpTo: decimal.NewNullDecimal(decimal.NewFromInt(10000)), Percent: decimal.NewFromInt(10)},
			{UpTo: decimal.NewNullDecimal(decimal.NewFromInt(80000)), Percent: decimal.NewFromInt(7)},
			{Percent: decimal.NewFromInt(5)},
		},
	},
}

func newTestEngine(t testing.TB) *Engine {
	t.Helper()
	e, err := New(Options{Schedules: testSchedules, SupportServices: []string{"AWS Support*"}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestEngine_Eval reads literals exactly: invariant 3.
func TestEngine_Eval(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	line := map[string]any{
		"service": "AmazonEC2", "region": "eu-west-1", "date": "2026-03-14", "marketplace": true,
		"list": json.Number("10.10"), "billed": "9.5", "quantity": json.Number("1e-6"),
		"tags": map[string]any{"env": "prod"},
	}
	for _, c := range []struct{ expr, want string }{
		{`0.1 + 0.2`, "0.3"},
		{`0.1 + 0.2 == 0.3`, "true"},
		{`12345678901234567.89 * 3`, "37037036703703703.67"},
		{`1_000.50`, "1000.5"},
		{`9223372036854775807 + 9223372036854775808`, "18446744073709551615"},
		{`1000000000000000000000000 * 10`, "10000000000000000000000000"},
		{`1_000_000_000_000_000_000_000 - 1`, "999999999999999999999"},
		{`service == "1000000000000000000000000" ? 1 : 2`, "2"},
		{`1e-20 + 1`, "1.00000000000000000001"},
		{`.5 - -2`, "2.5"},
		{`-list ** 2`, "-102.01"},
		{`2 ** 3 ** 2`, "512"},
		{`2 ^ 10`, "1024"},
		{`7 % 3`, "1"},
		{`1 / 3`, "0.3333333333333333333333333333333333"},
		{`list * 0.97`, "9.797"},
		{`cost`, "9.5"},
		{`price`, "0"},
		{`contracted`, "0"},
		{`list > 5 ? list : 0`, "10.1"},
		{`if list > 50 { list } else { 0 }`, "0"},
		{`1 < 2 < 3`, "true"},
		{`1 < list + 1 <= 11.1`, "true"},
		{`1 + 2 < list - 3 < 100`, "true"},
		{`service == "AmazonEC2" and region in ["eu-west-1", "eu-central-1"]`, "true"},
		{`region not in ["us-east-1"]`, "true"},
		{`service in [region, "AmazonEC2"]`, "true"},
		{`"west" in split(region, "-")`, "true"},
		{`list in [10.1, 3]`, "true"},
		{`list in 1..20`, "false"},
		{`quantity in 0..5`, "false"},
		{`tags["env"] == "prod" && tags.team == ""`, "true"},
		{`not marketplace`, "false"},
		{`marketplace == true`, "true"},
		{`date >= "2026-03-15"`, "false"},
		{`region matches "^eu-"`, "true"},
		{`region startsWith "eu" and region contains "west" and region endsWith "1"`, "true"},
		{`region not startsWith "us"`, "true"},
		{`upper(region[0:2]) + "/" + split(region, "-")[-1]`, "EU/1"},
		{`region[:2]`, "eu"},
		{`region[-1:]`, "1"},
		{`region[indexOf(region, "-") + 1:]`, "west-1"},
		{`split(region, "-")[len(split(region, "-")) - 1]`, "1"},
		{`len(split(region, "-")) + 1`, "4"},
		{`split(region, "-")`, `["eu","west","1"]`},
		{`region | upper()`, "EU-WEST-1"},
		{`support_fee(15000, "business")`, "1350"},
		{`support_fee(15, "business")`, "100"},
		{`any([list, cost], # > 10)`, "true"},
		{`count([list, cost, 3], # > 9) * 1.5`, "3"},
		{`none([1, 2], # == 3) and all([1, 2], # >= 1)`, "true"},
		{`round(quantity * 1000000, 2)`, "1"},
		{`1 // a comment`, "1"},
	} {
		got, err := e.Eval(c.expr, line)
		if err != nil || got != c.want {
			t.Errorf("%s = %q, %v; want %q", c.expr, got, err, c.want)
		}
	}
}

func TestEngine_Eval_Mistakes(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for _, c := range []struct{ expr, position, message string }{
		{`list + region`, "1:6", "+ cannot combine a number and a text"},
		{`list == "5"`, "1:6", "== cannot combine a number and a text"},
		{"list +\n  servise", "2:3", "unknown name servise (did you mean service?)"},
		{`foo(1)`, "1:1", "unknown function foo"},
		{`rount(1)`, "1:1", "unknown function rount (did you mean round?)"},
		{`now()`, "1:1", "unknown function now"},
		{`sum([1,2])`, "1:1", "unknown function sum"},
		{`filter([1], # > 1)`, "1:1", "unknown function filter"},
		{`$env`, "1:1", "unknown name $env"},
		{`list.Add(1)`, "1:6", "only functions can be called"},
		{`list.value`, "1:6", "a number has no parts"},
		{`service ?? "x"`, "1:9", "the operator ?? is not part of the rule language"},
		{`let x = 1; x`, "1:5", "this construct is not part of the rule language"},
		{`nil`, "1:1", "nil does not exist here: a missing text is empty"},
		{`[1, 2]`, "1:1", "a list is only possible after in, or as tiers"},
		{`1..5`, "1:2", "a range is only possible after in"},
		{`tags`, "1:1", `write which tag: tags["key"]`},
		{`tags[service]`, "1:6", "the tag must be named by a literal text"},
		{`0x10`, "1:1", "write 0x10 as a decimal number"},
		{`1 +`, "1:3", "the expression ends too early"},
		{`10e`, "1:1", "10e is not a number"},
		{`1 + 1e400`, "1:5", "the number has too many digits"},
		{`list = 5`, "1:6", "use == to compare"},
		{`1000000000000000000000000 + region`, "1:27", "+ cannot combine a number and a text"},
		{``, "1:1", "the expression is empty"},
		{`-service`, "1:2", "the operand of - must be a number, not a text"},
		{`marketplace ? 1 : "a"`, "1:19", "both results of ? : must be of one kind, not a number and a text"},
		{`list ? 1 : 2`, "1:1", "the condition before ? must be a boolean, not a number"},
		{`service and true`, "1:1", "the left side of and must be a boolean, not a text"},
		{`service matches "("`, "1:17", "the pattern is not a regular expression: error parsing regexp: missing closing ): `(`"},
		{`round(1, 2, 3)`, "1:1", "round takes other arguments: round(x number, places? number) number"},
		{`round("a")`, "1:7", "x of round must be a number, not a text"},
		{`1 in ["a"]`, "1:7", "each element of the list must be a number, not a text"},
		{`graduated(1, [{up_to: 5, unit: 1}, {up_to: 4, unit: 2}, {unit: 1}])`, "1:44", "tiers overlap: up_to 4 must be above 5"},
		{`graduated(1, [{up_to: 5, unit: 1}])`, "1:23", "the last tier must have no up_to, or quantities above it have no price"},
		{`graduated(1, [{unit: 1}, {unit: 2}])`, "1:15", "tier 1 needs an up_to: only the last has none"},
		{`volume(1, [{}])`, "1:12", "tier 1 needs a unit price or a flat"},
		{`volume(1, [{unt: 2}])`, "1:13", "a tier has up_to, unit and flat, nothing else"},
		{`support_fee(1, "gold")`, "1:16", `there is no fee schedule "gold"`},
		{`1 / 0`, "1:3", "division by zero"},
		{`1 / (list - list)`, "1:3", "division by zero"},
		{`5 % 0`, "1:3", "division by zero"},
		{`2 ** 65`, "1:3", "an exponent must be a whole number from 0 to 64"},
		{`split("a", "-")[3]`, "1:16", "the list has no such part"},
		{`round(1, 0.5)`, "1:1", "places must be a whole number from -38 to 38"},
		{`package(1, 0, 2)`, "1:1", "the size of a package must be above 0"},
		{`(9.9e99 ** 64) * (9.9e99 ** 64)`, "1:9", "the number has too many digits"},
		{`# + 1`, "1:1", "unexpected token Operator(\"#\")"},
	} {
		got, err := e.Eval(c.expr, nil)
		var mistake *Error
		if !errors.As(err, &mistake) {
			t.Errorf("%s = %q, %v; want a mistake", c.expr, got, err)
			continue
		}
		if mistake.Position() != c.position || mistake.Message != c.message {
			t.Errorf("%s: %s %s; want %s %s", c.expr, mistake.Position(), mistake.Message, c.position, c.message)
		}
		if errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: kind %s", c.expr, errs.KindOf(err))
		}
	}
}

// TestEngine_Eval_Bounds shows invariant 5.
func TestEngine_Eval_Bounds(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	nested := func(open, inner, closing string, depth int) string {
		return strings.Repeat(open, depth) + inner + strings.Repeat(closing, depth)
	}
	for name, c := range map[string]struct{ expr, message string }{
		"shared parts double": {nested("1 < (", "1", " < 2 ? 1 : 2) < 3", 60), "the expression has too many parts"},
		"elvis doubles":       {nested("(", "true", " ?: true)", 60), "the expression has too many parts"},
		"long":                {nested("(", "1", ")", 10_000), "the expression is too long"},
		"many parts":          {"1" + strings.Repeat("+1", 5_000), "compilation failed: expression exceeds maximum allowed nodes"},
		"text":                {nested("replace(", `"a"`, `, "a", "aa")`, 40), "the text is too long"},
		"long literal":        {strings.Repeat("9", 18) + "." + strings.Repeat("9", 90), "the number has too many digits"},
		"large literal":       {"1e200", "the number has too many digits"},
	} {
		_, err := e.Eval(c.expr, nil)
		var mistake *Error
		if !errors.As(err, &mistake) || mistake.Message != c.message {
			t.Errorf("%s: %v, want %s", name, err, c.message)
		}
	}
	if got, err := e.Eval(nested("(", "1", ")", 2_000), nil); err != nil || got != "1" {
		t.Errorf("many parentheses: %s, %v", got, err)
	}
}

func TestEngine_Eval_Line(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for _, line := range []map[string]any{
		{"list": true}, {"service": 5}, {"tags": "x"}, {"tags": map[string]any{"a": 1}}, {"nope": "x"}, {"marketplace": "true"},
	} {
		if _, err := e.Eval("1", line); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%v: %v", line, err)
		}
	}
}

func TestEngine_Functions(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for _, f := range e.Functions() {
		if f.Doc == "" {
			t.Errorf("%s has no doc", f.Name)
		}
		for _, x := range f.Examples {
			if got, err := e.Eval(x.Expr, nil); err != nil || got != x.Want {
				t.Errorf("%s = %q, %v; want %q", x.Expr, got, err, x.Want)
			}
		}
	}
}

func FuzzEval(f *testing.F) {
	for _, seed := range []string{
		`list * 0.97`, `tags["a"] in ["b"] and split(region, "-")[0] == "x"`, `graduated(1, [{up_to: 1, unit: 2}, {flat: 3}])`,
		`1 < 2 < 3 ? 1 : 2`, `any([1], # > 0)`, `region[1:-1]`, `-(+1)`, `round(1/3, 2) % 7 ** 2`, `a?.b?.c`, `x | len()`, `{a: 1}`, `0x`, `1..2`,
	} {
		f.Add(seed)
	}
	e, err := New(Options{Schedules: testSchedules})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, source string) {
		_, err := e.Eval(source, map[string]any{"list": "1.5", "region": "eu-west-1"})
		var mistake *Error
		if err != nil && !errors.As(err, &mistake) {
			t.Errorf("%q: %v is no mistake with a place", source, err)
		}
	})
}
