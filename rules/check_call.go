package rules

import (
	"maps"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/shopspring/decimal"
)

func (c *checker) functionCall(p *ast.Node, n *ast.CallNode) kind {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return c.fail(n.Location(), "only functions can be called")
	}
	f, ok := c.functions[callee.Value]
	switch {
	case !ok:
		return c.fail(n.Location(), "unknown function %s%s", callee.Value, suggestion(callee.Value, slices.Sorted(maps.Keys(c.functions))))
	case f.period && !c.env.period:
		return c.fail(n.Location(), "%s works on a whole period: it is for fees, not for lines", f.name)
	}
	if err := f.takes(len(n.Arguments)); err != nil {
		return c.fail(n.Location(), "%v", err)
	}
	for i := range n.Arguments {
		want := f.param(i)
		if want.kind == kindTiers {
			return c.tiers(p, n, f)
		}
		if f.name == "len" && c.visit(&n.Arguments[i]) == kindTexts {
			return f.result
		}
		if !c.want(&n.Arguments[i], want.kind, want.name+" of "+f.name) {
			return kindNone
		}
	}
	return c.checkSchedule(n, f)
}

// checkSchedule refuses a fee schedule that does not exist.
func (c *checker) checkSchedule(n *ast.CallNode, f function) kind {
	if f.name != "support_fee" {
		return f.result
	}
	name, ok := n.Arguments[1].(*ast.StringNode)
	if !ok {
		return c.fail(n.Arguments[1].Location(), "the fee schedule must be a literal text")
	}
	if _, err := f.call([]any{decimal.Zero, name.Value}); err != nil {
		return c.fail(name.Location(), "%v", err)
	}
	return f.result
}

func (c *checker) member(p *ast.Node, n *ast.MemberNode) kind {
	if n.Optional {
		return c.fail(n.Location(), "?. is not part of the rule language")
	}
	if id, ok := n.Node.(*ast.IdentifierNode); ok {
		switch {
		case id.Value == "tags" && c.env.tags:
			return c.key(p, n, "tag", kindText)
		case id.Value == "fees" && c.env.fees != nil:
			return c.key(p, n, "fee", kindNumber)
		}
	}
	k := c.visit(&n.Node)
	if c.mistake != nil {
		return kindNone
	}
	if k != kindTexts {
		return c.fail(n.Location(), "%s has no parts", k.withArticle())
	}
	if !c.place(&n.Property) {
		return kindNone
	}
	return c.replace(p, "texts at", n.Node, n.Property)
}

// key turns tags["k"] and fees["n"] into variables of that name.
func (c *checker) key(p *ast.Node, n *ast.MemberNode, what string, k kind) kind {
	name, ok := n.Property.(*ast.StringNode)
	if !ok {
		return c.fail(n.Property.Location(), "the %s must be named by a literal text", what)
	}
	if what == "tag" {
		c.tags = append(c.tags, name.Value)
		ast.Patch(p, &ast.IdentifierNode{Value: tagName(name.Value)})
		return k
	}
	why, ok := c.env.fees[name.Value]
	switch {
	case !ok:
		return c.fail(name.Location(), "there is no fee %q before this one%s", name.Value, suggestion(name.Value, slices.Sorted(maps.Keys(c.env.fees))))
	case why != "":
		return c.fail(name.Location(), "fee %q is out of reach: %s", name.Value, why)
	}
	c.fees = append(c.fees, name.Value)
	ast.Patch(p, &ast.IdentifierNode{Value: feeName(name.Value)})
	return k
}

func (c *checker) slice(p *ast.Node, n *ast.SliceNode) kind {
	k := c.visit(&n.Node)
	if c.mistake != nil {
		return kindNone
	}
	if k != kindText && k != kindTexts {
		return c.fail(n.Location(), "%s has no parts", k.withArticle())
	}
	if n.From == nil {
		n.From = &ast.ConstantNode{Value: 0}
	} else if !c.place(&n.From) {
		return kindNone
	}
	if n.To == nil {
		n.To = &ast.ConstantNode{Value: endOfSlice}
	} else if !c.place(&n.To) {
		return kindNone
	}
	name := "text slice"
	if k == kindTexts {
		name = "texts slice"
	}
	return c.replace(p, name, n.Node, n.From, n.To)
}

// place checks an index or a bound: there numbers are whole and count.
func (c *checker) place(p *ast.Node) bool {
	switch n := (*p).(type) {
	case *ast.IntegerNode:
		c.constant(p, kindPlace, n.Value)
	case *ast.UnaryNode:
		if n.Operator != "-" || !c.place(&n.Node) {
			break
		}
		c.kinds[*p] = c.replace(p, "place neg", n.Node)
		return true
	case *ast.BinaryNode:
		if n.Operator != "+" && n.Operator != "-" || !c.place(&n.Left) || !c.place(&n.Right) {
			break
		}
		c.replace(p, "place "+n.Operator, n.Left, n.Right)
		c.kinds[*p] = kindPlace
		return true
	case *ast.CallNode:
		id, ok := n.Callee.(*ast.IdentifierNode)
		if !ok || id.Value != "len" && id.Value != "indexOf" {
			break
		}
		if c.functionCall(p, n) == kindNone {
			return false
		}
		c.replace(p, "place "+id.Value, n.Arguments...)
		c.kinds[*p] = kindPlace
		return true
	}
	if c.kinds[*p] != kindPlace {
		c.fail((*p).Location(), "a place must be a whole number, len, indexOf, or a sum of them")
	}
	return c.mistake == nil
}

// predicate handles any, all, none and count over a list of period totals.
func (c *checker) predicate(p *ast.Node, n *ast.BuiltinNode) kind {
	if !c.env.period || !slices.Contains([]string{"any", "all", "none", "count"}, n.Name) {
		return c.fail(n.Location(), "unknown function %s", n.Name)
	}
	list, ok := n.Arguments[0].(*ast.ArrayNode)
	if !ok || len(n.Arguments) != 2 || c.element != kindNone {
		return c.fail(n.Location(), "%s takes a list of period totals and a condition on #", n.Name)
	}
	for i := range list.Nodes {
		if !c.want(&list.Nodes[i], kindNumber, "each element of the list") {
			return kindNone
		}
	}
	body, ok := n.Arguments[1].(*ast.PredicateNode)
	if !ok {
		return c.fail(n.Arguments[1].Location(), "%s needs a condition on #", n.Name)
	}
	c.element = kindNumber
	fine := c.want(&body.Node, kindBool, "the condition of "+n.Name)
	c.element = kindNone
	if !fine {
		return kindNone
	}
	if n.Name == "count" {
		// A node of its own keeps the builtin from being checked twice.
		return c.replace(p, "number count", n)
	}
	return kindBool
}
