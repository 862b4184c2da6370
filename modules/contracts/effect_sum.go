package contracts

import (
	"errors"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/rules"
)

// effect gathers what an Effect says from the passes of all customers and
// owners. It takes numbers of the draft's edge only.
type effect struct {
	draft  draft
	in     EffectInput
	before *rules.Contract // what stood before; nil: nothing
	out    Effect
	buyers Buyers
	chains [][]Tenant // from the draft's seller down to each customer to price
	terms  *terms

	rules, services       map[string]*Change
	feesBefore, feesAfter rules.FeeInput
}

func emptyEffect(d draft, in EffectInput) *effect {
	return &effect{
		draft: d, in: in, terms: newTerms(in.Month), rules: map[string]*Change{}, services: map[string]*Change{},
		feesBefore: rules.FeeInput{Month: in.Month}, feesAfter: rules.FeeInput{Month: in.Month},
		out: Effect{Currency: d.Terms.Currency, Month: in.Month, After: EffectSum{Contract: d.Name}},
	}
}

// add finishes a pass. A failure of what is compared with, on the draft's own
// edge, is kept for the reader; any other comes back.
func (x *effect) add(p *pass, part *CustomerEffect) error {
	after, err := p.scanAfter.Finish()
	if err != nil {
		return err
	}
	before, err := p.scanBefore.Finish()
	if e, ok := errors.AsType[*rules.LineError](err); ok && p.isOwn(e) {
		x.out.BeforeError = err.Error()
	} else if err != nil {
		return err
	}
	if c := p.standing.InForce; c != nil {
		x.out.Before.Contract, x.out.Before.Version, x.before = c.Name, c.Version.Number, c.Compiled
	}
	x.sum(&x.out.Before, before, p.edge, part, beforeOf)
	x.sum(&x.out.After, after, p.edge, part, afterOf)
	slug := part.Customer.Slug
	feeInput(&x.feesBefore, before, p.edge, slug, x.before)
	feeInput(&x.feesAfter, after, p.edge, slug, x.draft.compiled)
	for _, f := range after.Findings {
		if f.Edge == p.edge {
			x.find(f, part.Customer)
		}
	}
	if x.in.Lines == 0 {
		return nil
	}
	lines, err := p.sample.lines(p, x.out.BeforeError == "")
	x.out.Lines = append(x.out.Lines, lines...)
	return err
}

// find adds a customer's finding to those of its kind.
func (x *effect) find(f rules.Finding, customer Tenant) {
	kind := func(f rules.Finding) rules.Finding {
		return rules.Finding{Code: f.Code, Rule: f.Rule, Measure: f.Measure, Currency: f.Currency}
	}
	i := slices.IndexFunc(x.out.Findings, func(e EffectFinding) bool { return kind(e.Finding) == kind(f) })
	if i < 0 {
		x.out.Findings = append(x.out.Findings, EffectFinding{Finding: f, Customers: []Tenant{customer}})
		return
	}
	e := &x.out.Findings[i]
	e.Lines, e.Sum = e.Lines+f.Lines, e.Sum.Add(f.Sum)
	if e.Customers[len(e.Customers)-1].ID != customer.ID {
		e.Customers = append(e.Customers, customer)
	}
}

func beforeOf(c *Change) *decimal.NullDecimal { return &c.Before }
func afterOf(c *Change) *decimal.NullDecimal  { return &c.After }

// sum adds an outcome's charges and the seller's costs on the edge.
func (x *effect) sum(into *EffectSum, o rules.Outcome, edge int, part *CustomerEffect, column func(*Change) *decimal.NullDecimal) {
	isAfter := into == &x.out.After
	for _, c := range o.Costs {
		if c.Bearer == edge && c.Currency == x.out.Currency { // lines in others are not sold here
			into.Cost = into.Cost.Add(c.Cost)
			if isAfter {
				part.Cost = part.Cost.Add(c.Cost)
			}
		}
	}
	for _, c := range o.Charges {
		if c.Edge != edge {
			continue
		}
		into.Lines = into.Lines.Add(c.Amount)
		if isAfter {
			part.After = part.After.Add(c.Amount)
		} else {
			part.Before = part.Before.Add(c.Amount)
		}
		change(x.rules, c.Rule, c.Amount, column)
		change(x.services, c.Service, c.Amount, column)
	}
}

func change(in map[string]*Change, name string, amount decimal.Decimal, column func(*Change) *decimal.NullDecimal) {
	if in[name] == nil {
		in[name] = &Change{Name: name}
	}
	at := column(in[name])
	*at = decimal.NewNullDecimal(at.Decimal.Add(amount))
}

