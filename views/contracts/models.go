// Package contracts has the pages of contracts: the list, a contract, its
// editor, two versions side by side, and the reference of the rule language.
package contracts

import (
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/views/ui"
)

// Ids of what htmx aims at.
const (
	ListID      = "contracts"
	FormID      = "contract-form"
	PreviewID   = "preview"
	ReferenceID = "reference"
	ProblemsID  = "problems"
	SellersID   = "sellers"
	BuyersID    = "buyers"
	CustomersID = "customers"
)

// Party is a tenant with its page; URL is empty where there is none to open.
type Party struct {
	Name string
	URL  string
}

// Index is the list of contracts.
type Index struct {
	Action  string // the page without filters
	Text    string
	States  []ui.Option
	Sellers ui.TenantField // neither options nor a way to find any: there are none
	Buyers  ui.TenantField
	Sort    string
	Chips   []ui.Chip
	Rows    []Row
	Next    string // the following rows; empty: none
	SortURL map[string]string
	NewURL  string // empty: may not
	NewWith string // the buyer whose contracts are asked for, with whom a new one may be made; empty: anybody
}

// Row is a contract in the list.
type Row struct {
	Name     string
	URL      string
	Seller   Party
	Buyer    Party
	IsBase   bool
	Months   string
	Currency string
	State    State
	Versions string
	From     string
	SavedAt  time.Time
	SavedURL string // compares with the version before; empty: there is none
}

// State is where a contract stands in time.
type State struct {
	Text string
	Tone ui.Tone
}

// Show is a contract's page.
type Show struct {
	Seller, Buyer  Party
	IsBase         bool
	State          State
	Months         string
	Currency       string
	Basis          string
	Covers         []string // none: everything
	Missing        string
	MissingHelp    string
	Version        VersionRow
	NotNow         string // why the version shown is not what is in force; empty: it is
	Stages         []Stage
	Notes          []Note
	Versions       []VersionRow
	CompareURL     string     // the newest with the one before; empty: there is only one
	Customers      []Customer // the largest first
	OtherCustomers int64      // besides these
	AllURL         string     // where they are found; empty: may not
	Sold           string     // the month of Customers' amounts; empty: nothing was sold yet
	Others         []ui.Link
	YAML           string
	YAMLURL        string
	EditURL        string // empty: may not
}

// Stage is a stage with its rules.
type Stage struct {
	Name  string
	Help  string
	Rules []Rule
}

// Rule is a rule in words and as code.
type Rule struct {
	Rank     int
	Anchor   string
	Name     string
	When     Phrase
	Then     Phrase
	Tail     string
	Label    string // on documents; empty: none
	WhenCode string // empty: always
	ThenCode string // empty: excluded
	Note     string
}

// Phrase is words, or an expression where none fit.
type Phrase struct {
	Text string
	Code bool
}

// Note is something that may surprise.
type Note struct {
	Rule string
	Text string
}

// VersionRow is a saved version.
type VersionRow struct {
	Number  string
	URL     string
	From    string
	SavedAt time.Time
	SavedBy string
	InForce bool
	Shown   bool
	Compare string // with the version before; empty: none
}

// Customer is somebody who buys through a contract.
type Customer struct {
	Party
	Amount decimal.Decimal
}

// Edit is the editor: of a contract, or of a new one.
type Edit struct {
	Action     string // where the form goes
	CheckURL   string
	PreviewURL string
	CancelURL  string
	IsNew      bool
	IsBase     bool
	Words      string // JSON for completion
	Problem    ui.Problem
	Overtaken  *Overtaken // what was saved meanwhile; nil: nothing was

	Version  string // the one that is edited
	Seller   string
	Buyer    ui.TenantField // of a new contract
	MayBase  bool           // it may be the seller's base contract, which has no buyer
	Name     string
	Currency string
	Starts   string
	Ends     string
	From     string
	Basis    []ui.Option
	Missing  []ui.Option
	Coverage []ui.Option
	Covers   string
	Confirm  string // what is to be confirmed; empty: nothing
	Agreed   bool

	Rules     []RuleForm
	Stages    []ui.Option    // of a rule that is added
	Customers []ui.Option    // whose usage is priced
	Other     ui.TenantField // one besides Customers; nothing to find: they are all
	Preview   Preview
}

