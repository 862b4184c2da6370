package rules

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
	"github.com/shopspring/decimal"
)

// amountTree is an amount cut into what a form can be made of.
type amountTree struct {
	op       amountOp
	parts    []*amountTree
	constant form        // amountConstant
	program  *vm.Program // amountProgram: the part; amountChoice: the condition, if it reads no measure
	cond     *cond       // amountChoice
	variable variable    // amountVariable
	call     callable    // amountCall, and the others that are calls
}

type amountOp uint8

const (
	amountOther    amountOp = iota // only the machine can tell
	amountConstant                 // a literal
	amountProgram                  // reads no measure: one number per class
	amountVariable
	amountAdd
	amountSubtract
	amountNegate
	amountMultiply
	amountDivide
	amountChoice // cond ? parts[0] : parts[1]
	amountLinear // proportional to parts[0]
	amountCall   // any other call
)

// amount cuts n, an amount of x.
func (l *layout) amount(x *expression, n ast.Node) *amountTree {
	t := &amountTree{}
	if constant, ok := n.(*ast.ConstantNode); ok {
		t.op, t.constant = amountConstant, constantForm(constant.Value.(decimal.Decimal))
		return t
	}
	if !x.measured(n) {
		if program, err := x.part(n); err == nil {
			t.op, t.program = amountProgram, program
		}
		if t.program != nil && len(x.texts(n)) == 0 {
			if d, ok := newMachine().constant(t.program); ok {
				t.op, t.constant = amountConstant, constantForm(asNumber(d))
			}
		}
		return t
	}
	var parts []ast.Node
	switch n := n.(type) {
	case *ast.IdentifierNode:
		t.op, t.variable = amountVariable, x.variable(n.Value)
	case *ast.ConditionalNode:
		t.op, t.cond = amountChoice, l.condition(x, n.Cond)
		if !x.measured(n.Cond) {
			t.program, _ = x.part(n.Cond)
		}
		parts = []ast.Node{n.Exp1, n.Exp2}
	case *ast.CallNode:
		t.call = l.compilers.callable(callee(n))
		if t.op = t.call.op(callee(n)); t.op != amountOther {
			parts = n.Arguments
		}
	}
	for _, part := range parts {
		t.parts = append(t.parts, l.amount(x, part))
	}
	return t
}

// callable is what forms need to know of a function or an operator.
type callable struct {
	linear bool
	call   func(args []any) (any, error)
	digits digitsFunc
}

func (c *compilers) callable(name string) callable {
	if o, ok := operators[name]; ok {
		return callable{false, o.call, o.digits}
	}
	f := c.functions[name]
	return callable{f.linear, f.call, f.digits}
}

func (c callable) op(name string) amountOp {
	switch name {
	case "number +":
		return amountAdd
	case "number -":
		return amountSubtract
	case "number neg":
		return amountNegate
	case "number *":
		return amountMultiply
	case "number /":
		return amountDivide
	}
	switch {
	case c.linear:
		return amountLinear
	case c.digits != nil:
		return amountCall
	}
	return amountOther
}

// formScope gives what an amount reads on one edge of one class.
type formScope struct {
	machine  *machine // shows the class's texts
	values   []*value
	variable func(v variable) form
	curves   []curve // that were needed so far
}

// form returns the amount as a form, if it can be told without the machine and
// surely does not overflow on any line of the class.
func (t *amountTree) form(s *formScope) (f form, ok bool) {
	switch t.op {
	case amountConstant:
		f, ok = t.constant, true
	case amountProgram:
		var d any
		if d, ok = s.machine.constant(t.program); ok {
			f = constantForm(asNumber(d))
		}
	case amountVariable:
		f, ok = s.variable(t.variable), true
	case amountChoice:
		return t.choose(s)
	case amountAdd, amountSubtract, amountNegate, amountMultiply, amountDivide, amountLinear, amountCall:
		f, ok = t.combine(s)
	}
	return f, ok && f.bounded()
}

func (t *amountTree) choose(s *formScope) (form, bool) {
	chosen := t.cond.truth(s.values)
	if chosen == unknown && t.program != nil {
		if holds, ok := s.machine.constant(t.program); ok {
			chosen = no
			if holds.(bool) {
				chosen = yes
			}
		}
	}
	switch chosen {
	case yes:
		return t.parts[0].form(s)
	case no:
		return t.parts[1].form(s)
	}
	return form{}, false
}

func (t *amountTree) combine(s *formScope) (form, bool) {
	forms := make([]form, len(t.parts))
	for i, part := range t.parts {
		var ok bool
		if forms[i], ok = part.form(s); !ok {
			return form{}, false
		}
	}
	a, b := forms[0], forms[len(forms)-1]
	switch t.op {
	case amountAdd:
		return a.add(b), true
	case amountSubtract:
		return a.add(b.negate()), true
	case amountNegate:
		return a.negate(), true
	case amountMultiply:
		switch {
		case b.isConstant():
			return a.times(b), true
		case a.isConstant():
			return b.times(a), true
		}
	case amountDivide:
		if b.isConstant() && hasReciprocal(b.constant) {
			reciprocal, err := divide(one, b.constant)
			return a.times(constantForm(reciprocal)), err == nil
		}
	case amountLinear:
		if f, ok := t.scale(a, forms[1:]); ok {
			return f, true
		}
	}
	return s.curve(t.call, forms)
}

// scale applies a linear function to a: its value for 1 is the factor.
func (t *amountTree) scale(a form, rest []form) (form, bool) {
	args := []any{one}
	for _, f := range rest {
		if !f.isConstant() {
			return form{}, false
		}
		args = append(args, f.constant)
	}
	factor, err := t.call.call(args)
	if err != nil {
		return form{}, false
	}
	return a.times(constantForm(asNumber(factor))), true
}
