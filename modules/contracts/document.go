package contracts

import (
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// Document is a contract as code: what a contract file says, with defaults
// filled in.
type Document struct {
	Seller string        // slug
	Buyer  string        // slug; "" for a distributor's base contract
	Name   string        // identifies the contract on its edge
	Months period.Months // starts and ends; an open end where the file names none
	From   period.Month  // first month of this version; the contract's first month where the file names none
	Terms  rules.Terms

	source *source // where everything stands in the file; nil if there is none
}

// IsBase reports whether d is a distributor's base contract.
func (d Document) IsBase() bool { return d.Buyer == "" }

// withDefaults fills in what a document without file may leave out.
func (d Document) withDefaults() Document {
	if d.From.IsZero() {
		d.From = d.Months.From
	}
	d.Terms = canonical(d.Terms)
	return d
}

// canonical writes every default out, so that equal terms are equal however
// they were written.
func canonical(t rules.Terms) rules.Terms {
	if t.Missing == "" {
		t.Missing = rules.MissingBlock
	}
	if len(t.Covers) == 0 {
		t.Covers = nil
	}
	written := make([]rules.Rule, len(t.Rules))
	for i, r := range t.Rules {
		if r.Stage == rules.StageFee && r.Per == "" {
			r.Per = rules.PerContract
		}
		written[i] = r
	}
	t.Rules = written
	if len(written) == 0 {
		t.Rules = nil
	}
	return t
}

// Parse reads a contract file in YAML. file names it in messages.
//
// The keys are seller, buyer, name, starts, ends, from, basis, currency,
// covers, missing and rules, those of a rule name, stage, when, then, label,
// stop and per. Unknown keys, wrong types and missing required keys are
// refused. Expressions are not compiled: see Check and Service.Apply.
//
// Errors: Problems (Invalid) with everything that is wrong.
func Parse(file string, data []byte) (Document, error) {
	d, problems := parse(file, data)
	if err := problems.err(); err != nil {
		return Document{}, err
	}
	return d, nil
}

// Check reads a contract file and compiles its rules without looking at
// tenants and without saving anything. seller says what its rules may read:
// rules.EdgeFirst for a distributor's contract, rules.EdgeBelow for a
// reseller's, rules.EdgeMixed for that of a reseller with payer accounts of its
// own; a contract without buyer is a base contract whatever seller is.
//
// Errors: Problems (Invalid) with everything that is wrong.
func Check(engine *rules.Engine, seller rules.EdgeKind, file string, data []byte) (Document, error) {
	d, problems := parse(file, data)
	if d.source == nil { // not even a mapping: there are no rules to look at
		return Document{}, problems.err()
	}
	if d.IsBase() {
		seller = rules.EdgeBase
	}
	_, compiled := compile(engine, seller, d)
	if err := problems.with(compiled).err(); err != nil {
		return Document{}, err
	}
	return d, nil
}

// compile compiles d's rules and says where in the file its problems are.
func compile(engine *rules.Engine, kind rules.EdgeKind, d Document) (*rules.Contract, Problems) {
	if e := d.Terms.TooLong(); e != nil {
		return nil, Problems{d.source.problem(e)}
	}
	c, err := engine.Compile(kind, d.Terms)
	if err == nil {
		return c, nil
	}
	var out Problems
	for _, e := range ruleErrors(err) {
		out = append(out, d.source.problem(e))
	}
	return nil, out
}

// ruleErrors lists the mistakes that Compile joined. An error of another type
// stands for itself.
func ruleErrors(err error) []*rules.Error {
	if e, ok := err.(*rules.Error); ok { //nolint:errorlint // joined errors are taken apart below
		return []*rules.Error{e}
	}
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // the same
	if !ok {
		return []*rules.Error{{Message: err.Error()}}
	}
	var out []*rules.Error
	for _, one := range joined.Unwrap() {
		out = append(out, ruleErrors(one)...)
	}
	return out
}
