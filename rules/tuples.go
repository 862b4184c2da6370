package rules

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"
)

// tuples counts the lines of classes that must be priced one by one: lines of
// a class with equal measures are priced once.
type tuples struct {
	list  []tuple
	slots []int32          // hash table of indexes into list, plus 1; 0: free
	wide  map[string]int64 // numbers texts of wide measures
	texts []decimal.Decimal
	epoch int32 // index of the current scales in scales
	// scales are the scales that columns had; a negative one means that the
	// values are indexes into texts.
	scales [][NumMeasures]int32
}

type tupleKey struct {
	class  int32
	epoch  int32
	values [NumMeasures]int64 // unscaled; 0 where missing or of no interest
}

type tuple struct {
	key   tupleKey
	lines int64
	first place
}

// place is where a line lies: the order of lines is the order of places.
type place struct {
	segment int
	row     int64
}

func (p place) before(o place) bool {
	return cmp.Or(cmp.Compare(p.segment, o.segment), cmp.Compare(p.row, o.row)) < 0
}

// maxTuples is how many a worker gathers before it prices them, so that memory
// stays bounded.
const maxTuples = 1 << 17

const wideScale = -1

func newTuples() *tuples {
	return &tuples{slots: make([]int32, minSlots), wide: map[string]int64{}}
}

// hash mixes a key; the upper bits are the best.
func (k *tupleKey) hash() uint64 {
	const odd = 0x9E3779B97F4A7C15
	h := uint64(k.class)<<32 | uint64(k.epoch)
	for _, v := range k.values {
		h = bits.RotateLeft64((h^uint64(v))*odd, 29)
	}
	return h * odd
}

// slot returns where key is, or the free slot where it belongs.
func (t *tuples) slot(key *tupleKey) int {
	mask := len(t.slots) - 1
	i := int(key.hash() >> (64 - bits.TrailingZeros(uint(len(t.slots)))))
	for t.slots[i] != 0 && t.list[t.slots[i]-1].key != *key {
		i = (i + 1) & mask
	}
	return i
}

// grow doubles the slots.
func (t *tuples) grow() {
	t.slots = make([]int32, 2*len(t.slots))
	for i := range t.list {
		t.slots[t.slot(&t.list[i].key)] = int32(i + 1)
	}
}

// turn makes the scales of b the current ones.
func (t *tuples) turn(b *Batch, need Need) {
	var scales [NumMeasures]int32
	for _, m := range need.Measures {
		if scales[m] = b.Measures[m].Scale; b.Measures[m].Wide != nil {
			scales[m] = wideScale
		}
	}
	i := slices.Index(t.scales, scales)
	if i < 0 {
		i = len(t.scales)
		t.scales = append(t.scales, scales)
	}
	t.epoch = int32(i)
}

// add counts line i of b, by the measures that its class tells tuples apart by.
func (t *tuples) add(class int32, measures measureSet, b *Batch, i int, need Need) {
	key := tupleKey{class: class, epoch: t.epoch}
	for _, m := range need.Measures {
		c := &b.Measures[m]
		switch {
		case !measures.has(m), c.Null != nil && c.Null[i]:
		case c.Wide != nil:
			key.values[m] = t.number(decimal.NewFromBigInt(c.Wide[i], -c.Scale))
		default:
			key.values[m] = c.Ints[i]
		}
	}
	at := place{b.Segment, b.FirstRow + int64(i)}
	slot := t.slot(&key)
	if t.slots[slot] == 0 {
		t.list = append(t.list, tuple{key, 1, at})
		t.slots[slot] = int32(len(t.list))
		if 2*len(t.list) > len(t.slots) {
			t.grow()
		}
		return
	}
	e := &t.list[t.slots[slot]-1]
	e.lines++
	if at.before(e.first) {
		e.first = at
	}
}

// number gives a wide measure a number. Its text is that of coefficient and
// exponent: what a decimal can become depends on both.
func (t *tuples) number(d decimal.Decimal) int64 {
	text := d.Coefficient().Text(62) + "/" + strconv.Itoa(int(d.Exponent()))
	n, ok := t.wide[text]
	if !ok {
		n = int64(len(t.texts))
		t.wide[text] = n
		t.texts = append(t.texts, d)
	}
	return n
}

// amounts returns the measures of a tuple of a class.
func (t *tuples) amounts(k *tupleKey, c *class) (a amounts) {
	measures := c.plan.apart()
	scales := &t.scales[k.epoch]
	for m := range NumMeasures {
		switch {
		case c.null.has(m):
			a.null[m] = true
		case !measures.has(m):
		case scales[m] == wideScale:
			a.values[m] = t.texts[k.values[m]]
		default:
			a.values[m] = decimal.New(k.values[m], -scales[m])
		}
	}
	return a
}

// drain empties the collection and returns what was in it, class by class.
func (t *tuples) drain() []tuple {
	list := t.list
	slices.SortFunc(list, func(a, b tuple) int { return cmp.Compare(a.key.class, b.key.class) })
	clear(t.slots)
	t.list = t.list[:0]
	return list
}
