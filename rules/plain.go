package rules

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
)

// Plain prices the lines one by one, rule by rule: slow, and the reference for
// what Scan must give. Batches may come in any order. Errors are Finish's.
func (c Chain) Plain(batches []*Batch) (Outcome, error) {
	need := c.Need()
	ordered := slices.Clone(batches)
	slices.SortStableFunc(ordered, func(a, b *Batch) int {
		return cmp.Or(cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.FirstRow, b.FirstRow))
	})
	p := &plain{chain: c, need: need, tags: c.tags(), machine: newMachine(), tally: newTally(), grains: map[Grain]*Grain{}}
	lines := int64(0)
	for _, b := range ordered {
		if err := b.check(need); err != nil {
			return Outcome{}, err
		}
		for i := range b.Rows {
			if err := p.price(b, i); err != nil {
				return Outcome{}, err
			}
		}
		lines += int64(b.Rows)
	}
	out := p.tally.outcome()
	out.Lines = lines
	return out, nil
}

// plain is the state of one plain evaluation.
type plain struct {
	chain   Chain
	need    Need
	tags    []string
	machine *machine
	tally   *tally
	grains  map[Grain]*Grain

	watch      *traceWorker // nil: nobody traces
	traced     bool         // the edge at hand is the traced one
	excludedBy *lineRule    // that matched last; nil: no contract covered the line
}

// plainLine is one line of usage.
type plainLine struct {
	dims    [NumDims]string
	amounts amounts
	view    view
	grain   *Grain
	segment int
	row     int64
}

func (p *plain) read(b *Batch, i int) (*plainLine, error) {
	l := &plainLine{segment: b.Segment, row: b.FirstRow + int64(i)}
	for _, d := range p.need.Dims {
		l.dims[d] = b.Dims[d].at(i)
	}
	for _, m := range p.need.Measures {
		l.amounts.values[m], l.amounts.null[m] = b.Measures[m].at(i)
	}
	l.view = viewOf(&l.dims)
	g := grainOf(&l.dims)
	if p.grains[g] == nil {
		p.grains[g] = &g
	}
	l.grain = p.grains[g]
	return l, p.show(l)
}

// show puts the line's texts where expressions find them.
func (p *plain) show(l *plainLine) error {
	for _, v := range lineDims {
		if p.need.HasDim(v.dim) {
			p.machine.values[v.name] = dimValue(v.dim, l.dims[v.dim])
		}
	}
	if len(p.tags) == 0 {
		return nil
	}
	tags, err := parseTags(l.dims[DimTags])
	if err != nil {
		return errs.Newf(errs.Internal, "rules.bad_tags", "segment %d, row %d: tags: %v", l.segment, l.row, err)
	}
	for _, key := range p.tags {
		p.machine.values[tagName(key)] = tags[key]
	}
	return nil
}

// price takes one line down the chain.
func (p *plain) price(b *Batch, i int) error {
	l, err := p.read(b, i)
	if err != nil {
		return err
	}
	cost, bearerCost := l.billed(), l.amounts.values[MeasureBilled]
	if excluded, err := p.base(l); err != nil || excluded {
		return err
	}
	for k, edge := range p.chain.Edges {
		price, sold, err := p.edge(l, k, edge, cost, bearerCost)
		if err != nil || !sold {
			return err
		}
		cost, bearerCost = price, price
	}
	p.tally.cost(costKey{len(p.chain.Edges), l.grain, ""}, bearerCost)
	return nil
}

// billed returns the line's billed cost as rules read it.
func (l *plainLine) billed() decimal.Decimal {
	if l.view.hidden {
		return decimal.Decimal{}
	}
	return l.amounts.values[MeasureBilled]
}

// base applies the base contract; an excluded line goes no further.
func (p *plain) base(l *plainLine) (excluded bool, err error) {
	base := p.chain.Base
	if base == nil || len(p.chain.Edges) == 0 || !base.terms.Covers.Has(l.dims[DimProvider], l.dims[DimPayer]) {
		return false, nil
	}
	p.machine.enter(true, l.view, &l.amounts, l.billed(), BasisBilled)
	rule, err := p.exclude(l, baseEdge, base.exclude)
	if rule != nil {
		p.tally.cost(costKey{0, l.grain, rule.Name}, l.amounts.values[MeasureBilled])
		p.noteMissing(l, 0)
	}
	return rule != nil, err
}

// exclude returns the first exclude rule that matches.
func (p *plain) exclude(l *plainLine, edge int, rules []*lineRule) (*lineRule, error) {
	for _, r := range rules {
		match, fail := p.machine.test(r.when)
		if fail != nil {
			return nil, p.failRule(l, edge, r, "when", fail)
		}
		if match {
			p.excludedBy = r
			return r, nil
		}
	}
	return nil, nil
}

// edge prices the line on edge k. sold is false if it does not go on.
func (p *plain) edge(l *plainLine, k int, e Edge, cost, bearerCost decimal.Decimal) (price decimal.Decimal, sold bool, err error) {
	missing := e.missing(l.dims[DimProvider], l.dims[DimPayer])
	if why := e.mismatch(missing, l.grain.Account, l.grain.Currency); why != "" {
		return price, false, p.fail(l, k, nil, "", why)
	}
	if missing != "" {
		return p.uncovered(l, k, missing, cost, bearerCost)
	}
	c, m := e.Contract, p.machine
	m.enter(k == 0, l.view, &l.amounts, cost, c.terms.Basis)
	rule, err := p.exclude(l, k, c.exclude)
	if err != nil {
		return price, false, err
	}
	if rule != nil {
		p.tally.cost(costKey{k, l.grain, rule.Name}, bearerCost)
		p.noteMissing(l, k)
		return price, false, nil
	}
	priced, err := p.priceStage(l, k, c)
	if err != nil {
		return price, false, err
	}
	unpriced := priced == nil && p.unpriced(l, k, c, cost)
	labelled, err := p.adjustStage(l, k, c)
	if err != nil {
		return price, false, err
	}
	price = m.number("price")
	if unpriced && price.IsZero() {
		p.tally.find(findingKey{k, FindingZeroBasis, string(c.terms.Basis), l.grain.Currency}, 1, cost)
	}
	p.charge(l, k, priced, price.Sub(labelled))
	p.tally.cost(costKey{k, l.grain, ""}, bearerCost)
	p.noteMissing(l, k)
	return price, true, nil
}

