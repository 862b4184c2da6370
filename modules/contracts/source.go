package contracts

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"tierbook/rules"
)

// place is a line and a column, from 1, in characters; zero where unknown.
type place struct{ line, column int }

// source remembers the places of a document's values, so that a mistake in an
// expression is reported where it stands in the file.
type source struct {
	file  string
	lines [][]rune
	top   map[string]place
	rules []ruleSource
}

type ruleSource struct {
	name   string
	at     place
	fields map[string]place
	texts  map[string]expression
}

// expression is a when or then as it stands in the file.
type expression struct {
	text  string
	start place // where its characters begin, or the spaces before them
	quote rune  // ' or ", or 0 for a plain scalar or a block
}

func newSource(file string, data []byte) *source {
	s := &source{file: file, top: map[string]place{}}
	for line := range strings.SplitSeq(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n") {
		s.lines = append(s.lines, []rune(line))
	}
	return s
}

// placeOf returns where a node begins: a mapping at its first key.
func placeOf(n ast.Node) place {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return placeOf(m.Values[0].Key)
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return place{}
	}
	p := n.GetToken().Position
	return place{p.Line, p.Column}
}

// Visit corrects the column of a plain scalar: the library puts it too far to
// the right by the spaces that follow the scalar on its line.
func (s *source) Visit(n ast.Node) ast.Visitor {
	t := n.GetToken()
	text, ok := textOf(n)
	if !ok || t == nil || t.Position == nil || t.Position.Line < 1 || t.Position.Line > len(s.lines) {
		return s
	}
	_, block := n.(*ast.LiteralNode)
	if block || t.Type == token.SingleQuoteType || t.Type == token.DoubleQuoteType {
		return s
	}
	line := s.lines[t.Position.Line-1]
	for column := min(t.Position.Column, len(line)); column > 0; column-- {
		if strings.HasPrefix(string(line[column-1:]), text) {
			t.Position.Column = column
			break
		}
	}
	return s
}

func (s *source) addRule(at place, fields map[string]ast.Node) {
	r := ruleSource{at: at, fields: map[string]place{}, texts: map[string]expression{}}
	for key, n := range fields {
		r.fields[key] = placeOf(n)
		text, ok := textOf(n)
		switch {
		case !ok:
		case key == "name":
			r.name = text
		case key == "when" || key == "then":
			r.texts[key] = expressionOf(n, text)
		}
	}
	s.rules = append(s.rules, r)
}

func expressionOf(n ast.Node, text string) expression {
	e := expression{text: text, start: placeOf(n)}
	switch n := n.(type) {
	case *ast.LiteralNode:
		e.start = place{e.start.line + 1, 1}
	case *ast.StringNode:
		switch n.Token.Type {
		case token.SingleQuoteType:
			e.quote = '\''
		case token.DoubleQuoteType:
			e.quote = '"'
		}
		if e.quote != 0 {
			e.start.column++
		}
	}
	return e
}

// problem says where in the file a mistake in the rules stands. A place in an
// expression that cannot be found in the file is named in the message instead.
func (s *source) problem(e *rules.Error) Problem {
	p := Problem{Rule: e.Rule, Field: e.Field, Message: e.Message}
	if s == nil {
		if e.Line > 0 {
			p.Message = "at " + e.Position() + ": " + e.Message
		}
		return p
	}
	p.File = s.file
	at := s.top[e.Field]
	if e.Rule != "" {
		r := s.rule(e.Rule, e.Field)
		at = r.at
		if f, ok := r.fields[e.Field]; ok {
			at = f
		}
		if text, ok := r.texts[e.Field]; ok && e.Line > 0 {
			found := s.locate(text, place{e.Line, e.Column})
			if found == (place{}) {
				p.Message = "at " + e.Position() + ": " + e.Message
			} else {
				at = found
			}
		}
	}
	p.Line, p.Column = at.line, at.column
	return p
}

// rule returns the places of the rule of that name; where two have it, the
// problem of the name is the second's. A rule without name is called #n.
func (s *source) rule(name, field string) ruleSource {
	var found ruleSource
	for i, r := range s.rules {
		if r.name != name && !(strings.TrimSpace(r.name) == "" && name == fmt.Sprintf("#%d", i+1)) {
			continue
		}
		if found.at == (place{}) || field == "name" {
			found = r
		}
	}
	return found
}

// locate returns where in the file the character at an expression's own line
// and column stands, following the way in which YAML folded, indented and
// escaped it; zero if it cannot be followed.
func (s *source) locate(e expression, at place) place {
	text := []rune(e.text)
	target := offset(text, at)
	c := cursor{lines: s.lines, at: e.start, quote: e.quote}
	for _, r := range text[:target] {
		if !unicode.IsSpace(r) && !c.step(r) {
			return place{}
		}
	}
	if target < len(text) && !unicode.IsSpace(text[target]) {
		c.skipSpace()
	}
	return c.at
}

// offset returns the index in text of its own line and column, at most one
// behind its end.
func offset(text []rune, at place) int {
	i := 0
	for line := 1; line < at.line; line++ {
		for i < len(text) && text[i] != '\n' {
			i++
		}
		i = min(i+1, len(text))
	}
	return min(i+max(at.column-1, 0), len(text))
}

// cursor walks through the characters of a file's scalar.
type cursor struct {
	lines [][]rune
	at    place
	quote rune
}

// peek returns the character at the cursor; a line ends in a newline, the file
// in zero.
func (c *cursor) peek() rune {
	if c.at.line < 1 || c.at.line > len(c.lines) {
		return 0
	}
	if line := c.lines[c.at.line-1]; c.at.column <= len(line) {
		return line[c.at.column-1]
	}
	return '\n'
}

func (c *cursor) advance() {
	if c.peek() == '\n' {
		c.at = place{c.at.line + 1, 1}
		return
	}
	c.at.column++
}

func (c *cursor) skipSpace() {
	for unicode.IsSpace(c.peek()) {
		c.advance()
	}
}

// step moves past one character of the value that is no space, and the spaces
// before it; false if the file does not show that character.
func (c *cursor) step(r rune) bool {
	c.skipSpace()
	if c.quote == '"' && c.peek() == '\\' {
		c.advance()
	}
	if c.peek() != r {
		return false
	}
	c.advance()
	if c.quote == '\'' && r == '\'' { // written twice
		c.advance()
	}
	return true
}
