package rules

import (
	"cmp"
	"slices"
)

// FunctionDoc describes a function of the rule language.
type FunctionDoc struct {
	Name      string
	Signature string // "round(x number, places? number) number"
	Doc       string
	Examples  []Example
	Linear    bool // proportional to its first argument
	Period    bool // works on a period's quantity: refused in line rules
}

// Example is an expression and what it gives. The tests run all of them.
type Example struct {
	Expr string
	Want string
}

// FieldDoc describes a name that rules may read.
type FieldDoc struct {
	Name string
	Type string // "number", "text" or "boolean"
	Doc  string
}

// Functions lists the functions by name, for the reference page.
func (e *Engine) Functions() []FunctionDoc {
	var out []FunctionDoc
	for _, f := range e.compilers.functions {
		out = append(out, FunctionDoc{
			Name: f.name, Signature: f.signature(), Doc: f.doc, Examples: f.examples, Linear: f.linear, Period: f.period,
		})
	}
	slices.SortFunc(out, func(a, b FunctionDoc) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// LineFields lists what line rules of an edge of kind may read, in the order
// of the reference page.
func (e *Engine) LineFields(kind EdgeKind) []FieldDoc { return lineEnvironment(kind).docs() }

// FeeFields lists what fee rules may read: the fields of `when`, and those of
// `then` for a fee per contract.
func (e *Engine) FeeFields() (when, then []FieldDoc) {
	return feeWhen.docs(), feeThen(PerContract, nil).docs()
}

func (e *environment) docs() []FieldDoc {
	var out []FieldDoc
	for _, v := range e.variables {
		out = append(out, FieldDoc{Name: v.name, Type: v.kind.String(), Doc: v.doc})
	}
	if e.tags {
		out = append(out, FieldDoc{Name: `tags["key"]`, Type: kindText.String(), Doc: "the tag's value; empty where it is missing"})
	}
	if e.fees != nil {
		out = append(out, FieldDoc{Name: `fees["name"]`, Type: kindNumber.String(), Doc: "an earlier fee of this contract"})
	}
	return out
}

// lineEnvironment returns what line rules of an edge of kind read.
func lineEnvironment(kind EdgeKind) *environment {
	switch kind {
	case EdgeBelow:
		return belowEdge
	case EdgeMixed:
		return mixedEdge
	}
	return firstEdge
}
