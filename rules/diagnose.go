package rules

import (
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// Mistake is an Error and where an editor shows it.
type Mistake struct {
	*Error
	Rule int // index of the rule; -1 outside rules
	// From and To are the part of the expression to underline, in UTF-16 code
	// units as browsers count; both 0 where the mistake has no place in a text.
	From, To int
}

// Diagnose returns every mistake that Compile would report of t, by rule; nil
// if it compiles. Where t is TooLong, that is all it says.
func (e *Engine) Diagnose(kind EdgeKind, t Terms) []Mistake {
	if p := t.TooLong(); p != nil {
		return []Mistake{{Error: p, Rule: -1}}
	}
	var out []Mistake
	general := t
	general.Rules = nil
	for _, p := range general.problems(kind) {
		out = append(out, Mistake{Error: p, Rule: -1})
	}
	c := &Contract{kind: kind, compilers: e.compilers}
	for i, r := range t.Rules {
		for _, p := range append(t.problemsOf(kind, i), c.add(r, t.Rules[:i])...) {
			m := Mistake{Error: p, Rule: i}
			if source := r.source(p.Field); p.Line > 0 {
				m.From, m.To = span(source, p.Line, p.Column)
			}
			out = append(out, m)
		}
	}
	return out
}

// problemsOf returns what is wrong with the words of rule i.
func (t Terms) problemsOf(kind EdgeKind, i int) []*Error {
	alone := t
	alone.Rules = t.Rules[i : i+1]
	var out []*Error
	for _, p := range alone.problems(kind) {
		if p.Rule != "" {
			out = append(out, p)
		}
	}
	named := func(r Rule) bool { return r.Name == t.Rules[i].Name && strings.TrimSpace(r.Name) != "" }
	if slices.ContainsFunc(t.Rules[:i], named) {
		out = append(out, &Error{Rule: t.Rules[i].Name, Field: "name", Message: "two rules have this name"})
	}
	return out
}

func (r Rule) source(field string) string {
	if field == "when" {
		return string(r.When)
	}
	return string(r.Then)
}

// span returns the token at a place of source, or one character where there is
// none, in UTF-16 code units.
func span(source string, line, column int) (from, to int) {
	text := []rune(source)
	start := 0
	for ; line > 1 && start < len(text); start++ {
		if text[start] == '\n' {
			line--
		}
	}
	start = min(start+column-1, len(text))
	end := min(start+1, len(text))
	if start == end && start > 0 { // behind the last character
		start--
	}
	if tokens, err := lexer.Lex(file.NewSource(source)); err == nil {
		for _, t := range tokens {
			if t.From <= start && start < t.To && t.To <= len(text) {
				start, end = t.From, t.To
				break
			}
		}
	}
	return utf16Len(text[:start]), utf16Len(text[:end])
}

func utf16Len(text []rune) int { return len(utf16.Encode(text)) }
