package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
)

func TestEngine_Compile_Mistakes(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	fee := func(r Rule) Rule {
		r.Name, r.Stage = "fee", StageFee
		return r
	}
	for _, c := range []struct {
		name  string
		kind  EdgeKind
		terms Terms
		want  string
	}{
		{"BilledBelow", EdgeBelow, basis(BasisCost, price("", "billed * 2")), `rule "price", then, 1:1: billed is unknown here: use cost`},
		{"EffectiveBelow", EdgeBelow, basis(BasisCost, price("effective > 1", "cost")), `rule "price", when, 1:1: effective is unknown here: use cost`},
		{"ContractedBelow", EdgeBelow, basis(BasisContracted), `basis: "contracted" is unknown on this edge: use cost`},
		{"NoBasis", EdgeFirst, Terms{Currency: "USD"}, `basis: "" must be list, contracted, billed, effective or cost`},
		{"BasisOfBase", EdgeBase, basis(BasisList), `basis: a base contract has no basis`},
		{"PriceInBase", EdgeBase, Terms{Currency: "USD", Rules: []Rule{price("", "1")}}, `rule "price", stage: a base contract has exclude rules only`},
		{"Currency", EdgeFirst, Terms{Basis: BasisList, Currency: "usd"}, `currency: "usd" is not a currency code such as USD`},
		{"Missing", EdgeFirst, Terms{Basis: BasisList, Currency: "USD", Missing: "panic"}, `missing: "panic" must be block or pass-through`},
		{"TwiceTheName", EdgeFirst, basis(BasisList, price("", "1"), price("", "2")), `rule "price", name: two rules have this name`},
		{"NoName", EdgeFirst, basis(BasisList, Rule{Stage: StagePrice, Then: "1"}), `rule "#1", name: a rule needs a name`},
		{"NameInParentheses", EdgeFirst, basis(BasisList, exclude("(no contract)", "true")), `rule "(no contract)", name: a rule's name must not begin with a parenthesis`},
		{"UnknownStage", EdgeFirst, basis(BasisList, Rule{Name: "x", Stage: "discount", Then: "1"}), `rule "x", stage: "discount" must be exclude, price, adjust or fee`},
		{"NoAmount", EdgeFirst, basis(BasisList, price("", " ")), `rule "price", then: an amount is missing`},
		{"AmountOfExclude", EdgeFirst, basis(BasisList, Rule{Name: "x", Stage: StageExclude, Then: "1"}), `rule "x", then: an exclude rule has no amount`},
		{"PerOfPrice", EdgeFirst, basis(BasisList, Rule{Name: "x", Stage: StagePrice, Then: "1", Per: PerAccount}), `rule "x", per: per is for fees`},
		{"StopOfFee", EdgeFirst, basis(BasisList, fee(Rule{Then: "1", Stop: true})), `rule "fee", stop: every fee is computed: stop is for line rules`},
		{"PeriodFunctionOnLine", EdgeFirst, basis(BasisList, price("", "minimum(list, 5)")), `rule "price", then, 1:1: minimum works on a whole period: it is for fees, not for lines`},
		{"ConditionIsNumber", EdgeFirst, basis(BasisList, price("list", "1")), `rule "price", when, 1:1: the expression must give a boolean, not a number`},
		{"AmountIsText", EdgeFirst, basis(BasisList, price("", "service")), `rule "price", then, 1:1: the expression must give a number, not a text`},
		{"FeeConditionReadsResource", EdgeFirst, basis(BasisList, fee(Rule{When: `resource == "x"`, Then: "1"})), `rule "fee", when, 1:1: resource is unknown here: charges are summed over it`},
		{"FeeConditionReadsMeasure", EdgeFirst, basis(BasisList, fee(Rule{When: `list > 1`, Then: "1"})), `rule "fee", when, 1:1: list is unknown here: the condition of a fee selects charges by their grain`},
		{"FeeReadsBilled", EdgeFirst, basis(BasisList, fee(Rule{Then: "percent(billed, 3)"})), `rule "fee", then, 1:9: billed is unknown here: use cost`},
		{"FeeReadsService", EdgeFirst, basis(BasisList, fee(Rule{Then: `service == "x" ? 1 : 2`})), `rule "fee", then, 1:1: service is unknown here: it belongs into the fee's condition`},
		{"FeeReadsItself", EdgeFirst, basis(BasisList, fee(Rule{Then: `fees["fee"]`})), `rule "fee", then, 1:6: there is no fee "fee" before this one`},
		{"PeriodCostPerCustomer", EdgeFirst, basis(BasisList, fee(Rule{Then: `period_cost`, Per: PerCustomer})), `rule "fee", then, 1:1: period_cost is unknown here: it cannot be told apart by customer`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := e.Compile(c.kind, c.terms)
			var mistake *Error
			if !errors.As(err, &mistake) || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if errs.KindOf(err) != errs.Invalid {
				t.Errorf("kind %s", errs.KindOf(err))
			}
		})
	}
}

