package rules

import (
	"math/big"
	"math/bits"

	"github.com/shopspring/decimal"
)

// column sums one measure by class. Values of 64 bits are added in 128 bits,
// which no number of lines can overflow; wide ones, and what was added at
// another scale, as decimals.
type column struct {
	scale   int32
	sums    []wide
	settled []decimal.Decimal // nil until needed
}

// wide is a signed number of 128 bits.
type wide struct{ high, low uint64 }

func (w *wide) add(x int64) {
	var carry uint64
	w.low, carry = bits.Add64(w.low, uint64(x), 0)
	w.high += uint64(x>>63) + carry
}

func (w wide) big() *big.Int {
	negative := int64(w.high) < 0
	if negative {
		var borrow uint64
		w.low, borrow = bits.Sub64(0, w.low, 0)
		w.high, _ = bits.Sub64(0, w.high, borrow)
	}
	x := new(big.Int).SetUint64(w.high)
	x.Lsh(x, 64).Or(x, new(big.Int).SetUint64(w.low))
	if negative {
		x.Neg(x)
	}
	return x
}

// grow makes room for n classes.
func (c *column) grow(n int) {
	for len(c.sums) < n {
		c.sums = append(c.sums, wide{})
	}
	for c.settled != nil && len(c.settled) < n {
		c.settled = append(c.settled, decimal.Decimal{})
	}
}

// rescale settles what was added so far if the scale changes.
func (c *column) rescale(scale int32) {
	if c.scale == scale {
		return
	}
	for i := range c.sums {
		if c.sums[i] != (wide{}) {
			c.settle(i, decimal.NewFromBigInt(c.sums[i].big(), -c.scale))
			c.sums[i] = wide{}
		}
	}
	c.scale = scale
}

func (c *column) settle(i int, d decimal.Decimal) {
	if c.settled == nil {
		c.settled = make([]decimal.Decimal, len(c.sums))
	}
	c.settled[i] = c.settled[i].Add(d)
}

// add adds the lines of a batch; classes[i] is the class of line i.
func (c *column) add(m *MeasureColumn, classes []int32) {
	c.rescale(m.Scale)
	switch {
	case m.Wide != nil:
		for i, class := range classes {
			if m.Null == nil || !m.Null[i] {
				c.settle(int(class), decimal.NewFromBigInt(m.Wide[i], -m.Scale))
			}
		}
	case m.Null != nil:
		for i, class := range classes {
			if !m.Null[i] {
				c.sums[class].add(m.Ints[i])
			}
		}
	default:
		ints := m.Ints[:len(classes)]
		for i, class := range classes {
			c.sums[class].add(ints[i])
		}
	}
}

// total returns the sum of class i.
func (c *column) total(i int) decimal.Decimal {
	var d decimal.Decimal
	if i < len(c.sums) && c.sums[i] != (wide{}) {
		d = decimal.NewFromBigInt(c.sums[i].big(), -c.scale)
	}
	if i < len(c.settled) {
		d = d.Add(c.settled[i])
	}
	return d
}
