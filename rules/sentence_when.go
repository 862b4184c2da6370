package rules

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"tierbook/app/kernel/money"
)

// atom is a condition on one field.
type atom struct {
	field  variable
	values []string // patterns that the field may have: «eu-*»; none: see phrase
	empty  bool     // the field has no text
	not    bool
	phrase string // the whole of it in words, where values do not say it
}

// condition says n: «EC2 in eu-*», «either EC2, or S3 in eu-*».
func (s *speaker) condition(n ast.Node) (string, bool) {
	if b, ok := n.(*ast.BoolNode); ok && b.Value {
		return "everything", true
	}
	if atoms, ok := s.all(n); ok {
		return sayAll(atoms)
	}
	var parts []string
	for _, side := range flatten(n, "or", "||") {
		atoms, ok := s.all(side)
		if !ok {
			return "", false
		}
		text, ok := sayAll(atoms)
		if !ok {
			return "", false
		}
		parts = append(parts, text)
	}
	if len(parts) < 2 {
		return "", false
	}
	return "either " + strings.Join(parts, ", or "), true
}

// flatten returns the sides of nested operators of one kind.
func flatten(n ast.Node, operators ...string) []ast.Node {
	if b, ok := n.(*ast.BinaryNode); ok && slices.Contains(operators, b.Operator) {
		return append(flatten(b.Left, operators...), flatten(b.Right, operators...)...)
	}
	return []ast.Node{n}
}

// all reads n as conditions on one field each, all of which must hold.
func (s *speaker) all(n ast.Node) ([]atom, bool) {
	var out []atom
	for _, side := range flatten(n, "and", "&&") {
		a, ok := s.atom(side)
		if !ok {
			return nil, false
		}
		if i := slices.IndexFunc(out, a.sharpens); i >= 0 {
			out[i].values = append(out[i].values, a.values...)
			continue
		}
		out = append(out, a)
	}
	return out, true
}

// sharpens reports whether a and b forbid texts of the same field, so that
// they are one condition.
func (a atom) sharpens(b atom) bool { return a.not && b.not && a.mergeable(b) }

func (a atom) mergeable(b atom) bool {
	return a.field.name == b.field.name && len(a.values) > 0 && len(b.values) > 0 && a.phrase == "" && b.phrase == ""
}

// atom reads a condition on one field.
func (s *speaker) atom(n ast.Node) (atom, bool) {
	switch n := n.(type) {
	case *ast.UnaryNode: // not, !
		a, ok := s.atom(n.Node)
		if !ok || a.phrase != "" {
			return atom{}, false
		}
		a.not = !a.not
		return a, true
	case *ast.IdentifierNode:
		return atom{field: s.x.variable(n.Value)}, true
	case *ast.BinaryNode:
		if n.Operator == "or" || n.Operator == "||" {
			return s.any(n)
		}
		return s.comparison(n)
	case *ast.CallNode:
		name, args, _ := callOf(n)
		if name == "text in set" {
			return s.inSet(args)
		}
		return s.numeric(strings.TrimPrefix(name, "number "), args)
	}
	return atom{}, false
}

// any reads alternatives of one field: service == "A" or service == "B".
func (s *speaker) any(n ast.Node) (atom, bool) {
	var out atom
	for i, side := range flatten(n, "or", "||") {
		a, ok := s.atom(side)
		if !ok || a.not || len(a.values) == 0 || i > 0 && !out.mergeable(a) {
			return atom{}, false
		}
		if i == 0 {
			out = a
			continue
		}
		out.values = append(out.values, a.values...)
	}
	return out, true
}

func (s *speaker) inSet(args []ast.Node) (atom, bool) {
	id, ok := args[0].(*ast.IdentifierNode)
	if !ok || !hasNoun(id.Value) {
		return atom{}, false
	}
	set := args[1].(*ast.ConstantNode).Value.(textSet)
	out := atom{field: s.x.variable(id.Value)}
	for _, v := range slices.Sorted(maps.Keys(set)) {
		text, ok := pattern(v, "", "")
		if !ok {
			return atom{}, false
		}
		out.values = append(out.values, text)
	}
	return out, true
}

// comparison reads an operator between a field and a literal text or boolean.
func (s *speaker) comparison(n *ast.BinaryNode) (atom, bool) {
	id, ok := n.Left.(*ast.IdentifierNode)
	if !ok || !hasNoun(id.Value) {
		return atom{}, false
	}
	out := atom{field: s.x.variable(id.Value)}
	if b, ok := n.Right.(*ast.BoolNode); ok && (n.Operator == "==" || n.Operator == "!=") {
		out.not = b.Value != (n.Operator == "==")
		return out, true
	}
	text, ok := n.Right.(*ast.StringNode)
	if !ok {
		return atom{}, false
	}
	var fits bool
	switch n.Operator {
	case "==", "!=":
		out.not = n.Operator == "!="
		if text.Value == "" {
			out.empty = true
			return out, true
		}
		fits = out.add(pattern(text.Value, "", ""))
	case "startsWith":
		fits = out.add(pattern(text.Value, "", "*"))
	case "endsWith":
		fits = out.add(pattern(text.Value, "*", ""))
	case "contains":
		fits = out.add(pattern(text.Value, "*", "*"))
	case "matches":
		out.phrase = "whose " + noun(out.field) + " matches “" + text.Value + "”"
		fits = !strings.ContainsAny(text.Value, "“”")
	default:
		out.phrase, fits = day(out.field, n.Operator, text.Value)
	}
	return out, fits
}

func (a *atom) add(text string, ok bool) bool {
	a.values = append(a.values, text)
	return ok
}