func TestEngine_Compile_ReportsAllMistakes(t *testing.T) {
	t.Parallel()
	_, err := newTestEngine(t).Compile(EdgeFirst, Terms{Currency: "USD", Basis: "x", Rules: []Rule{price("lst > 1", "1 +"), adjust("a", "foo", "")}})
	want := `basis: "x" must be list, contracted, billed, effective or cost
rule "price", when, 1:1: unknown name lst (did you mean list?)
rule "price", then, 1:3: the expression ends too early
rule "a", then, 1:1: unknown name foo`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

// What would take long to compile is refused unread; what was saved before is
// not.
func TestEngine_Diagnose_LongTexts(t *testing.T) {
	t.Parallel()
	e, terms := newTestEngine(t), Terms{Currency: "USD", Basis: BasisCost}
	for i := range MaxText / 16000 {
		terms.Rules = append(terms.Rules, adjust(fmt.Sprintf("r%d", i), strings.Repeat(" ", 15994)+" price", ""))
	}
	full := adjust("full", "price", "")
	full.When = Source(strings.Repeat(" ", MaxText%16000-len("true")-len("price")) + "true")
	terms.Rules = append(terms.Rules, full)
	if got := e.Diagnose(EdgeFirst, terms); got != nil {
		t.Errorf("%d bytes: %v", MaxText, got)
	}
	terms.Rules[0].When = "x" // unknown, and one byte too many
	want := fmt.Sprintf("rules: the expressions have %d bytes together: at most %d are allowed", MaxText+1, MaxText)
	if got := e.Diagnose(EdgeFirst, terms); len(got) != 1 || got[0].Rule != -1 || got[0].Error.Error() != want {
		t.Errorf("%+v, want %s", got, want)
	}
	terms.Rules[0].When = " "
	if _, err := e.Compile(EdgeFirst, terms); err != nil {
		t.Errorf("a saved contract of that length: %v", err)
	}
}

func TestTerms_JSON(t *testing.T) {
	t.Parallel()
	const document = `{"basis":"list","currency":"USD","covers":[{"provider":"aws","payers":["1"]}],"missing":"pass-through",` +
		`"rules":[{"name":"free","stage":"price","when":true,"then":0.10},{"name":"fee","stage":"fee","then":"10","per":"account"}]}`
	var terms Terms
	if err := json.Unmarshal([]byte(document), &terms); err != nil {
		t.Fatal(err)
	}
	want := Terms{
		Basis: BasisList, Currency: "USD", Covers: Covers{{Provider: "aws", Payers: []string{"1"}}}, Missing: MissingPassThrough,
		Rules: []Rule{{Name: "free", Stage: StagePrice, When: "true", Then: "0.10"}, {Name: "fee", Stage: StageFee, Then: "10", Per: PerAccount}},
	}
	if diff := cmp.Diff(want, terms); diff != "" {
		t.Error(diff)
	}
	terms.Covers = nil
	b, err := json.Marshal(terms)
	if err != nil {
		t.Fatal(err)
	}
	var again Terms
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(terms, again); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{`{"covers":"none"}`, `{"covers":[{"payer":"x"}]}`, `{"rules":[{"then":{}}]}`} {
		if err := json.Unmarshal([]byte(bad), &terms); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func TestContract_Notes(t *testing.T) {
	t.Parallel()
	rule := func(name, when, then string) Rule {
		return Rule{Name: name, Stage: StageAdjust, When: Source(when), Then: Source(then)}
	}
	c, err := newTestEngine(t).Compile(EdgeFirst, basis(BasisList,
		rule("linear", `service == "x"`, `region == "a" ? list * 0.9 : percent(list + billed / 8, 5) - price`),
		rule("zero", "", "0"),
		rule("choice of zero", "", `region == "a" ? list : 0`),
		rule("constant", "", "price + 0.01"),
		rule("flat", "", "5"),
		rule("round", "", "round(price, 2)"),
		rule("third", "", "price / 3"),
		rule("product", "", "list * quantity"),
		rule("condition", "list > 5", "list"),
		rule("choice", "", "list > 5 ? list : 0"),
	))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range c.Notes() {
		got = append(got, n.Rule+" "+n.Field)
	}
	want := []string{"constant then", "flat then", "round then", "third then", "product then", "condition when", "choice then"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEngine_Fields(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	has := func(list []FieldDoc, name string) bool {
		return slices.ContainsFunc(list, func(f FieldDoc) bool { return f.Name == name && f.Doc != "" && f.Type != "" })
	}
	if first := e.LineFields(EdgeFirst); !has(first, "billed") || !has(first, `tags["key"]`) || !has(first, "price") {
		t.Errorf("first edge: %v", first)
	}
	if mixed := e.LineFields(EdgeMixed); !has(mixed, "billed") || !has(mixed, "effective") || !has(mixed, "cost") {
		t.Errorf("mixed: %v", mixed)
	}
	if below := e.LineFields(EdgeBelow); has(below, "billed") || has(below, "effective") || has(below, "contracted") || !has(below, "cost") {
		t.Errorf("below: %v", below)
	}
	when, then := e.FeeFields()
	if !has(when, "service") || has(when, "resource") || !has(then, "fee_base") || !has(then, `fees["name"]`) {
		t.Errorf("fees: %v, %v", when, then)
	}
}
