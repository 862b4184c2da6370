package rules

import (
	"sync"

	"github.com/expr-lang/expr/vm"
)

// facet is a dimension or a tag that something in a chain distinguishes lines
// by. Where only atoms read it, texts with equal truths are one value: a rule
// over `resource` makes two values of a million resources.
type facet struct {
	variable
	apart bool // every text is a value of its own
	atoms []facetAtom
	rules []int // indexes of rules whose condition reads it

	mu       sync.Mutex
	byText   map[string]*value
	byTruths map[string]*value // of merged texts
	count    uint32
}

type facetAtom struct {
	text    string
	program *vm.Program
}

// maxRemembered bounds the texts whose merged value is remembered, so that
// memory does not grow with the number of resources.
const maxRemembered = 8192

// value is a text of a facet, or several that no rule can tell apart.
type value struct {
	id       uint32 // within the facet
	text     string // one of its texts
	truths   []truth
	possible []uint64 // bit set of the rules that it does not rule out; nil: all
}

// value returns the value of text, evaluating atoms if it is new.
func (l *layout) value(f *facet, text string, m *machine) *value {
	f.mu.Lock()
	v := f.byText[text]
	f.mu.Unlock()
	if v != nil {
		return v
	}
	truths, failed := f.evaluate(text, m)
	f.mu.Lock()
	defer f.mu.Unlock()
	if v = f.byText[text]; v != nil {
		return v
	}
	merge := !f.apart && !failed
	key := string(truthBytes(truths))
	if merge {
		v = f.byTruths[key]
	}
	if v == nil {
		v = &value{id: f.count, text: text, truths: truths}
		v.possible = l.possible(f, v)
		f.count++
		if merge {
			f.byTruths[key] = v
		}
	}
	if !merge || len(f.byText) < maxRemembered {
		f.byText[text] = v
	}
	return v
}

// evaluate returns the truths of text, and whether an atom fails on it.
func (f *facet) evaluate(text string, m *machine) (truths []truth, failed bool) {
	m.values[f.name] = f.shown(text)
	truths = make([]truth, len(f.atoms))
	for i, a := range f.atoms {
		holds, ok := m.constant(a.program)
		switch {
		case !ok:
			truths[i], failed = fails, true
		case holds.(bool):
			truths[i] = yes
		}
	}
	return truths, failed
}

// shown returns text as expressions read it.
func (f *facet) shown(text string) any {
	if f.origin == fromTag {
		return text
	}
	return dimValue(f.dim, text)
}

func truthBytes(truths []truth) []byte {
	b := make([]byte, len(truths))
	for i, t := range truths {
		b[i] = byte(t)
	}
	return b
}

// possible returns the rules that v alone does not rule out.
func (l *layout) possible(f *facet, v *value) []uint64 {
	if len(f.rules) == 0 {
		return nil
	}
	alone := make([]*value, len(l.facets))
	for i := range l.facets {
		if l.facets[i] == f {
			alone[i] = v
		}
	}
	bits := make([]uint64, l.words)
	for i := range bits {
		bits[i] = ^uint64(0)
	}
	for _, r := range f.rules {
		if l.rules[r].cond.truth(alone) == no {
			bits[r/64] &^= 1 << (r % 64)
		}
	}
	return bits
}
