package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tierbook/app/kernel/money"
)

// Edge is one step of a chain.
type Edge struct {
	Contract *Contract // in force in the month; nil: none
	Missing  Missing   // what to do without a contract; with one, its terms say it
	// Currency is the edge's where no contract is in force: what is passed
	// through must be in it. Empty: in whatever the lines are in.
	Currency money.Currency
}

// missing returns what to do with lines of payer at provider if no contract
// covers them, and "" if one does.
func (e Edge) missing(provider, payer string) Missing {
	m := e.Missing
	if e.Contract != nil {
		if e.Contract.terms.Covers.Has(provider, payer) {
			return ""
		}
		m = e.Contract.terms.Missing
	}
	if m == "" {
		m = MissingBlock
	}
	return m
}

// mismatch says why a line of account in the given currency cannot be charged
// on e, and "" if it can. An edge has one currency. A line that is blocked is
// not charged, so it may be in any.
func (e Edge) mismatch(missing Missing, account string, currency money.Currency) string {
	want, whose := e.Currency, "this edge is"
	if e.Contract != nil {
		want, whose = e.Contract.terms.Currency, "its contract is"
	}
	switch {
	case missing == MissingBlock, currency == want, want == "" && e.Contract == nil:
		return ""
	case missing == MissingPassThrough && e.Contract != nil:
		whose = "the contract of this edge is"
	}
	return fmt.Sprintf("a line of account %s is in %s, but %s in %s", account, currencyName(currency), whose, currencyName(want))
}

func currencyName(c money.Currency) string {
	if strings.TrimSpace(string(c)) == "" {
		return "no currency"
	}
	return string(c)
}

// Chain is the way of a line from the owner of its payer account down to its
// assignee. No edges: the owner is the assignee and there is only a cost.
type Chain struct {
	Base  *Contract // the owner's base contract; nil: none
	Edges []Edge
}

// alwaysDims are read whatever the rules say: the grain, and what decides how
// measures read and whether they may be added.
var alwaysDims = append(slices.Clone(grainDims), DimLineItemType, DimPeriod, DimServiceMonth, DimCurrency, DimHasListPrice)

// Need returns the columns that batches must carry for this chain.
func (c Chain) Need() Need {
	dims, measures := map[Dim]bool{}, map[Measure]bool{}
	for _, d := range alwaysDims {
		dims[d] = true
	}
	// Charges hold quantity and list, costs billed.
	measures[MeasureQuantity], measures[MeasureList], measures[MeasureBilled] = true, true, true
	for _, e := range c.Edges {
		if e.Contract != nil {
			if m, ok := e.Contract.terms.Basis.measure(); ok {
				measures[m] = true
			}
		}
	}
	c.variables(func(v variable) {
		switch v.origin {
		case fromDim, fromTag:
			dims[v.dim] = true
		case fromMeasure:
			measures[v.measure] = true
		}
	})
	return Need{Dims: slices.Sorted(maps.Keys(dims)), Measures: slices.Sorted(maps.Keys(measures))}
}

// measure returns the stored measure that b names.
func (b Basis) measure() (Measure, bool) {
	i := slices.Index(measureNames[:], string(b))
	return Measure(i), i >= 0
}

// tags returns the keys that the chain's rules read.
func (c Chain) tags() []string {
	keys := []string{}
	c.variables(func(v variable) {
		if v.origin == fromTag {
			keys = append(keys, v.tag)
		}
	})
	return sortedSet(keys)
}

// variables calls visit for every variable that a line rule of the chain
// reads, repeatedly if it is read repeatedly.
func (c Chain) variables(visit func(variable)) {
	for _, r := range c.lineRules() {
		if r.when != nil {
			r.when.variables(r.when.root, visit)
		}
		if r.then != nil {
			r.then.variables(r.then.root, visit)
		}
	}
}

// lineRules returns all line rules of the chain.
func (c Chain) lineRules() []*lineRule {
	var out []*lineRule
	if c.Base != nil {
		out = append(out, c.Base.exclude...)
	}
	for _, e := range c.Edges {
		if e.Contract != nil {
			out = slices.Concat(out, e.Contract.exclude, e.Contract.price, e.Contract.adjust)
		}
	}
	return out
}
