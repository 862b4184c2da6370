// Package billing has the pages of invoices, the steps of a price, and
// reconciliation. They draw what they are given: what a tier may not see never
// gets here.
package billing

import (
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/views/ui"
)

// Ids of what htmx swaps.
const (
	ListID  = "invoices"
	WhyID   = "why"
	CheckID = "reconciliation"

	whyDialogID = "why-dialog"
)

// List is the list of invoices.
type List struct {
	Rows       []Row
	Sums       []money.Money  // of all pages
	Count      int            // of all pages
	Currency   money.Currency // of all rows; empty: several
	HasSellers bool           // sellers differ, so that a column says who
	HasStates  bool           // the reader is a seller
	Next       string         // the next page; empty: there is none
	Filter     Filter
	Here       string // the list without filters
}

// Filter is what the list shows.
type Filter struct {
	Months, Sides, States []ui.Option
	Text                  string
	Chips                 []ui.Chip
	IsSet                 bool
}

// Row is one invoice of the list.
type Row struct {
	Month    period.Month
	Seller   string
	Buyer    string
	URL, CSV string
	IsBought bool
	State    State
	Findings int
	Total    money.Money
}

// State is what keeps an invoice from being issued.
type State struct {
	Tone ui.Tone
	Text string
}

// Invoice is one document.
type Invoice struct {
	Month         period.Month
	Seller, Buyer string
	Currency      money.Currency
	State         State
	IsSeller      bool
	Figures       []ui.Figure // cost, price, margin; none for the buyer
	Contract      ui.Link     // none for the buyer
	Previous      ui.Link     // URL empty: none
	Next          ui.Link
	ComputedAt    time.Time
	Findings      []Finding
	Acknowledge   *Acknowledge // nil: there is nothing for the reader to acknowledge
	Groups        []Group
	Fees          []Line
	Subtotal      decimal.Decimal
	Rounding      decimal.Decimal
	RoundingWhy   string
	Total         decimal.Decimal
	CSV           string
}

// Finding is something that the seller has to know.
type Finding struct {
	Tone ui.Tone
	Text string
	Link ui.Link // URL empty: none
}

// Acknowledge is the form that takes note of usage without a price.
type Acknowledge struct {
	Action    string
	Customers []ui.Option // whose usage; none: there is one
	Reason    string
	Problem   ui.Problem
}

// Group is the usage lines of one label.
type Group struct {
	Label string
	Lines []Line
	Sum   decimal.Decimal
}

// Line is one line of an invoice.
type Line struct {
	Name     string // the service, or the fee's label
	Detail   string // how a fee came about
	Quantity decimal.NullDecimal
	Unit     string
	Amount   decimal.Decimal
	Why      string // where its steps are
}

// Why is how an amount came about.
type Why struct {
	Title    string
	Amount   money.Money // exact
	Lead     string      // in a sentence
	Invoice  ui.Link
	Contract ui.Link // URL empty: not for the reader, or none
	Facts    []Fact
	Steps    []ui.Step
	Left     []Left
	Parts    []Part
	More     int // parts that are not listed
	Problem  string
	HasUnit  bool
	// HasCustomers holds if Parts are of several.
	HasCustomers bool
	InDialog     bool // further steps open in its place
}

// Fact is a term with a text.
type Fact struct{ Term, Text string }

// Left is lines that were not charged.
type Left struct {
	Why   string
	Code  string
	Lines int64
	Cost  decimal.Decimal
}

// Part is a part of the amount.
type Part struct {
	Customer string
	Account  string
	SKU      string
	Region   string
	Quantity decimal.Decimal
	Amount   decimal.Decimal
	URL      string // the steps of this part alone
}

// Reconciliation is a month's check.
type Reconciliation struct {
	Month      period.Month
	Months     []HealthMonth
	Asked      bool // there is a check, of whatever state
	IsOpen     bool
	Step       string
	Since      time.Time // when the open one was asked for
	Failure    string    // why the newest one could not be carried out
	Result     *Result   // of the newest that completed; nil: none
	Poll       string    // where to ask again; empty: no need
	HasNothing bool      // there is no month to reconcile
}

// HealthMonth is a cell of the strip.
type HealthMonth struct {
	Month   period.Month
	URL     string
	Tone    ui.Tone
	Text    string
	Current bool
}

// Result is what a check found.
type Result struct {
	OK        bool
	IsNothing bool
	At        time.Time
	By        string
	Published int // runs that published since
	Books     []Books
}

// Books is one currency of a reconciliation.
type Books struct {
	Currency   money.Currency
	Imported   decimal.Decimal
	Assigned   decimal.Decimal
	OwnUse     decimal.Decimal
	Unassigned decimal.Decimal
	Difference decimal.Decimal
	Edges      []Edge
	Findings   []Finding
	Notices    []Finding

	MoreEdges, MoreFindings, MoreNotices int // that are not listed

	All ui.Link // to all sales; shown where some are not listed
}

// Edge is one edge of the books.
type Edge struct {
	Seller, Buyer string
	URL           string
	Charges       decimal.Decimal
	Costs         decimal.Decimal
	Cost          decimal.Decimal
	Price         decimal.Decimal
	Margin        decimal.Decimal
}

// IsEven reports whether both sides agree.
func (e Edge) IsEven() bool { return e.Charges.Equal(e.Costs) }
