// Package utilities has the pages of Billing Utilities.
package utilities

import (
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/views/ui"
)

// Ids of what fragments aim at.
const (
	QueueID  = "runs"               // the table's body
	RunID    = "run"                // one run's page
	FormID   = "recalculate"        // the form, on its page and in the dialog
	FindID   = "customers-found"    // the names that the form offers
	DialogID = "recalculate-dialog" // around the form
)

// Queue is the run queue & log.
type Queue struct {
	Jobs           []Job
	Poll           string // where the next state is; empty: nothing is open
	More           string // the same with more rows; empty: these are all
	Filter         Filter
	CanRecalculate bool
	IsFiltered     bool
}

// Filter is what the queue is limited to.
type Filter struct {
	Statuses []ui.Option
	Types    []ui.Option
	Customer string
	Month    string
	Chips    []ui.Chip
}

// Job is one row of the queue.
type Job struct {
	ID          string
	URL         string
	Type        string
	Tone        ui.Tone
	Status      string
	Customer    string
	CustomerURL string // empty: not a page for this user
	Period      period.Month
	Reason      string
	Explanation string // empty: none
	Actor       string
	Requested   time.Time
	Started     time.Time // zero: not yet
	Duration    string
	IsFailed    bool
	IsComplete  bool
	IsNew       bool // was requested a moment ago
	Blocking    int  // findings of it that keep invoices from being issued
}

// Form asks for a recalculation.
type Form struct {
	Problem     ui.Problem
	Customers   []ui.Option // empty with IsSearched
	IsSearched  bool        // too many customers for a list
	Customer    string      // slug
	Months      []Month
	Earlier     []Month // behind «Earlier periods»
	Reasons     []ui.Option
	Explanation string
	Nobody      bool // there is nobody to recalculate
}

// Month is a billing period that the form offers.
type Month struct {
	Month     period.Month
	IsChosen  bool
	HasTerms  bool // a contract is in force
	IsCurrent bool
}

// Run is one run's page.
type Run struct {
	Job
	Poll         string // empty: it has ended
	Seller       string // of fees and rounding
	Cause        ui.Link
	Finished     time.Time
	Attempts     int
	Lines        int64
	Charges      int64
	Engine       string
	InputHash    string
	Result       string
	Waits        string // what an open run waits for
	Message      string // why it failed
	Detail       string // the same for those who may know more
	Advice       string // what to do about it
	Contracts    string // where the terms are; empty: not for this user
	Again        string // the form, filled in; empty: not for this user
	CanCancel    bool
	CancelURL    string
	Findings     []Finding // keep invoices from being issued
	MoreFindings int       // besides
	Edges        []Edge
	Nothing      bool // a complete recalculation that changed no amount
	Caused       []Job
}

// Finding keeps an invoice from being issued.
type Finding struct {
	Text    string
	Invoice ui.Link
}

// Edge is what a run changed between a seller and a buyer.
type Edge struct {
	Seller, Buyer string
	Invoice       string // its document
	What          string // «Usage» or «Fees and rounding»
	Currency      money.Currency
	IsFirst       bool // nothing was there before
	Before, After decimal.Decimal
	CostBefore    decimal.Decimal
	CostAfter     decimal.Decimal
	HasCost       bool
	Services      []Change
	Rules         []Change
	IsSummary     bool // detail of the older run is not kept any more
}

// Difference is After − Before.
func (e Edge) Difference() decimal.Decimal { return e.After.Sub(e.Before) }

// HasChanged reports whether any amount is another one.
func (e Edge) HasChanged() bool { return !e.Difference().IsZero() || !e.CostAfter.Equal(e.CostBefore) }

// Change is one amount before and after.
type Change struct {
	Name          string
	Before, After decimal.Decimal
}

// isFine reports whether the currency's digits would leave nothing of an amount
// of c that is there, as of what is lost by rounding.
func (c Change) isFine(currency money.Currency) bool {
	for _, d := range []decimal.Decimal{c.Before, c.After} {
		if !d.IsZero() && d.Round(currency.MinorUnit()).IsZero() {
			return true
		}
	}
	return false
}

// Difference is After − Before.
func (c Change) Difference() decimal.Decimal { return c.After.Sub(c.Before) }
