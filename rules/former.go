package rules

// post finds out what the class adds to the tally, and how.
func (l *layout) post(c *class, p *plan, m *machine) {
	f := &former{layout: l, class: c, scope: formScope{machine: m, values: c.values}}
	f.scope.variable = f.variable
	c.show(l, m)
	if !f.chain(p) {
		p.pace = byMachine
		return
	}
	p.postings, p.curves = f.postings, f.scope.curves
	for _, curve := range p.curves {
		p.pace = byCurves
		for _, arg := range curve.args {
			p.bent |= arg.measures()
		}
	}
}

// former prices a class symbolically.
type former struct {
	layout   *layout
	class    *class
	scope    formScope
	postings []posting

	first            bool
	cost, bearerCost form
	price            form
	basis            Measure // price is still this measure, if priceIsBasis
	priceIsBasis     bool
	missed           measureSet // missing measures that were read on this edge
}

// chain takes the class down the chain; ok is false if that takes its lines.
func (f *former) chain(p *plan) (ok bool) {
	f.cost, f.bearerCost = f.billed(), measureForm(MeasureBilled)
	if len(p.base) > 0 {
		f.post(posting{kind: postCost, cost: costKey{0, f.class.grain, p.base[0].Name}, amount: f.bearerCost})
		return !p.base[0].test
	}
	for k := range p.edges {
		if !f.edge(k, &p.edges[k]) {
			return false
		}
	}
	if !p.ended {
		f.post(posting{kind: postCost, cost: costKey{len(f.layout.edges), f.class.grain, ""}, amount: f.bearerCost})
	}
	return true
}

func (f *former) post(p posting) { f.postings = append(f.postings, p) }

// billed returns the line's billed cost as rules read it.
func (f *former) billed() form {
	if f.class.view.hidden || f.class.null.has(MeasureBilled) {
		return form{}
	}
	return measureForm(MeasureBilled)
}

// measure returns how a measure reads on the edge.
func (f *former) measure(m Measure) (form, reading) {
	r := f.class.view.read(m, f.first, f.class.null.has(m))
	switch {
	case r == readStored:
		return measureForm(m), r
	case r == readCost, r == readMissing && standsForCost(m):
		return f.cost, r
	}
	return form{}, r
}

// variable returns the form of a number that an expression reads, and notes
// if it is missing.
func (f *former) variable(v variable) form {
	switch v.origin {
	case fromPrice:
		if f.priceIsBasis {
			f.read(f.basis)
		}
		return f.price
	case fromCost:
		if f.first {
			f.read(MeasureBilled)
		}
		return f.cost
	}
	f.read(v.measure)
	out, _ := f.measure(v.measure)
	return out
}

func (f *former) read(m Measure) {
	if _, r := f.measure(m); r == readMissing {
		f.missed.add(m)
	}
}

// edge prices the class on one edge; ok is false if that takes its lines.
func (f *former) edge(k int, e *planEdge) (ok bool) {
	f.first, f.missed = k == 0, 0
	grain := f.class.grain
	if e.mismatch != "" {
		return false
	}
	if e.missing != "" {
		f.uncovered(k, e.missing)
		return true
	}
	if len(e.exclude) > 0 {
		if e.exclude[0].test {
			return false
		}
		f.post(posting{kind: postCost, cost: costKey{k, grain, e.exclude[0].Name}, amount: f.bearerCost})
		return true
	}
	f.start(e.contract.terms.Basis)
	key, unpriced := chargeKey{edge: k, grain: grain}, no
	switch {
	case len(e.price) == 0:
		f.variable(priceVariable) // the basis stands, so it is read
		unpriced = f.unpriced(e.contract.terms.Basis)
	case e.price[0].test:
		return false
	default:
		if !f.apply(e.price[0]) {
			return false
		}
		key.rule, key.label = e.price[0].Name, e.price[0].Label
	}
	labelled, ok := f.adjust(k, e.adjust)
	if !ok || !f.findUnpriced(k, e.contract.terms.Basis, unpriced) {
		return false
	}
	amount := f.price
	if labelled != nil {
		amount = amount.add(labelled.negate())
	}
	f.post(posting{kind: postLineCharge, charge: key, amount: amount})
	f.post(posting{kind: postCost, cost: costKey{k, grain, ""}, amount: f.bearerCost})
	f.postMissed(k)
	f.cost, f.bearerCost = f.price, f.price
	return true
}

