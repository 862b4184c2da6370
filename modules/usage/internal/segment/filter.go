package segment

import (
	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
	"tierbook/rules"
)

// filter leaves out the rows of a shared row group that are not wanted.
type filter struct {
	wanted map[Wanted]bool
	on     bool         // some rows may not be wanted
	none   bool         // no row is wanted
	keys   [3]dimReader // account, period, service month
	keep   []int32      // the rows of the batch to keep
	first  int64        // how many rows come before them
	dims   [rules.NumDims][]uint32
	ints   [rules.NumMeasures][]int64
	null   [rules.NumMeasures][]bool
}

var filterColumns = [3]line.Column{line.XAccount, line.XPeriod, line.XServiceMonth}

// open looks at what the row group holds; it reads rows later only if there is
// more than one kind.
func (f *filter) open(t task) error {
	f.on, f.none = t.object.Wanted != nil, false
	if !f.on {
		return nil
	}
	f.wanted = make(map[Wanted]bool, len(t.object.Wanted))
	for _, w := range t.object.Wanted {
		f.wanted[w] = true
	}
	single := true
	for i, c := range filterColumns {
		if err := f.keys[i].open(t.file, t.object.Reader, t.group, c); err != nil {
			return err
		}
		single = single && f.keys[i].pages == nil
	}
	if single {
		f.on, f.none = false, !f.wants([3]uint32{})
	}
	return nil
}

func (f *filter) close() {
	for i := range f.keys {
		f.keys[i].close()
	}
}

// wants reports whether rows with these keys are wanted.
func (f *filter) wants(ids [3]uint32) bool {
	var texts [3]string
	for i := range texts {
		texts[i] = f.keys[i].dict.Values[ids[i]]
	}
	p, err := period.ParseMonth(texts[1])
	m, err2 := period.ParseMonth(texts[2])
	return err == nil && err2 == nil && f.wanted[Wanted{Account: texts[0], Period: p, ServiceMonth: m}]
}

// apply reads the keys of the n rows of b and takes the unwanted ones out.
func (f *filter) apply(b *rules.Batch, need rules.Need, n int) error {
	f.first = 0
	if !f.on {
		return nil
	}
	if err := f.choose(n); err != nil {
		return err
	}
	if len(f.keep) == n {
		return nil
	}
	b.Rows = len(f.keep)
	if b.Rows == 0 {
		return nil
	}
	f.first = int64(f.keep[0])
	for _, d := range need.Dims {
		if ids := b.Dims[d].IDs; ids != nil {
			f.dims[d] = pickRows(f.dims[d], ids, f.keep)
			b.Dims[d].IDs = f.dims[d]
		}
	}
	for _, m := range need.Measures {
		f.compact(&b.Measures[m], m)
	}
	return nil
}

func (f *filter) compact(c *rules.MeasureColumn, m rules.Measure) {
	if c.Ints != nil {
		f.ints[m] = pickRows(f.ints[m], c.Ints, f.keep)
		c.Ints = f.ints[m]
	}
	if c.Wide != nil {
		c.Wide = pickRows(nil, c.Wide, f.keep)
	}
	if c.Null != nil {
		f.null[m] = pickRows(f.null[m], c.Null, f.keep)
		c.Null = f.null[m]
	}
}

// choose fills keep for n rows. Rows with the same keys lie together.
func (f *filter) choose(n int) error {
	var columns [3][]uint32
	for i := range f.keys {
		if f.keys[i].pages == nil {
			continue
		}
		ids, err := f.keys[i].read(n)
		if err != nil {
			return err
		}
		columns[i] = ids
	}
	f.keep = f.keep[:0]
	var last [3]uint32
	wanted := f.wants(last)
	for row := range n {
		ids := last
		for i, c := range columns {
			if c != nil {
				ids[i] = c[row]
			}
		}
		if ids != last {
			last, wanted = ids, f.wants(ids)
		}
		if wanted {
			f.keep = append(f.keep, int32(row))
		}
	}
	return nil
}

// pickRows returns the rows of from that keep names, in to's memory.
func pickRows[T any](to, from []T, keep []int32) []T {
	to = grow(to, len(keep))
	for i, row := range keep {
		to[i] = from[row]
	}
	return to
}