// unpriced reports whether the line costs something but starts from a basis
// of 0: a rule has to give it a price.
func (p *plain) unpriced(l *plainLine, k int, c *Contract, cost decimal.Decimal) bool {
	if !l.view.charged || cost.IsZero() || c.terms.Basis == BasisCost || c.terms.Basis == BasisBilled {
		return false
	}
	return p.machine.number("price").IsZero()
}

// priceStage lets the first price rule that matches set the price, and returns
// it; nil if none does.
func (p *plain) priceStage(l *plainLine, k int, c *Contract) (*lineRule, error) {
	m := p.machine
	if p.traced {
		p.watch.started(TraceBasis, m.number("price"))
	}
	for _, r := range c.price {
		match, fail := m.test(r.when)
		if fail != nil {
			return nil, p.failRule(l, k, r, "when", fail)
		}
		if !match {
			continue
		}
		amount, fail := m.amount(r.then)
		if fail != nil {
			return nil, p.failRule(l, k, r, "then", fail)
		}
		p.note(r, amount)
		m.values["price"] = amount
		return r, nil
	}
	m.number("price") // the basis stands, so it has been read
	return nil, nil
}

// adjustStage applies every adjust rule that matches, and returns the sum of
// the changes that became charges of their own.
func (p *plain) adjustStage(l *plainLine, k int, c *Contract) (labelled decimal.Decimal, err error) {
	m := p.machine
	for _, r := range c.adjust {
		match, fail := m.test(r.when)
		if fail != nil {
			return labelled, p.failRule(l, k, r, "when", fail)
		}
		if !match {
			continue
		}
		amount, fail := m.amount(r.then)
		if fail != nil {
			return labelled, p.failRule(l, k, r, "then", fail)
		}
		if r.Label != "" {
			change := amount.Sub(m.number("price"))
			labelled = labelled.Add(change)
			p.tally.charge(chargeKey{k, l.grain, r.Name, r.Label}, decimal.Decimal{}, change, decimal.NewNullDecimal(decimal.Decimal{}))
		}
		p.note(r, amount)
		m.values["price"] = amount
		if r.Stop {
			break
		}
	}
	return labelled, nil
}

// note tells who traces that r makes the price amount.
func (p *plain) note(r *lineRule, amount decimal.Decimal) {
	if p.traced {
		p.watch.changed(r, p.machine.number("price"), amount)
	}
}

// uncovered handles a line that no contract of the edge covers.
func (p *plain) uncovered(l *plainLine, k int, missing Missing, cost, bearerCost decimal.Decimal) (price decimal.Decimal, sold bool, err error) {
	p.noteMissing(l, k) // what the base contract has read
	p.excludedBy = nil
	if missing == MissingPassThrough {
		if p.traced {
			p.watch.started(TracePass, cost)
		}
		p.tally.find(findingKey{k, FindingPassThrough, "", l.grain.Currency}, 1, bearerCost)
		p.charge(l, k, nil, cost)
		p.tally.cost(costKey{k, l.grain, ""}, bearerCost)
		return cost, true, nil
	}
	p.tally.find(findingKey{k, FindingNoContract, "", l.grain.Currency}, 1, bearerCost)
	p.tally.cost(costKey{k, l.grain, ReasonNoContract}, bearerCost)
	return price, false, nil
}

// charge adds the line charge under the price rule that matched.
func (p *plain) charge(l *plainLine, k int, r *lineRule, amount decimal.Decimal) {
	key := chargeKey{edge: k, grain: l.grain}
	if r != nil {
		key.rule, key.label = r.Name, r.Label
	}
	var list decimal.NullDecimal
	if l.view.listKnown(l.amounts.null[MeasureList]) {
		list.Valid = true
		if !l.view.unlisted {
			list.Decimal = l.amounts.values[MeasureList]
		}
	}
	p.tally.charge(key, l.amounts.values[MeasureQuantity], amount, list)
}

// noteMissing reports the missing measures that rules of edge k have read.
func (p *plain) noteMissing(l *plainLine, k int) {
	for m, read := range p.machine.missed {
		if read {
			p.tally.find(findingKey{k, FindingNullMeasure, Measure(m).String(), l.grain.Currency}, 1, p.machine.cost())
		}
	}
	p.machine.missed = [NumMeasures]bool{}
}

func (p *plain) failRule(l *plainLine, edge int, r *lineRule, field string, f *failure) error {
	err := p.fail(l, edge, &r.Rule, field, f.message)
	err.Line, err.Column = f.line, f.column
	return err
}

func (p *plain) fail(l *plainLine, edge int, r *Rule, field, message string) *LineError {
	err := &LineError{Edge: edge, Field: field, Segment: l.segment, Row: l.row, Account: l.dims[DimAccount], Message: message}
	if r != nil {
		err.Rule = r.Name
	}
	return err
}
