package rules

import (
	"github.com/shopspring/decimal"
)

// pricer prices lines of classes whose plan is not linear, one tuple of
// measures at a time.
type pricer struct {
	layout  *layout
	machine *machine
	tally   *tally
	shown   *class // whose texts the machine shows

	// The tuple at hand.
	class   *class
	lines   int64
	count   decimal.Decimal // lines
	amounts amounts
	first   place

	failed *LineError // the first line that failed
}

func (p *pricer) price(c *class, lines int64, a amounts, first place) {
	p.class, p.lines, p.count, p.amounts, p.first = c, lines, decimal.NewFromInt(lines), a, first
	if p.shown != c {
		c.show(p.layout, p.machine)
		p.shown = c
	}
	p.machine.missed = [NumMeasures]bool{}
	if err := p.chain(); err != nil {
		p.fail(err)
	}
}

// fail keeps the first failure in the order of lines.
func (p *pricer) fail(err *LineError) {
	err.Segment, err.Row, err.Account = p.first.segment, p.first.row, p.class.grain.Account
	if p.failed == nil || p.first.before(place{p.failed.Segment, p.failed.Row}) {
		p.failed = err
	}
}

// chain takes the tuple down the chain.
func (p *pricer) chain() *LineError {
	grain, plan := p.class.grain, p.class.plan
	bearerCost := p.amounts.values[MeasureBilled]
	cost := bearerCost
	if p.class.view.hidden {
		cost = decimal.Decimal{}
	}
	if len(plan.base) > 0 {
		p.machine.enter(true, p.class.view, &p.amounts, cost, BasisBilled)
		excluded, err := p.exclude(0, plan.base, bearerCost)
		if err != nil {
			err.Edge = baseEdge
		}
		if excluded || err != nil {
			return err
		}
	}
	for k := range plan.edges {
		price, sold, err := p.edge(k, &plan.edges[k], cost, bearerCost)
		if err != nil || !sold {
			return err
		}
		cost, bearerCost = price, price
	}
	p.cost(len(p.layout.edges), grain, "", bearerCost)
	return nil
}

// first returns the first of rules that matches.
func (p *pricer) match(edge int, rules []pending) (*layoutRule, *LineError) {
	for _, r := range rules {
		if !r.test {
			return r.layoutRule, nil
		}
		holds, fail := p.machine.test(r.when)
		if fail != nil {
			return nil, ruleError(edge, r.layoutRule, "when", fail)
		}
		if holds {
			return r.layoutRule, nil
		}
	}
	return nil, nil
}

func ruleError(edge int, r *layoutRule, field string, f *failure) *LineError {
	return &LineError{Edge: edge, Rule: r.Name, Field: field, Line: f.line, Column: f.column, Message: f.message}
}

func (p *pricer) exclude(edge int, rules []pending, bearerCost decimal.Decimal) (excluded bool, err *LineError) {
	r, err := p.match(edge, rules)
	if r != nil {
		p.cost(edge, p.class.grain, r.Name, bearerCost)
		p.postMissed(edge)
	}
	return r != nil, err
}

// edge prices the tuple on edge k; sold is false if it does not go on.
func (p *pricer) edge(k int, e *planEdge, cost, bearerCost decimal.Decimal) (price decimal.Decimal, sold bool, err *LineError) {
	if e.mismatch != "" {
		return price, false, &LineError{Edge: k, Message: e.mismatch}
	}
	if e.missing != "" {
		return p.uncovered(k, e.missing, cost, bearerCost)
	}
	m, basis := p.machine, e.contract.terms.Basis
	m.enter(k == 0, p.class.view, &p.amounts, cost, basis)
	if excluded, err := p.exclude(k, e.exclude, bearerCost); excluded || err != nil {
		return price, false, err
	}
	key, unpriced := chargeKey{edge: k, grain: p.class.grain}, false
	r, err := p.match(k, e.price)
	switch {
	case err != nil:
		return price, false, err
	case r == nil:
		unpriced = m.number("price").IsZero() && p.class.view.charged && !cost.IsZero() && basis != BasisCost && basis != BasisBilled
	default:
		key.rule, key.label = r.Name, r.Label
		if _, err := p.apply(k, r); err != nil {
			return price, false, err
		}
	}
	labelled, err := p.adjust(k, e.adjust)
	if err != nil {
		return price, false, err
	}
	price = m.number("price")
	if unpriced && price.IsZero() {
		p.tally.find(findingKey{k, FindingZeroBasis, string(basis), p.class.grain.Currency}, p.lines, cost.Mul(p.count))
	}
	p.charge(key, price.Sub(labelled))
	p.cost(k, p.class.grain, "", bearerCost)
	p.postMissed(k)
	return price, true, nil
}

