package ui

import (
	"encoding/json"

	"github.com/a-h/templ"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
)

// Link is a place to go to.
type Link struct {
	Text string
	URL  string // empty: where we are
}

// Tab is one of a page's views; each has a URL of its own.
type Tab struct {
	Text    string
	URL     string
	Current bool
	Count   string // shown behind the text; empty: none
}

// Tone is how good or bad something is.
type Tone string

// Tones of badges and callouts.
const (
	ToneOK    Tone = "ok"
	ToneInfo  Tone = "info"
	ToneWarn  Tone = "warn"
	ToneError Tone = "error"
	ToneRun   Tone = "run" // under way
	ToneMuted Tone = "muted"
)

// Problem is what a form shows of an error: a sentence, and what is wrong with
// which field. The zero Problem is none.
type Problem struct {
	Message string
	Fields  map[string]string // name → message
	Labels  map[string]string // name → what people read; the name where absent
}

// IsZero reports whether there is nothing to show.
func (p Problem) IsZero() bool { return p.Message == "" && len(p.Fields) == 0 }

// Of returns what is wrong with a field, "" for nothing.
func (p Problem) Of(field string) string { return p.Fields[field] }

// Input is one field of a form.
type Input struct {
	Name         string
	Label        string
	Type         string // of the input element; empty: text
	Value        string
	Help         string
	Error        string
	Placeholder  string
	Autocomplete string
	Required     bool
	Autofocus    bool
	Rows         int // of a text area; 0: 3
	Attrs        templ.Attributes
}

// ID is the element's id.
func (in Input) ID() string { return "f-" + in.Name }

// DescribedBy names the elements that explain the field.
func (in Input) DescribedBy() string {
	switch {
	case in.Error != "":
		return in.ID() + "-error"
	case in.Help != "":
		return in.ID() + "-help"
	}
	return ""
}

// Option is a choice of a select.
type Option struct {
	Value    string
	Text     string
	Group    string // heading under which it stands; options of a group follow each other
	Selected bool
}

// OptionGroup is options under one heading.
type OptionGroup struct {
	Heading string
	Options []Option
}

// groups puts following options of one heading together.
func groups(options []Option) []OptionGroup {
	var out []OptionGroup
	for _, o := range options {
		if len(out) == 0 || out[len(out)-1].Heading != o.Group {
			out = append(out, OptionGroup{Heading: o.Group})
		}
		out[len(out)-1].Options = append(out[len(out)-1].Options, o)
	}
	return out
}

// Chip is an active filter; URL is the page without it.
type Chip struct {
	Text string
	URL  string
}

// Figure is one number at the head of a page.
type Figure struct {
	Label  string
	Kind   string // cost, price or margin: its colour everywhere; empty: none
	Amount decimal.Decimal
	Money  money.Currency // empty: a count
	Note   string         // below the number: «12.5 % of price», «+3 since May»
	URL    string
}

// Series is one line, or one colour of stacked bars. Values are exact
// amounts; a picture rounds them only for drawing.
type Series struct {
	Name   string            `json:"name"`
	Kind   string            `json:"kind,omitempty"` // cost, price or margin: its colour everywhere
	Values []decimal.Decimal `json:"values"`
}

// Node is a place of a flow.
type Node struct {
	Name string `json:"name"`
	Tier string `json:"tier,omitempty"` // provider, distributor, reseller, customer
}

// Flow is money that goes from one node to another.
type Flow struct {
	From  string          `json:"from"`
	To    string          `json:"to"`
	Value decimal.Decimal `json:"value"`
	Kind  string          `json:"kind,omitempty"` // cost, price or margin
}

// Chart is a picture. The page shows a table of the same numbers behind it.
type Chart struct {
	ID       string         `json:"-"`
	Title    string         `json:"title"` // says the finding: «October cost 8 % more than September»
	Kind     string         `json:"kind"`  // stacked, bars, line, waterfall, sankey
	Currency money.Currency `json:"currency"`
	Labels   []string       `json:"labels,omitempty"`
	Series   []Series       `json:"series,omitempty"`
	Nodes    []Node         `json:"nodes,omitempty"`
	Links    []Flow         `json:"links,omitempty"`
}

func (c Chart) json() (string, error) {
	b, err := json.Marshal(c)
	return string(b), err
}

// Step is one step of a price: «why».
type Step struct {
	Name   string // the rule's name, or what the line starts with
	Text   string // what it does, as a sentence
	Code   string // the expression; empty: none to show
	Before decimal.Decimal
	After  decimal.Decimal
	First  bool // nothing came before
	Note   string
}
