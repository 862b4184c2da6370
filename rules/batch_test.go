package rules

import (
	"math/big"
	"slices"

	"github.com/shopspring/decimal"
)

// usage is a line of usage as tests write it; dims and measures that are not
// set are empty and NULL.
type usage struct {
	dims     map[Dim]string
	measures map[Measure]decimal.Decimal
}

// batches cuts lines into segments and, within them, batches. Each segment
// has dictionaries of its own, and the scales that its numbers need.
func batches(lines []usage, perSegment, perBatch int) []*Batch {
	var out []*Batch
	for s := 0; s*perSegment < len(lines); s++ {
		segment := lines[s*perSegment : min(len(lines), (s+1)*perSegment)]
		dicts, ids := dictionaries(segment)
		columns := measureColumns(segment)
		for from := 0; from < len(segment); from += perBatch {
			to := min(len(segment), from+perBatch)
			b := &Batch{Segment: s, FirstRow: int64(from), Rows: to - from}
			for d := range NumDims {
				b.Dims[d] = DimColumn{Dict: dicts[d], IDs: ids[d][from:to]}
				if len(dicts[d].Values) == 1 {
					b.Dims[d].IDs = nil
				}
			}
			for m := range NumMeasures {
				c := columns[m]
				b.Measures[m] = MeasureColumn{Scale: c.Scale}
				if slices.Contains(c.Null, true) {
					b.Measures[m].Null = c.Null[from:to]
				}
				if c.Wide != nil {
					b.Measures[m].Wide = c.Wide[from:to]
				} else {
					b.Measures[m].Ints = c.Ints[from:to]
				}
			}
			out = append(out, b)
		}
	}
	return out
}

func dictionaries(lines []usage) (dicts [NumDims]*Dict, ids [NumDims][]uint32) {
	for d := range NumDims {
		dict, index := &Dict{}, map[string]uint32{}
		for _, l := range lines {
			text := l.dims[d]
			id, ok := index[text]
			if !ok {
				id = uint32(len(dict.Values))
				index[text] = id
				dict.Values = append(dict.Values, text)
			}
			ids[d] = append(ids[d], id)
		}
		dicts[d] = dict
	}
	return dicts, ids
}

func measureColumns(lines []usage) (columns [NumMeasures]MeasureColumn) {
	for m := range NumMeasures {
		c := &columns[m]
		for _, l := range lines {
			if d, ok := l.measures[m]; ok {
				c.Scale = max(c.Scale, -d.Exponent())
			}
		}
		wide := false
		for _, l := range lines {
			d, ok := l.measures[m]
			x := d.Shift(c.Scale).BigInt()
			wide = wide || !x.IsInt64()
			c.Wide = append(c.Wide, x)
			c.Null = append(c.Null, !ok)
		}
		if wide {
			continue
		}
		for _, x := range c.Wide {
			c.Ints = append(c.Ints, x.Int64())
		}
		c.Wide = nil
	}
	return columns
}

// clobber overwrites a batch as a caller that reuses its buffers would.
func (b *Batch) clobber() {
	for d := range NumDims {
		clear(b.Dims[d].IDs)
	}
	for m := range NumMeasures {
		clear(b.Measures[m].Ints)
		clear(b.Measures[m].Null)
		for i := range b.Measures[m].Wide {
			b.Measures[m].Wide[i] = big.NewInt(7)
		}
	}
}
