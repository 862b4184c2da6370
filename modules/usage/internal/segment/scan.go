package segment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"tierbook/rules"
)

// Scan calls fn with the wanted rows of all objects in batches of at most 64 Ki
// rows, each from one row group, with the columns that need names. workers
// goroutines read row groups side by side; calls of fn with the same worker
// never overlap, and a batch is good until fn returns. Batches of one row group
// come in their order; nothing else is said about order.
//
// A row group whose rows are all wanted is passed on as it lies in the file.
// FirstRow is the place of a batch's first row in its segment; where rows that
// are not wanted were left out, only the order of rows is kept.
//
// Scan ends at the first error, of fn or of reading, and returns it. It does
// not check the objects' hashes; see Verify.
func Scan(ctx context.Context, objects []Object, need rules.Need, workers int, fn func(worker int, b *rules.Batch) error) error {
	tasks, err := plan(objects)
	if err != nil {
		return err
	}
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for worker := range min(max(workers, 1), len(tasks)) {
		group.Go(func() error {
			s := newScanner(need)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(tasks) {
					return nil
				}
				err := s.scan(ctx, tasks[i], func(b *rules.Batch) error { return fn(worker, b) })
				if err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// task is a row group to scan.
type task struct {
	object   *Object
	file     *opened
	group    int
	firstRow int64
	rows     int64
}

// plan returns the row groups of objects, the largest first, so that workers
// end at about the same time.
func plan(objects []Object) ([]task, error) {
	var tasks []task
	for i := range objects {
		o := &objects[i]
		file, err := open(o.Reader, o.Bytes)
		if err != nil {
			return nil, fmt.Errorf("open segment %d: %w", o.Ordinal, err)
		}
		groups := file.file.Metadata().RowGroups
		first := int64(0)
		for g := range groups {
			if o.RowGroups == nil || slices.Contains(o.RowGroups, g) {
				tasks = append(tasks, task{object: o, file: file, group: g, firstRow: first, rows: groups[g].NumRows})
			}
			first += groups[g].NumRows
		}
		for _, g := range o.RowGroups {
			if g < 0 || g >= len(groups) {
				return nil, fmt.Errorf("segment %d has no row group %d", o.Ordinal, g)
			}
		}
	}
	slices.SortStableFunc(tasks, func(a, b task) int { return cmp.Compare(b.rows, a.rows) })
	return tasks, nil
}

// maxBatch is the most rows of a batch.
const maxBatch = 1 << 16

// scanner reads row groups one after the other, with the same buffers.
type scanner struct {
	need     rules.Need
	dims     [rules.NumDims]dimReader
	measures [rules.NumMeasures]measureReader
	filter   filter
	readers  []*pageReader // of the columns that are read row by row
	batch    rules.Batch
}

func newScanner(need rules.Need) *scanner { return &scanner{need: need} }

// scan reads one row group.
func (s *scanner) scan(ctx context.Context, t task, fn func(*rules.Batch) error) error {
	defer s.close()
	if err := s.open(t); err != nil {
		return fmt.Errorf("read segment %d: %w", t.object.Ordinal, err)
	}
	for at := int64(0); at < t.rows && !s.filter.none; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := s.read(int(min(t.rows-at, maxBatch)))
		if err != nil {
			return fmt.Errorf("read segment %d: %w", t.object.Ordinal, err)
		}
		s.batch.FirstRow = t.firstRow + at + s.filter.first
		at += int64(n)
		if s.batch.Rows > 0 {
			if err := fn(&s.batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// open starts a row group.
func (s *scanner) open(t task) (err error) {
	defer readable(&err)
	s.batch = rules.Batch{Segment: t.object.Ordinal}
	if err := s.filter.open(t); err != nil || s.filter.none {
		return err
	}
	for _, d := range s.need.Dims {
		if d == rules.DimHasListPrice && !s.mayPurchase() {
			s.batch.Dims[d].Dict = noPurchase
			continue
		}
		if err := s.dims[d].open(t.file, t.object.Reader, t.group, columnOf[d]); err != nil {
			return err
		}
		s.batch.Dims[d].Dict = s.dims[d].dict
		if d == rules.DimHasListPrice {
			s.batch.Dims[d].Dict = listPrices(s.dims[d].dict)
		}
	}
	for _, m := range s.need.Measures {
		if err := s.measures[m].open(t.file, t.object.Reader, t.group, measureOf[m]); err != nil {
			return err
		}
	}
	s.readers = s.readers[:0]
	for i := range s.dims {
		s.readers = appendOpen(s.readers, &s.dims[i].pageReader)
	}
	for i := range s.measures {
		s.readers = appendOpen(s.readers, &s.measures[i].pageReader)
	}
	for i := range s.filter.keys {
		s.readers = appendOpen(s.readers, &s.filter.keys[i].pageReader)
	}
	return nil
}

// noPurchase is what rules.DimHasListPrice says where there is no Purchase row,
// of which alone it has to tell.
var noPurchase = &rules.Dict{Values: []string{"true"}}

// mayPurchase reports whether the row group may have Purchase rows. Most have
// none, which saves reading a column. Dimensions are opened in ascending order,
// so the charge category is known by then if it is needed.
func (s *scanner) mayPurchase() bool {
	category := s.batch.Dims[rules.DimChargeCategory].Dict
	return category == nil || slices.Contains(category.Values, "Purchase")
}

func appendOpen(readers []*pageReader, p *pageReader) []*pageReader {
	if p.pages == nil {
		return readers
	}
	return append(readers, p)
}

func (s *scanner) close() {
	for i := range s.dims {
		s.dims[i].close()
	}
	for i := range s.measures {
		s.measures[i].close()
	}
	s.filter.close()
}

// read fills the batch from the next rows, at most limit, and returns how many
// it looked at; the batch has fewer where some are not wanted.
func (s *scanner) read(limit int) (n int, err error) {
	defer readable(&err)
	if n, err = s.window(limit); err != nil {
		return 0, err
	}
	s.batch.Rows = n
	for _, d := range s.need.Dims {
		if s.dims[d].pages == nil {
			continue // one value
		}
		if s.batch.Dims[d].IDs, err = s.dims[d].read(n); err != nil {
			return 0, err
		}
	}
	for _, m := range s.need.Measures {
		if s.batch.Measures[m], err = s.measures[m].read(n); err != nil {
			return 0, err
		}
	}
	return n, s.filter.apply(&s.batch, s.need, n)
}

// window returns how many rows all columns can give from their pages.
func (s *scanner) window(limit int) (int, error) {
	for _, p := range s.readers {
		if err := p.next(); err != nil {
			return 0, endless(err)
		}
		limit = min(limit, p.rows)
	}
	return limit, nil
}

// endless says that a column ended before the row group did.
func endless(err error) error {
	if errors.Is(err, io.EOF) {
		return errLayout
	}
	return err
}
