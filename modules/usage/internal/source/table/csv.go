package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	blockSize  = 1 << 20  // bytes read at once, and roughly a batch
	recordMax  = 64 << 20 // longest record that is believed
	columnsMax = 10_000   // of a header that is believed
	cellsMax   = 1 << 20  // after which a batch ends: rows may have a byte each
	batchesMax = 4        // buffers in circulation
)

// CSV reads comma-separated rows below one header row. A quote counts only at
// the start of a field; there, commas and line ends up to the closing quote are
// text and a doubled quote is one. Lines end in LF or CRLF; empty lines are
// skipped; a byte order mark before the header is dropped.
type CSV struct {
	r      io.Reader
	header []string

	slotOf  []int // column → slot, -1: not wanted
	slots   int
	row     int64 // rows parsed so far
	escaped []int // slots of the record being parsed that hold doubled quotes

	pending []byte // read, not parsed yet
	eof     bool
	free    chan *Batch
	read    int64
}

// ErrNoHeader says that a file is empty.
var ErrNoHeader = errors.New("the file is empty: not even a header row")

// NewCSV reads the header row from r. Errors: ErrNoHeader, r's own, or a header
// that is no text.
func NewCSV(r io.Reader) (*CSV, error) {
	c := &CSV{r: r, free: make(chan *Batch, batchesMax)}
	for range batchesMax {
		c.free <- &Batch{}
	}
	return c, c.readHeader()
}

// Header returns the columns' names as the file spells them.
func (c *CSV) Header() []string { return c.header }

// BytesRead returns how many bytes have been read, uncompressed. It may be
// called by whoever calls Next.
func (c *CSV) BytesRead() int64 { return c.read }

// Want chooses the columns to keep: slot i of each row is column columns[i];
// -1 is a slot that stays empty. It must come before the first Next.
func (c *CSV) Want(columns []int) {
	c.slots = len(columns)
	c.slotOf = make([]int, len(c.header))
	for i := range c.slotOf {
		c.slotOf[i] = -1
	}
	for slot, col := range columns {
		if col >= 0 {
			c.slotOf[col] = slot
		}
	}
}

// Next returns the next rows, or io.EOF. Whoever is done with a batch gives it
// back with Release, from any goroutine; Next waits for that.
func (c *CSV) Next() (*Batch, error) {
	for {
		if c.eof && len(c.pending) == 0 {
			return nil, io.EOF
		}
		b := <-c.free
		if err := c.fill(b); err != nil {
			c.free <- b
			return nil, err
		}
		if b.Rows > 0 {
			return b, nil
		}
		c.free <- b
	}
}

// Release gives a batch back; its cells are gone.
func (c *CSV) Release(b *Batch) { c.free <- b }

func (c *CSV) readHeader() error {
	for {
		if err := c.more(); err != nil {
			return err
		}
		c.pending = bytes.TrimPrefix(c.pending, []byte("\xef\xbb\xbf"))
		for len(c.pending) > 0 && (c.pending[0] == '\n' || c.pending[0] == '\r') {
			c.pending = c.pending[1:]
		}
		if len(c.pending) == 0 && c.eof {
			return ErrNoHeader
		}
		fields, n, ok, err := splitHeader(c.pending, c.eof)
		switch {
		case err != nil:
			return err
		case ok:
			c.pending, c.header = c.pending[n:], fields
			return nil
		case c.eof:
			return errors.New("the header has a quote that is never closed")
		case len(c.pending) > recordMax:
			return fmt.Errorf("the header is longer than %d MB", recordMax>>20)
		}
	}
}

// more appends one read to pending.
func (c *CSV) more() error {
	if c.eof {
		return nil
	}
	buf := append(c.pending, make([]byte, blockSize)...)
	n, err := ReadBlock(c.r, buf[len(c.pending):])
	c.pending = buf[:len(c.pending)+n]
	c.read += int64(n)
	if err == io.EOF {
		c.eof, err = true, nil
	}
	return err
}

