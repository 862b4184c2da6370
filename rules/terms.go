package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tierbook/app/kernel/money"
)

// Basis is the measure that a line's price starts from.
type Basis string

// The bases. Below a chain's first edge only BasisList and BasisCost exist.
const (
	BasisList       Basis = "list"
	BasisContracted Basis = "contracted"
	BasisBilled     Basis = "billed"
	BasisEffective  Basis = "effective"
	BasisCost       Basis = "cost"
)

// Stage is when and on what a rule acts.
type Stage string

// The stages, in the order in which they run.
const (
	StageExclude Stage = "exclude" // line: it has no price here and does not exist below
	StagePrice   Stage = "price"   // line: the first match sets the price
	StageAdjust  Stage = "adjust"  // line: every match changes the price so far
	StageFee     Stage = "fee"     // period: an amount on top, always a charge of its own
)

// Missing is what happens to lines that no contract of the edge covers.
type Missing string

// The behaviours. The zero value means MissingBlock.
const (
	MissingBlock       Missing = "block"        // no charge here and on no edge below
	MissingPassThrough Missing = "pass-through" // price = cost, no fees
)

// Per is what a fee is computed for.
type Per string

// The scopes of fees. The zero value means PerContract.
const (
	PerContract Per = "contract"
	PerCustomer Per = "customer"
	PerAccount  Per = "account"
)

// Source is the text of an expression. In JSON a number or true and false may
// stand in its place: `then: 0` means `then: "0"`.
type Source string

// UnmarshalJSON accepts a text, a number or a boolean, digit by digit.
func (s *Source) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) > 0 && b[0] == '"':
		var text string
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
		*s = Source(text)
	case bytes.Equal(b, []byte("null")):
		*s = ""
	case len(b) > 0 && (b[0] == '{' || b[0] == '['):
		return fmt.Errorf("an expression must be a text, not %.20s", b)
	default:
		*s = Source(b)
	}
	return nil
}

// Cover is a part of what a contract covers.
type Cover struct {
	Provider string   `json:"provider"`         // canonical key; "" every provider
	Payers   []string `json:"payers,omitempty"` // payer accounts; none: all of the provider
}

// Covers is what a contract covers; empty means everything. In JSON everything
// is the text "all".
type Covers []Cover

// MarshalJSON writes "all" or the list.
func (c Covers) MarshalJSON() ([]byte, error) {
	if len(c) == 0 {
		return []byte(`"all"`), nil
	}
	return json.Marshal([]Cover(c))
}

// UnmarshalJSON reads "all", null or a list.
func (c *Covers) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if bytes.Equal(b, []byte(`"all"`)) || bytes.Equal(b, []byte("null")) {
		*c = nil
		return nil
	}
	var list []Cover
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return fmt.Errorf(`covers must be "all" or a list of {provider, payers}: %w`, err)
	}
	*c = list
	return nil
}

// Has reports whether lines of payer at provider are covered.
func (c Covers) Has(provider, payer string) bool {
	if len(c) == 0 {
		return true
	}
	return slices.ContainsFunc(c, func(p Cover) bool {
		return (p.Provider == "" || p.Provider == provider) && (len(p.Payers) == 0 || slices.Contains(p.Payers, payer))
	})
}

// Rule is one rule of a contract. Its place in the list is its rank.
type Rule struct {
	Name  string `json:"name"`
	Stage Stage  `json:"stage"`
	When  Source `json:"when,omitempty"`  // a condition; "" is true
	Then  Source `json:"then,omitempty"`  // an amount; must be empty for exclude
	Label string `json:"label,omitempty"` // of the document line; makes an adjust a charge of its own
	Stop  bool   `json:"stop,omitempty"`  // on a match no later rule of the stage is tried; not for fees
	Per   Per    `json:"per,omitempty"`   // fees only
}

// Terms are what a contract says about prices.
type Terms struct {
	Basis    Basis          `json:"basis,omitempty"` // empty in a base contract only
	Currency money.Currency `json:"currency"`
	Covers   Covers         `json:"covers"`
	Missing  Missing        `json:"missing,omitempty"`
	Rules    []Rule         `json:"rules,omitempty"`
}

// EdgeKind says what a contract's rules may read and do.
type EdgeKind int

