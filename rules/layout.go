package rules

import (
	"maps"
	"math/bits"
	"slices"
)

// layout is a chain prepared for pricing by classes: by which facets lines are
// told apart, and every rule with its condition and amount cut into parts. It
// is immutable but for the values of its facets, and shared by all workers.
type layout struct {
	chain     Chain
	need      Need
	compilers *compilers

	facets  []*facet
	columns []layoutColumn
	rules   []*layoutRule
	words   int // of a bit set of rules
	base    stageRange
	edges   []layoutEdge

	tested measureSet // measures of which classes know whether they are 0
}

// layoutColumn is a column of batches and the facets that are read from it.
type layoutColumn struct {
	dim    Dim
	facets []int
}

// layoutRule is a rule of the chain; its index orders all of them.
type layoutRule struct {
	*lineRule
	edge   int
	cond   *cond       // nil: always
	amount *amountTree // nil: exclude
}

// stageRange is the rules of one stage, [from, to) in layout.rules.
type stageRange struct{ from, to int }

type layoutEdge struct {
	Edge
	exclude, price, adjust stageRange
}

func newLayout(c Chain) *layout {
	l := &layout{chain: c, need: c.Need(), compilers: c.compilers()}
	for _, d := range alwaysDims {
		l.facets[l.facet(variable{name: d.String(), kind: kindText, origin: fromDim, dim: d})].apart = true
	}
	if c.Base != nil {
		l.base = l.stage(0, c.Base.exclude)
	}
	for k, e := range c.Edges {
		edge := layoutEdge{Edge: e}
		if e.Contract != nil {
			edge.exclude = l.stage(k, e.Contract.exclude)
			edge.price = l.stage(k, e.Contract.price)
			edge.adjust = l.stage(k, e.Contract.adjust)
			l.test(e.Contract.terms.Basis)
		}
		l.edges = append(l.edges, edge)
	}
	l.words = (len(l.rules) + 63) / 64
	l.index()
	return l
}

func (c Chain) compilers() *compilers {
	if c.Base != nil {
		return c.Base.compilers
	}
	for _, e := range c.Edges {
		if e.Contract != nil {
			return e.Contract.compilers
		}
	}
	return nil
}

// facet returns the index of the facet of v, adding it if it is new.
func (l *layout) facet(v variable) int {
	i := slices.IndexFunc(l.facets, func(f *facet) bool { return f.name == v.name })
	if i < 0 {
		i = len(l.facets)
		l.facets = append(l.facets, &facet{variable: v, byText: map[string]*value{}, byTruths: map[string]*value{}})
	}
	return i
}

// stage adds the rules of a stage.
func (l *layout) stage(edge int, rules []*lineRule) stageRange {
	r := stageRange{from: len(l.rules)}
	for _, rule := range rules {
		lr := &layoutRule{lineRule: rule, edge: edge}
		if rule.when != nil {
			lr.cond = l.condition(rule.when, rule.when.root)
			l.keepApart(rule.when, rule.when.root)
		}
		if rule.then != nil {
			lr.amount = l.amount(rule.then, rule.then.root)
			l.keepApart(rule.then, rule.then.root)
		}
		l.rules = append(l.rules, lr)
	}
	r.to = len(l.rules)
	return r
}

// test makes classes know whether a basis, and the billed cost beside it, is 0:
// usage that costs something but has a basis of 0 is a finding.
func (l *layout) test(b Basis) {
	if m, ok := b.measure(); ok && m != MeasureBilled {
		l.tested.add(m)
		l.tested.add(MeasureBilled)
	}
}

// index connects columns, facets and rules.
func (l *layout) index() {
	columns := map[Dim][]int{}
	for i, f := range l.facets {
		columns[f.dim] = append(columns[f.dim], i)
	}
	for _, d := range slices.Sorted(maps.Keys(columns)) {
		l.columns = append(l.columns, layoutColumn{d, columns[d]})
	}
	for i, r := range l.rules {
		if r.cond == nil {
			continue
		}
		for _, f := range r.cond.facets(nil) {
			l.facets[f].rules = append(l.facets[f].rules, i)
		}
	}
}

// facets returns the facets of c's atoms, each once.
func (c *cond) facets(seen []int) []int {
	switch {
	case c.op == condAtom && !slices.Contains(seen, c.facet):
		seen = append(seen, c.facet)
	case c.op == condNot:
		seen = c.a.facets(seen)
	case c.op == condAnd, c.op == condOr:
		seen = c.b.facets(c.a.facets(seen))
	}
	return seen
}

// candidates returns the bit set of rules that no value rules out.
func (l *layout) candidates(values []*value) []uint64 {
	set := make([]uint64, l.words)
	for i := range set {
		set[i] = ^uint64(0)
	}
	for _, v := range values {
		for i, w := range v.possible {
			set[i] &= w
		}
	}
	return set
}

// each calls visit for each rule of r in set, in order, until it returns false.
func (r stageRange) each(set []uint64, visit func(rule int) bool) {
	for i := r.from; i < r.to; {
		word := set[i/64] >> (i % 64)
		if word == 0 {
			i = (i/64 + 1) * 64
			continue
		}
		if i += bits.TrailingZeros64(word); i >= r.to || !visit(i) {
			return
		}
		i++
	}
}
