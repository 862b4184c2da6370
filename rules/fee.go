package rules

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
)

// feeRule is a compiled rule of the stage fee.
type feeRule struct {
	Rule
	when *expression // nil: every charge
	then *expression
	rate *rated // nil: the amount has no rate
}

func newFeeRule(with *compilers, r Rule, when, then *expression) *feeRule {
	return &feeRule{Rule: r, when: when, then: then, rate: newRated(with, then, then.root)}
}

// rated says how an amount comes from a base, so that documents can show both.
type rated struct {
	condition *vm.Program // a choice between yes and no; nil: base and say count
	yes, no   *rated

	base *vm.Program
	args []*vm.Program // all arguments, for say
	say  func(args []any) string
}

// wrappers are functions that change an amount without hiding its rate.
var wrappers = []string{"round", "floor", "ceil", "abs"}

// newRated finds the rate in an amount; nil if there is none.
func newRated(with *compilers, x *expression, n ast.Node) *rated {
	program := func(n ast.Node) *vm.Program {
		p, err := x.part(n)
		if err != nil {
			return nil
		}
		return p
	}
	if choice, ok := n.(*ast.ConditionalNode); ok {
		return &rated{condition: program(choice.Cond), yes: newRated(with, x, choice.Exp1), no: newRated(with, x, choice.Exp2)}
	}
	call, ok := n.(*ast.CallNode)
	if !ok {
		return nil
	}
	name := callee(call)
	if slices.Contains(wrappers, name) {
		return newRated(with, x, call.Arguments[0])
	}
	say, base := with.functions[name].rate, 0
	switch name {
	case "number graduated", "number volume":
		say = with.functions[name[len("number "):]].rate
	case "number *":
		say, base = factorRate(call)
	}
	if say == nil {
		return nil
	}
	r := &rated{base: program(call.Arguments[base]), say: say}
	for _, a := range call.Arguments {
		r.args = append(r.args, program(a))
	}
	return r
}

// factorRate finds a literal factor and returns how to say it, and which
// argument is the base.
func factorRate(call *ast.CallNode) (say func([]any) string, base int) {
	for i, a := range call.Arguments {
		if constant, ok := a.(*ast.ConstantNode); ok {
			factor := constant.Value.(decimal.Decimal)
			return func([]any) string { return "× " + money.Plain(factor) }, 1 - i
		}
	}
	return nil, 0
}

// of evaluates base and rate; ok is false if there are none.
func (r *rated) of(m *machine) (base decimal.Decimal, rate string, ok bool) {
	for r != nil && r.condition != nil {
		holds, known := m.constant(r.condition)
		switch {
		case !known:
			return decimal.Decimal{}, "", false
		case holds.(bool):
			r = r.yes
		default:
			r = r.no
		}
	}
	if r == nil {
		return decimal.Decimal{}, "", false
	}
	value, known := m.constant(r.base)
	if !known {
		return decimal.Decimal{}, "", false
	}
	args := make([]any, len(r.args))
	for i, p := range r.args {
		if args[i], known = m.constant(p); !known {
			return decimal.Decimal{}, "", false
		}
	}
	return asNumber(value), r.say(args), true
}
