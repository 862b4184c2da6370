// Package table reads provider exports row by row as text: CSV as it comes,
// Parquet with every value in the text that a CSV of the same rows would hold.
//
// Only the columns that somebody asks for are kept. Rows come in batches, so
// that reading and understanding them can happen on two processors.
package table

import (
	"slices"
	"strings"
)

// Batch is a run of rows of one file. Its cells are valid until it is
// released.
type Batch struct {
	First int64 // number of the first row; data rows count from 1
	Rows  int

	slots  int
	buf    []byte
	cells  []cell // Rows × slots
	widths []int32
	faults []fault // rows that are no proper CSV, by row
}

type cell struct{ off, end uint32 }

type fault struct {
	row    int
	reason string
}

// Cell returns the text of a column of a row; empty where the row is too short
// or the file has no such column. It may be changed in place by nobody.
func (b *Batch) Cell(row, slot int) []byte {
	c := b.cells[row*b.slots+slot]
	return b.buf[c.off:c.end]
}

// Width returns how many fields the row has.
func (b *Batch) Width(row int) int { return int(b.widths[row]) }

// Fault returns why the row is no proper CSV; empty if it is.
func (b *Batch) Fault(row int) string {
	i, found := slices.BinarySearchFunc(b.faults, row, func(f fault, row int) int { return f.row - row })
	if !found {
		return ""
	}
	return b.faults[i].reason
}

func (b *Batch) reset(slots int, first int64) {
	b.First, b.Rows, b.slots = first, 0, slots
	b.cells, b.widths, b.faults = b.cells[:0], b.widths[:0], b.faults[:0]
}

// grow adds one row of empty cells and returns them.
func (b *Batch) grow() []cell {
	n := len(b.cells)
	for range b.slots {
		b.cells = append(b.cells, cell{})
	}
	b.Rows++
	return b.cells[n:]
}

// Name reduces a column's name to what all spellings of it share: letters and
// digits in lower case. «lineItem/UnblendedCost» and
// «line_item_unblended_cost» are one name, and so are
// «savingsPlan/SavingsPlanARN» and «savings_plan_savings_plan_a_r_n».
func Name(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c >= 0x80:
			b.WriteByte(c)
		case c >= 'A' && c <= 'Z':
			b.WriteByte(c + 'a' - 'A')
		}
	}
	return b.String()
}
