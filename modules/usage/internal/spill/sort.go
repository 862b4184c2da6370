package spill

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// sort orders the rows by their bytes: a quicksort on eight bytes at a time,
// which looks at what rows have in common once and not in every comparison.
// No row is the beginning of another one, since rows say how long they are.
func (c *chunk) sort() {
	c.load(c.items, 0)
	c.sortFrom(c.items, 0)
}

// few is how many rows are sorted by plain comparison.
const few = 16

// sortFrom sorts items that are equal before depth and whose keys hold the
// eight bytes from there on.
func (c *chunk) sortFrom(items []item, depth int) {
	for len(items) > few {
		lower, higher := partition(items, pivot(items))
		c.sortFrom(items[:lower], depth)
		c.sortFrom(items[higher:], depth)
		items = items[lower:higher]
		depth += 8
		if len(items) < 2 || depth >= int(items[0].size) {
			return // equal to the end
		}
		depth += c.common(items, depth)
		if depth >= int(items[0].size) {
			return
		}
		c.load(items, depth)
	}
	slices.SortFunc(items, func(a, b item) int {
		if a.key != b.key {
			if a.key < b.key {
				return -1
			}
			return 1
		}
		x, y := c.row(a), c.row(b)
		return bytes.Compare(x[min(depth, len(x)):], y[min(depth, len(y)):])
	})
}

// partition puts lower keys before those equal to pivot, and higher ones after.
func partition(items []item, pivot uint64) (lower, higher int) {
	lower, higher = 0, len(items)
	for i := 0; i < higher; {
		switch k := items[i].key; {
		case k < pivot:
			items[i], items[lower] = items[lower], items[i]
			lower++
			i++
		case k > pivot:
			higher--
			items[i], items[higher] = items[higher], items[i]
		default:
			i++
		}
	}
	return lower, higher
}

// pivot returns the median of three keys.
func pivot(items []item) uint64 {
	a, b, c := items[0].key, items[len(items)/2].key, items[len(items)-1].key
	return max(min(a, b), min(max(a, b), c))
}

// load fills the keys from the rows at depth, with zeros past their end.
func (c *chunk) load(items []item, depth int) {
	for i := range items {
		row := c.row(items[i])
		if depth+8 <= len(row) {
			items[i].key = binary.BigEndian.Uint64(row[depth:])
			continue
		}
		var tail [8]byte
		copy(tail[:], row[min(depth, len(row)):])
		items[i].key = binary.BigEndian.Uint64(tail[:])
	}
}

// common returns how many bytes from depth on all items share.
func (c *chunk) common(items []item, depth int) int {
	first := c.row(items[0])[depth:]
	for _, it := range items[1:] {
		row := c.row(it)
		first = first[:shared(first, row[min(depth, len(row)):])]
		if len(first) < 8 {
			return 0
		}
	}
	return len(first)
}

// shared returns how many bytes a and b have in common at their start.
func shared(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}
