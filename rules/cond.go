package rules

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// truth is what is known of a condition on some lines.
type truth uint8

const (
	no      truth = iota // false on all of them
	yes                  // true on all of them
	unknown              // it may differ, or has not been looked at
	fails                // an error on all of them
)

// cond is a condition cut into atoms: parts that read one facet of a line and
// nothing else, so that they have one truth per value of it.
type cond struct {
	op        condOp
	a, b      *cond
	facet     int  // of an atom: index of the facet …
	atom      int  // … and of the atom in it
	skippable bool // nobody would notice if it were not evaluated: it cannot fail and reads no measure
}

type condOp uint8

const (
	condOpaque condOp = iota // only the machine can tell
	condAtom
	condNo
	condYes
	condNot
	condAnd
	condOr
)

// truth evaluates c as far as values tell, with exactly the outcome that
// evaluating it left to right would have. A nil value is unknown.
func (c *cond) truth(values []*value) truth {
	switch c.op {
	case condNo:
		return no
	case condYes:
		return yes
	case condAtom:
		if v := values[c.facet]; v != nil {
			return v.truths[c.atom]
		}
	case condNot:
		switch t := c.a.truth(values); t {
		case no:
			return yes
		case yes:
			return no
		default:
			return t
		}
	case condAnd:
		return c.both(values, yes, no)
	case condOr:
		return c.both(values, no, yes)
	}
	return unknown
}

// both evaluates and (which goes on after yes and is settled by no) or or
// (the other way round).
func (c *cond) both(values []*value, goesOn, settles truth) truth {
	switch a := c.a.truth(values); a {
	case goesOn:
		return c.b.truth(values)
	case settles, fails:
		return a
	}
	if c.a.skippable && c.b.truth(values) == settles {
		return settles
	}
	return unknown
}

// condition cuts n, a condition of x, into atoms.
func (l *layout) condition(x *expression, n ast.Node) *cond {
	c := &cond{skippable: !x.measured(n) && x.total(l.compilers, n)}
	if b, ok := n.(*ast.BoolNode); ok {
		c.op = condNo
		if b.Value {
			c.op = condYes
		}
		return c
	}
	if facet, atom, ok := l.atom(x, n); ok {
		c.op, c.facet, c.atom = condAtom, facet, atom
		return c
	}
	switch n := n.(type) {
	case *ast.UnaryNode:
		c.op, c.a = condNot, l.condition(x, n.Node)
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			c.op = condAnd
		case "or", "||":
			c.op = condOr
		default:
			return c
		}
		c.a, c.b = l.condition(x, n.Left), l.condition(x, n.Right)
	}
	return c
}

// atom registers n as an atom of its facet, if it is one.
func (l *layout) atom(x *expression, n ast.Node) (facet, atom int, ok bool) {
	if x.kinds[n] != kindBool || x.measured(n) {
		return 0, 0, false
	}
	names := x.texts(n)
	if len(names) != 1 {
		return 0, 0, false
	}
	facet = l.facet(x.variable(names[0]))
	f := l.facets[facet]
	text := n.String()
	if i := slices.IndexFunc(f.atoms, func(a facetAtom) bool { return a.text == text }); i >= 0 {
		return facet, i, true
	}
	program, err := x.part(n)
	if err != nil {
		return 0, 0, false
	}
	f.atoms = append(f.atoms, facetAtom{text, program})
	return facet, len(f.atoms) - 1, true
}

// keepApart marks the facets that n reads outside of atoms: their values must
// not be merged.
func (l *layout) keepApart(x *expression, n ast.Node) {
	if _, _, ok := l.atom(x, n); ok {
		return
	}
	if id, ok := n.(*ast.IdentifierNode); ok {
		if v := x.variable(id.Value); v.kind != kindNumber {
			l.facets[l.facet(v)].apart = true
		}
	}
	for _, part := range children(n) {
		l.keepApart(x, part)
	}
}
