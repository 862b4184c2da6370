// Package export writes made-up provider exports: what runs in an account, what
// that costs at public list prices, and the files in which a provider tells.
//
// Everything follows from a seed. Money and quantities are scaled integers.
package export

import (
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
)

// Layout is the shape of the files.
type Layout uint8

// The layouts.
const (
	CUR   Layout = iota // legacy AWS CUR: an S3 tree with manifests
	FOCUS               // FOCUS 1.2, csv.gz
)

// EDP is how AWS shows a negotiated discount.
type EDP uint8

// The forms of an EDP discount.
const (
	NoEDP      EDP = iota
	EDPRows        // EdpDiscount line items beside the usage
	EDPColumns     // discount/… and lineItem/NetUnblendedCost on the usage
)

// Commitment is what a payer has committed to.
type Commitment uint8

// The commitments.
const (
	NoCommitment Commitment = iota
	Reservation             // reserved instances, committed use
	SavingsPlan             // AWS only
)

// Payer is a billing account and what is in it.
type Payer struct {
	Provider   string // aws, azure, gcp
	ID         string
	Name       string
	Layout     Layout
	Currency   string
	Percent    int64      // negotiated discount in percent: EDP at AWS, lower contracted prices elsewhere
	EDP        EDP        // AWS only
	Commitment Commitment // held by the first account, used by it and the second
	Accounts   []Account  // at least two
	Notes      []Note     // credits and refunds
	LegacyText bool       // writes small numbers with an exponent
}

// Account is a sub account.
type Account struct {
	ID          string
	Name        string
	Environment string // a tag's value
	CostCenter  string // a tag's value
	Region      int    // 0 to 2, where most of it runs
	Supported   bool   // provider support is charged for it
	Taxed       bool   // its address is where the provider collects sales tax
	Vendor      string // name of the marketplace vendor it buys from; "" buys from none
}

// Note is a credit, or a refund of an earlier month.
type Note struct {
	Account int // index
	Month   int // index of the billing month
	Back    int // how many months before it the charge period lies; 0 is a credit, else a refund
	Amount  string
	Text    string
}

// Month says which of a payer's months to write, and how large.
type Month struct {
	Seed  uint64
	Month period.Month
	Index int   // 0 is the first month of the story: commitments are bought in it
	Lines int64 // about
	Dir   string
	// LinesPerFile splits the month; 0 is 250,000.
	LinesPerFile int64
}

// Written is what a month came to, exactly as its rows say.
type Written struct {
	Lines      int64
	Bytes      int64 // uncompressed
	Billed     decimal.Decimal
	Effective  decimal.Decimal
	List       decimal.Decimal
	Contracted decimal.Decimal
}

const defaultLinesPerFile = 250_000
