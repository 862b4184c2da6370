package rules

import (
	"errors"
	"fmt"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
	"github.com/shopspring/decimal"
)

const maxMemory = 100_000 // elements of lists that one evaluation may make

// machine runs expressions on the values of one line or one fee. It is not
// safe for concurrent use.
type machine struct {
	vm     vm.VM
	values map[string]any // by variable name: string, bool, decimal.Decimal or nullRead
}

func newMachine() *machine {
	return &machine{vm: vm.VM{MemoryBudget: maxMemory}, values: map[string]any{}}
}

// failure is why an expression has no value.
type failure struct {
	line, column int
	message      string
}

// run evaluates a program. If it reads a missing measure, it stops there and
// says which; null is then valid and nothing else is.
func (m *machine) run(p *vm.Program) (value any, null *nullRead, fail *failure) {
	out, err := m.vm.Run(p, m.values)
	if err == nil {
		if n, ok := out.(nullRead); ok {
			return nil, &n, nil
		}
		return out, nil, nil
	}
	var n nullRead
	if errors.As(err, &n) {
		return nil, &n, nil
	}
	f := &failure{message: err.Error()}
	var at *file.Error
	if errors.As(err, &at) {
		f.message = at.Message
		if at.Line > 0 {
			f.line, f.column = at.Line, at.Column+1
		}
	}
	return nil, nil, f
}

// constant evaluates a program that reads no measures.
func (m *machine) constant(p *vm.Program) (any, bool) {
	value, null, fail := m.run(p)
	return value, null == nil && fail == nil
}

func asNumber(value any) decimal.Decimal {
	d, ok := value.(decimal.Decimal)
	if !ok {
		panic(fmt.Sprintf("rules: the compiler let %T pass as a number", value))
	}
	return d
}
