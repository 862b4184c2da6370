package rules

import (
	"math"

	"tierbook/app/kernel/errs"
)

// keyer turns lines into keys: the value of each column, and which measures
// are missing or 0, as digits of one number of mixed radix. Keys are
// comparable while generation stays the same.
type keyer struct {
	layout     *layout
	machine    *machine
	columns    []keyColumn
	bits       uint   // for missing and zero measures
	largest    uint64 // key
	generation int
}

// keyColumn is a column's dictionary, mapped to values.
type keyColumn struct {
	dict   *Dict
	digits []uint32   // by index in the dictionary
	values [][]*value // by digit: one per facet of the column
	weight []uint64   // by index: digit · stride
	fold   *fold      // before this column, keys are replaced by small numbers
}

// fold numbers keys that have grown too large to take another digit.
type fold struct{ numbers map[uint64]uint64 }

const foldRadix = 1 << 32 // more than a fold will ever hold

func newKeyer(l *layout, m *machine) *keyer {
	return &keyer{layout: l, machine: m, columns: make([]keyColumn, len(l.columns)), bits: 2 * uint(NumMeasures), largest: math.MaxUint64}
}

// prepare maps the dictionaries of b, if they have changed.
func (k *keyer) prepare(b *Batch) error {
	changed := false
	for i := range k.columns {
		c, dict := &k.columns[i], b.Dims[k.layout.columns[i].dim].Dict
		if c.dict == dict {
			continue
		}
		if err := k.mapColumn(c, &k.layout.columns[i], dict); err != nil {
			return errs.Newf(errs.Internal, "rules.bad_tags", "segment %d, row %d: %v", b.Segment, b.FirstRow, err)
		}
		changed = true
	}
	if changed {
		k.generation++
		k.weigh()
	}
	return nil
}

// mapColumn finds the values of each text, and numbers their combinations.
func (k *keyer) mapColumn(c *keyColumn, lc *layoutColumn, dict *Dict) error {
	c.dict, c.digits, c.values = dict, c.digits[:0], nil
	numbers := map[string]uint32{}
	var key []byte
	for _, text := range dict.Values {
		values, err := k.valuesOf(lc, text)
		if err != nil {
			return err
		}
		key = key[:0]
		for _, v := range values {
			key = appendID(key, v.id)
		}
		digit, ok := numbers[string(key)]
		if !ok {
			digit = uint32(len(c.values))
			numbers[string(key)] = digit
			c.values = append(c.values, append([]*value(nil), values...))
		}
		c.digits = append(c.digits, digit)
	}
	return nil
}

func appendID(key []byte, id uint32) []byte {
	return append(key, byte(id), byte(id>>8), byte(id>>16), byte(id>>24))
}

// valuesOf returns the value of text for each facet of a column.
func (k *keyer) valuesOf(lc *layoutColumn, text string) ([]*value, error) {
	values := make([]*value, 0, len(lc.facets))
	var tags map[string]string
	for _, i := range lc.facets {
		f := k.layout.facets[i]
		s := text
		if f.origin == fromTag {
			if tags == nil {
				var err error
				if tags, err = parseTags(text); err != nil {
					return nil, err
				}
			}
			s = tags[f.tag]
		}
		values = append(values, k.layout.value(f, s, k.machine))
	}
	return values, nil
}

// weigh gives each column with more than one value its stride.
func (k *keyer) weigh() {
	stride := uint64(1) << k.bits
	for i := range k.columns {
		c := &k.columns[i]
		c.weight, c.fold = c.weight[:0], nil
		radix := uint64(len(c.values))
		if radix == 1 {
			continue
		}
		if stride > k.largest/radix {
			c.fold = &fold{map[uint64]uint64{}}
			stride = foldRadix
		}
		for _, digit := range c.digits {
			c.weight = append(c.weight, uint64(digit)*stride)
		}
		stride *= radix
	}
}

// keys writes the key of each line of b.
func (k *keyer) keys(b *Batch, keys []uint64) {
	clear(keys)
	k.measureBits(b, keys)
	for i := range k.columns {
		c := &k.columns[i]
		if c.fold != nil {
			c.fold.apply(keys)
		}
		if len(c.weight) == 0 {
			continue
		}
		weight := c.weight
		for j, id := range b.Dims[k.layout.columns[i].dim].IDs {
			keys[j] += weight[id]
		}
	}
}

func (f *fold) apply(keys []uint64) {
	for i, key := range keys {
		n, ok := f.numbers[key]
		if !ok {
			n = uint64(len(f.numbers))
			f.numbers[key] = n
		}
		keys[i] = n
	}
}

// measureBits adds two bits per measure: missing, and 0 where that is tested.
func (k *keyer) measureBits(b *Batch, keys []uint64) {
	for _, m := range k.layout.need.Measures {
		c := &b.Measures[m]
		for i, null := range c.Null {
			if null {
				keys[i] |= 1 << m
			}
		}
		if !k.layout.tested.has(m) {
			continue
		}
		bit := uint64(1) << (NumMeasures + m)
		for i, x := range c.Ints {
			if x == 0 && (c.Null == nil || !c.Null[i]) {
				keys[i] |= bit
			}
		}
		for i, x := range c.Wide {
			if (c.Null == nil || !c.Null[i]) && x.Sign() == 0 {
				keys[i] |= bit
			}
		}
	}
}

// values returns the value of each facet of line i of b.
func (k *keyer) values(b *Batch, i int, values []*value) {
	for j := range k.columns {
		c, lc := &k.columns[j], &k.layout.columns[j]
		id := uint32(0)
		if ids := b.Dims[lc.dim].IDs; ids != nil {
			id = ids[i]
		}
		for n, facet := range lc.facets {
			values[facet] = c.values[c.digits[id]][n]
		}
	}
}

// sets returns which measures of line i of b are missing, and which of the
// tested ones are 0.
func (k *keyer) sets(b *Batch, i int) (null, zero measureSet) {
	for _, m := range k.layout.need.Measures {
		c := &b.Measures[m]
		switch {
		case c.Null != nil && c.Null[i]:
			null.add(m)
		case !k.layout.tested.has(m):
		case c.Wide != nil && c.Wide[i].Sign() == 0, c.Wide == nil && c.Ints[i] == 0:
			zero.add(m)
		}
	}
	return null, zero
}
