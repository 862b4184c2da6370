// Package rows is what the readers of all formats share: columns found by
// name, what is wrong with a row, what is odd about a file, and the parts of a
// usage line that every format fills in the same way.
package rows

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/source/table"
)

// Mapper turns rows of one file into usage lines. It is for one goroutine.
type Mapper interface {
	// Columns returns the columns of the file that Map reads, by slot.
	Columns() []int
	// Map fills l from a row of b; l is good until the next call. The fault is
	// nil unless the row cannot be read.
	Map(b *table.Batch, row int, l *line.Line) *Fault
	// Notes returns what was odd so far.
	Notes() Notes
}

// Fault is why a row cannot be read.
type Fault struct {
	Column string // as the file spells it; empty if it is about the row
	Value  string
	Reason string

	// What is known of where the row belongs; empty if it is not.
	Provider string
	Payer    string
	Period   period.Month
}

// valueMax is how much of a value is kept in a fault.
const valueMax = 200

// NewFault returns a fault about a cell.
func NewFault(column string, value []byte, reason string) *Fault {
	return &Fault{Column: column, Value: strings.ToValidUTF8(strings.ReplaceAll(string(value[:min(len(value), valueMax)]), "\x00", ""), "\uFFFD"), Reason: reason}
}

// Notes counts oddities by what they are, for warnings: rows are read
// nevertheless.
type Notes map[string]int64

// Add counts one more.
func (n Notes) Add(what string) { n[what]++ }

// Merge adds o to n.
func (n Notes) Merge(o Notes) {
	for what, times := range o {
		n[what] += times
	}
}

// Note is one oddity and how often it was met.
type Note struct {
	What  string
	Times int64
}

// List returns the notes by text.
func (n Notes) List() []Note {
	out := make([]Note, 0, len(n))
	for _, what := range slices.Sorted(maps.Keys(n)) {
		out = append(out, Note{what, n[what]})
	}
	slices.SortStableFunc(out, func(a, b Note) int { return cmp.Compare(a.What, b.What) })
	return out
}

// Header finds columns by name: in any case, with or without separators. Of
// two columns with one name the first counts.
type Header struct {
	names []string
	index map[string]int
}

// NewHeader returns the header with these names.
func NewHeader(names []string) Header {
	h := Header{names: names, index: make(map[string]int, len(names))}
	for i, n := range names {
		key := table.Name(n)
		if _, ok := h.index[key]; !ok {
			h.index[key] = i
		}
	}
	return h
}

// Find returns the first of the names that the file has, or -1.
func (h Header) Find(names ...string) int {
	for _, n := range names {
		if i, ok := h.index[table.Name(n)]; ok {
			return i
		}
	}
	return -1
}

// Has reports whether the file has the column.
func (h Header) Has(name string) bool { return h.Find(name) >= 0 }

// Len returns how many columns the file has.
func (h Header) Len() int { return len(h.names) }

// Name returns a column as the file spells it; fallback if it has none.
func (h Header) Name(column int, fallback string) string {
	if column < 0 {
		return fallback
	}
	return h.names[column]
}

// CheckWidth returns why a row of so many fields cannot be read; nil if it can.
// Real files have rows that are one field short, so that much is taken.
func (h Header) CheckWidth(b *table.Batch, row int) *Fault {
	if why := b.Fault(row); why != "" {
		return &Fault{Reason: why}
	}
	if w := b.Width(row); w > len(h.names) {
		return &Fault{Reason: "the row has more fields than the header"}
	} else if w < len(h.names)-1 {
		return &Fault{Reason: "the row has fewer fields than the header"}
	}
	return nil
}
