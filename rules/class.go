package rules

import (
	"encoding/binary"
	"sync"
)

// class is lines that agree in every value that any rule of the chain could
// distinguish, in the grain, and in which measures are missing or tested to
// be 0.
type class struct {
	index  int
	values []*value // by facet
	grain  *Grain
	view   view
	null   measureSet
	zero   measureSet

	once sync.Once
	plan *plan
}

// show puts the class's texts where expressions find them. Where texts were
// merged, any of them will do: no rule can tell.
func (c *class) show(l *layout, m *machine) {
	for i, f := range l.facets {
		m.values[f.name] = f.shown(c.values[i].text)
	}
}

// classes are all classes of a scan, shared by its workers.
type classes struct {
	layout *layout
	mu     sync.Mutex
	byKey  map[string]*class
	list   []*class
	grains map[Grain]*Grain
}

func newClasses(l *layout) *classes {
	return &classes{layout: l, byKey: map[string]*class{}, grains: map[Grain]*Grain{}}
}

// get returns the class with the given values, with its plan.
func (cs *classes) get(values []*value, null, zero measureSet, key []byte, m *machine) *class {
	key = append(key[:0], byte(null), byte(zero))
	for _, v := range values {
		key = binary.LittleEndian.AppendUint32(key, v.id)
	}
	cs.mu.Lock()
	c := cs.byKey[string(key)]
	if c == nil {
		c = cs.add(values, null, zero)
		cs.byKey[string(key)] = c
	}
	cs.mu.Unlock()
	c.once.Do(func() { c.plan = cs.layout.plan(c, m) })
	return c
}

func (cs *classes) add(values []*value, null, zero measureSet) *class {
	c := &class{index: len(cs.list), values: append([]*value(nil), values...), null: null, zero: zero}
	var dims [NumDims]string
	for i, f := range cs.layout.facets {
		if f.origin == fromDim {
			dims[f.dim] = values[i].text
		}
	}
	g := grainOf(&dims)
	if cs.grains[g] == nil {
		cs.grains[g] = &g
	}
	c.grain = cs.grains[g]
	c.view = viewOf(&dims)
	cs.list = append(cs.list, c)
	return c
}