// start sets the price to the basis.
func (f *former) start(b Basis) {
	m, isMeasure := b.measure()
	if !isMeasure {
		m = MeasureBilled // what cost is on the first edge
	}
	f.basis, f.priceIsBasis = m, isMeasure || f.first
	if isMeasure {
		f.price, _ = f.measure(m)
	} else {
		f.price = f.cost
	}
}

// apply sets the price to what a rule makes of it.
func (f *former) apply(r pending) bool {
	price, ok := r.amount.form(&f.scope)
	f.price, f.priceIsBasis = price, false
	return ok
}

// adjust applies the adjust rules and returns the sum of labelled changes; nil
// if there are none.
func (f *former) adjust(k int, rules []pending) (labelled *form, ok bool) {
	for _, r := range rules {
		before := f.price
		if r.test || !f.apply(r) {
			return labelled, false
		}
		if r.Label != "" {
			change := f.price.add(before.negate())
			sum := change
			if labelled != nil {
				sum = labelled.add(change)
			}
			labelled = &sum
			f.post(posting{kind: postCharge, charge: chargeKey{k, f.class.grain, r.Name, r.Label}, amount: change})
		}
	}
	return labelled, true
}

// unpriced tells whether the lines cost something but start from a basis of 0:
// a rule has to give them a price.
func (f *former) unpriced(b Basis) truth {
	if !f.class.view.charged || b == BasisCost || b == BasisBilled {
		return no
	}
	if _, r := f.measure(f.basis); r == readCost || r == readMissing {
		return no // a basis of 0 means that the cost is 0
	}
	zero, free := f.isZero(&f.price), f.isZero(&f.cost)
	switch {
	case zero == no, free == yes:
		return no
	case zero == yes && free == no:
		return yes
	}
	return unknown
}

// findUnpriced posts a finding if the price of unpriced lines is still 0; ok is
// false if lines may differ in that.
func (f *former) findUnpriced(k int, b Basis, unpriced truth) (ok bool) {
	if unpriced == no {
		return true
	}
	still := f.isZero(&f.price)
	if unpriced == yes && still == yes {
		f.post(posting{kind: postFinding, finding: findingKey{k, FindingZeroBasis, string(b), f.class.grain.Currency}, amount: f.cost})
	}
	return still == no || unpriced == yes && still == yes
}

func (f *former) isZero(x *form) truth { return x.isZero(f.class.zero, f.layout.tested) }

func (f *former) uncovered(k int, missing Missing) {
	grain := f.class.grain
	if missing == MissingPassThrough {
		f.post(posting{kind: postFinding, finding: findingKey{k, FindingPassThrough, "", f.class.grain.Currency}, amount: f.bearerCost})
		f.post(posting{kind: postLineCharge, charge: chargeKey{edge: k, grain: grain}, amount: f.cost})
		f.post(posting{kind: postCost, cost: costKey{k, grain, ""}, amount: f.bearerCost})
		f.bearerCost = f.cost
		return
	}
	f.post(posting{kind: postFinding, finding: findingKey{k, FindingNoContract, "", f.class.grain.Currency}, amount: f.bearerCost})
	f.post(posting{kind: postCost, cost: costKey{k, grain, ReasonNoContract}, amount: f.bearerCost})
}

func (f *former) postMissed(k int) {
	for m := range NumMeasures {
		if f.missed.has(m) {
			f.post(posting{kind: postFinding, finding: findingKey{k, FindingNullMeasure, m.String(), f.class.grain.Currency}, amount: f.cost})
		}
	}
}
