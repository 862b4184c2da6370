package contracts

import (
	"fmt"
	"slices"
	"strings"

	"tierbook/app/kernel/errs"
)

// ErrDocument is the kind and code of Problems.
var ErrDocument = errs.New(errs.Invalid, "contracts.document", "The contract is not valid.")

// Problem is one thing that is wrong with a contract file.
type Problem struct {
	File    string // "" if the document did not come from a file
	Line    int    // in the file, from 1; 0 where the place is not known
	Column  int    // from 1, in characters
	Rule    string // "" outside rules
	Field   string // key that it is about, such as "when"
	Message string
}

// String returns «file:line:column: rule "x", when: message», without the
// parts that are not known.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		if p.File != "" {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%d:%d", p.Line, p.Column)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	switch {
	case p.Rule != "" && p.Field != "":
		fmt.Fprintf(&b, "rule %q, %s: ", p.Rule, p.Field)
	case p.Rule != "":
		fmt.Fprintf(&b, "rule %q: ", p.Rule)
	case p.Field != "":
		fmt.Fprintf(&b, "%s: ", p.Field)
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems is everything that is wrong with a contract file, in the order of
// places. Its kind is Invalid.
type Problems []Problem

// Error returns one problem per line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the problems their kind.
func (p Problems) Unwrap() error { return errs.New(ErrDocument.Kind, ErrDocument.Code, p.Error()) }

// with adds those of more that are about another value than any of p: what
// could not be read as it was meant need not compile.
func (p Problems) with(more Problems) Problems {
	out := slices.Clone(p)
	for _, m := range more {
		known := func(one Problem) bool { return one.Field != "" && one.Field == m.Field && one.Rule == m.Rule }
		if !slices.ContainsFunc(p, known) {
			out = append(out, m)
		}
	}
	return out
}

// err returns nil if there is no problem, else the problems in order, once
// each.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return slices.Compact(p)
}
