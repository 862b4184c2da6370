package rows

import (
	"bytes"
	"errors"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/source/cell"
	"tierbook/modules/usage/internal/source/table"
)

// Cells reads the cells of the current row. The first cell that cannot be read
// is kept in Fault, after which the row is lost.
type Cells struct {
	Header  Header
	Columns []int // by slot
	Labels  []string
	Notes   Notes
	Fault   *Fault

	batch    *table.Batch
	row      int
	instants map[int]*remembered
	scratch  []byte
}

// remembered is the instant last read from a slot: most rows repeat it.
type remembered struct {
	text    []byte
	instant cell.Instant
	shape   cell.Shape
}

// NewCells returns a reader of the columns; labels name slots that the file
// has no column for.
func NewCells(h Header, columns []int, labels []string) *Cells {
	return &Cells{Header: h, Columns: columns, Labels: labels, Notes: Notes{}, instants: make(map[int]*remembered)}
}

// Start turns to a row. It reports false if the row is no row at all.
func (c *Cells) Start(b *table.Batch, row int) bool {
	c.batch, c.row, c.scratch = b, row, c.scratch[:0]
	c.Fault = c.Header.CheckWidth(b, row)
	return c.Fault == nil
}

// Raw returns a cell without white space around it; nil for words for nothing.
func (c *Cells) Raw(slot int) []byte { return cell.Trim(c.batch.Cell(c.row, slot)) }

// Text is Raw with what is not UTF-8 replaced.
func (c *Cells) Text(slot int) []byte {
	text := c.Raw(slot)
	if isASCII(text) || cell.IsClean(text) {
		return text
	}
	c.Notes.Add("text that is not UTF-8 was replaced")
	return cell.Clean(text)
}

// Key is Raw for what identifies something: what is not UTF-8 is a fault.
func (c *Cells) Key(slot int) []byte {
	text := c.Raw(slot)
	if !isASCII(text) && !cell.IsClean(text) {
		c.fail(slot, "the text is not UTF-8")
		return nil
	}
	return text
}

// Need is Key for what must be there.
func (c *Cells) Need(slot int) []byte {
	text := c.Key(slot)
	if len(text) == 0 {
		c.fail(slot, "the value is missing")
	}
	return text
}

// Number reads a decimal; NULL where there is none.
func (c *Cells) Number(slot int) line.Number {
	text := c.batch.Cell(c.row, slot)
	n, decorated, err := cell.ParseNumber(text)
	switch {
	case errors.Is(err, line.ErrTooManyDigits):
		c.fail(slot, "the number has more than 38 digits")
	case err != nil:
		c.fail(slot, "not a number")
	case bool(decorated):
		c.Notes.Add("amounts with currency signs")
	}
	return n
}

// NeedNumber is Number for what must be there.
func (c *Cells) NeedNumber(slot int) line.Number {
	n := c.Number(slot)
	if n.IsNull() {
		c.fail(slot, "the value is missing")
	}
	return n
}

// Decimal reads a decimal that no sum depends on as text: one that cannot be
// read is left out and noted.
func (c *Cells) Decimal(slot int) []byte {
	n, _, err := cell.ParseNumber(c.batch.Cell(c.row, slot))
	if err != nil {
		c.Notes.Add(c.name(slot) + " that is not a number was left out")
		return nil
	}
	return c.keep(n.Append)
}

// Instant reads an instant; nil where there is none. It is good until the slot
// is read again.
func (c *Cells) Instant(slot int) *cell.Instant {
	text := c.Raw(slot)
	if len(text) == 0 {
		return nil
	}
	m := c.instants[slot]
	if m == nil {
		m = &remembered{}
		c.instants[slot] = m
	}
	if !bytes.Equal(m.text, text) {
		i, shape, err := cell.ParseInstant(text)
		if err != nil {
			c.fail(slot, "not a date")
			return nil
		}
		m.text, m.instant, m.shape = append(m.text[:0], text...), i, shape
	}
	switch m.shape {
	case cell.Spaced:
		c.Notes.Add("dates with a space or without a zone")
	case cell.US:
		c.Notes.Add("dates in US order, month before day")
	case cell.ISO, cell.Compact:
	}
	return &m.instant
}

// NeedInstant is Instant for what must be there.
func (c *Cells) NeedInstant(slot int) *cell.Instant {
	i := c.Instant(slot)
	if i == nil {
		c.fail(slot, "the value is missing")
	}
	return i
}

// Month returns the month that an instant states.
func Month(i *cell.Instant) period.Month {
	if i == nil {
		return period.Month{}
	}
	return period.MonthOf(i.Time())
}

// Periods fills in the billing period and the charge period with what follows
// from them. The billing month is the one that starts states; late lines get
// the month of from.
func Periods(l *line.Line, starts, ends, from, to *cell.Instant) {
	l.Text[line.BillingPeriodStart] = text(starts)
	l.Text[line.BillingPeriodEnd] = text(ends)
	l.Text[line.ChargePeriodStart] = text(from)
	l.Text[line.ChargePeriodEnd] = text(to)
	l.Text[line.XPeriod] = starts.Month()
	l.Text[line.XDate] = from.Day()
	l.Text[line.XServiceMonth] = starts.Month()
	if to != nil && isBefore(to, starts) {
		l.Text[line.XServiceMonth] = from.Month()
	}
}

// isBefore reports whether i is not after the first instant of the month of m.
func isBefore(i, m *cell.Instant) bool {
	const first = "-01T00:00:00Z"
	if c := bytes.Compare(i.Month(), m.Month()); c != 0 {
		return c < 0
	}
	return string(i.Text[7:]) == first
}

func text(i *cell.Instant) []byte {
	if i == nil {
		return nil
	}
	return i.Text[:]
}

// Tags reads a JSON object of tags. Tags that cannot be read are left out and
// noted: they decide about no sum of an import.
func (c *Cells) Tags(slot int) []byte {
	raw := c.Raw(slot)
	if len(raw) == 0 {
		return nil
	}
	failed := false
	out := c.keep(func(dst []byte) []byte {
		dst, err := cell.AppendTagsJSON(dst, raw)
		failed = err != nil
		return dst
	})
	if failed {
		c.Notes.Add("tags that are no JSON object were left out")
	}
	return out
}

// keep appends to memory that is good until the next row and returns what was
// appended.
func (c *Cells) keep(appendTo func([]byte) []byte) []byte {
	from := len(c.scratch)
	c.scratch = appendTo(c.scratch)
	return c.scratch[from:len(c.scratch):len(c.scratch)]
}

// Keep is keep for the readers of formats.
func (c *Cells) Keep(appendTo func([]byte) []byte) []byte { return c.keep(appendTo) }

// Fail makes the row a fault about a slot, unless it is one already.
func (c *Cells) Fail(slot int, reason string) { c.fail(slot, reason) }

func (c *Cells) fail(slot int, reason string) {
	if c.Fault == nil {
		c.Fault = NewFault(c.name(slot), c.batch.Cell(c.row, slot), reason)
	}
}

func (c *Cells) name(slot int) string { return c.Header.Name(c.Columns[slot], c.Labels[slot]) }

func isASCII(text []byte) bool {
	for _, b := range text {
		if b >= 0x80 || b == 0 {
			return false
		}
	}
	return true
}
