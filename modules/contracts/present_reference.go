package contracts

import (
	"strings"

	"tierbook/rules"
	view "tierbook/views/contracts"
)

// stageDocs say what the stages are, for the reference.
var stageDocs = []view.Entry{
	{ID: "stage-exclude", Signature: "exclude", Doc: "Acts on a line. On the first match the line has no price on this edge and does not exist for any tier below; it stays in the seller's cost. It has no amount."},
	{ID: "stage-price", Signature: "price", Doc: "Acts on a line. The first match sets the line's price and ends the stage. Where none matches, the price is the contract's basis."},
	{ID: "stage-adjust", Signature: "adjust", Doc: "Acts on a line. Every match, in order, turns the price so far into a new one. With a label the change becomes a charge of its own. «Stop» ends the stage on a match."},
	{ID: "stage-fee", Signature: "fee", Doc: "Acts on the month: an amount on top of the lines, computed on the contract's charges that its condition selects, once for the contract, each customer or each account."},
}

// reference builds the page of the rule language from the engine's registry.
// below leaves out what only a distributor's contracts may read.
func reference(e *rules.Engine, below bool, query string) view.Reference {
	q := strings.ToLower(strings.TrimSpace(query))
	out := view.Reference{Query: query}
	add := func(into *[]view.Entry, x view.Entry) {
		if fits(x, q) {
			*into = append(*into, x)
			out.Count++
		}
	}
	for _, x := range stageDocs {
		add(&out.Stages, x)
	}
	for _, f := range e.Functions() {
		add(&out.Functions, presentFunction(e, f))
	}
	for _, o := range e.Operators() {
		x := view.Entry{ID: "op-" + strings.Join(strings.Fields(o.Sign), "-"), Signature: o.Sign, Doc: o.Doc}
		x.Examples = run(e, []rules.Example{o.Example})
		add(&out.Operators, x)
	}
	for _, s := range fieldSections(e, below) {
		entries := s.Entries
		s.Entries = nil
		for _, x := range entries {
			add(&s.Entries, x)
		}
		out.Fields = append(out.Fields, s)
	}
	return out
}

func fits(x view.Entry, query string) bool {
	text := strings.ToLower(x.Name + " " + x.Signature + " " + x.Doc)
	return strings.Contains(text, query)
}

func presentFunction(e *rules.Engine, f rules.FunctionDoc) view.Entry {
	out := view.Entry{ID: "fn-" + f.Name, Name: f.Name, Signature: f.Signature, Doc: f.Doc, Examples: run(e, f.Examples)}
	if f.Period {
		out.Tags = append(out.Tags, "fees only")
	}
	return out
}

// run evaluates examples: what a reader sees is what the engine gives.
func run(e *rules.Engine, list []rules.Example) []view.Example {
	out := make([]view.Example, len(list))
	for i, x := range list {
		result, err := e.Eval(x.Expr, nil)
		if err != nil {
			result = err.Error()
		}
		out[i] = view.Example{Code: x.Expr, Result: result}
	}
	return out
}

func fieldSections(e *rules.Engine, below bool) []view.Section {
	when, then := e.FeeFields()
	line := view.Section{
		ID: "fields-line", Title: "Fields of lines", Help: "What the rules of exclude, price and adjust may read.",
		Entries: presentFields("line", e.LineFields(rules.EdgeBelow)),
	}
	if !below {
		line.Help = "What the rules of exclude, price and adjust may read in a distributor's contracts. In a reseller's, contracted, billed and effective do not exist: there it is cost."
		line.Entries = presentFields("line", e.LineFields(rules.EdgeFirst))
	}
	return []view.Section{
		line,
		{ID: "fields-fee-when", Title: "Fields in the condition of a fee", Help: "They select the contract's charges of the month.", Entries: presentFields("fee-when", when)},
		{ID: "fields-fee", Title: "Fields in the amount of a fee", Help: "Totals over the charges that the condition has selected.", Entries: presentFields("fee", then)},
	}
}

func presentFields(prefix string, list []rules.FieldDoc) []view.Entry {
	out := make([]view.Entry, len(list))
	for i, f := range list {
		name, _, _ := strings.Cut(f.Name, "[")
		out[i] = view.Entry{ID: prefix + "-" + name, Name: f.Name, Type: f.Type, Doc: upperFirst(f.Doc)}
	}
	return out
}
