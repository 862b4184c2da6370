// Package usage draws the usage pages: deliveries, imports, accounts and
// quarantined rows.
package usage

import (
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/views/ui"
)

// Ids of what htmx swaps.
const (
	DeliveryRowsID = "deliveries"
	ImportRowsID   = "imports"
	ImportID       = "import"
	ImportFormID   = "import-form"
	AccountRowsID  = "accounts"
	AccountListID  = "account-list"
	BulkID         = "assign-many"
	AssigneesID    = "assignees"
	WithdrawID     = "withdraw"
	QuarantineID   = "quarantine"
)

// Filter is what a list is filtered by, as its form shows it.
type Filter struct {
	Chips      []ui.Chip
	Months     []ui.Option
	Statuses   []ui.Option
	Providers  []ui.Option
	Owners     []ui.Option // empty: there is only one
	Text       string
	Unassigned bool
	Assignee   string // slug; kept while other filters change
	All        bool   // quarantine: acknowledged rows too
}

// IsActive reports whether anything is filtered.
func (f Filter) IsActive() bool { return len(f.Chips) > 0 }

// Sum adds up one currency.
type Sum struct {
	Currency  money.Currency
	Rows      int64
	Billed    decimal.Decimal
	Effective decimal.Decimal
	List      decimal.Decimal
}

// Delivery is a row of the list.
type Delivery struct {
	URL         string
	Payer       string
	Month       period.Month
	Provider    string
	Owner       string
	Status      string
	Tone        ui.Tone
	Rows        int64
	Quarantined int64
	Sums        []Sum
	Imported    time.Time
	By          string
}

// Deliveries is the list.
type Deliveries struct {
	Filter    Filter
	Rows      []Delivery
	Currency  money.Currency // of all rows; empty: they differ
	Totals    []Sum          // of the current ones; empty where not all rows are here
	Total     int64
	More      string // URL of the next rows
	HasOwners bool   // a column says whose
	CanImport bool
}

// Change is one measure before and after.
type Change struct {
	Name     string
	Currency money.Currency // empty: a count
	Before   decimal.Decimal
	After    decimal.Decimal
}

// By is how much it changed.
func (c Change) By() decimal.Decimal { return c.After.Sub(c.Before) }

// AccountLine is an account of a delivery.
type AccountLine struct {
	Number, Name string
	URL          string
	Currency     money.Currency
	Rows, Was    int64
	Billed       decimal.Decimal
	Before       decimal.Decimal
}

// Change is how much its money changed.
func (a AccountLine) Change() decimal.Decimal { return a.Billed.Sub(a.Before) }

// PeriodSum adds up a billing month of a payer.
type PeriodSum struct {
	Payer  string
	Period period.Month
	Sum
}

// Segment is a stored file.
type Segment struct {
	Ordinal int
	Rows    int64
	Size    string
	SHA256  string
}

// DeliveryPage is one delivery.
type DeliveryPage struct {
	Delivery
	Source      string
	ImportURL   string
	ManifestAt  time.Time
	EndedAt     time.Time
	Before      *ui.Link
	After       *ui.Link
	Withdrawn   string // why
	Changes     []Change
	Periods     []PeriodSum
	Accounts    []AccountLine
	AccountAll  int64
	Segments    []Segment
	Quarantine  []Quarantined
	QuarantURL  string
	CanWithdraw bool
	Reason      string
	Problem     ui.Problem
}

// Import is a row of the list of imports.
type Import struct {
	URL         string
	Source      string
	Owner       string
	State       string
	Tone        ui.Tone
	IsOpen      bool
	Read        int64
	Stored      int64
	Quarantined int64
	Requested   time.Time
	Took        string
	By          string
	Now         string // how far it is
}

// Imports is the list of imports.
type Imports struct {
	Rows      []Import
	Poll      string // URL to ask while one of them runs; empty: none does
	More      string
	HasOwners bool
	CanImport bool
}

// Outcome is what became of a delivery that an import read.
type Outcome struct {
	Payer, Provider string
	Month           period.Month
	URL             string
	State           string
	Tone            ui.Tone
	Text            string
}

// ImportPage is one import.
type ImportPage struct {
	Import
	Format     string
	Files      []string
	Started    time.Time
	Finished   time.Time
	Step       string // what it does now
	Done, Max  int64  // of that
	Error      string
	IsComplete bool
	Outcomes   []Outcome
	Periods    []PeriodSum
	Warnings   []string
	QuarantURL string
	Unassigned []Unassigned
	CanImport  bool
	CanAssign  bool
}

// ImportForm asks for an import.
type ImportForm struct {
	Owner    ui.TenantField
	HasOwner bool // there is more than one choice
	Formats  []ui.Option
	HasURL   bool // directories or buckets are configured
	URL      string
	Rerate   bool
	Limit    string // how large a file may be
	Problem  ui.Problem
}

// Assigned is who answers for an account in which months.
type Assigned struct {
	Name   string
	URL    string
	Months string
	IsNow  bool
	OwnUse bool
}

// OpenMonths are months of an account with lines that nobody answers for.
type OpenMonths struct {
	Text     string // 2026-01 to 2026-03
	Rows     int64
	Currency money.Currency
	Billed   decimal.Decimal
}

// Unassigned adds up one currency of what nobody answers for.
type Unassigned struct {
	Currency money.Currency
	Accounts int64
	Rows     int64
	Billed   decimal.Decimal
}

// Account is a row of the list of accounts.
type Account struct {
	ID       string
	Number   string
	Name     string
	Provider string
	Owner    string
	Sums     []Sum // of the month shown
	Assigned []Assigned
	Open     []OpenMonths
	CanSeeIt bool // its sums
	Form     *AssignForm
	EditURL  string // the row with the form in it; empty: it may not be assigned here
	IsNew    bool   // it was assigned just now
}

// AssignForm asks who answers for accounts.
type AssignForm struct {
	Assignee ui.TenantField
	From     string
	Back     string // query of the list to go back to
	Problem  ui.Problem
}

// Accounts is the list of accounts.
type Accounts struct {
	Filter     Filter
	Rows       []Account
	Month      period.Month // whose sums are shown
	Currency   money.Currency
	Total      int64
	More       string
	Unassigned []Unassigned
	OpenURL    string // the list of unassigned ones
	HasOwners  bool
	HasSums    bool
	CanAssign  bool
	Bulk       AssignForm
}

// Quarantined is a row that could not be read.
type Quarantined struct {
	File      string
	Row       int64
	Column    string
	Value     string
	Reason    string
	Month     string
	Owner     string
	ImportURL string
	Noted     time.Time
	NotedFor  string
	NotedBy   string
}

// Quarantine is the list of rows that could not be read.
type Quarantine struct {
	Filter         Filter
	Rows           []Quarantined
	IsCut          bool // there are more
	HasOwners      bool
	CanAcknowledge bool
	Months         []ui.Option // with open rows
	Reason         string
	Problem        ui.Problem
}
