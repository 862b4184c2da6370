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

	// What a missing measure reads as on the edge that was entered, and which
	// missing measures were read since missed was cleared.
	standIns [NumMeasures]decimal.Decimal
	missed   [NumMeasures]bool
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
// says which; the other results are then void.
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

// eval evaluates a program, letting stand-ins take the place of missing
// measures that it reads.
func (m *machine) eval(p *vm.Program) (any, *failure) {
	for {
		value, null, fail := m.run(p)
		if null == nil {
			return value, fail
		}
		m.standIn(null.measure)
	}
}

// test evaluates a condition; none is true.
func (m *machine) test(x *expression) (bool, *failure) {
	if x == nil {
		return true, nil
	}
	value, fail := m.eval(x.program)
	if fail != nil {
		return false, fail
	}
	return value.(bool), nil
}

// amount evaluates an amount.
func (m *machine) amount(x *expression) (decimal.Decimal, *failure) {
	value, fail := m.eval(x.program)
	if fail != nil {
		return decimal.Decimal{}, fail
	}
	return asNumber(value), nil
}

func asNumber(value any) decimal.Decimal {
	d, ok := value.(decimal.Decimal)
	if !ok {
		panic(fmt.Sprintf("rules: the compiler let %T pass as a number", value)) //nolint:forbidigo // impossible, and better loud than a wrong amount
	}
	return d
}

// numberNames are the variables of line rules that may hold a missing measure.
var numberNames = []string{"quantity", "list", "contracted", "billed", "effective", "cost", "price"}

// standIn notes that m was read and lets what stands in for it be read from
// now on.
func (m *machine) standIn(missing Measure) {
	m.missed[missing] = true
	for _, name := range numberNames {
		if n, ok := m.values[name].(nullRead); ok && n.measure == missing {
			m.values[name] = m.standIns[missing]
		}
	}
}

// enter lets the machine see a line's numbers as an edge does whose seller
// pays cost for it, with the price at its basis.
func (m *machine) enter(first bool, v view, a *amounts, cost decimal.Decimal, basis Basis) {
	m.values["cost"] = cost
	for measure := range NumMeasures {
		m.standIns[measure] = decimal.Decimal{}
		if standsForCost(measure) {
			m.standIns[measure] = cost
		}
		m.values[measure.String()] = m.see(measure, v.read(measure, first, a.null[measure]), a, cost)
	}
	if first {
		m.values["cost"] = m.values["billed"]
	}
	m.values["price"] = m.values[string(basis)]
}

func (m *machine) see(measure Measure, r reading, a *amounts, cost decimal.Decimal) any {
	switch r {
	case readZero:
		return decimal.Decimal{}
	case readCost:
		return cost
	case readMissing:
		return nullRead{measure}
	}
	return a.values[measure]
}

// cost returns the cost of the line on the edge that was entered, without
// noting that it was read: 0 where billed is missing.
func (m *machine) cost() decimal.Decimal {
	d, _ := m.values["cost"].(decimal.Decimal)
	return d
}

// number returns the value of a number variable, reading it.
func (m *machine) number(name string) decimal.Decimal {
	if n, ok := m.values[name].(nullRead); ok {
		m.standIn(n.measure)
	}
	return m.values[name].(decimal.Decimal)
}

// constant evaluates a program that reads no measures; ok is false if it fails.
func (m *machine) constant(p *vm.Program) (value any, ok bool) {
	if p == nil {
		return nil, false
	}
	value, null, fail := m.run(p)
	return value, null == nil && fail == nil
}
