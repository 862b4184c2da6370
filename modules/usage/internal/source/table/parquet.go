package table

import (
	"fmt"
	"io"
	"math/big"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

const (
	parquetRows  = 1024     // rows of a batch
	parquetBatch = 64 << 20 // bytes of a batch that are believed: a dictionary repeats a long text for next to nothing
	decimalBytes = 64       // of a decimal that is read; 38 digits need 16
)

// Parquet reads the flat columns of a Parquet file. Nested and repeated
// columns are not seen. Values come as the text that a CSV would hold: a DOUBLE
// in its shortest decimal form, which is what its writer meant; a TIMESTAMP as
// 2006-01-02T15:04:05Z; a DECIMAL with its digits.
type Parquet struct {
	file   *parquet.File
	header []string
	leaves []leaf // by column

	wanted []int // column by slot
	group  int   // row group being read
	left   int64 // rows left in it
	pages  []*pageReader
	row    int64
	read   int64
	free   chan *Batch
}

// leaf is a flat column.
type leaf struct {
	index int // among all leaf columns
	text  func(dst []byte, v parquet.Value) []byte
}

// NewParquet opens a file of size bytes.
func NewParquet(r io.ReaderAt, size int64) (p *Parquet, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("read Parquet: damaged: %v", r)
		}
	}()
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(64<<10))
	if err != nil {
		return nil, fmt.Errorf("read Parquet: %w", err)
	}
	p = &Parquet{file: f, group: -1, free: make(chan *Batch, batchesMax)}
	for range batchesMax {
		p.free <- &Batch{}
	}
	for _, path := range f.Schema().Columns() {
		if len(path) != 1 {
			continue
		}
		column, ok := f.Schema().Lookup(path...)
		if !ok || column.MaxRepetitionLevel > 0 {
			continue
		}
		p.header = append(p.header, path[0])
		p.leaves = append(p.leaves, leaf{index: column.ColumnIndex, text: textOf(column.Node.Type())})
	}
	return p, nil
}

// Header returns the names of the flat columns.
func (p *Parquet) Header() []string { return p.header }

// BytesRead returns how large the row groups read so far are, uncompressed.
func (p *Parquet) BytesRead() int64 { return p.read }

// Want chooses the columns to keep, as CSV's does.
func (p *Parquet) Want(columns []int) { p.wanted = columns }

// Release gives a batch back; its cells are gone.
func (p *Parquet) Release(b *Batch) { p.free <- b }

// Close frees what reading has taken.
func (p *Parquet) Close() error {
	for _, r := range p.pages {
		r.close()
	}
	p.pages = nil
	return nil
}

// Next returns the next rows, or io.EOF.
func (p *Parquet) Next() (b *Batch, err error) {
	defer func() {
		// The library panics on some damaged files.
		if r := recover(); r != nil {
			b, err = nil, fmt.Errorf("read Parquet: damaged: %v", r)
		}
	}()
	for p.left == 0 {
		if err := p.nextGroup(); err != nil {
			return nil, err
		}
	}
	b = <-p.free
	n := int(min(p.left, parquetRows))
	b.reset(len(p.wanted), p.row+1)
	b.buf = b.buf[:0]
	for range n {
		b.grow()
		b.widths = append(b.widths, int32(len(p.header)))
	}
	for slot, col := range p.wanted {
		if col < 0 {
			continue
		}
		if err := p.pages[slot].fill(b, slot, n, p.leaves[col].text); err != nil {
			p.free <- b
			return nil, fmt.Errorf("read Parquet column %s: %w", p.header[col], err)
		}
	}
	p.left -= int64(n)
	p.row += int64(n)
	return b, nil
}

func (p *Parquet) nextGroup() error {
	_ = p.Close()
	p.group++
	groups := p.file.RowGroups()
	if p.group >= len(groups) {
		return io.EOF
	}
	g := groups[p.group]
	p.left = g.NumRows()
	p.read += p.file.Metadata().RowGroups[p.group].TotalByteSize
	p.pages = make([]*pageReader, len(p.wanted))
	for slot, col := range p.wanted {
		if col >= 0 {
			p.pages[slot] = &pageReader{pages: g.ColumnChunks()[p.leaves[col].index].Pages(), buf: make([]parquet.Value, 512)}
		}
	}
	return nil
}

// pageReader hands out the values of one column chunk one by one.
type pageReader struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buf    []parquet.Value
	have   []parquet.Value
}

