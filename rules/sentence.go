package rules

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/shopspring/decimal"
)

// Phrase is one side of a rule in words, or its expression where no words fit.
type Phrase struct {
	Text string
	Code bool // Text is the expression itself
}

// Sentence is a rule in words: «EC2 in eu-*: 93 % of billed».
type Sentence struct {
	When Phrase // for what; empty for a fee on everything
	Then Phrase // what happens
	Tail string // what else there is to say: «, for each account»
}

// String returns the sentence in one line; expressions stand between «» signs.
func (s Sentence) String() string {
	then := s.Then.inline() + s.Tail
	if s.When.Text == "" {
		return then
	}
	return s.When.inline() + ": " + then
}

func (p Phrase) inline() string {
	if p.Code {
		return "«" + strings.Join(strings.Fields(p.Text), " ") + "»"
	}
	return p.Text
}

// Sentence says r in words, as a rule of an edge of kind with the given rules
// before it. A sentence leaves out nothing of what the rule reads: two rules
// with one sentence do the same. What does not fit into words stays an
// expression, as does one that does not compile.
func (e *Engine) Sentence(kind EdgeKind, r Rule, before []Rule) Sentence {
	whenEnv, thenEnv := lineEnvironment(kind), lineEnvironment(kind)
	if r.Stage == StageFee {
		whenEnv, thenEnv = feeWhen, feeThen(r.Per, earlierFees(before))
	}
	out := Sentence{When: Phrase{Text: "everything"}, Then: Phrase{Text: "excluded"}}
	if r.Stage == StageFee {
		out.When.Text = ""
	}
	if strings.TrimSpace(string(r.When)) != "" {
		out.When = e.phrase(r.When, whenEnv, kindBool, (*speaker).condition)
	}
	if r.Stage != StageExclude {
		out.Then = e.phrase(r.Then, thenEnv, kindNumber, func(s *speaker, n ast.Node) (string, bool) { return s.total(n, r.Stage) })
	}
	switch {
	case r.Stage == StageFee && (r.Per == PerCustomer || r.Per == PerAccount):
		out.Tail = ", for each " + string(r.Per)
	case r.Stage == StageAdjust && r.Stop:
		out.Tail = "; no later adjust rule"
	}
	return out
}

// phrase says an expression in words, or shows it.
func (e *Engine) phrase(source Source, env *environment, want kind, say func(*speaker, ast.Node) (string, bool)) Phrase {
	x, mistake := e.compilers.compile(string(source), env, want)
	if mistake == nil {
		if text, ok := say(&speaker{x: x}, x.root); ok {
			return Phrase{Text: text}
		}
	}
	return Phrase{Text: strings.TrimSpace(string(source)), Code: true}
}

// speaker puts parts of one expression into words. Its methods report false
// for what has none.
type speaker struct{ x *expression }

// constant returns the value of a number literal.
func constantOf(n ast.Node) (decimal.Decimal, bool) {
	c, ok := n.(*ast.ConstantNode)
	if !ok {
		return decimal.Decimal{}, false
	}
	d, ok := c.Value.(decimal.Decimal)
	return d, ok
}

// call returns the name and arguments of a function or operator that n calls.
func callOf(n ast.Node) (name string, args []ast.Node, ok bool) {
	c, ok := n.(*ast.CallNode)
	if !ok {
		return "", nil, false
	}
	return callee(c), c.Arguments, true
}

// listed writes «a, b or c».
func listed(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}
