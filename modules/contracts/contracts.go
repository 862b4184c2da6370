package contracts

import (
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// Edge is one seller → buyer step. A zero Buyer means the distributor's base
// contract.
type Edge struct {
	Seller id.Tenant
	Buyer  id.Tenant
}

// Contract is an agreement of one edge for a range of months. Its name
// identifies it on its edge.
type Contract struct {
	ID        id.Contract
	Tree      id.Tenant
	Edge      Edge
	Name      string
	Currency  money.Currency
	Months    period.Months // From is set; an open To has no last month
	CreatedAt time.Time
}

// Version is one saved state of a contract's terms.
type Version struct {
	ID        id.Version
	Contract  id.Contract
	Number    int          // from 1, in the order of saving
	From      period.Month // first month that it may be in force
	Terms     rules.Terms
	TermsHash string // SHA-256 over the canonical terms: equal terms, equal hash
	SavedAt   time.Time
	SavedBy   string
}

// InForce is a contract as one of its versions has it, ready to price.
type InForce struct {
	Contract
	Version  Version
	Compiled *rules.Contract
}

// EdgeTerms is what holds on an edge in a month.
type EdgeTerms struct {
	// InForce is nil where no contract is in force.
	InForce *InForce
	// Missing is what to do with lines that no contract covers: what the
	// version in force says. Where none is in force it is what the seller chose
	// last: what the version said that was in force in the last month before
	// that had one. The terms of an ended contract count no more, but this
	// choice is made for just such months. Without an earlier contract, and
	// whatever later ones say, it is rules.MissingBlock.
	Missing rules.Missing
	// Currency is the edge's, which all its contracts share; empty where none is
	// in force and none was.
	Currency money.Currency
}

// Shown is a contract with everything that was saved of it.
type Shown struct {
	Contract Contract
	Document Document  // the newest version, as code
	Versions []Version // newest first
}

// Outcome says what Apply did.
type Outcome string

// The outcomes of Apply.
const (
	OutcomeCreated   Outcome = "created"   // a new contract with its first version
	OutcomeSaved     Outcome = "saved"     // a new version of a standing contract
	OutcomeMonths    Outcome = "months"    // same terms, other first or last month
	OutcomeUnchanged Outcome = "unchanged" // nothing to do
)

// Applied is what Apply did.
type Applied struct {
	Outcome  Outcome
	Contract Contract
	Version  Version // the new version, or the one that says the same
	Warnings []Warning
}

// Errors of this module. NotFound is the same for a contract that does not
// exist and for one that the acting tenant may not see.
var (
	ErrNotFound  = errs.New(errs.NotFound, "contracts.not_found", "There is no such contract.")
	ErrOverlap   = errs.New(errs.Conflict, "contracts.overlap", "Another contract stands on this edge in some of these months.")
	ErrNotAnEdge = errs.New(errs.FailedPrecondition, "contracts.not_an_edge", "The seller does not sell to this buyer.")
	ErrCurrency  = errs.New(errs.FailedPrecondition, "contracts.currency", "An edge has one currency.")
	ErrMonths    = errs.New(errs.Invalid, "contracts.months", "The months of the contract and its versions do not fit.")
)
