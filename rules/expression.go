package rules

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/shopspring/decimal"
)

// children returns the parts of a rewritten node that have values of their own.
func children(n ast.Node) []ast.Node {
	switch n := n.(type) {
	case *ast.UnaryNode:
		return []ast.Node{n.Node}
	case *ast.BinaryNode:
		return []ast.Node{n.Left, n.Right}
	case *ast.ConditionalNode:
		return []ast.Node{n.Cond, n.Exp1, n.Exp2}
	case *ast.CallNode:
		return n.Arguments
	case *ast.BuiltinNode:
		return n.Arguments
	case *ast.PredicateNode:
		return []ast.Node{n.Node}
	case *ast.ArrayNode:
		return n.Nodes
	}
	return nil
}

// variables calls visit for each variable that n reads; repeatedly if it is
// read repeatedly.
func (x *expression) variables(n ast.Node, visit func(v variable)) {
	if id, ok := n.(*ast.IdentifierNode); ok {
		visit(x.variable(id.Value))
	}
	for _, part := range children(n) {
		x.variables(part, visit)
	}
}

// variable returns the variable that an identifier stands for.
func (x *expression) variable(name string) variable {
	if v, ok := x.env.find(name); ok {
		return v
	}
	for _, key := range x.tags {
		if tagName(key) == name {
			return variable{name: name, kind: kindText, origin: fromTag, dim: DimTags, tag: key}
		}
	}
	return variable{name: name, kind: kindNumber, origin: fromTotal}
}

// reads reports whether the expression reads the variable.
func (x *expression) reads(name string) bool {
	found := false
	x.variables(x.root, func(v variable) { found = found || v.name == name })
	return found
}

// measured reports whether n reads a number of the line.
func (x *expression) measured(n ast.Node) bool {
	found := false
	x.variables(n, func(v variable) { found = found || v.kind == kindNumber })
	return found
}

// texts returns the names of the dimensions and tags that n reads.
func (x *expression) texts(n ast.Node) []string {
	var names []string
	x.variables(n, func(v variable) {
		if v.kind != kindNumber {
			names = append(names, v.name)
		}
	})
	return sortedSet(names)
}

// callee returns the name of the function or operator that n calls.
func callee(n *ast.CallNode) string { return n.Callee.(*ast.IdentifierNode).Value }

// total reports whether n has a value on every line.
func (x *expression) total(with *compilers, n ast.Node) bool {
	if call, ok := n.(*ast.CallNode); ok {
		name := callee(call)
		if !operators[name].total && !with.functions[name].total {
			return false
		}
	}
	return !slices.ContainsFunc(children(n), func(part ast.Node) bool { return !x.total(with, part) })
}

// shape is how an amount depends on the measures of a line.
type shape int

const (
	shapeZero     shape = iota // the literal 0
	shapeConstant              // reads no measure
	shapeLinear                // proportional
	shapeAffine                // proportional, and a constant
	shapeOther
)

// shape tells how n depends on the line's measures, whatever its dimensions.
func (x *expression) shape(with *compilers, n ast.Node) shape {
	if !x.measured(n) {
		if constant, ok := n.(*ast.ConstantNode); ok && constant.Value.(decimal.Decimal).IsZero() {
			return shapeZero
		}
		if choice, ok := n.(*ast.ConditionalNode); ok {
			return max(x.shape(with, choice.Exp1), x.shape(with, choice.Exp2))
		}
		return shapeConstant
	}
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return shapeLinear
	case *ast.ConditionalNode:
		if !x.measured(n.Cond) {
			return sumOfShapes(x.shape(with, n.Exp1), x.shape(with, n.Exp2))
		}
	case *ast.CallNode:
		return x.shapeOfCall(with, n)
	}
	return shapeOther
}

func (x *expression) shapeOfCall(with *compilers, n *ast.CallNode) shape {
	constant := func(i int) bool { return !x.measured(n.Arguments[i]) }
	switch name := callee(n); name {
	case "number neg":
		return x.shape(with, n.Arguments[0])
	case "number +", "number -":
		return sumOfShapes(x.shape(with, n.Arguments[0]), x.shape(with, n.Arguments[1]))
	case "number *":
		if constant(0) {
			return x.shape(with, n.Arguments[1])
		}
		if constant(1) {
			return x.shape(with, n.Arguments[0])
		}
	case "number /":
		if d, ok := n.Arguments[1].(*ast.ConstantNode); ok && hasReciprocal(d.Value.(decimal.Decimal)) {
			return x.shape(with, n.Arguments[0])
		}
	default:
		rest := n.Arguments[min(1, len(n.Arguments)):]
		if with.functions[name].linear && !slices.ContainsFunc(rest, x.measured) {
			return x.shape(with, n.Arguments[0])
		}
	}
	return shapeOther
}

// sumOfShapes is the shape of a sum, or of either of two.
func sumOfShapes(a, b shape) shape {
	a, b = min(a, b), max(a, b)
	if a == shapeConstant && b == shapeLinear {
		return shapeAffine
	}
	return b
}
