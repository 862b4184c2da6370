package rules

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
)

// Eval evaluates a lone expression on a line as a rule of a first edge reads
// it; functions of fee rules are allowed too. line gives fields by name: texts,
// json.Number or numeric texts for measures, booleans, an object for tags. A
// missing measure is 0, a missing text empty, a missing cost is billed.
//
// The value is a plain decimal, a text, true or false. Errors: *Error (Invalid)
// for a mistake in the expression or in line, and for a failure while it runs.
func (e *Engine) Eval(expr string, line map[string]any) (string, error) {
	x, mistake := e.compilers.compile(expr, playground, kindNone)
	if mistake != nil {
		return "", mistake
	}
	m := newMachine()
	if err := playLine(m.values, x.tags, line); err != nil {
		return "", err
	}
	value, _, fail := m.run(x.program)
	if fail != nil {
		return "", &Error{Line: fail.line, Column: fail.column, Message: fail.message}
	}
	return show(value)
}

func show(value any) (string, error) {
	switch v := value.(type) {
	case decimal.Decimal:
		return money.Plain(v), nil
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case []string:
		b, err := json.Marshal(v)
		return string(b), err
	}
	return "", &Error{Message: "the expression gives nothing that can be shown"}
}

// playLine puts the fields of line into values.
func playLine(values map[string]any, tags []string, line map[string]any) error {
	for _, v := range playground.variables {
		values[v.name] = v.kind.zero()
	}
	for _, key := range tags {
		values[tagName(key)] = ""
	}
	for _, name := range slices.Sorted(maps.Keys(line)) {
		if name == "tags" {
			if err := playTags(values, line[name]); err != nil {
				return err
			}
			continue
		}
		v, ok := playground.find(name)
		if !ok {
			return &Error{Field: "line", Message: playground.unknown(name)}
		}
		value, err := playValue(v, line[name])
		if err != nil {
			return err
		}
		values[name] = value
	}
	if _, ok := line["cost"]; !ok {
		values["cost"] = values["billed"]
	}
	return nil
}

func playTags(values map[string]any, given any) error {
	tags, ok := given.(map[string]any)
	if !ok {
		return &Error{Field: "line", Message: "tags must be an object"}
	}
	for key, value := range tags {
		s, ok := value.(string)
		if !ok {
			return &Error{Field: "line", Message: fmt.Sprintf("tag %s must be a text", key)}
		}
		values[tagName(key)] = s
	}
	return nil
}

func playValue(v variable, given any) (any, error) {
	bad := &Error{Field: "line", Message: fmt.Sprintf("%s must be %s", v.name, v.kind.withArticle())}
	switch v.kind {
	case kindNumber:
		var text string
		switch g := given.(type) {
		case json.Number:
			text = g.String()
		case string:
			text = g
		case decimal.Decimal:
			text = g.String()
		default:
			return nil, bad
		}
		d, err := decimal.NewFromString(text)
		if err != nil {
			return nil, bad
		}
		if d, err = bounded(d); err != nil {
			return nil, bad
		}
		return d, nil
	case kindBool:
		if b, ok := given.(bool); ok {
			return b, nil
		}
	default:
		if s, ok := given.(string); ok {
			return s, nil
		}
	}
	return nil, bad
}