func (r *pageReader) close() {
	if r == nil {
		return
	}
	parquet.Release(r.page)
	_ = r.pages.Close()
}

// fill writes the texts of the next n values into the cells of slot.
func (r *pageReader) fill(b *Batch, slot, n int, text func([]byte, parquet.Value) []byte) error {
	for row := range n {
		if len(r.have) == 0 {
			if err := r.more(); err != nil {
				return err
			}
		}
		v := r.have[0]
		r.have = r.have[1:]
		if v.IsNull() {
			continue
		}
		off := len(b.buf)
		b.buf = text(b.buf, v)
		if len(b.buf) > parquetBatch {
			return fmt.Errorf("%d rows from row %d on are longer than %d MB", n, b.First, parquetBatch>>20)
		}
		b.cells[row*b.slots+slot] = cell{off: uint32(off), end: uint32(len(b.buf))}
	}
	return nil
}

func (r *pageReader) more() error {
	for {
		if r.values == nil {
			parquet.Release(r.page)
			r.page = nil
			page, err := r.pages.ReadPage()
			if err == io.EOF {
				return io.ErrUnexpectedEOF
			}
			if err != nil {
				return err
			}
			r.page, r.values = page, page.Values()
		}
		n, err := r.values.ReadValues(r.buf)
		r.have = r.buf[:n]
		if err == io.EOF {
			r.values = nil
		} else if err != nil {
			return err
		}
		if n > 0 {
			return nil
		}
	}
}

// textOf returns how to write values of a type.
func textOf(t parquet.Type) func([]byte, parquet.Value) []byte {
	if logical := t.LogicalType(); logical != nil {
		switch l := logical.Value.(type) {
		case *format.DecimalType:
			return decimalText(int(l.Scale))
		case *format.TimestampType:
			return timestampText(l.Unit.Value.Duration())
		case *format.DateType:
			return func(dst []byte, v parquet.Value) []byte {
				return time.Unix(int64(v.Int32())*86400, 0).UTC().AppendFormat(dst, time.DateOnly)
			}
		}
	}
	switch t.Kind() {
	case parquet.Int96:
		return int96Text
	case parquet.Double:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendFloat(dst, v.Double(), 'g', -1, 64) }
	case parquet.Float:
		return func(dst []byte, v parquet.Value) []byte {
			return strconv.AppendFloat(dst, float64(v.Float()), 'g', -1, 32)
		}
	case parquet.Int32:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendInt(dst, int64(v.Int32()), 10) }
	case parquet.Int64:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendInt(dst, v.Int64(), 10) }
	case parquet.Boolean:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendBool(dst, v.Boolean()) }
	case parquet.ByteArray, parquet.FixedLenByteArray:
	}
	return func(dst []byte, v parquet.Value) []byte { return append(dst, v.ByteArray()...) }
}

func decimalText(scale int) func([]byte, parquet.Value) []byte {
	return func(dst []byte, v parquet.Value) []byte {
		var unscaled big.Int
		switch v.Kind() {
		case parquet.Int32:
			unscaled.SetInt64(int64(v.Int32()))
		case parquet.Int64:
			unscaled.SetInt64(v.Int64())
		default:
			raw := v.ByteArray() // two's complement, big end first
			if len(raw) > decimalBytes {
				return fmt.Appendf(dst, "a decimal of %d bytes", len(raw))
			}
			unscaled.SetBytes(raw)
			if len(raw) > 0 && raw[0]&0x80 != 0 {
				unscaled.Sub(&unscaled, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
			}
		}
		dst = unscaled.Append(dst, 10)
		return strconv.AppendInt(append(dst, 'e'), int64(-scale), 10)
	}
}

func timestampText(unit time.Duration) func([]byte, parquet.Value) []byte {
	perSecond := int64(time.Second / unit)
	return func(dst []byte, v parquet.Value) []byte {
		seconds := v.Int64() / perSecond
		if v.Int64()%perSecond < 0 {
			seconds--
		}
		return time.Unix(seconds, 0).UTC().AppendFormat(dst, time.RFC3339)
	}
}

// int96Text writes the timestamps of old writers: nanoseconds of the day, then
// the Julian day.
func int96Text(dst []byte, v parquet.Value) []byte {
	const epoch = 2440588 // Julian day of 1970-01-01
	t := v.Int96()
	nanos := int64(t[1])<<32 | int64(t[0])
	return time.Unix((int64(t[2])-epoch)*86400+nanos/1e9, 0).UTC().AppendFormat(dst, time.RFC3339)
}