// Overtaken is what somebody else has saved of a contract since its editor was
// opened: a version, other months, or both.
type Overtaken struct {
	Op         string // value of the button that saves on top of it
	Version    string // the newest; empty: it is still the one that is edited
	CompareURL string // what Version has changed
	OldMonths  string // empty: they are as they were
	NewMonths  string
	OwnMonths  string // what the form would make of NewMonths; empty: nothing
}

// RuleForm is a rule in the editor. Its fields are named rules[2].when.
type RuleForm struct {
	Prefix   string // rules[2].
	Rank     int    // from 1
	Index    string
	Name     string
	Stage    string
	Stages   []ui.Option
	When     string
	Then     string
	Label    string
	Stop     bool
	Per      []ui.Option // none: not a fee
	Sentence Rule
	IsFirst  bool
	IsLast   bool
	Focus    bool   // it was just added or moved
	More     string // what the folded fields hold: «label «Compute»»
	Open     bool   // they are unfolded
	HasThen  bool
	HasStop  bool
	OfWhen   string // key of the words that when may contain
	OfThen   string
}

// Preview is what a draft would change.
type Preview struct {
	Asked       bool     // there is something to show
	Problems    []string // why there is no effect
	Currency    money.Currency
	Month       string
	Customer    string
	Cost        decimal.Decimal
	Before      decimal.Decimal
	After       decimal.Decimal
	HasBefore   bool
	BeforeText  string // «version 3», «nothing in force»
	BeforeError string
	Rules       []ChangeRow
	Services    []ChangeRow
	Fees        []ChangeRow
	Customers   []ChangeRow
	FeesLeftOut bool
	LeftOut     string // customers that were not priced; empty: none
	Lines       []Line
	Findings    []string
	Took        string
	Sentences   []Rule // of the draft's rules, for beside their fields; by Anchor
}

// ChangeRow is an amount before and after.
type ChangeRow struct {
	Name   string
	URL    string
	Note   string
	Before decimal.NullDecimal
	After  decimal.NullDecimal
}

// Difference is After − Before; what is not there counts as 0.
func (c ChangeRow) Difference() decimal.Decimal { return c.After.Decimal.Sub(c.Before.Decimal) }

// Line is a real usage line, priced before and after.
type Line struct {
	Service    string
	Detail     string // SKU, region, usage type
	Fields     []Field
	Before     decimal.NullDecimal
	After      decimal.NullDecimal
	RuleBefore string
	RuleAfter  string
}

// Field is one field of a line.
type Field struct {
	Name  string
	Value string
}

// Compare is two versions side by side.
type Compare struct {
	Action   string
	Old, New VersionRow
	OldPick  []ui.Option
	NewPick  []ui.Option
	Fields   []FieldDiff
	Rules    []RuleDiff
	Same     bool    // nothing differs
	Hidden   int     // rules without a change
	Money    Preview // zero: may not be shown
	MayPrice bool
}

// FieldDiff is a value that differs.
type FieldDiff struct {
	Name string
	Old  string
	New  string
}

// RuleDiff is a rule in two versions; one side may be missing.
type RuleDiff struct {
	Name   string
	Badges []Badge
	Old    *Rule
	New    *Rule
	Fields map[string]bool // that changed
	Same   bool
}

// Badge is a word with a tone.
type Badge struct {
	Tone ui.Tone
	Text string
}

// Reference is the page of the rule language.
type Reference struct {
	Query     string
	Stages    []Entry
	Functions []Entry
	Fields    []Section
	Operators []Entry
	Count     int
}

// Section is a titled list of entries.
type Section struct {
	ID      string
	Title   string
	Help    string
	Entries []Entry
}

// Entry is a word of the rule language.
type Entry struct {
	ID        string
	Name      string
	Signature string
	Type      string
	Doc       string
	Tags      []string
	Examples  []Example
}

// Example is an expression and what it gives.
type Example struct {
	Code   string
	Result string
}

// YAML is the form that takes a contract file.
type YAML struct {
	Text     string
	Problem  ui.Problem
	Problems []string
}
