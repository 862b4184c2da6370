package spill

import (
	"encoding/binary"

	"tierbook/modules/usage/internal/line"
)

// ordinalSize is the length of the delivery's ordinal, which comes before each
// row in memory so that sorting brings deliveries together.
const ordinalSize = 4

// chunk holds lines in memory until they are sorted. It grows by blocks, which
// it keeps, so that growing leaves no garbage.
type chunk struct {
	blocks [][]byte
	used   int // blocks in use; the last of them is being filled
	items  []item
	next   []byte // the row being added
	bytes  int
}

// item is a row in a chunk.
type item struct {
	key   uint64 // the next eight bytes to sort by
	block uint32
	at    uint32 // in the block
	size  uint32
}

// blockSize is the size of a block; a longer row has a block of its own.
const blockSize = 1 << 20

func (c *chunk) add(ordinal uint32, l *line.Line) {
	c.next = binary.BigEndian.AppendUint32(c.next[:0], ordinal)
	c.next = line.AppendRow(c.next, l)
	size := len(c.next)
	if c.used == 0 || cap(c.blocks[c.used-1])-len(c.blocks[c.used-1]) < size {
		c.grow(size)
	}
	block := &c.blocks[c.used-1]
	c.items = append(c.items, item{block: uint32(c.used - 1), at: uint32(len(*block)), size: uint32(size)})
	*block = append(*block, c.next...)
	c.bytes += size
}

// grow makes a block with room for size bytes the last one.
func (c *chunk) grow(size int) {
	if c.used == len(c.blocks) {
		c.blocks = append(c.blocks, nil)
	}
	if cap(c.blocks[c.used]) < size {
		c.blocks[c.used] = make([]byte, 0, max(size, blockSize))
	}
	c.used++
}

func (c *chunk) len() int { return len(c.items) }

func (c *chunk) size() int { return c.bytes + len(c.items)*24 }

func (c *chunk) reset() {
	for i := range c.blocks[:c.used] {
		c.blocks[i] = c.blocks[i][:0]
	}
	c.used, c.items, c.bytes = 0, c.items[:0], 0
}

func (c *chunk) row(it item) []byte { return c.blocks[it.block][it.at : it.at+it.size] }