// apply sets the price to what a rule makes of it.
func (p *pricer) apply(edge int, r *layoutRule) (decimal.Decimal, *LineError) {
	amount, fail := p.machine.amount(r.then)
	if fail != nil {
		return amount, ruleError(edge, r, "then", fail)
	}
	p.machine.values["price"] = amount
	return amount, nil
}

// adjust applies the adjust rules and returns the sum of labelled changes.
func (p *pricer) adjust(edge int, rules []pending) (labelled decimal.Decimal, err *LineError) {
	for _, r := range rules {
		if r.test {
			holds, fail := p.machine.test(r.when)
			if fail != nil {
				return labelled, ruleError(edge, r.layoutRule, "when", fail)
			}
			if !holds {
				continue
			}
		}
		before := p.machine.values["price"]
		amount, err := p.apply(edge, r.layoutRule)
		if err != nil {
			return labelled, err
		}
		if r.Label != "" {
			change := amount.Sub(before.(decimal.Decimal))
			labelled = labelled.Add(change)
			key := chargeKey{edge, p.class.grain, r.Name, r.Label}
			p.tally.charge(key, decimal.Decimal{}, change.Mul(p.count), decimal.NewNullDecimal(decimal.Decimal{}))
		}
		if r.Stop {
			break
		}
	}
	return labelled, nil
}

func (p *pricer) uncovered(k int, missing Missing, cost, bearerCost decimal.Decimal) (price decimal.Decimal, sold bool, err *LineError) {
	p.postMissed(k)
	if missing == MissingPassThrough {
		p.tally.find(findingKey{k, FindingPassThrough, "", p.class.grain.Currency}, p.lines, bearerCost.Mul(p.count))
		p.charge(chargeKey{edge: k, grain: p.class.grain}, cost)
		p.cost(k, p.class.grain, "", bearerCost)
		return cost, true, nil
	}
	p.tally.find(findingKey{k, FindingNoContract, "", p.class.grain.Currency}, p.lines, bearerCost.Mul(p.count))
	p.cost(k, p.class.grain, ReasonNoContract, bearerCost)
	return price, false, nil
}

// charge adds the line charge of all lines of the tuple.
func (p *pricer) charge(k chargeKey, amount decimal.Decimal) {
	list := p.class.list(p.amounts.values[MeasureList])
	list.Decimal = list.Decimal.Mul(p.count)
	p.tally.charge(k, p.amounts.values[MeasureQuantity].Mul(p.count), amount.Mul(p.count), list)
}

func (p *pricer) cost(bearer int, g *Grain, reason string, cost decimal.Decimal) {
	p.tally.cost(costKey{bearer, g, reason}, cost.Mul(p.count))
}

// postMissed reports the missing measures that rules of edge k have read.
func (p *pricer) postMissed(k int) {
	for m, read := range p.machine.missed {
		if read {
			p.tally.find(findingKey{k, FindingNullMeasure, Measure(m).String(), p.class.grain.Currency}, p.lines, p.machine.cost().Mul(p.count))
		}
	}
	p.machine.missed = [NumMeasures]bool{}
}
