package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go"

	"tierbook/modules/usage/internal/line"
)

// maxBatchRows is the most rows that are handed to the Parquet writer at once.
const maxBatchRows = 1024

// arena keeps the bytes of one batch's values where they are.
type arena struct {
	block []byte
	size  int
}

func (a *arena) reset() { a.block, a.size = a.block[:0], 0 }

// copy returns a copy of b that stays until the next reset but one.
func (a *arena) copy(b []byte) []byte {
	if cap(a.block)-len(a.block) < len(b) {
		a.block = make([]byte, 0, max(256<<10, len(b)))
	}
	a.size += len(b)
	at := len(a.block)
	a.block = append(a.block, b...)
	return a.block[at:len(a.block):len(a.block)]
}

// valueColumn collects the values of one column. Values that do not change are
// filled in when the next one differs.
type valueColumn struct {
	out     *parquet.ColumnWriter
	index   int
	values  [maxBatchRows]parquet.Value
	current parquet.Value // of the row set last
	filled  int
}

// set makes v the value from row on.
func (c *valueColumn) set(row int, v parquet.Value) {
	c.fill(row)
	level := 1
	if v.IsNull() {
		level = 0
	}
	c.current = v.Level(0, level, c.index)
}

func (c *valueColumn) fill(row int) {
	for ; c.filled < row; c.filled++ {
		c.values[c.filled] = c.current
	}
}

func (c *valueColumn) write(rows int) error {
	c.fill(rows)
	c.filled = 0
	_, err := c.out.WriteRowValues(c.values[:rows])
	return err
}

// textColumn is a column of texts or instants.
type textColumn struct {
	valueColumn
	column  line.Column
	current []byte
	started bool
}

func (c *textColumn) set(row int, text []byte, a *arena) error {
	if c.started && bytes.Equal(c.current, text) {
		return nil
	}
	c.started = true
	c.current = append(c.current[:0], text...)
	return c.put(row, a)
}

// put sets the current text from row on.
func (c *textColumn) put(row int, a *arena) error {
	switch {
	case len(c.current) == 0:
		c.valueColumn.set(row, parquet.NullValue())
	case c.column.IsInstant():
		seconds, ok := line.ParseInstant(c.current)
		if !ok {
			return fmt.Errorf("%s %q is not an instant such as 2026-03-14T15:00:00Z", c.column, c.current)
		}
		c.valueColumn.set(row, parquet.Int64Value(seconds*1000))
	default:
		c.valueColumn.set(row, parquet.ByteArrayValue(a.copy(c.current)))
	}
	return nil
}

// measureColumn is a column of numbers.
type measureColumn struct {
	valueColumn
	measure line.Measure
	decimalShape
	current line.Number
	started bool
	hi      int64 // the current number at the column's scale
	lo      uint64
}

func (c *measureColumn) set(row int, n line.Number, a *arena) error {
	if c.started && c.current == n {
		return nil
	}
	var ok bool
	if c.hi, c.lo, ok = n.Int128(c.scale); !ok {
		return fmt.Errorf("%s %s does not fit in scale %d", c.measure, n, c.scale)
	}
	c.started, c.current = true, n
	c.put(row, a)
	return nil
}

func (c *measureColumn) put(row int, a *arena) {
	switch {
	case c.current.IsNull():
		c.valueColumn.set(row, parquet.NullValue())
	case c.wide:
		var b [wideBytes]byte
		binary.BigEndian.PutUint64(b[:], uint64(c.hi))
		binary.BigEndian.PutUint64(b[8:], c.lo)
		c.valueColumn.set(row, parquet.FixedLenByteArrayValue(a.copy(b[:])))
	default:
		c.valueColumn.set(row, parquet.Int64Value(int64(c.lo)))
	}
}
