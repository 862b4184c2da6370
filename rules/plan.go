package rules

// plan is what is left to do for the lines of a class once everything that its
// values decide is decided.
type plan struct {
	pace pace

	// Unless the pace is byMachine: what the class adds to the tally.
	postings []posting
	curves   []curve
	bent     measureSet // measures that curves depend on

	// For byMachine, and to find out why a curve has no value.
	base  []pending // base contract: exclude rules
	edges []planEdge
	ended bool // no line of the class reaches the end of the chain
}

// pace is how a class is priced.
type pace uint8

const (
	atOnce    pace = iota // on the sums of its measures
	byCurves              // on these and the values of curves, which every tuple of measures has to give
	byMachine             // by running expressions on every tuple of measures
)

// apart returns the measures that tell tuples of the class apart.
func (p *plan) apart() measureSet {
	if p.pace == byCurves {
		return p.bent
	}
	return allMeasures
}

// planEdge is an edge that lines of the class reach.
type planEdge struct {
	contract               *Contract
	missing                Missing // no contract covers the class
	mismatch               string  // why its currency is not the edge's; "": it is
	exclude, price, adjust []pending
}

// pending is a rule whose condition holds, or can only be tested on a line.
type pending struct {
	*layoutRule
	test bool
}

// plan decides what can be decided for a class.
func (l *layout) plan(c *class, m *machine) *plan {
	b := &planner{layout: l, class: c, machine: m, candidates: l.candidates(c.values)}
	p := &plan{}
	provider, payer := c.grain.Provider, c.grain.Payer
	if base := l.chain.Base; base != nil && len(l.edges) > 0 && base.terms.Covers.Has(provider, payer) {
		p.base, p.ended = b.resolve(l.base)
	}
	for _, e := range l.edges {
		if p.ended {
			break
		}
		edge := planEdge{contract: e.Contract, missing: e.missing(provider, payer)}
		edge.mismatch = e.mismatch(edge.missing, c.grain.Account, c.grain.Currency)
		switch {
		case edge.mismatch != "":
			p.ended = true
		case edge.missing != "":
			p.ended = edge.missing == MissingBlock
		default:
			edge.exclude, p.ended = b.resolve(e.exclude)
			if !p.ended {
				edge.price, _ = b.resolve(e.price)
				edge.adjust, _ = b.resolve(e.adjust)
			}
		}
		p.edges = append(p.edges, edge)
	}
	l.post(c, p, m)
	return p
}

// planner resolves conditions for one class.
type planner struct {
	layout     *layout
	class      *class
	machine    *machine
	candidates []uint64
	shown      bool
}

// resolve returns the rules of a stage that match or may match, up to the one
// that surely ends the stage; ended reports whether there is such a one.
func (b *planner) resolve(r stageRange) (list []pending, ended bool) {
	r.each(b.candidates, func(i int) bool {
		rule := b.layout.rules[i]
		switch b.truth(rule) {
		case no:
		case yes:
			list = append(list, pending{rule, false})
			ended = rule.Stage != StageAdjust || rule.Stop
		default:
			list = append(list, pending{rule, true})
		}
		return !ended
	})
	return list, ended
}

// truth evaluates a rule's condition as far as the class decides it.
func (b *planner) truth(r *layoutRule) truth {
	if r.cond == nil {
		return yes
	}
	t := r.cond.truth(b.class.values)
	if t != unknown || r.when.measured(r.when.root) {
		return t
	}
	if !b.shown {
		b.class.show(b.layout, b.machine)
		b.shown = true
	}
	holds, ok := b.machine.constant(r.when.program)
	switch {
	case !ok:
		return fails
	case holds.(bool):
		return yes
	}
	return no
}
