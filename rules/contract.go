package rules

import (
	"cmp"
	"slices"
	"strings"
)

// Contract is compiled terms. It is immutable and safe for concurrent use.
type Contract struct {
	kind      EdgeKind
	terms     Terms
	compilers *compilers
	support   []string // names of providers' support services, see Options

	fingerprint string // the engine's

	exclude, price, adjust []*lineRule // by stage, in order
	fees                   []*feeRule
	notes                  []Note
}

// lineRule is a compiled rule of the stages exclude, price and adjust.
type lineRule struct {
	Rule
	when *expression // nil: always
	then *expression // nil: exclude
}

// Note tells of something in a contract that is allowed but may surprise.
type Note struct {
	Rule    string
	Field   string // "when" or "then"
	Message string
}

// Compile checks and compiles terms for an edge of kind. All mistakes are
// returned joined, each an *Error with rule, field and position (Invalid).
func (e *Engine) Compile(kind EdgeKind, t Terms) (*Contract, error) {
	problems := t.problems(kind)
	c := &Contract{kind: kind, terms: t, compilers: e.compilers, support: e.support, fingerprint: e.fingerprint}
	c.terms.Rules = slices.Clone(t.Rules)
	for i, r := range c.terms.Rules {
		problems = append(problems, c.add(r, c.terms.Rules[:i])...)
	}
	if err := joinErrors(problems); err != nil {
		return nil, err
	}
	return c, nil
}

// add compiles r. Rules of unknown stages are left out: Validate has told.
func (c *Contract) add(r Rule, before []Rule) (problems []*Error) {
	compile := func(field string, source Source, env *environment, want kind) *expression {
		if strings.TrimSpace(string(source)) == "" {
			return nil
		}
		x, mistake := c.compilers.compile(string(source), env, want)
		if mistake != nil {
			mistake.Rule, mistake.Field = r.Name, field
			problems = append(problems, mistake)
		}
		return x
	}
	if r.Stage == StageFee {
		when := compile("when", r.When, feeWhen, kindBool)
		then := compile("then", r.Then, feeThen(r.Per, earlierFees(before)), kindNumber)
		if problems == nil && then != nil {
			c.fees = append(c.fees, newFeeRule(c.compilers, r, when, then))
		}
		return problems
	}
	env := lineEnvironment(c.kind)
	rule := &lineRule{Rule: r, when: compile("when", r.When, env, kindBool)}
	if r.Stage != StageExclude {
		rule.then = compile("then", r.Then, env, kindNumber)
	}
	if problems != nil {
		return problems
	}
	c.notes = append(c.notes, rule.notes(c.compilers)...)
	switch r.Stage {
	case StageExclude:
		c.exclude = append(c.exclude, rule)
	case StagePrice:
		c.price = append(c.price, rule)
	case StageAdjust:
		c.adjust = append(c.adjust, rule)
	}
	return nil
}

func earlierFees(rules []Rule) []Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return r.Stage != StageFee })
}

// Terms returns what the contract was compiled from.
func (c *Contract) Terms() Terms { return c.terms }

// Itemized returns the contract with what every adjust rule changes as a charge
// of its own, as a label does it: for showing what each rule comes to. Prices,
// costs, findings, fees and the sums of an edge are the same; the charges are
// not those that are published.
func (c *Contract) Itemized() *Contract {
	out := *c
	out.adjust = make([]*lineRule, len(c.adjust))
	for i, r := range c.adjust {
		named := *r
		named.Label = cmp.Or(r.Label, r.Name)
		out.adjust[i] = &named
	}
	return &out
}

// Notes lists line rules whose result depends on how the provider cuts usage
// into lines: constant terms, non-linear amounts, conditions on measures.
func (c *Contract) Notes() []Note { return c.notes }

// HasFees reports whether the contract charges fees.
func (c *Contract) HasFees() bool { return len(c.fees) > 0 }

// ReadsPeriodCost reports whether a fee rule reads period_cost, so that it must
// be computed again when the fees of the edge above change.
func (c *Contract) ReadsPeriodCost() bool {
	return slices.ContainsFunc(c.fees, func(f *feeRule) bool { return f.then.reads(totalPeriodCost) })
}

const cut = ": the result depends on how the provider cuts usage into lines"

func (r *lineRule) notes(with *compilers) (notes []Note) {
	if r.when != nil && r.when.measured(r.when.root) {
		notes = append(notes, Note{r.Name, "when", "the condition reads a measure" + cut})
	}
	if r.then == nil {
		return notes
	}
	switch r.then.shape(with, r.then.root) {
	case shapeConstant, shapeAffine:
		notes = append(notes, Note{r.Name, "then", "the amount has a constant term per line" + cut})
	case shapeOther:
		notes = append(notes, Note{r.Name, "then", "the amount is not proportional to the line's measures" + cut})
	}
	return notes
}
