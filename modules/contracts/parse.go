package contracts

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

const (
	maxFile      = 1 << 20 // bytes of a contract file
	maxFileLines = 20_000  // the parser's time grows with their square
	maxDepth     = 100     // lists and mappings inside each other; the same
)

// reader walks a contract file's tree and collects what is wrong with it.
type reader struct {
	source   *source
	problems Problems
	rule     string // name of the rule that is being read; "" outside rules
}

// parse reads what can be read and reports everything that is wrong. The
// document has no source if the file is not even a mapping.
func parse(file string, data []byte) (d Document, problems Problems) {
	r := &reader{source: newSource(file, data)}
	root := r.root(data)
	if root == nil {
		return Document{}, r.problems
	}
	d = r.document(root)
	d.source = r.source
	return d, r.problems
}

// root returns the file's one mapping, or nil after reporting why there is
// none.
func (r *reader) root(data []byte) *ast.MappingNode {
	if len(data) > maxFile {
		r.fail(place{}, "", "a contract file has at most %d bytes", maxFile)
		return nil
	}
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	if bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte("\r")) > maxFileLines {
		r.fail(place{}, "", "a contract file has at most %d lines", maxFileLines)
		return nil
	}
	if line := tooDeep(data); line > 0 {
		r.fail(place{line, 1}, "", "lists and mappings are nested too deeply")
		return nil
	}
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		r.syntax(err)
		return nil
	}
	if len(tree.Docs) > 1 {
		r.fail(place{}, "", "a contract file holds one contract; this one has %d documents", len(tree.Docs))
		return nil
	}
	if len(tree.Docs) == 0 || tree.Docs[0].Body == nil {
		r.fail(place{1, 1}, "", "the file is empty")
		return nil
	}
	root, ok := tree.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		r.fail(placeOf(tree.Docs[0].Body), "", "a contract is a mapping such as «seller: acme», not %s", typeName(tree.Docs[0].Body))
		return nil
	}
	ast.Walk(r.source, root)
	return root
}

// tooDeep returns the line in which more brackets are open, or more list items
// begin, than any contract needs; 0 if there is none.
func tooDeep(data []byte) int {
	depth, items, line := 0, 0, 1
	for i, c := range data {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		case '\n':
			line++
			items = 0
		case '-', '?':
			if i+1 < len(data) && data[i+1] == ' ' {
				items++
			}
		case ' ':
		default:
			items = 0
		}
		if depth > maxDepth || items > maxDepth {
			return line
		}
	}
	return 0
}

// syntax reports that the file is not YAML.
func (r *reader) syntax(err error) {
	e, ok := err.(interface { //nolint:errorlint // the library returns its errors bare
		GetToken() *token.Token
		GetMessage() string
	})
	if !ok {
		r.fail(place{}, "", "%s", err)
		return
	}
	at := place{}
	if t := e.GetToken(); t != nil && t.Position != nil {
		at = place{t.Position.Line, t.Position.Column}
	}
	r.fail(at, "", "%s", e.GetMessage())
}

func (r *reader) fail(at place, field, format string, args ...any) {
	r.problems = append(r.problems, Problem{
		File: r.source.file, Line: at.line, Column: at.column,
		Rule: r.rule, Field: field, Message: fmt.Sprintf(format, args...),
	})
}

// fields returns a mapping's values by key and reports keys that are not
// known.
func (r *reader) fields(m *ast.MappingNode, known ...string) map[string]ast.Node {
	out := make(map[string]ast.Node, len(m.Values))
	for _, v := range m.Values {
		key := v.Key.GetToken().Value
		if !slices.Contains(known, key) {
			r.fail(placeOf(v.Key), "", "unknown key %q; the keys here are %s", key, strings.Join(known, ", "))
			continue
		}
		if _, null := v.Value.(*ast.NullNode); null {
			continue
		}
		out[key] = v.Value
	}
	return out
}

func (r *reader) document(m *ast.MappingNode) Document {
	f := r.fields(m, "seller", "buyer", "name", "starts", "ends", "from", "basis", "currency", "covers", "missing", "rules")
	at := placeOf(m)
	for key, v := range f {
		r.source.top[key] = placeOf(v)
	}
	for _, key := range []string{"seller", "name", "starts", "currency"} {
		if f[key] == nil {
			r.fail(at, key, "this key is required")
		}
	}
	d := Document{
		Seller: r.text(f, "seller"), Buyer: r.text(f, "buyer"), Name: strings.TrimSpace(r.text(f, "name")),
		Months: period.Months{From: r.month(f, "starts"), To: r.month(f, "ends")},
		From:   r.month(f, "from"),
		Terms: rules.Terms{
			Basis: rules.Basis(r.text(f, "basis")), Currency: money.Currency(r.text(f, "currency")),
			Covers: r.covers(f), Missing: rules.Missing(r.text(f, "missing")), Rules: r.rules(f),
		},
	}
	if f["buyer"] != nil && f["basis"] == nil {
		r.fail(at, "basis", "this key is required unless there is no buyer (a base contract)")
		d.Terms.Basis = rules.BasisList // reported already
	}
	if f["buyer"] != nil && d.Buyer == "" {
		d.Buyer = "?" // reported already; still no base contract
	}
	r.months(f, &d)
	return d.withDefaults()
}

