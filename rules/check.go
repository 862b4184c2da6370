package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/shopspring/decimal"
)

// checker gives every part of a parsed expression its kind and rewrites it
// into what the library can run on decimals: literals become exact constants,
// operators on numbers become calls. It stops at the first mistake.
type checker struct {
	env       *environment
	functions map[string]function
	source    []rune

	kinds   map[ast.Node]kind     // of the rewritten nodes
	memo    map[ast.Node]ast.Node // the parser shares the middle of a < b < c
	tags    []string              // keys that were read
	fees    []string              // fees that were read
	element kind                  // of # in a predicate; kindNone outside
	mistake *Error
}

// tagName is the variable that holds a tag's value.
func tagName(key string) string { return `tags["` + key + `"]` }

// feeName is the variable that holds an earlier fee.
func feeName(name string) string { return `fees["` + name + `"]` }

// fail notes the first mistake at loc.
func (c *checker) fail(loc file.Location, format string, args ...any) kind {
	if c.mistake == nil {
		line, column := position(c.source, loc.From)
		c.mistake = &Error{Line: line, Column: column, Message: fmt.Sprintf(format, args...)}
	}
	return kindNone
}

// position returns line and column, from 1, of the offset in characters.
func position(source []rune, offset int) (line, column int) {
	line, column = 1, 1
	for _, r := range source[:min(offset, len(source))] {
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
	}
	return line, column
}

// visit checks and rewrites *n and returns its kind; kindNone after a mistake.
func (c *checker) visit(n *ast.Node) kind {
	if c.mistake != nil {
		return kindNone
	}
	was := *n
	if done, ok := c.memo[was]; ok {
		*n = done
		return c.kinds[done]
	}
	k := c.rewrite(n)
	c.memo[was] = *n
	c.kinds[*n] = k
	return k
}

// want visits *n and insists on a kind.
func (c *checker) want(n *ast.Node, want kind, what string) bool {
	k := c.visit(n)
	if c.mistake == nil && k != want {
		c.fail((*n).Location(), "%s must be %s, not %s", what, want.withArticle(), k.withArticle())
	}
	return c.mistake == nil
}

func (c *checker) rewrite(p *ast.Node) kind {
	switch n := (*p).(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return c.literal(p)
	case *ast.StringNode:
		return kindText
	case *ast.BoolNode:
		return kindBool
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.UnaryNode:
		return c.unary(p, n)
	case *ast.BinaryNode:
		return c.binary(p, n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.CallNode:
		return c.functionCall(p, n)
	case *ast.MemberNode:
		return c.member(p, n)
	case *ast.SliceNode:
		return c.slice(p, n)
	case *ast.BuiltinNode:
		return c.predicate(p, n)
	case *ast.PointerNode:
		if c.element == kindNone || n.Name != "" {
			return c.fail(n.Location(), "# stands for an element inside any, all, none and count")
		}
		return c.element
	case *ast.NilNode:
		return c.fail(n.Location(), "nil does not exist here: a missing text is empty")
	case *ast.ArrayNode:
		return c.fail(n.Location(), "a list is only possible after in, or as tiers")
	case *ast.MapNode:
		return c.fail(n.Location(), "a map is only possible in tiers")
	}
	return c.fail((*p).Location(), "this construct is not part of the rule language")
}

// replace puts a call of an operator in the place of *p.
func (c *checker) replace(p *ast.Node, name string, args ...ast.Node) kind {
	ast.Patch(p, &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: args})
	return operators[name].result
}

func (c *checker) constant(p *ast.Node, k kind, value any) kind {
	ast.Patch(p, &ast.ConstantNode{Value: value})
	c.kinds[*p] = k
	return k
}

// literal reads a number from the source itself: the parser has already
// rounded it to a float.
func (c *checker) literal(p *ast.Node) kind {
	loc := (*p).Location()
	text := strings.ReplaceAll(string(c.source[loc.From:loc.To]), "_", "")
	if len(text) > 1 && text[0] == '0' && strings.ContainsAny(text[1:2], "xXbBoO") {
		return c.fail(loc, "write %s as a decimal number", text)
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return c.fail(loc, "%s is not a number", text)
	}
	if d.NumDigits() > maxLiteral || d.Exponent() < -maxLiteral || d.Exponent() > maxLiteral {
		return c.fail(loc, "the number has too many digits")
	}
	return c.constant(p, kindNumber, d)
}

func (c *checker) identifier(n *ast.IdentifierNode) kind {
	v, ok := c.env.find(n.Value)
	switch {
	case ok:
		return v.kind
	case n.Value == "tags" && c.env.tags:
		return c.fail(n.Location(), `write which tag: tags["key"]`)
	case n.Value == "fees" && c.env.fees != nil:
		return c.fail(n.Location(), `write which fee: fees["name"]`)
	}
	if f, ok := c.functions[n.Value]; ok {
		return c.fail(n.Location(), "%s is a function: %s", n.Value, f.signature())
	}
	return c.fail(n.Location(), "%s", c.env.unknown(n.Value))
}

func (c *checker) unary(p *ast.Node, n *ast.UnaryNode) kind {
	if n.Operator == "not" || n.Operator == "!" {
		if !c.want(&n.Node, kindBool, "the operand of "+n.Operator) {
			return kindNone
		}
		return kindBool
	}
	if !c.want(&n.Node, kindNumber, "the operand of "+n.Operator) {
		return kindNone
	}
	if constant, ok := n.Node.(*ast.ConstantNode); ok {
		d, _ := constant.Value.(decimal.Decimal)
		if n.Operator == "-" {
			d = d.Neg()
		}
		return c.constant(p, kindNumber, d)
	}
	if n.Operator == "+" {
		*p = n.Node
		return kindNumber
	}
	return c.replace(p, "number neg", n.Node)
}

