package rules

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
)

// said is an amount in words. A loose one needs parentheses where it is part
// of a larger one.
type said struct {
	text  string
	loose bool
}

func (s said) inner() string {
	if s.loose {
		return "(" + s.text + ")"
	}
	return s.text
}

// total says the whole amount of a rule: «cost plus 10 %», «5 per line».
func (s *speaker) total(n ast.Node, stage Stage) (string, bool) {
	if c, ok := constantOf(n); ok {
		if stage == StageFee || c.IsZero() {
			return money.Plain(c), true
		}
		return money.Plain(c) + " per line", true
	}
	if choice, ok := n.(*ast.ConditionalNode); ok {
		return s.choice(choice, stage)
	}
	if name, args, ok := callOf(n); ok && name == "number *" {
		if text, ok := s.markup(args); ok {
			return text, true
		}
	}
	out, ok := s.amount(n)
	return out.text, ok
}

// choice says «A for EC2; otherwise B».
func (s *speaker) choice(n *ast.ConditionalNode, stage Stage) (string, bool) {
	_, nested := n.Exp1.(*ast.ConditionalNode)
	atoms, ok := s.all(n.Cond)
	if !ok || nested {
		return "", false
	}
	condition, ok := sayAll(atoms)
	if !ok {
		return "", false
	}
	yes, okYes := s.total(n.Exp1, stage)
	no, okNo := s.total(n.Exp2, stage)
	return yes + " for " + condition + "; otherwise " + no, okYes && okNo
}

// markup says a factor between 1 and 2: «cost plus 10 %».
func (s *speaker) markup(args []ast.Node) (string, bool) {
	factor, of, ok := factorOf(args)
	if !ok || !factor.GreaterThan(one) || !factor.LessThan(decimal.NewFromInt(2)) || perWord(of) != "" {
		return "", false
	}
	base, ok := s.amount(of)
	return base.inner() + " plus " + money.Plain(factor.Sub(one).Shift(2)) + " %", ok
}

// factorOf finds a literal factor and what it multiplies.
func factorOf(args []ast.Node) (factor decimal.Decimal, of ast.Node, ok bool) {
	for i, a := range args {
		if c, ok := constantOf(a); ok {
			return c, args[1-i], true
		}
	}
	return decimal.Decimal{}, nil, false
}

// perWord returns «account» for what is counted rather than paid.
func perWord(n ast.Node) string {
	id, ok := n.(*ast.IdentifierNode)
	if !ok {
		return ""
	}
	return map[string]string{totalAccounts: "account", totalDays: "day", totalQuantity: "unit of quantity"}[id.Value]
}

// amount says a number.
func (s *speaker) amount(n ast.Node) (said, bool) {
	if c, ok := constantOf(n); ok {
		return said{text: money.Plain(c)}, true
	}
	if id, ok := n.(*ast.IdentifierNode); ok {
		return said{text: s.number(id.Value)}, hasNoun(id.Value)
	}
	name, args, ok := callOf(n)
	if !ok {
		return said{}, false
	}
	switch name {
	case "number *":
		return s.product(args)
	case "number +":
		return s.joined(args, "plus")
	case "number -":
		return s.joined(args, "minus")
	case "number /":
		return s.tightly(args, "divided by")
	}
	return s.function(name, args)
}

// number returns what people call a measure, total or earlier fee.
func (s *speaker) number(name string) string {
	if fee, ok := strings.CutPrefix(name, `fees["`); ok {
		return "fee “" + strings.TrimSuffix(fee, `"]`) + "”"
	}
	return strings.ReplaceAll(name, "_", " ")
}

func (s *speaker) product(args []ast.Node) (said, bool) {
	factor, of, ok := factorOf(args)
	if !ok {
		return s.tightly(args, "×")
	}
	if per := perWord(of); per != "" {
		return said{money.Plain(factor) + " per " + per, true}, true
	}
	return s.share(factor.Shift(2), of)
}

// share says a percentage.
func (s *speaker) share(percent decimal.Decimal, of ast.Node) (said, bool) {
	base, ok := s.amount(of)
	return said{money.Plain(percent) + " % of " + base.inner(), true}, ok
}

// joined says a sum or difference, whose left side needs no parentheses unless
// it is more than percentages and sums.
func (s *speaker) joined(args []ast.Node, word string) (said, bool) {
	left, okLeft := s.amount(args[0])
	right, okRight := s.amount(args[1])
	return said{s.term(args[0], left) + " " + word + " " + s.term(args[1], right), true}, okLeft && okRight
}