// feeInput adds what fees of a contract are computed on: lines that it covers.
func feeInput(in *rules.FeeInput, o rules.Outcome, edge int, customer string, c *rules.Contract) {
	if c == nil {
		return
	}
	covers := c.Terms().Covers
	if !slices.Contains(in.Customers, customer) {
		in.Customers = append(in.Customers, customer)
	}
	for _, l := range o.Charges {
		if l.Edge == edge && covers.Has(l.Provider, l.Payer) {
			in.Charges = append(in.Charges, rules.FeeCharge{
				Customer: customer, Grain: l.Grain, Rule: l.Rule, Quantity: l.Quantity, Amount: l.Amount, List: l.List,
			})
		}
	}
	for _, l := range o.Costs {
		if l.Bearer == edge && l.Reason == "" && covers.Has(l.Provider, l.Payer) {
			in.Costs = append(in.Costs, rules.FeeCost{Customer: customer, Grain: l.Grain, Cost: l.Cost})
		}
	}
}

// hasFees reports whether the draft or what stood before has fees.
func (x *effect) hasFees() bool {
	isFee := func(r rules.Rule) bool { return r.Stage == rules.StageFee }
	return slices.ContainsFunc(x.draft.Terms.Rules, isFee) ||
		(x.before != nil && slices.ContainsFunc(x.before.Terms().Rules, isFee))
}

// fees computes both sides' fees. A failure before is kept for the reader.
func (x *effect) fees(paid decimal.Decimal) error {
	x.feesBefore.PeriodCost, x.feesAfter.PeriodCost = paid, paid
	fees := map[string]*Change{}
	after, err := x.draft.compiled.Fees(x.feesAfter)
	if err != nil {
		return err
	}
	for _, f := range after {
		change(fees, f.Rule, f.Amount, afterOf)
		x.out.After.Fees = x.out.After.Fees.Add(f.Amount)
	}
	if x.before != nil && x.out.BeforeError == "" {
		before, err := x.before.Fees(x.feesBefore)
		if err != nil {
			x.out.BeforeError = err.Error()
		}
		for _, f := range before {
			change(fees, f.Rule, f.Amount, beforeOf)
			x.out.Before.Fees = x.out.Before.Fees.Add(f.Amount)
		}
	}
	x.out.Fees = x.inOrder(fees)
	return nil
}

// inOrder sorts changes by the place of their rules in the draft, the basis
// first and rules that are gone last.
func (x *effect) inOrder(changes map[string]*Change) []Change {
	rank := map[string]int{"": -1}
	labels := map[string]string{}
	for i, r := range x.draft.Terms.Rules {
		rank[r.Name], labels[r.Name] = i, r.Label
	}
	return sorted(changes, func(a, b Change) int {
		at, okA := rank[a.Name]
		bt, okB := rank[b.Name]
		switch {
		case okA && okB:
			return at - bt
		case okA:
			return -1
		case okB:
			return 1
		}
		return 0
	}, labels)
}

func (x *effect) effect() Effect {
	x.out.Rules = x.inOrder(x.rules)
	x.out.Services = sorted(x.services, func(a, b Change) int { return b.After.Decimal.Abs().Cmp(a.After.Decimal.Abs()) }, nil)
	slices.SortStableFunc(x.out.Lines, func(a, b PreviewLine) int { return b.change().Cmp(a.change()) })
	x.out.Lines = x.out.Lines[:min(len(x.out.Lines), x.in.Lines)]
	slices.SortStableFunc(x.out.Customers, func(a, b CustomerEffect) int { return b.After.Cmp(a.After) })
	if x.out.BeforeError != "" {
		x.forgetBefore()
	}
	return x.out
}

// forgetBefore drops sums that an error has left incomplete.
func (x *effect) forgetBefore() {
	x.out.Before = EffectSum{Contract: x.out.Before.Contract, Version: x.out.Before.Version}
	for i := range x.out.Customers {
		x.out.Customers[i].Before = decimal.Decimal{}
	}
	for _, list := range [][]Change{x.out.Rules, x.out.Services, x.out.Fees} {
		for i := range list {
			list[i].Before = decimal.NullDecimal{}
		}
	}
}

// sorted returns changes in an order, those that it holds equal by name.
func sorted(changes map[string]*Change, order func(a, b Change) int, labels map[string]string) []Change {
	out := make([]Change, 0, len(changes))
	for name, c := range changes {
		c.Label = labels[name]
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Change) int {
		if n := order(a, b); n != 0 {
			return n
		}
		return compareText(a.Name, b.Name)
	})
	return out
}
