package rules

import "errors"

// Eval evaluates a lone expression on a line as a rule of a first edge reads
// it; functions of fee rules are allowed too. line gives fields by name: texts,
// json.Number or numeric texts for measures, booleans, an object for tags. A
// missing measure is 0, a missing text empty, a missing cost is billed.
//
// The value is a plain decimal, a text, true or false. Errors: *Error (Invalid)
// for a mistake in the expression or in line, and for a failure while it runs.
func (e *Engine) Eval(expr string, line map[string]any) (string, error) {
	return "", errors.New("rules: nothing is evaluated yet")
}
