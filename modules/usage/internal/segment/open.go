package segment

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"tierbook/modules/usage/internal/line"
)

// opened is a segment whose footer was read.
type opened struct {
	file     *parquet.File
	texts    [line.NumColumns]int // column indexes
	measures [line.NumMeasures]int
	scales   [line.NumMeasures]int
}

// open reads a segment's footer.
func open(r io.ReaderAt, bytes int64) (o *opened, err error) {
	defer readable(&err)
	f, err := parquet.OpenFile(r, bytes, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	o = &opened{file: f}
	for c := range line.Column(line.NumColumns) {
		if o.texts[c], err = find(f, c.String()); err != nil {
			return nil, err
		}
	}
	for m := range line.Measure(line.NumMeasures) {
		if o.measures[m], err = find(f, m.String()); err != nil {
			return nil, err
		}
		d := f.Root().Column(m.String()).Type().LogicalType()
		if o.scales[m], err = scaleOf(d); err != nil {
			return nil, fmt.Errorf("column %s: %w", m, err)
		}
	}
	return o, nil
}

func find(f *parquet.File, name string) (int, error) {
	leaf, ok := f.Schema().Lookup(name)
	if !ok {
		return 0, fmt.Errorf("no column %s", name)
	}
	return leaf.ColumnIndex, nil
}

// pages reads a column of a row group, all its bytes at once, into buffer if
// they fit; it returns the pages and the buffer.
func (o *opened) pages(r io.ReaderAt, group, column int, buffer []byte) (*parquet.FilePages, []byte, error) {
	meta := &o.file.Metadata().RowGroups[group].Columns[column].MetaData
	chunk, ok := o.file.RowGroups()[group].ColumnChunks()[column].(*parquet.FileColumnChunk)
	if !ok {
		return nil, buffer, errors.New("not a column of a file")
	}
	from := meta.DataPageOffset
	if meta.DictionaryPageOffset != 0 {
		from = min(from, meta.DictionaryPageOffset)
	}
	if from < 0 || meta.TotalCompressedSize < 0 || from+meta.TotalCompressedSize > o.file.Size() {
		return nil, buffer, errors.New("a column lies outside of the file")
	}
	buffer = grow(buffer, int(meta.TotalCompressedSize))
	if n, err := r.ReadAt(buffer, from); n < len(buffer) {
		return nil, buffer, err
	}
	return chunk.PagesFrom(&stretch{from: from, bytes: buffer}), buffer, nil
}

// stretch is a part of a file in memory, at its place in the file.
type stretch struct {
	from  int64
	bytes []byte
}

// ReadAt reads at an offset of the file.
func (s *stretch) ReadAt(p []byte, off int64) (int, error) {
	off -= s.from
	if off < 0 || off >= int64(len(s.bytes)) {
		return 0, io.EOF
	}
	n := copy(p, s.bytes[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// readable makes an error of a panic in decoding, which damaged files cause.
func readable(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the segment is damaged: %v", p)
	}
}