// months checks how the document's months lie to each other.
func (r *reader) months(f map[string]ast.Node, d *Document) {
	if d.Months.IsEmpty() {
		r.fail(placeOf(f["ends"]), "ends", "the contract ends in %s, before it starts in %s", d.Months.To, d.Months.From)
		return
	}
	if !d.From.IsZero() && !d.Months.From.IsZero() && !d.Months.Contains(d.From) {
		r.fail(placeOf(f["from"]), "from", "%s lies outside the contract's months, %s", d.From, d.Months)
	}
}

// text returns the text of a key, "" where it is absent. Numbers are texts as
// they are written, so that payer accounts need no quotes.
func (r *reader) text(f map[string]ast.Node, key string) string {
	n, ok := f[key]
	if !ok {
		return ""
	}
	s, ok := textOf(n)
	if _, boolean := n.(*ast.BoolNode); !ok || boolean {
		r.fail(placeOf(n), key, "this must be a text, not %s", typeName(n))
		return ""
	}
	return s
}

// textOf returns a scalar as the file writes it.
func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func (r *reader) month(f map[string]ast.Node, key string) period.Month {
	s := r.text(f, key)
	if s == "" {
		return period.Month{}
	}
	m, err := period.ParseMonth(s)
	if err != nil {
		r.fail(placeOf(f[key]), key, "%s", err)
	}
	return m
}

func (r *reader) covers(f map[string]ast.Node) rules.Covers {
	n, ok := f["covers"]
	if !ok {
		return nil
	}
	if s, ok := textOf(n); ok && s == "all" {
		return nil
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		r.fail(placeOf(n), "covers", "this must be «all» or a list of {provider, payers}")
		return nil
	}
	var out rules.Covers
	for _, v := range list.Values {
		m, ok := v.(*ast.MappingNode)
		if !ok {
			r.fail(placeOf(v), "covers", "an entry is {provider, payers}, not %s", typeName(v))
			continue
		}
		cf := r.fields(m, "provider", "payers")
		c := rules.Cover{Provider: r.text(cf, "provider"), Payers: r.payers(cf)}
		if c.Provider == "" && len(c.Payers) == 0 && cf["payers"] == nil {
			r.fail(placeOf(m), "covers", "an entry names a provider, payers or both")
		}
		out = append(out, c)
	}
	return out
}

func (r *reader) payers(f map[string]ast.Node) []string {
	n, ok := f["payers"]
	if !ok {
		return nil
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.fail(placeOf(n), "payers", "this must be a list of payer accounts, not %s", typeName(n))
		return nil
	}
	var out []string
	for _, v := range list.Values {
		out = append(out, r.text(map[string]ast.Node{"payers": v}, "payers"))
	}
	return out
}

func (r *reader) rules(f map[string]ast.Node) []rules.Rule {
	n, ok := f["rules"]
	if !ok {
		return nil
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.fail(placeOf(n), "rules", "this must be a list of rules, not %s", typeName(n))
		return nil
	}
	out := make([]rules.Rule, 0, len(list.Values))
	for _, v := range list.Values {
		m, ok := v.(*ast.MappingNode)
		if !ok {
			r.fail(placeOf(v), "rules", "a rule is a mapping such as «name: margin», not %s", typeName(v))
			continue
		}
		out = append(out, r.one(m))
	}
	r.rule = ""
	return out
}

// one reads a rule.
func (r *reader) one(m *ast.MappingNode) rules.Rule {
	r.rule = ""
	if v := value(m, "name"); v != nil {
		r.rule, _ = textOf(v)
	}
	f := r.fields(m, "name", "stage", "when", "then", "label", "stop", "per")
	r.source.addRule(placeOf(m), f)
	return rules.Rule{
		Name: r.text(f, "name"), Stage: rules.Stage(r.text(f, "stage")),
		When: r.expression(f, "when"), Then: r.expression(f, "then"),
		Label: r.text(f, "label"), Stop: r.boolean(f, "stop"), Per: rules.Per(r.text(f, "per")),
	}
}

func value(m *ast.MappingNode, key string) ast.Node {
	for _, v := range m.Values {
		if v.Key.GetToken().Value == key {
			return v.Value
		}
	}
	return nil
}

// expression returns an expression as it is written: numbers keep their
// digits.
func (r *reader) expression(f map[string]ast.Node, key string) rules.Source {
	n, ok := f[key]
	if !ok {
		return ""
	}
	s, ok := textOf(n)
	if !ok {
		r.fail(placeOf(n), key, "an expression is a text, not %s; put it in quotes", typeName(n))
	}
	return rules.Source(strings.TrimRight(s, "\n"))
}

func (r *reader) boolean(f map[string]ast.Node, key string) bool {
	n, ok := f[key]
	if !ok {
		return false
	}
	b, ok := n.(*ast.BoolNode)
	if !ok {
		r.fail(placeOf(n), key, "this must be true or false, not %s", typeName(n))
		return false
	}
	return b.Value
}

// typeName says what a value is in a reader's words.
func typeName(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return "an anchor, alias or tag, which contract files do not have"
	}
	return "something else"
}
