package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEngine_Diagnose(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	terms := Terms{Basis: "effective", Currency: "usd", Rules: []Rule{
		{Name: "a", Stage: StagePrice, When: `service == "😀" and regin == "eu"`, Then: "cost +"},
		{Name: "a", Stage: StagePrice, Then: "cost *\n  billed"},
		{Name: "", Stage: "x", Then: "1"},
		{Name: "fine", Stage: StageFee, Then: "1"},
		{Name: "reader", Stage: StageFee, Then: `fees["fine"] + fees["later"]`, Per: "week"},
	}}
	var got []string
	for _, m := range e.Diagnose(EdgeBelow, terms) {
		got = append(got, fmt.Sprintf("%d %s %d-%d %s", m.Rule, m.Field, m.From, m.To, m.Message))
	}
	want := []string{
		`-1 currency 0-0 "usd" is not a currency code such as USD`,
		`-1 basis 0-0 "effective" is unknown on this edge: use cost`,
		`0 when 20-25 unknown name regin (did you mean region?)`,
		`0 then 5-6 the expression ends too early`,
		`1 name 0-0 two rules have this name`,
		`1 then 9-15 billed is unknown here: use cost`,
		`2 name 0-0 a rule needs a name`,
		`2 stage 0-0 "x" must be exclude, price, adjust or fee`,
		`4 per 0-0 "week" must be contract, customer or account`,
		`4 then 20-27 there is no fee "later" before this one`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Diagnose and Compile agree on what is wrong, if not on the order.
func TestEngine_Diagnose_AgreesWithCompile(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for _, rules := range [][]Rule{
		nil,
		{{Name: "a", Stage: StagePrice, Then: "cost"}},
		{{Name: "a", Stage: StagePrice, Then: "cost"}, {Name: "a", Stage: StageFee, Then: "x", Stop: true}},
		{{Name: "(a", Stage: StageExclude, Then: "1", When: "1 +"}},
	} {
		terms := Terms{Basis: "cost", Currency: "USD", Rules: rules}
		_, err := e.Compile(EdgeBelow, terms)
		var want, got []string
		if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // joined errors are taken apart
			for _, one := range joined.Unwrap() {
				mistake, _ := errors.AsType[*Error](one)
				want = append(want, mistake.Error())
			}
		}
		for _, m := range e.Diagnose(EdgeBelow, terms) {
			got = append(got, m.Error.Error())
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-compile +diagnose):\n%s", diff)
		}
	}
}

// Every word that is offered compiles in its place, and below the first edge
// none of the tier above is offered.
func TestEngine_Words(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	before := []Rule{{Name: "Management", Stage: StageFee, Then: "1"}, {Name: "Each", Stage: StageFee, Per: PerAccount, Then: "1"}}
	for _, kind := range []EdgeKind{EdgeFirst, EdgeBelow} {
		for _, r := range []Rule{{Stage: StagePrice}, {Stage: StageFee}, {Stage: StageFee, Per: PerAccount}} {
			for _, field := range []string{"when", "then"} {
				words := e.Words(kind, r, field, before)
				compilesEach(t, e, kind, r, field, words)
				has := func(name string) bool {
					return slices.ContainsFunc(words, func(w Word) bool { return w.Name == name })
				}
				if want := kind == EdgeFirst && r.Stage == StagePrice; has("billed") != want || has("effective") != want || has("contracted") != want {
					t.Errorf("kind %v, %s of %s: billed is offered: %v", kind, field, r.Stage, has("billed"))
				}
				fee := r.Stage == StageFee && field == "then"
				if has("graduated") != fee || has(`fees["Each"]`) != fee || has(`fees["Management"]`) != (fee && r.Per == "") {
					t.Errorf("kind %v, %s of %s per %s: period words %v", kind, field, r.Stage, r.Per, words)
				}
			}
		}
	}
}

func compilesEach(t *testing.T, e *Engine, kind EdgeKind, r Rule, field string, words []Word) {
	t.Helper()
	env := lineEnvironment(kind)
	if r.Stage == StageFee {
		env = feeWhen
		if field == "then" {
			env = feeThen(r.Per, []Rule{{Name: "Management", Stage: StageFee}, {Name: "Each", Stage: StageFee, Per: PerAccount}})
		}
	}
	for _, w := range words {
		if w.Kind != WordField {
			continue
		}
		if _, mistake := e.compilers.compile(w.Name, env, kindNone); mistake != nil {
			t.Errorf("%s of %s: %s: %v", field, r.Stage, w.Name, mistake)
		}
	}
}

// The examples of operators are what they say.
func TestEngine_Operators(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for _, o := range e.Operators() {
		if got, err := e.Eval(o.Expr, nil); err != nil || got != o.Want {
			t.Errorf("%s = %s, %v, want %s", o.Expr, got, err, o.Want)
		}
		if strings.TrimSpace(o.Doc) == "" {
			t.Errorf("%s has no doc", o.Sign)
		}
	}
}
