package contracts

import (
	"cmp"
	"math/big"
	"slices"

	"tierbook/rules"
)

const (
	perBatch   = 64   // lines that a batch offers at most
	candidates = 2000 // lines that are priced one by one at most
)

// sample draws lines to show: of each kind (service, SKU, usage type, charge
// category) the first that a batch offers in the order of segments and rows,
// so that the choice does not depend on the workers.
type sample struct {
	byWorker []map[kind]*rules.Batch
}

type kind struct{ service, sku, usageType, category string }

func newSample(workers int) *sample {
	s := &sample{byWorker: make([]map[kind]*rules.Batch, workers)}
	for i := range s.byWorker {
		s.byWorker[i] = map[kind]*rules.Batch{}
	}
	return s
}

// add offers lines of b at even distances.
func (s *sample) add(worker int, b *rules.Batch) {
	mine := s.byWorker[worker]
	for row := 0; row < b.Rows; row += max(b.Rows/perBatch, 1) {
		k := kind{
			text(b, rules.DimService, row), text(b, rules.DimSKU, row),
			text(b, rules.DimUsageType, row), text(b, rules.DimChargeCategory, row),
		}
		if old, ok := mine[k]; !ok || before(b.Segment, b.FirstRow+int64(row), old) {
			mine[k] = oneLine(b, row)
		}
	}
}

func before(segment int, row int64, b *rules.Batch) bool {
	return cmp.Or(segment-b.Segment, cmp.Compare(row, b.FirstRow)) < 0
}

func text(b *rules.Batch, d rules.Dim, row int) string {
	c := b.Dims[d]
	switch {
	case c.Dict == nil:
		return ""
	case c.IDs == nil:
		return c.Dict.Values[0]
	}
	return c.Dict.Values[c.IDs[row]]
}

// oneLine copies a line of b, whose buffers will be used again.
func oneLine(b *rules.Batch, row int) *rules.Batch {
	out := &rules.Batch{Segment: b.Segment, FirstRow: b.FirstRow + int64(row), Rows: 1}
	for d := range rules.NumDims {
		if b.Dims[d].Dict != nil {
			out.Dims[d] = rules.DimColumn{Dict: &rules.Dict{Values: []string{text(b, d, row)}}}
		}
	}
	for m := range rules.NumMeasures {
		c := b.Measures[m]
		one := rules.MeasureColumn{Scale: c.Scale}
		if c.Null != nil {
			one.Null = []bool{c.Null[row]}
		}
		switch {
		case c.Wide != nil:
			one.Wide = []*big.Int{new(big.Int).Set(c.Wide[row])}
		case c.Ints != nil:
			one.Ints = []int64{c.Ints[row]}
		}
		out.Measures[m] = one
	}
	return out
}

// drawn returns the first line of each kind over all workers, in order.
func (s *sample) drawn() []*rules.Batch {
	first := map[kind]*rules.Batch{}
	for _, mine := range s.byWorker {
		for k, b := range mine {
			if old, ok := first[k]; !ok || before(b.Segment, b.FirstRow, old) {
				first[k] = b
			}
		}
	}
	out := make([]*rules.Batch, 0, len(first))
	for _, b := range first {
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b *rules.Batch) int {
		return cmp.Or(a.Segment-b.Segment, cmp.Compare(a.FirstRow, b.FirstRow))
	})
	return out[:min(len(out), candidates)]
}

// lines prices the drawn lines one by one, before only where that works. Lines
// that do not exist on the draft's edge are left out.
func (s *sample) lines(p *pass, withBefore bool) ([]PreviewLine, error) {
	var out []PreviewLine
	for _, b := range s.drawn() {
		after, err := p.after.Plain([]*rules.Batch{b})
		if err != nil {
			return nil, err
		}
		now := pricedOf(after, p.edge)
		if !now.exists {
			continue
		}
		line := PreviewLine{PriceAfter: now.price, RuleAfter: now.rule}
		if withBefore {
			o, err := p.before.Plain([]*rules.Batch{b})
			if err != nil {
				return nil, err
			}
			was := pricedOf(o, p.edge)
			line.PriceBefore, line.RuleBefore = was.price, was.rule
			if !now.price.Valid {
				now.quantity, now.list = was.quantity, was.list
			}
		}
		line.Fields = shown(b, p.first, now)
		out = append(out, line)
	}
	return out, nil
}