// The kinds of edges.
const (
	EdgeFirst EdgeKind = iota // the seller owns the payer account: the delivery's measures are known
	EdgeBelow                 // the seller buys from the tier above: only list and cost are known
	EdgeBase                  // a distributor's base contract: exclude rules only, reading what EdgeFirst reads
	// EdgeMixed is the kind where the seller buys from the tier above and also
	// owns payer accounts itself. Its rules and basis may name what EdgeFirst
	// knows: on lines of its own payer accounts they read the delivery, and on
	// all other lines contracted, billed and effective read as the edge's cost,
	// whatever the contract says and whoever else delivers the same account.
	EdgeMixed
)

// Validate checks everything about t that needs no compiler: words, required
// and forbidden fields, unique names. It returns all problems joined, each an
// *Error (Invalid), or nil.
func (t Terms) Validate(kind EdgeKind) error {
	return joinErrors(t.problems(kind))
}

// MaxText is how long all expressions of a contract that is written now may be
// together, in bytes: more would take long to compile.
const MaxText = 256 << 10

// TooLong returns what is wrong with t if its expressions are longer together
// than MaxText; nil if they are not. Diagnose asks it; Compile does not, for
// what was saved once stays in force.
func (t Terms) TooLong() *Error {
	n := 0
	for _, r := range t.Rules {
		n += len(r.When) + len(r.Then)
	}
	if n <= MaxText {
		return nil
	}
	return &Error{Field: "rules", Message: fmt.Sprintf("the expressions have %d bytes together: at most %d are allowed", n, MaxText)}
}

func (t Terms) problems(kind EdgeKind) []*Error {
	var out []*Error
	add := func(rule, field, format string, args ...any) {
		out = append(out, &Error{Rule: rule, Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if c, err := money.ParseCurrency(string(t.Currency)); err != nil || c != t.Currency {
		add("", "currency", "%q is not a currency code such as USD", t.Currency)
	}
	if msg := basisProblem(kind, t.Basis); msg != "" {
		add("", "basis", "%s", msg)
	}
	if !slices.Contains([]Missing{"", MissingBlock, MissingPassThrough}, t.Missing) {
		add("", "missing", "%q must be block or pass-through", t.Missing)
	}
	seen := map[string]bool{}
	for i, r := range t.Rules {
		name := r.Name
		switch {
		case strings.TrimSpace(name) == "":
			name = fmt.Sprintf("#%d", i+1)
			add(name, "name", "a rule needs a name")
		case strings.HasPrefix(name, "("):
			add(name, "name", "a rule's name must not begin with a parenthesis")
		case seen[name]:
			add(name, "name", "two rules have this name")
		}
		seen[r.Name] = true
		for _, p := range r.problems(kind) {
			add(name, p.Field, "%s", p.Message)
		}
	}
	return out
}

func (r Rule) problems(kind EdgeKind) []Error {
	var out []Error
	add := func(field, message string) { out = append(out, Error{Field: field, Message: message}) }
	line := r.Stage == StagePrice || r.Stage == StageAdjust
	switch {
	case r.Stage == StageExclude:
	case kind == EdgeBase:
		add("stage", "a base contract has exclude rules only")
	case !line && r.Stage != StageFee:
		add("stage", fmt.Sprintf("%q must be exclude, price, adjust or fee", r.Stage))
	}
	empty := strings.TrimSpace(string(r.Then)) == ""
	switch {
	case r.Stage == StageExclude && !empty:
		add("then", "an exclude rule has no amount")
	case (line || r.Stage == StageFee) && empty:
		add("then", "an amount is missing")
	}
	if r.Stage == StageFee {
		if r.Stop {
			add("stop", "every fee is computed: stop is for line rules")
		}
		if !slices.Contains([]Per{"", PerContract, PerCustomer, PerAccount}, r.Per) {
			add("per", fmt.Sprintf("%q must be contract, customer or account", r.Per))
		}
	} else if r.Per != "" {
		add("per", "per is for fees")
	}
	return out
}

func basisProblem(kind EdgeKind, b Basis) string {
	first := []Basis{BasisList, BasisContracted, BasisBilled, BasisEffective, BasisCost}
	switch {
	case kind == EdgeBase && b != "":
		return "a base contract has no basis"
	case kind == EdgeBase:
		return ""
	case kind != EdgeBelow && !slices.Contains(first, b):
		return fmt.Sprintf("%q must be list, contracted, billed, effective or cost", b)
	case kind == EdgeBelow && slices.Contains([]Basis{BasisContracted, BasisBilled, BasisEffective}, b):
		return fmt.Sprintf("%q is unknown on this edge: use cost", b)
	case kind == EdgeBelow && b != BasisList && b != BasisCost:
		return fmt.Sprintf("%q must be list or cost", b)
	}
	return ""
}
