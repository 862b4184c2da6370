package rules

import (
	"github.com/expr-lang/expr/ast"
	"github.com/shopspring/decimal"
)

// tiers checks the call of a tiered function. Limits are literals, so that gaps
// and overlaps show here; prices are any numbers.
func (c *checker) tiers(p *ast.Node, n *ast.CallNode, f function) kind {
	list, ok := n.Arguments[1].(*ast.ArrayNode)
	if !ok || len(list.Nodes) == 0 {
		return c.fail(n.Arguments[1].Location(), "the tiers of %s must be a list such as [{up_to: 5, unit: 2}, {unit: 1}]", f.name)
	}
	limits := make(tiers, len(list.Nodes))
	args := []ast.Node{n.Arguments[0], &ast.ConstantNode{Value: limits}}
	for i, element := range list.Nodes {
		unit, flat, ok := c.tier(element, limits, i)
		if !ok {
			return kindNone
		}
		args = append(args, unit, flat)
	}
	return c.replace(p, "number "+f.name, args...)
}

// tier checks one tier and stores its limit.
func (c *checker) tier(element ast.Node, limits tiers, i int) (unit, flat ast.Node, ok bool) {
	m, isMap := element.(*ast.MapNode)
	if !isMap {
		c.fail(element.Location(), "a tier must be written {up_to: …, unit: …, flat: …}")
		return nil, nil, false
	}
	values, ok := c.tierFields(m)
	if !ok {
		return nil, nil, false
	}
	limit, last := values["up_to"], i == len(limits)-1
	switch {
	case last && limit != nil:
		c.fail(limit.Location(), "the last tier must have no up_to, or quantities above it have no price")
	case !last && limit == nil:
		c.fail(element.Location(), "tier %d needs an up_to: only the last has none", i+1)
	case values["unit"] == nil && values["flat"] == nil:
		c.fail(element.Location(), "tier %d needs a unit price or a flat", i+1)
	case !last:
		c.tierLimit(limit, limits, i)
	}
	for _, price := range []string{"unit", "flat"} {
		if values[price] == nil {
			values[price] = &ast.ConstantNode{Value: decimal.Decimal{}}
		}
	}
	return values["unit"], values["flat"], c.mistake == nil
}

func (c *checker) tierFields(m *ast.MapNode) (map[string]ast.Node, bool) {
	values := map[string]ast.Node{}
	for _, node := range m.Pairs {
		pair := node.(*ast.PairNode)
		key, ok := pair.Key.(*ast.StringNode)
		if !ok || key.Value != "up_to" && key.Value != "unit" && key.Value != "flat" {
			c.fail(pair.Key.Location(), "a tier has up_to, unit and flat, nothing else")
			return nil, false
		}
		if values[key.Value] != nil {
			c.fail(pair.Key.Location(), "%s is given twice", key.Value)
			return nil, false
		}
		if !c.want(&pair.Value, kindNumber, key.Value) {
			return nil, false
		}
		values[key.Value] = pair.Value
	}
	return values, true
}

func (c *checker) tierLimit(limit ast.Node, limits tiers, i int) {
	constant, ok := limit.(*ast.ConstantNode)
	if !ok {
		c.fail(limit.Location(), "up_to must be a literal number")
		return
	}
	limits[i].upTo = constant.Value.(decimal.Decimal)
	below := decimal.Zero
	if i > 0 {
		below = limits[i-1].upTo
	}
	if limits[i].upTo.LessThanOrEqual(below) {
		c.fail(limit.Location(), "tiers overlap: up_to %s must be above %s", limits[i].upTo, below)
	}
}
