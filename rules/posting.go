package rules

import "github.com/shopspring/decimal"

// posting is an amount that a class adds to one entry of the tally: the sum of
// a form over its lines.
type posting struct {
	kind    postingKind
	charge  chargeKey  // of postLineCharge and postCharge
	cost    costKey    // of postCost
	finding findingKey // of postFinding
	amount  form
}

type postingKind uint8

const (
	postLineCharge postingKind = iota // with the lines' quantity and list price
	postCharge                        // a labelled change
	postCost
	postFinding
)

// totals are the sums of a class's lines.
type totals struct {
	lines    int64
	measures [NumMeasures]decimal.Decimal
	curves   []decimal.Decimal
}

// book adds a class with the given totals to the tally.
func (c *class) book(t *tally, sums *totals) {
	for i := range c.plan.postings {
		p := &c.plan.postings[i]
		amount := p.amount.sum(sums)
		switch p.kind {
		case postLineCharge:
			t.charge(p.charge, sums.measures[MeasureQuantity], amount, c.list(sums.measures[MeasureList]))
		case postCharge:
			t.charge(p.charge, decimal.Decimal{}, amount, decimal.NewNullDecimal(decimal.Decimal{}))
		case postCost:
			t.cost(p.cost, amount)
		case postFinding:
			t.find(p.finding, sums.lines, amount)
		}
	}
}

// list returns what charges hold as list price, given the stored one.
func (c *class) list(stored decimal.Decimal) decimal.NullDecimal {
	if c.view.unlisted {
		return decimal.NewNullDecimal(decimal.Decimal{})
	}
	return decimal.NullDecimal{Decimal: stored, Valid: c.view.listKnown(c.null.has(MeasureList))}
}