// term puts parentheses around what would swallow the rest of a sum.
func (s *speaker) term(n ast.Node, text said) string {
	name, args, _ := callOf(n)
	if name == "percent" || name == "number *" {
		of := args[0]
		if _, factor, ok := factorOf(args); ok && name == "number *" {
			of = factor
		}
		if _, simple := of.(*ast.IdentifierNode); simple {
			return text.text
		}
	}
	return text.inner()
}

func (s *speaker) tightly(args []ast.Node, word string) (said, bool) {
	left, okLeft := s.amount(args[0])
	right, okRight := s.amount(args[1])
	return said{left.inner() + " " + word + " " + right.inner(), true}, okLeft && okRight
}

// function says the call of one of our functions.
func (s *speaker) function(name string, args []ast.Node) (said, bool) {
	first := func(format func(x string) string) (said, bool) {
		x, ok := s.amount(args[0])
		return said{format(x.inner()), true}, ok
	}
	switch name {
	case "percent":
		p, ok := constantOf(args[1])
		if !ok {
			return said{}, false
		}
		return s.share(p, args[0])
	case "min":
		return s.extreme(args, "the smaller of", "the smallest of")
	case "max":
		return s.extreme(args, "the greater of", "the greatest of")
	case "abs":
		return first(func(x string) string { return "the absolute value of " + x })
	case "round", "floor", "ceil":
		return s.rounded(name, args)
	case "minimum":
		to, ok := constantOf(args[1])
		if !ok {
			return said{}, false
		}
		return first(func(x string) string { return "what " + x + " lacks to " + money.Plain(to) })
	case "support_fee":
		schedule, _ := args[1].(*ast.StringNode)
		return first(func(x string) string { return "support fee “" + schedule.Value + "” on " + x })
	case "package":
		size, okSize := constantOf(args[1])
		price, okPrice := constantOf(args[2])
		if !okSize || !okPrice {
			return said{}, false
		}
		return first(func(x string) string {
			return money.Plain(price) + " for each started " + money.Plain(size) + " of " + x
		})
	case "number graduated":
		return s.tiers(args, tierWords{"graduated by ", "first ", "then "})
	case "number volume":
		return s.tiers(args, tierWords{"by volume of ", "up to ", "above at "})
	}
	return said{}, false
}

func (s *speaker) extreme(args []ast.Node, ofTwo, ofMany string) (said, bool) {
	words := make([]string, len(args))
	for i, a := range args {
		x, ok := s.amount(a)
		if !ok {
			return said{}, false
		}
		words[i] = s.term(a, x)
	}
	head := ofTwo
	if len(words) != 2 {
		head = ofMany
	}
	return said{head + " " + listed(words, "and"), true}, true
}

func (s *speaker) rounded(name string, args []ast.Node) (said, bool) {
	x, ok := s.amount(args[0])
	to := map[string]string{"round": "rounded to ", "floor": "rounded down to ", "ceil": "rounded up to "}[name]
	places := decimal.Zero
	if len(args) > 1 {
		var isNumber bool
		if places, isNumber = constantOf(args[1]); !isNumber || places.IsNegative() {
			return said{}, false
		}
	}
	switch {
	case places.IsZero():
		to += "whole numbers"
	case places.Equal(one):
		to += "1 decimal"
	default:
		to += money.Plain(places) + " decimals"
	}
	return said{s.term(args[0], x) + ", " + to, true}, ok
}

// tierWords stand before the quantity, the first and the last tier.
type tierWords struct{ head, first, last string }

// tiers says «graduated by accounts: first 5 at 0, then 1 each».
func (s *speaker) tiers(args []ast.Node, words tierWords) (said, bool) {
	q, ok := s.amount(args[0])
	if !ok {
		return said{}, false
	}
	limits := args[1].(*ast.ConstantNode).Value.(tiers)
	parts := make([]string, len(limits))
	for i, t := range limits {
		unit, okUnit := constantOf(args[2+2*i])
		flat, okFlat := constantOf(args[3+2*i])
		if !okUnit || !okFlat {
			return said{}, false
		}
		price := money.Plain(unit) + " each"
		if !flat.IsZero() {
			price += " plus " + money.Plain(flat) + " once"
		}
		switch {
		case i == len(limits)-1 && i == 0:
			parts[i] = price
		case i == len(limits)-1:
			parts[i] = words.last + price
		case i == 0:
			parts[i] = words.first + money.Plain(t.upTo) + " at " + price
		default:
			parts[i] = "up to " + money.Plain(t.upTo) + " at " + price
		}
	}
	return said{words.head + q.inner() + ": " + strings.Join(parts, ", "), true}, true
}
