// Package spill sorts usage lines by delivery in bounded memory: lines are
// collected, sorted in runs, written to one temporary file, and merged when
// they are read.
package spill

import (
	"cmp"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
)

// Key names a delivery inside one import.
type Key struct {
	Provider string
	Payer    string
	Month    period.Month // the delivery month
}

// Compare orders keys by provider, payer and month.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Provider, o.Provider), cmp.Compare(k.Payer, o.Payer), k.Month.Compare(o.Month))
}

// Writer collects lines. It is for one goroutine; sorting goes on beside it.
type Writer struct{}

// New returns a writer whose temporary file lies in dir, which must exist. It
// holds at most about budget bytes of lines in memory; 32 MiB are a good value,
// and the least is 1 MiB.
func New(dir string, budget int64) (*Writer, error) { return &Writer{}, nil }

// Add copies l into the delivery k. Provider and payer of k are kept; use the
// same strings for the same delivery where that is cheap.
func (w *Writer) Add(k Key, l *line.Line) error { return nil }

// Finish ends adding and returns the deliveries in the order of their keys.
// They can be read, any number of times and side by side, until Close.
func (w *Writer) Finish() ([]*Delivery, error) { return nil, nil }

// Close removes the temporary file, finished or not. The deliveries are of no
// use afterwards. Closing twice does nothing.
func (w *Writer) Close() error { return nil }

// Delivery is the lines of one key.
type Delivery struct {
	Key  Key
	Rows int64

	// Integer and Fraction are the most digits before and after the point that
	// any value of a measure has.
	Integer, Fraction [line.NumMeasures]int
}

// Each calls fn with the canonical bytes of every line, in their total order.
// row is good until fn returns; shared is how many bytes at its start it has
// in common with the row before.
func (d *Delivery) Each(fn func(row []byte, shared int) error) error { return nil }
