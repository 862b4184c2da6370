package rules

import "math/bits"

// table maps the keys of lines to classes: a hash table with open addressing.
type table struct {
	keys    []uint64
	classes []int32 // plus 1; 0: the slot is free
	shift   uint8   // 64 - log2 of the number of slots
	used    int
}

const minSlots = 1 << 10

// reset empties the table.
func (t *table) reset() {
	if t.used == 0 && t.keys != nil {
		return
	}
	slots := max(minSlots, len(t.keys))
	for slots > minSlots && slots > 8*t.used {
		slots /= 2
	}
	t.make(slots)
}

func (t *table) make(slots int) {
	if len(t.keys) == slots {
		clear(t.classes)
	} else {
		t.keys, t.classes = make([]uint64, slots), make([]int32, slots)
	}
	t.shift, t.used = uint8(64-bits.TrailingZeros(uint(slots))), 0
}

// slot returns where key is, or the free slot where it belongs.
func (t *table) slot(key uint64) int {
	i := int((key * 0x9E3779B97F4A7C15) >> t.shift)
	for t.classes[i] != 0 && t.keys[i] != key {
		i = (i + 1) & (len(t.keys) - 1)
	}
	return i
}

// get returns the class of key; ok is false if there is none yet.
func (t *table) get(key uint64) (class int32, ok bool) {
	c := t.classes[t.slot(key)]
	return c - 1, c != 0
}

// put adds a key that get has not found.
func (t *table) put(key uint64, class int32) {
	if 2*t.used >= len(t.keys) {
		keys, classes := t.keys, t.classes
		t.keys = nil
		t.make(2 * len(keys))
		for i, c := range classes {
			if c != 0 {
				s := t.slot(keys[i])
				t.keys[s], t.classes[s] = keys[i], c
				t.used++
			}
		}
	}
	s := t.slot(key)
	t.keys[s], t.classes[s] = key, class+1
	t.used++
}
