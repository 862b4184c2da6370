// Package synthetic makes usage for benchmarks: segments as an import would
// have written them, without a provider's files and without a database.
package synthetic

import (
	"context"
	"errors"
	"fmt"
	"os"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/segment"
	"tierbook/modules/usage/internal/spill"
	"tierbook/rules"
)

// Source is a month of one customer's usage in segments.
type Source struct {
	Lines  int64
	Bytes  int64 // of the segments
	Period period.Month

	objects []segment.Object
	files   []*os.File
}

// memory is what sorting may take.
const memory = 256 << 20

// Write makes lines usage lines below dir: hourly lines of many resources in
// several accounts, one in three with a metered quantity that does not repeat,
// tagged with one of 17 cost centres and one of 4 environments. Equal
// arguments give equal segments.
//
// Close the source when it is no longer read; its files stay.
func Write(ctx context.Context, dir string, lines int, seed uint64) (*Source, error) {
	w, err := spill.New(dir, memory)
	if err != nil {
		return nil, err
	}
	written, err := write(ctx, w, dir, lines, seed)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("write synthetic usage: %w", err)
	}
	return open(written)
}

func write(ctx context.Context, w *spill.Writer, dir string, lines int, seed uint64) (*segment.Written, error) {
	k := key()
	g := newGenerator(lines, seed, func(l *line.Line) error { return w.Add(k, l) })
	if err := g.run(); err != nil {
		return nil, err
	}
	deliveries, err := w.Finish()
	if err != nil {
		return nil, err
	}
	if len(deliveries) != 1 {
		return nil, fmt.Errorf("no usage in %d lines", lines)
	}
	return segment.Write(ctx, deliveries[0], dir)
}

func open(written *segment.Written) (*Source, error) {
	s := &Source{Lines: written.Rows, Period: month}
	for _, f := range written.Segments {
		file, err := os.Open(f.Path)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.files = append(s.files, file)
		s.objects = append(s.objects, segment.Object{Ordinal: f.Ordinal, Reader: file, Bytes: f.Bytes})
		s.Bytes += f.Bytes
	}
	return s, nil
}

// Scan calls fn with all lines in batches, from workers goroutines; calls with
// the same worker never overlap. See segment.Scan.
func (s *Source) Scan(ctx context.Context, need rules.Need, workers int, fn func(worker int, b *rules.Batch) error) error {
	return segment.Scan(ctx, s.objects, need, workers, fn)
}

// Close closes the segments.
func (s *Source) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	s.files, s.objects = nil, nil
	return errors.Join(errs...)
}
