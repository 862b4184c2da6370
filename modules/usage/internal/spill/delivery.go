package spill

import (
	"bytes"
	"fmt"

	"tierbook/modules/usage/internal/line"
)

// Delivery is the lines of one key.
type Delivery struct {
	Key  Key
	Rows int64

	// Integer and Fraction are the most digits before and after the point that
	// any value of a measure has.
	Integer, Fraction [line.NumMeasures]int

	accounts map[string]*int64 // rows by XAccount
	last     []byte            // the account counted last, and its count
	lastRows *int64

	store     *store
	ordinal   uint32
	stretches []stretch
}

// RowsOf returns how many lines account has.
func (d *Delivery) RowsOf(account []byte) int64 {
	if n := d.accounts[string(account)]; n != nil {
		return *n
	}
	return 0
}

func (d *Delivery) count(l *line.Line) {
	d.Rows++
	for i := range l.Measures {
		integer, fraction := l.Measures[i].Digits()
		d.Integer[i] = max(d.Integer[i], integer)
		d.Fraction[i] = max(d.Fraction[i], fraction)
	}
	account := l.Text[line.XAccount]
	if d.lastRows == nil || !bytes.Equal(account, d.last) {
		d.lastRows = d.accounts[string(account)]
		if d.lastRows == nil {
			d.lastRows = new(int64)
			d.accounts[string(account)] = d.lastRows
		}
		d.last = append(d.last[:0], account...)
	}
	*d.lastRows++
}

// Each calls fn with the canonical bytes of every line, in their total order.
// row and the row before it are good until fn returns; shared is how many
// bytes at their start they have in common.
func (d *Delivery) Each(fn func(row []byte, shared int) error) error {
	m, err := d.merge()
	if err != nil {
		return err
	}
	var before []byte
	for len(m) > 0 {
		c := m[0]
		same := c.shared
		if !sameRow(before, c.before) {
			same = shared(before, c.row)
		}
		if err := fn(c.row, same); err != nil {
			return err
		}
		before = c.row
		ok, err := c.next()
		if err != nil {
			return err
		}
		if !ok {
			m[0] = m[len(m)-1]
			m = m[:len(m)-1]
		}
		m.down(0)
	}
	return nil
}

// sameRow reports whether a and b are the same bytes in memory.
func sameRow(a, b []byte) bool { return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] }

// merger is a heap of cursors by the row that each stands on.
type merger []*cursor

// Each cursor's share of the memory for reading.
const (
	minBuffer = 4 << 10
	maxBuffer = 256 << 10
)

func (d *Delivery) merge() (merger, error) {
	buffer := int(d.store.budget/2) / max(len(d.stretches), 1)
	buffer = min(max(buffer, minBuffer), maxBuffer)
	m := make(merger, 0, len(d.stretches))
	for _, s := range d.stretches {
		c := d.store.cursor(s, buffer)
		if _, err := c.next(); err != nil {
			return nil, err
		}
		m = append(m, c)
	}
	for i := len(m)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	return m, nil
}

// down lets the cursor at i sink to where it belongs.
func (m merger) down(i int) {
	for {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(m) && line.Compare(m[child].row, m[least].row) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		m[i], m[least] = m[least], m[i]
		i = least
	}
}

// FileName returns a name for files of the delivery, unique in its writer.
func (d *Delivery) FileName() string { return fmt.Sprintf("delivery-%06d", d.ordinal) }
