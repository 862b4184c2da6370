// Package spill sorts usage lines by delivery in bounded memory: lines are
// collected, sorted in runs, written to one temporary file, and merged when
// they are read.
package spill

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"

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

// The least memory that makes runs worth their file, and the most that places
// in a chunk can be told apart in.
const (
	minBudget = 1 << 20
	maxBudget = 4 << 30
)

// Writer collects lines. It is for one goroutine; sorting goes on beside it.
type Writer struct {
	store      *store
	deliveries map[Key]*Delivery
	list       []*Delivery // by ordinal
	last       *Delivery   // of the line added last

	chunk   *chunk      // being filled
	sorting chan result // holds the chunk before it, once that is written; nil if there is none
	size    int         // bytes at which a chunk is full
	err     error       // the first one; nothing goes on after it
	done    bool
}

// result is a chunk whose rows were written, to be filled again.
type result struct {
	chunk *chunk
	err   error
}

// New returns a writer whose temporary file lies in dir, which must exist. The
// process's heap grows by about budget bytes for it, garbage included, but at
// least 1 MiB; 256 MiB are a good value for files of many gigabytes.
func New(dir string, budget int64) (*Writer, error) {
	f, err := os.CreateTemp(dir, "spill-*.tmp")
	if err != nil {
		return nil, fmt.Errorf("create spill file: %w", err)
	}
	budget = min(max(budget, minBudget), maxBudget)
	return &Writer{
		store:      &store{file: f, budget: budget, statfs: syscall.Fstatfs},
		deliveries: make(map[Key]*Delivery),
		chunk:      &chunk{},
		size:       int(budget / 5), // two chunks, and as much again before garbage is collected
	}, nil
}

// Add copies l into the delivery k. Provider and payer of k are kept.
// Errors: ErrNoRoom, and those of writing the temporary file, of earlier lines
// too.
func (w *Writer) Add(k Key, l *line.Line) error {
	switch {
	case w.err != nil:
		return w.err
	case w.done:
		return errors.New("spill: a line was added after the end")
	}
	d := w.last
	if d == nil || d.Key != k {
		d = w.delivery(k)
	}
	d.count(l)
	w.chunk.add(d.ordinal, l)
	if w.chunk.size() < w.size {
		return nil
	}
	return w.spill()
}

func (w *Writer) delivery(k Key) *Delivery {
	d := w.deliveries[k]
	if d == nil {
		d = &Delivery{Key: k, store: w.store, ordinal: uint32(len(w.list)), accounts: make(map[string]*int64)}
		w.deliveries[k] = d
		w.list = append(w.list, d)
	}
	w.last = d
	return d
}

// spill hands the chunk over to be sorted and written, after the one before.
func (w *Writer) spill() error {
	next, err := w.wait()
	if err != nil {
		return err
	}
	full, list, done := w.chunk, w.list, make(chan result, 1)
	w.chunk, w.sorting = next, done
	go func() {
		full.sort()
		err := w.store.write(full, list)
		full.reset()
		done <- result{full, err}
	}()
	return nil
}

// wait returns an empty chunk, once the one being sorted is written.
func (w *Writer) wait() (*chunk, error) {
	if w.sorting == nil {
		return &chunk{}, nil
	}
	r := <-w.sorting
	w.sorting, w.err = nil, r.err
	return r.chunk, r.err
}

// Finish ends adding and returns the deliveries in the order of their keys.
// They can be read, any number of times and side by side, until Close.
func (w *Writer) Finish() ([]*Delivery, error) {
	if w.done {
		return nil, errors.New("spill: finished twice")
	}
	w.done = true
	if w.err != nil {
		return nil, w.err
	}
	if w.chunk.len() > 0 {
		if err := w.spill(); err != nil {
			return nil, err
		}
	}
	if _, err := w.wait(); err != nil {
		return nil, err
	}
	w.chunk = nil
	deliveries := slices.Clone(w.list)
	slices.SortFunc(deliveries, func(a, b *Delivery) int { return a.Key.Compare(b.Key) })
	return deliveries, nil
}

// Close removes the temporary file, finished or not. The deliveries are of no
// use afterwards. Closing twice does nothing.
func (w *Writer) Close() error {
	if w.store == nil {
		return nil
	}
	w.done = true
	_, _ = w.wait() // its error was returned, or the lines are given up
	f := w.store.file
	w.store, w.chunk = nil, nil
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
