package rules

import (
	"github.com/shopspring/decimal"
)

// tiers are graduated or volume prices: tier i holds the quantities above the
// upper limit of tier i-1, up to and including its own; the last has no limit.
type tiers []tier

type tier struct {
	upTo decimal.Decimal // inclusive; not read in the last tier
	unit decimal.Decimal // price of one unit
	flat decimal.Decimal // once, when the tier is entered
}

// find returns the tier that holds q. A negative q lies in the first.
func (t tiers) find(q decimal.Decimal) int {
	for i := range len(t) - 1 {
		if q.LessThanOrEqual(t[i].upTo) {
			return i
		}
	}
	return len(t) - 1
}

// graduated prices each part of q in its own tier, and adds the flats of the
// tiers that were entered; the first always is.
func (t tiers) graduated(q decimal.Decimal) (decimal.Decimal, error) {
	last := t.find(q)
	var sum, below decimal.Decimal
	for i := range last + 1 {
		part := q.Sub(below)
		if i < last {
			part = t[i].upTo.Sub(below)
		}
		amount, err := multiply(part, t[i].unit)
		if err != nil {
			return decimal.Decimal{}, err
		}
		if sum, err = add(sum, amount.Add(t[i].flat)); err != nil {
			return decimal.Decimal{}, err
		}
		below = t[i].upTo
	}
	return sum, nil
}

// volume prices all of q in the tier that holds it.
func (t tiers) volume(q decimal.Decimal) (decimal.Decimal, error) {
	in := t[t.find(q)]
	amount, err := multiply(q, in.unit)
	if err != nil {
		return decimal.Decimal{}, err
	}
	return add(amount, in.flat)
}

// tiered prices by tiers whose limits are literal and whose prices may be
// computed: the arguments are the quantity, the limits, then unit price and
// flat of each tier.
func tiered(price func(t tiers, q decimal.Decimal) (decimal.Decimal, error)) func(args []any) (any, error) {
	return func(args []any) (any, error) {
		t := args[1].(tiers)
		priced := make(tiers, len(t))
		for i := range t {
			priced[i] = tier{upTo: t[i].upTo, unit: number(args[2+2*i]), flat: number(args[3+2*i])}
		}
		return price(priced, number(args[0]))
	}
}