func (c *checker) binary(p *ast.Node, n *ast.BinaryNode) kind {
	switch n.Operator {
	case "and", "&&", "or", "||":
		if !c.want(&n.Left, kindBool, "the left side of "+n.Operator) || !c.want(&n.Right, kindBool, "the right side of "+n.Operator) {
			return kindNone
		}
		return kindBool
	case "in":
		return c.in(p, n)
	case "contains", "startsWith", "endsWith":
		if !c.want(&n.Left, kindText, "the left side of "+n.Operator) || !c.want(&n.Right, kindText, "the right side of "+n.Operator) {
			return kindNone
		}
		return kindBool
	case "matches":
		return c.matches(n)
	case "+", "-", "*", "/", "%", "**", "^", "==", "!=", "<", "<=", ">", ">=":
		return c.arithmetic(p, n)
	case "..":
		return c.fail(n.Location(), "a range is only possible after in")
	}
	return c.fail(n.Location(), "the operator %s is not part of the rule language", n.Operator)
}

// arithmetic handles the operators whose meaning depends on the kind of both
// operands, which must be the same.
func (c *checker) arithmetic(p *ast.Node, n *ast.BinaryNode) kind {
	left, right := c.visit(&n.Left), c.visit(&n.Right)
	if c.mistake != nil {
		return kindNone
	}
	if left != right {
		return c.fail(n.Location(), "%s cannot combine %s and %s", n.Operator, left.withArticle(), right.withArticle())
	}
	name := n.Operator
	if name == "^" {
		name = "**"
	}
	_, known := operators["number "+name]
	compares := strings.ContainsAny(name, "=<>")
	switch {
	case left == kindNumber && known:
		return c.replace(p, "number "+name, n.Left, n.Right)
	case left == kindText && name == "+":
		return c.replace(p, "text +", n.Left, n.Right)
	case left == kindText && compares, left == kindBool && (name == "==" || name == "!="):
		return kindBool
	}
	return c.fail(n.Location(), "%s is not possible with %s", n.Operator, left.withArticle())
}

func (c *checker) matches(n *ast.BinaryNode) kind {
	if !c.want(&n.Left, kindText, "the left side of matches") {
		return kindNone
	}
	pattern, ok := n.Right.(*ast.StringNode)
	if !ok {
		return c.fail(n.Right.Location(), "the pattern of matches must be a literal text")
	}
	if _, err := regexp.Compile(pattern.Value); err != nil {
		return c.fail(pattern.Location(), "the pattern is not a regular expression: %v", err)
	}
	c.kinds[pattern] = kindText
	return kindBool
}

// in looks for the left side in a list of literals, computed values, whole
// numbers of a range, or the parts of a split.
func (c *checker) in(p *ast.Node, n *ast.BinaryNode) kind {
	left := c.visit(&n.Left)
	if c.mistake != nil {
		return kindNone
	}
	if left != kindNumber && left != kindText {
		return c.fail(n.Location(), "in is not possible with %s", left.withArticle())
	}
	if between, ok := n.Right.(*ast.BinaryNode); ok && between.Operator == ".." {
		return c.inRange(p, n, between, left)
	}
	list, ok := n.Right.(*ast.ArrayNode)
	if !ok {
		if !c.want(&n.Right, kindTexts, "the right side of in") {
			return kindNone
		}
		if left != kindText {
			return c.fail(n.Location(), "a list of texts has no %s", left)
		}
		return c.replace(p, "text in texts", n.Left, n.Right)
	}
	set := textSet{}
	for i := range list.Nodes {
		if !c.want(&list.Nodes[i], left, "each element of the list") {
			return kindNone
		}
		if s, ok := list.Nodes[i].(*ast.StringNode); ok {
			set[s.Value] = struct{}{}
		}
	}
	if left == kindNumber {
		return c.replace(p, "number in", append([]ast.Node{n.Left}, list.Nodes...)...)
	}
	if slices.ContainsFunc(list.Nodes, func(e ast.Node) bool { _, ok := e.(*ast.StringNode); return !ok }) {
		return c.replace(p, "text in", append([]ast.Node{n.Left}, list.Nodes...)...)
	}
	return c.replace(p, "text in set", n.Left, &ast.ConstantNode{Value: set})
}

const maxRange = 1000

func (c *checker) inRange(p *ast.Node, n *ast.BinaryNode, between *ast.BinaryNode, left kind) kind {
	from, okFrom := between.Left.(*ast.IntegerNode)
	to, okTo := between.Right.(*ast.IntegerNode)
	switch {
	case left != kindNumber:
		return c.fail(n.Location(), "a range has no %s", left)
	case !okFrom || !okTo:
		return c.fail(between.Location(), "the ends of a range must be literal whole numbers")
	case to.Value-from.Value >= maxRange:
		return c.fail(between.Location(), "the range has more than %d numbers", maxRange)
	}
	args := []ast.Node{n.Left}
	for i := from.Value; i <= to.Value; i++ {
		args = append(args, &ast.ConstantNode{Value: decimal.NewFromInt(int64(i))})
	}
	return c.replace(p, "number in", args...)
}

func (c *checker) conditional(n *ast.ConditionalNode) kind {
	if !c.want(&n.Cond, kindBool, "the condition before ?") {
		return kindNone
	}
	yes, no := c.visit(&n.Exp1), c.visit(&n.Exp2)
	if c.mistake == nil && yes != no {
		return c.fail(n.Exp2.Location(), "both results of ? : must be of one kind, not %s and %s", yes.withArticle(), no.withArticle())
	}
	return yes
}
