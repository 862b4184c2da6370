// Package reports has the start page of each tier.
package reports

import (
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/views/ui"
)

// HomeID is the page's body, which a choice of month swaps.
const HomeID = "home"

// Home is the start page of who sells.
type Home struct {
	Sections  []Section // by currency
	Attention []Item
	IsGood    bool // nothing needs the reader
	// IsReconciled holds if IsGood is also said of the books, which only a
	// distributor reconciles.
	IsReconciled bool
	Steps        []Step // what to do first; there is nothing to show yet
	IsEmpty      bool   // nothing in this month
	Month        period.Month
}

// goodText is the headline where nothing needs the reader.
func goodText(h Home) string {
	if h.IsReconciled {
		return "Everything is reconciled"
	}
	return "Nothing needs you"
}

// Section is everything in one currency.
type Section struct {
	Currency money.Currency
	Groups   []Group
	Flow     ui.Chart
	Flows    []Flow
	All      ui.Link // to every sale, where Flows adds up some; else empty
	Trend    Trend
	HasMore  bool // there are several currencies: this one is named
}

// Group is the figures of one tier.
type Group struct {
	Title   string
	Figures []ui.Figure
	Note    string // what they leave out; empty: nothing
}

// Flow is a row of the table behind the money flow.
type Flow struct {
	From, To string
	Amount   decimal.Decimal
}

// Trend is money over time.
type Trend struct {
	Chart  ui.Chart
	Rows   []TrendRow
	Choice []ui.Tab // by service or by buyer
	What   string   // «Service» or «Buyer»
	Spend  bool     // there is only a price: what was charged
}

// TrendRow is one service or buyer in one month.
type TrendRow struct {
	Month               period.Month
	Name                string
	Cost, Price, Margin decimal.Decimal
}

// Item is something that needs somebody.
type Item struct {
	Tone ui.Tone
	What string // a few words
	Text string
	Sums []money.Money
	Link ui.Link // empty URL: nothing to open for this reader
}

// Step is one of the first things to do.
type Step struct {
	Title string
	Text  string
	Link  ui.Link // empty URL: somebody else's to do
}

// Spend is the start page of a customer.
type Spend struct {
	Figures  []ui.Figure
	Trends   []Trend // by currency
	Invoices []Invoice
	IsEmpty  bool
	Month    period.Month
}

// Invoice is a document that can be opened.
type Invoice struct {
	Month    period.Month
	Seller   string
	URL      string
	Currency money.Currency
	Total    decimal.Decimal
}

// Picker chooses the month.
type Picker struct {
	Options []ui.Option
	By      string // what stands in the URL beside it
}
