package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"

	"tierbook/modules/usage/internal/line"
	"tierbook/rules"
)

// measureOf tells which column a measure of rules is.
var measureOf = [rules.NumMeasures]line.Measure{
	rules.MeasureQuantity: line.PricingQuantity, rules.MeasureList: line.ListCost, rules.MeasureContracted: line.ContractedCost,
	rules.MeasureBilled: line.BilledCost, rules.MeasureEffective: line.EffectiveCost,
}

// scaleOf returns how many digits after the point a DECIMAL column has.
func scaleOf(t *format.LogicalType) (int, error) {
	if t != nil {
		if d, ok := t.Value.(*format.DecimalType); ok && d.Scale >= 0 && d.Scale <= line.MaxDigits {
			return int(d.Scale), nil
		}
	}
	return 0, errors.New("not a decimal")
}

// measureReader reads a number column.
type measureReader struct {
	pageReader
	scale int32
	ints  []int64
	null  []bool
	wide  []*big.Int
}

func (m *measureReader) open(o *opened, r io.ReaderAt, group int, measure line.Measure) error {
	m.scale = int32(o.scales[measure])
	if err := m.pageReader.open(o, r, group, o.measures[measure]); err != nil {
		return fmt.Errorf("column %s: %w", measure, err)
	}
	return nil
}

// read returns the next n rows, which lie in one page.
func (m *measureReader) read(n int) (rules.MeasureColumn, error) {
	levels, value, count := m.take(n)
	c := rules.MeasureColumn{Scale: m.scale}
	data := m.page.Data()
	switch data.Kind() {
	case encoding.Int64:
		c.Ints = data.Int64()[value : value+count]
	case encoding.FixedLenByteArray:
		bytes, size := data.FixedLenByteArray()
		if size != wideBytes {
			return c, errLayout
		}
		c.Ints, c.Wide = m.decode(bytes[value*wideBytes : (value+count)*wideBytes])
	default:
		return c, errLayout
	}
	if levels != nil {
		m.spread(&c, levels)
	}
	return c, nil
}

// decode reads integers of 16 bytes, into int64s if all fit.
func (m *measureReader) decode(bytes []byte) ([]int64, []*big.Int) {
	count := len(bytes) / wideBytes
	m.ints = grow(m.ints, count)
	for i := range count {
		hi := int64(binary.BigEndian.Uint64(bytes[i*wideBytes:]))
		lo := int64(binary.BigEndian.Uint64(bytes[i*wideBytes+8:]))
		if hi != lo>>63 {
			return nil, m.decodeWide(bytes)
		}
		m.ints[i] = lo
	}
	return m.ints, nil
}

func (m *measureReader) decodeWide(bytes []byte) []*big.Int {
	count := len(bytes) / wideBytes
	for len(m.wide) < count {
		block := make([]big.Int, max(count-len(m.wide), 1024))
		for i := range block {
			m.wide = append(m.wide, &block[i])
		}
	}
	for i := range count {
		setBig(m.wide[i], [wideBytes]byte(bytes[i*wideBytes:]))
	}
	return m.wide[:count]
}

// setBig sets v to the two's complement value of b.
func setBig(v *big.Int, b [wideBytes]byte) {
	neg := b[0] >= 0x80
	if neg {
		for i := range b {
			b[i] = ^b[i]
		}
	}
	v.SetBytes(b[:])
	if neg {
		v.Not(v)
	}
}

var zero = new(big.Int)

// spread makes room for NULLs between the values of c.
func (m *measureReader) spread(c *rules.MeasureColumn, levels []byte) {
	m.null = grow(m.null, len(levels))
	c.Null = m.null
	for row, l := range levels {
		m.null[row] = l == 0
	}
	if c.Wide != nil {
		wide, i := make([]*big.Int, len(levels)), 0
		for row, l := range levels {
			wide[row] = zero
			if l != 0 {
				wide[row] = c.Wide[i]
				i++
			}
		}
		c.Wide = wide
		return
	}
	// From the end, since the values may lie in the same buffer.
	i, ints := len(c.Ints), c.Ints
	m.ints = grow(m.ints, len(levels))
	for row := len(levels) - 1; row >= 0; row-- {
		if levels[row] == 0 {
			m.ints[row] = 0
			continue
		}
		i--
		m.ints[row] = ints[i]
	}
	c.Ints = m.ints
}
