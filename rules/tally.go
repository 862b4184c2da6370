package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
)

// tally sums what lines are charged and cost, by grain. Sums are exact, so the
// order of additions does not matter.
type tally struct {
	charges  map[chargeKey]*chargeSum
	costs    map[costKey]decimal.Decimal
	findings map[findingKey]*findingSum
}

type chargeKey struct {
	edge        int
	grain       *Grain // interned
	rule, label string
}

type chargeSum struct {
	quantity, amount, list decimal.Decimal
	unlisted               bool // a line without list price is in it
}

type costKey struct {
	bearer int
	grain  *Grain // interned
	reason string
}

type findingKey struct {
	edge     int
	code     string
	measure  string
	currency money.Currency
}

type findingSum struct {
	lines int64
	sum   decimal.Decimal
}

func newTally() *tally {
	return &tally{
		charges: map[chargeKey]*chargeSum{}, costs: map[costKey]decimal.Decimal{}, findings: map[findingKey]*findingSum{},
	}
}

// charge adds an amount, with the quantity and list price that it is for; a
// list that is not valid leaves the whole charge without.
func (t *tally) charge(k chargeKey, quantity, amount decimal.Decimal, list decimal.NullDecimal) {
	s := t.charges[k]
	if s == nil {
		s = &chargeSum{}
		t.charges[k] = s
	}
	s.quantity = s.quantity.Add(quantity)
	s.amount = s.amount.Add(amount)
	if list.Valid {
		s.list = s.list.Add(list.Decimal)
	} else {
		s.unlisted = true
	}
}

func (t *tally) cost(k costKey, cost decimal.Decimal) { t.costs[k] = t.costs[k].Add(cost) }

func (t *tally) find(k findingKey, lines int64, sum decimal.Decimal) {
	s := t.findings[k]
	if s == nil {
		s = &findingSum{}
		t.findings[k] = s
	}
	s.lines += lines
	s.sum = s.sum.Add(sum)
}

// merge adds o to t.
func (t *tally) merge(o *tally) {
	for k, s := range o.charges {
		t.charge(k, s.quantity, s.amount, decimal.NullDecimal{Decimal: s.list, Valid: !s.unlisted})
	}
	for k, c := range o.costs {
		t.cost(k, c)
	}
	for k, f := range o.findings {
		t.find(k, f.lines, f.sum)
	}
}

// outcome returns the sums in their canonical order and form.
func (t *tally) outcome() Outcome {
	var out Outcome
	for k, s := range t.charges {
		c := Charge{
			Edge: k.edge, Grain: *k.grain, Rule: k.rule, Label: k.label,
			Quantity: s.quantity.Normalize(), Amount: s.amount.Normalize(),
		}
		if !s.unlisted {
			c.List = decimal.NewNullDecimal(s.list.Normalize())
		}
		out.Charges = append(out.Charges, c)
	}
	for k, c := range t.costs {
		out.Costs = append(out.Costs, Cost{Bearer: k.bearer, Grain: *k.grain, Reason: k.reason, Cost: c.Normalize()})
	}
	for k, f := range t.findings {
		out.Findings = append(out.Findings, Finding{
			Edge: k.edge, Code: k.code, Measure: k.measure, Blocking: k.code == FindingNoContract || k.code == FindingZeroBasis,
			Lines: f.lines, Currency: k.currency, Sum: f.sum.Normalize(),
		})
	}
	slices.SortFunc(out.Charges, func(a, b Charge) int {
		return cmp.Or(cmp.Compare(a.Edge, b.Edge), a.Compare(b.Grain), strings.Compare(a.Rule, b.Rule))
	})
	slices.SortFunc(out.Costs, func(a, b Cost) int {
		return cmp.Or(cmp.Compare(a.Bearer, b.Bearer), a.Compare(b.Grain), strings.Compare(a.Reason, b.Reason))
	})
	slices.SortFunc(out.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Edge, b.Edge), strings.Compare(a.Code, b.Code), strings.Compare(a.Measure, b.Measure),
			cmp.Compare(a.Currency, b.Currency))
	})
	return out
}

// Compare orders grains field by field, the currency last; false comes before
// true.
func (g Grain) Compare(o Grain) int {
	a, b := g.fields(), o.fields()
	for i := range a {
		if c := strings.Compare(*a[i], *b[i]); c != 0 {
			return c
		}
		if i == marketplaceAt && g.Marketplace != o.Marketplace {
			if o.Marketplace {
				return -1
			}
			return 1
		}
	}
	return cmp.Compare(g.Currency, o.Currency)
}

// marketplaceAt is the text after which Marketplace is compared.
const marketplaceAt = 7

func (g *Grain) fields() [11]*string {
	return [...]*string{
		&g.Payer, &g.Provider, &g.Account, &g.Service, &g.SKU, &g.Region, &g.ChargeCategory, &g.ChargeClass,
		&g.CommitmentRole, &g.Unit, &g.ServiceMonth,
	}
}
