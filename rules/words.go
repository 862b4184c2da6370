package rules

import (
	"maps"
	"slices"
)

// Word is something that an expression may contain, for completion in an
// editor and for the reference.
type Word struct {
	Name   string `json:"name"`             // what is written: region, round, tags["environment"]
	Kind   string `json:"kind"`             // field, function or operator
	Type   string `json:"type,omitempty"`   // of fields and of what functions give: number, text, boolean, list of texts
	Detail string `json:"detail,omitempty"` // a function's signature
	Doc    string `json:"doc"`
}

// The kinds of words.
const (
	WordField    = "field"
	WordFunction = "function"
	WordOperator = "operator"
)

// OperatorDoc describes an operator of the rule language.
type OperatorDoc struct {
	Sign string
	Doc  string
	Example
}

// operatorDocs lists what stands between operands.
var operatorDocs = []OperatorDoc{
	{"+ - * /", "Arithmetic on exact decimals; + also joins texts. A quotient is exact where it can be, else it has 34 digits.", Example{"0.1 + 0.2", "0.3"}},
	{"%", "The remainder.", Example{"7 % 3", "1"}},
	{"**", "A power with a whole exponent from 0 to 64.", Example{"2 ** 10", "1024"}},
	{"== !=", "Equal, not equal. Number with number, text with text.", Example{`"eu-west-1" == "eu-west-1"`, "true"}},
	{"< <= > >=", "Order of numbers, and of texts: dates are texts.", Example{`"2026-03-14" >= "2026-03-01"`, "true"}},
	{"and or not", "Conditions together. not binds closest, then and, then or.", Example{"true and not false", "true"}},
	{"in", "Whether a list has it; not in for the opposite.", Example{`"S3" in ["EC2", "S3"]`, "true"}},
	{"startsWith endsWith contains", "Parts of a text.", Example{`"eu-west-1" startsWith "eu-"`, "true"}},
	{"matches", "Whether a regular expression fits.", Example{`"eu-west-1" matches "^eu-.*-[0-9]$"`, "true"}},
	{"? :", "One of two values.", Example{"3 > 2 ? 10 : 20", "10"}},
}

// Operators lists the operators for the reference page.
func (e *Engine) Operators() []OperatorDoc { return operatorDocs }

// signs are the operators that are words.
var signs = map[string]string{
	"and": "both conditions hold", "or": "one of the conditions holds", "not": "the condition does not hold", "in": "a list has it",
	"startsWith": "a text begins with another", "endsWith": "a text ends with another", "contains": "a text has another in it",
	"matches": "a regular expression fits the text",
}

// Words lists what the when or then of a rule may contain: fields, functions
// and operators, each group by name. kind, r.Stage and r.Per say what the rule
// may read; before are the rules above it, whose fees it may read. It is
// exactly what Compile accepts: below the first edge it names no measure of
// the tier above.
func (e *Engine) Words(kind EdgeKind, r Rule, field string, before []Rule) []Word {
	env := lineEnvironment(kind)
	switch {
	case r.Stage == StageFee && field == "when":
		env = feeWhen
	case r.Stage == StageFee:
		env = feeThen(r.Per, earlierFees(before))
	}
	out := env.words()
	for _, name := range slices.Sorted(maps.Keys(e.compilers.functions)) {
		f := e.compilers.functions[name]
		if env.period || !f.period {
			out = append(out, Word{Name: name, Kind: WordFunction, Type: f.result.String(), Detail: f.signature(), Doc: f.doc})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(signs)) {
		out = append(out, Word{Name: name, Kind: WordOperator, Doc: signs[name]})
	}
	return out
}

func (e *environment) words() []Word {
	var out []Word
	for _, v := range e.variables {
		out = append(out, Word{Name: v.name, Kind: WordField, Type: v.kind.String(), Doc: v.doc})
	}
	if e.tags {
		out = append(out, Word{Name: `tags["key"]`, Kind: WordField, Type: kindText.String(), Doc: "the tag's value; empty where it is missing"})
	}
	for _, name := range slices.Sorted(maps.Keys(e.fees)) {
		if e.fees[name] == "" {
			out = append(out, Word{Name: feeName(name), Kind: WordField, Type: kindNumber.String(), Doc: "an earlier fee of this contract"})
		}
	}
	return out
}
