package segment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/spill"
)

// Write writes d into new files below dir: one, or more where the digits of a
// measure do not fit together. Row groups hold one account, small ones share;
// none has more than a million rows. The same lines give the same bytes,
// whatever order they were added in.
//
// The caller removes the files. After an error, or when ctx ends, there are
// none.
func Write(ctx context.Context, d *spill.Delivery, dir string) (*Written, error) {
	return write(ctx, d, dir, usual)
}

func write(ctx context.Context, d *spill.Delivery, dir string, to limits) (*Written, error) {
	bins, err := binsOf(ctx, d)
	if err != nil {
		return nil, err
	}
	out := &Written{}
	for i := range bins {
		f, err := writeBin(ctx, d, dir, to, bins, i, out)
		if err != nil {
			return nil, errors.Join(err, out.remove())
		}
		out.Segments = append(out.Segments, f)
		out.Rows += f.Rows
	}
	return out, nil
}

func (w *Written) remove() error {
	var errs []error
	for _, f := range w.Segments {
		errs = append(errs, os.Remove(f.Path))
	}
	return errors.Join(errs...)
}

// hashSalt starts what a content hash covers; it changes with the canonical
// form of rows.
const hashSalt = "tierbook usage rows 1\n"

// writeBin writes the rows of one bin. The first pass also computes the
// content hash, since every pass sees all rows.
func writeBin(ctx context.Context, d *spill.Delivery, dir string, to limits, all []bin, i int, out *Written) (File, error) {
	s, ok := shapeOf(all[i].integer, all[i].fraction)
	if !ok {
		return File{}, errors.New("the digits of a segment do not fit together")
	}
	rowsOf := d.RowsOf
	if all[i].rows != nil {
		rowsOf = func(account []byte) int64 { return all[i].rows[string(account)] }
	}
	path := filepath.Join(dir, fmt.Sprintf("%s-%03d.parquet", d.FileName(), i))
	w, err := newWriter(path, i, s, to, rowsOf)
	if err != nil {
		return File{}, err
	}
	content := sha256.New()
	content.Write([]byte(hashSalt))
	replay := binner{}
	changed := 0
	err = eachLine(ctx, d, func(row []byte, l *line.Line, first int) error {
		if i == 0 {
			content.Write(row)
		}
		changed = min(changed, first)
		if len(all) > 1 && replay.place(l) != i {
			return nil
		}
		from := changed
		changed = line.NumColumns
		return w.add(l, from)
	})
	if err != nil {
		w.abandon()
		return File{}, err
	}
	if i == 0 {
		out.ContentHash = hex.EncodeToString(content.Sum(nil))
	}
	f, err := w.close()
	if err != nil {
		w.abandon()
	}
	return f, err
}

// eachLine calls fn for every line of d in order. first is the first position
// in line.Order whose column may differ from the line before.
func eachLine(ctx context.Context, d *spill.Delivery, fn func(row []byte, l *line.Line, first int) error) error {
	var r line.RowReader
	n := 0
	return d.Each(func(row []byte, shared int) error {
		first, err := r.Read(row, shared)
		if err != nil {
			return err
		}
		if n++; n%maxBatchRows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return fn(row, &r.Line, first)
	})
}

// bin is the rows of one file: digits that fit together.
type bin struct {
	integer, fraction [line.NumMeasures]int
	rows              map[string]int64 // by account; nil for all of the delivery
}

// takes widens b so that l fits, unless it can not.
func (b *bin) takes(l *line.Line) bool {
	integer, fraction := b.integer, b.fraction
	for m, n := range l.Measures {
		i, f := n.Digits()
		integer[m], fraction[m] = max(integer[m], i), max(fraction[m], f)
		if integer[m]+fraction[m] > line.MaxDigits {
			return false
		}
	}
	b.integer, b.fraction = integer, fraction
	return true
}

// binner puts each line into the first bin that takes it, the same way every
// time that it sees the same lines.
type binner []bin

func (b *binner) place(l *line.Line) int {
	for i := range *b {
		if (*b)[i].takes(l) {
			return i
		}
	}
	*b = append(*b, bin{rows: make(map[string]int64)})
	(*b)[len(*b)-1].takes(l)
	return len(*b) - 1
}

// binsOf returns the bins of d: nearly always one, and known without reading.
func binsOf(ctx context.Context, d *spill.Delivery) ([]bin, error) {
	if _, ok := shapeOf(d.Integer, d.Fraction); ok {
		return []bin{{integer: d.Integer, fraction: d.Fraction}}, nil
	}
	var b binner
	err := eachLine(ctx, d, func(_ []byte, l *line.Line, _ int) error {
		at := b.place(l)
		b[at].rows[string(l.Text[line.XAccount])]++
		return nil
	})
	return b, err
}