var (
	// plainValue needs no quotes …
	plainValue = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9./:_+&-]*( [A-Za-z0-9./:_+&-]+)*$`)
	// … unless a word of it could be taken for ours.
	ourWord = regexp.MustCompile(`(?i)\b(or|and|in|on|of|by|from|not|with|without|either|other|than|outside|tagged|charged|services?|charges?|` +
		`everything|zone|category|account|payer|publisher|period|dated|whose|any)\b`)
	someDay = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$`)
)

// pattern writes a literal text, in quotes where it could be read as something
// else, with stars for what may stand before and behind it.
func pattern(text, before, behind string) (string, bool) {
	if strings.ContainsAny(text, "“”") {
		return "", false
	}
	if !plainValue.MatchString(text) || ourWord.MatchString(text) {
		text = "“" + text + "”"
	}
	return before + text + behind, true
}

// day says a comparison in time.
func day(v variable, operator, text string) (string, bool) {
	prefix := map[Dim]string{DimDate: "dated ", DimPeriod: "of period "}[v.dim]
	if v.origin != fromDim || prefix == "" || !someDay.MatchString(text) {
		return "", false
	}
	switch operator {
	case "<":
		return prefix + "before " + text, true
	case "<=":
		return prefix + "until " + text, true
	case ">":
		return prefix + "after " + text, true
	case ">=":
		return prefix + "from " + text + " on", true
	}
	return "", false
}

var (
	comparisons = map[string]string{
		"<": "below", "<=": "of at most", ">": "above", ">=": "of at least", "==": "of exactly", "!=": "other than",
	}
	flipped = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
)

// numeric says a comparison of a measure or total with a number.
func (s *speaker) numeric(operator string, args []ast.Node) (atom, bool) {
	if comparisons[operator] == "" || len(args) != 2 {
		return atom{}, false
	}
	if _, ok := constantOf(args[0]); ok {
		args, operator = []ast.Node{args[1], args[0]}, flipped[operator]
	}
	id, isField := args[0].(*ast.IdentifierNode)
	limit, isNumber := constantOf(args[1])
	if !isField || !isNumber || !hasNoun(id.Value) {
		return atom{}, false
	}
	v := s.x.variable(id.Value)
	return atom{field: v, phrase: "with " + noun(v) + " " + comparisons[operator] + " " + money.Plain(limit)}, true
}

// hasNoun reports whether a name, such as a tag's, can be said unmistakably.
func hasNoun(name string) bool { return !strings.ContainsAny(name, "“”") }

// nouns of fields whose name is not one.
var nouns = map[string]string{"sku": "SKU"}

// noun returns what people call a field.
func noun(v variable) string {
	if v.origin == fromTag {
		key, _ := pattern(v.tag, "", "")
		return "tag " + key
	}
	if n, ok := nouns[v.name]; ok {
		return n
	}
	return strings.ReplaceAll(v.name, "_", " ")
}

// wording is how a field's texts are said behind the subject.
type wording struct{ is, isNot string }

var wordings = map[Dim]wording{
	DimRegion:         {"in ", "outside "},
	DimZone:           {"in zone ", "outside zone "},
	DimCategory:       {"in category ", "outside category "},
	DimProvider:       {"on ", "not on "},
	DimAccount:        {"of account ", "not of account "},
	DimPayer:          {"of payer ", "not of payer "},
	DimPublisher:      {"by publisher ", "not by publisher "},
	DimChargeCategory: {"charged as ", "not charged as "},
	DimDate:           {"dated ", "not dated "},
	DimPeriod:         {"of period ", "not of period "},
}

// sayAll says conditions that must all hold, the subject first.
func sayAll(atoms []atom) (string, bool) {
	subject, rest := "everything", atoms
	for _, d := range []Dim{DimService, DimChargeCategory} {
		i := slices.IndexFunc(atoms, func(a atom) bool { return a.field.origin == fromDim && a.field.dim == d && len(a.values) > 0 })
		if i >= 0 {
			subject = atoms[i].asSubject()
			rest = slices.Delete(slices.Clone(atoms), i, i+1)
			break
		}
	}
	words := []string{subject}
	for _, a := range rest {
		text, ok := a.behind()
		if !ok {
			return "", false
		}
		words = append(words, text)
	}
	return strings.Join(words, " "), true
}

func (a atom) asSubject() string {
	list := listed(a.values, "or")
	switch {
	case a.field.dim == DimService && a.not:
		return "services other than " + list
	case a.field.dim == DimService:
		return list
	case a.not:
		return "charges other than " + list
	}
	return list + " charges"
}

// behind says a behind the subject.
func (a atom) behind() (string, bool) {
	switch {
	case a.phrase != "":
		return a.phrase, true
	case a.field.kind == kindBool:
		return a.flag()
	case a.empty && a.not:
		return "with any " + noun(a.field), true
	case a.empty:
		return "without " + noun(a.field), true
	case len(a.values) == 0:
		return "", false
	}
	list := listed(a.values, "or")
	w, ok := wordings[a.field.dim]
	switch {
	case a.field.origin == fromTag:
		w = wording{"tagged " + strings.TrimPrefix(noun(a.field), "tag ") + " = ", "not tagged " + strings.TrimPrefix(noun(a.field), "tag ") + " = "}
	case !ok:
		w = wording{"with " + noun(a.field) + " ", "with " + noun(a.field) + " other than "}
	}
	if a.not {
		return w.isNot + list, true
	}
	return w.is + list, true
}

func (a atom) flag() (string, bool) {
	switch {
	case a.field.dim != DimMarketplace:
		return "", false
	case a.not:
		return "outside the marketplace", true
	}
	return "from the marketplace", true
}
