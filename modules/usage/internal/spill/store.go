package spill

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"syscall"
)

// store is the temporary file: sorted runs, one after the other. In a run, the
// rows of each delivery are a stretch of their own; each row is the number of
// bytes that it shares with the row before, the number that follows, and those.
type store struct {
	file   *os.File
	budget int64
	size   int64 // written so far
	statfs func(fd int, disk *syscall.Statfs_t) error
}

// stretch is where a delivery's rows of one run lie.
type stretch struct{ from, to int64 }

// write appends the chunk, which is sorted, and notes its stretches in the
// deliveries. Errors: ErrNoRoom.
func (s *store) write(c *chunk, deliveries []*Delivery) error {
	if err := s.leaves(int64(c.size())); err != nil {
		return err
	}
	w := bufio.NewWriterSize(io.NewOffsetWriter(s.file, s.size), 256<<10)
	var d *Delivery
	var prev []byte
	var head [2 * binary.MaxVarintLen64]byte
	for _, it := range c.items {
		row := c.row(it)
		if at := deliveries[binary.BigEndian.Uint32(row)]; at != d {
			d, prev = at, nil
			d.stretches = append(d.stretches, stretch{from: s.size})
		}
		row = row[ordinalSize:]
		same := shared(prev, row)
		n := binary.PutUvarint(head[:], uint64(same))
		n += binary.PutUvarint(head[n:], uint64(len(row)-same))
		_, _ = w.Write(head[:n]) // a bufio.Writer keeps its first error for Flush
		_, _ = w.Write(row[same:])
		s.size += int64(n + len(row) - same)
		d.stretches[len(d.stretches)-1].to = s.size
		prev = row
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write spill file: %w", err)
	}
	return nil
}

// cursor reads a stretch row by row.
type cursor struct {
	in     *bufio.Reader
	left   int64 // bytes of the stretch that were not read yet
	row    []byte
	before []byte // the row before, good until the next one is read
	shared int    // bytes that the two have in common
}

func (s *store) cursor(at stretch, buffer int) *cursor {
	in := io.NewSectionReader(s.file, at.from, at.to-at.from)
	return &cursor{in: bufio.NewReaderSize(in, buffer), left: at.to - at.from}
}

// next reads a row; ok is false at the end.
func (c *cursor) next() (ok bool, err error) {
	if c.left == 0 {
		return false, nil
	}
	same, n, err := c.number()
	if err != nil {
		return false, err
	}
	more, m, err := c.number()
	if err != nil {
		return false, err
	}
	c.left -= int64(n + m + more)
	if same > len(c.row) || c.left < 0 {
		return false, fmt.Errorf("read spill file: %w", io.ErrUnexpectedEOF)
	}
	c.row, c.before = append(append(c.before[:0], c.row[:same]...), make([]byte, more)...), c.row
	c.shared = same
	if _, err := io.ReadFull(c.in, c.row[same:]); err != nil {
		return false, fmt.Errorf("read spill file: %w", err)
	}
	return true, nil
}

// number reads a uvarint and how many bytes it took.
func (c *cursor) number() (v, size int, err error) {
	for shift := 0; ; shift += 7 {
		b, err := c.in.ReadByte()
		if err != nil {
			return 0, 0, fmt.Errorf("read spill file: %w", err)
		}
		v |= int(b&0x7f) << shift
		size++
		if b < 0x80 || shift > 35 {
			return v, size, nil
		}
	}
}