func splitHeader(data []byte, eof bool) (fields []string, n int, ok bool, err error) {
	p := parser{data: data, eof: eof}
	for {
		f, end, complete := p.field()
		if !complete {
			return nil, 0, false, nil
		}
		if !utf8.Valid(f) || bytes.IndexByte(f, 0) >= 0 {
			return nil, 0, false, errors.New("the header is not UTF-8 text")
		}
		if len(fields) == columnsMax {
			return nil, 0, false, fmt.Errorf("the header has more than %d columns", columnsMax)
		}
		fields = append(fields, string(bytes.TrimSpace(f)))
		if end {
			return fields, p.pos, true, nil
		}
	}
}

// fill moves pending bytes into b, tops them up by one read, parses the whole
// records in it, as many as a batch takes, and keeps the rest pending.
func (c *CSV) fill(b *Batch) error {
	b.reset(c.slots, c.row+1)
	b.buf = append(b.buf[:0], c.pending...)
	for topUp := len(b.buf) < blockSize; ; topUp = true {
		if !c.eof && topUp {
			if err := c.readInto(b); err != nil {
				return err
			}
		}
		rest, err := c.parse(b)
		if err != nil {
			return err
		}
		if b.Rows > 0 || c.eof {
			c.pending = append(c.pending[:0], b.buf[rest:]...)
			return nil
		}
		if len(b.buf) > recordMax {
			return fmt.Errorf("row %d is longer than %d MB: is a quote not closed?", c.row+1, recordMax>>20)
		}
	}
}

func (c *CSV) readInto(b *Batch) error {
	have := len(b.buf)
	if cap(b.buf) < have+blockSize {
		b.buf = append(make([]byte, 0, have+blockSize+blockSize/4), b.buf...)
	}
	b.buf = b.buf[:have+blockSize]
	n, err := ReadBlock(c.r, b.buf[have:])
	b.buf = b.buf[:have+n]
	c.read += int64(n)
	if err == io.EOF {
		c.eof, err = true, nil
	}
	return err
}

// ReadBlock fills block from r, as far as r goes, and returns r's own error:
// io.EOF only where r ended well. io.ReadFull answers io.ErrUnexpectedEOF for a
// short last block and for a file that was cut off alike.
func ReadBlock(r io.Reader, block []byte) (n int, err error) {
	for n < len(block) && err == nil {
		var m int
		m, err = r.Read(block[n:])
		n += m
	}
	return n, err
}

// parse splits the whole records in b.buf, as many as a batch takes, and returns
// where the rest starts.
func (c *CSV) parse(b *Batch) (rest int, err error) {
	p := parser{data: b.buf, eof: c.eof}
	for p.pos < len(p.data) && len(b.cells) < cellsMax {
		start := p.pos
		if p.skipEmptyLine() {
			continue
		}
		if !c.record(&p, b) {
			if c.eof {
				return 0, fmt.Errorf("row %d: a quote is opened and never closed", c.row+1)
			}
			return start, nil
		}
		c.row++
	}
	return p.pos, nil
}

// record parses one record into b; false if its end is not there yet, in which
// case b is as it was.
func (c *CSV) record(p *parser, b *Batch) bool {
	cells := b.grow()
	p.fault = ""
	c.escaped = c.escaped[:0]
	for col := 0; ; col++ {
		off, end, last, complete := p.span()
		if !complete {
			b.Rows--
			b.cells = b.cells[:len(b.cells)-b.slots]
			return false
		}
		if col < len(c.slotOf) {
			if slot := c.slotOf[col]; slot >= 0 {
				cells[slot] = cell{off: uint32(off), end: uint32(end)}
				if p.escaped {
					c.escaped = append(c.escaped, slot)
				}
			}
		}
		if last {
			for _, slot := range c.escaped {
				t := &cells[slot]
				t.end = t.off + uint32(unescape(b.buf[t.off:t.end]))
			}
			// Empty fields beyond the header are no more than trailing commas.
			if col >= len(c.header) && off == end {
				col = len(c.header) - 1
			}
			b.widths = append(b.widths, int32(col+1))
			if p.fault != "" {
				b.faults = append(b.faults, fault{row: b.Rows - 1, reason: p.fault})
			}
			return true
		}
	}
}
