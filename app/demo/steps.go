package demo

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Steps are what the demo needs done. The caller satisfies them with the real
// services; each is called again when a demo that was interrupted goes on, so
// doing one twice must leave what doing it once does.
type Steps interface {
	// CreateTenant makes a tenant with exactly this slug below its parent.
	// created is false where it was there already.
	CreateTenant(ctx context.Context, t Tenant) (created bool, err error)
	// CreateUser makes a user with one role at its tenant. The caller chooses
	// the password and tells it to people. A user who is there stays as he is.
	CreateUser(ctx context.Context, u User) error
	// Import reads everything below in.Dir for the owner and returns the rows
	// stored. progress may be called with rows read so far, from one goroutine.
	Import(ctx context.Context, in Import, progress func(rows int64)) (rows int64, err error)
	// Assign gives an account to a tenant for some months.
	Assign(ctx context.Context, a Assignment) error
	// ApplyContract saves a contract from its YAML text; one with equal terms
	// makes no new version. name is the file's name, for messages.
	ApplyContract(ctx context.Context, name string, yaml []byte) error
	// Recalculate rates everything listed, waits for the runs and the period
	// runs that follow, and fails if one fails. Work that is already published
	// from the same inputs may be left out.
	Recalculate(ctx context.Context, list []Recalculation, progress func(done int)) error
	// Summary returns what reconciliation says about month, in the tree of the
	// distributor.
	Summary(ctx context.Context, distributor string, month period.Month) (Reconciliation, error)
}

// Tenant is an organisation of the demo.
type Tenant struct {
	Slug   string
	Name   string
	Tier   scope.Tier
	Parent string // slug; "" for the distributor
}

// User is a person of the demo.
type User struct {
	Email  string
	Name   string
	Tenant string // slug
	Role   string // a role name of the authorization policy
}

// Import is one payer account's exports.
type Import struct {
	Owner  string // slug of the tenant that the provider bills
	Format Format
	Dir    string // absolute path of a directory with all months below it
	Rows   int64  // how many usage lines lie in it
}

// Assignment gives an account to its user by month.
type Assignment struct {
	Provider string // aws, azure, gcp
	Account  string // the provider's id of the sub account
	Tenant   string // slug: a customer, or a reseller for its own use
	Months   period.Months
}

// Recalculation names what one rating run computes.
type Recalculation struct {
	Assignee string // slug
	Month    period.Month
}

// Reconciliation is one month of one tree, in one currency.
type Reconciliation struct {
	Month      period.Month
	Currency   string
	OK         bool // every difference is 0 and both sides of every edge agree
	Imported   decimal.Decimal
	Assigned   decimal.Decimal
	OwnUse     decimal.Decimal
	Unassigned decimal.Decimal
	Difference decimal.Decimal
	Edges      []EdgeTotal // any order
	Tiers      []TierTotal // the distributor's first
	Findings   int         // how many findings the month has
}

// EdgeTotal is what one seller sold one buyer in a month: margin is price less
// cost, both before tax.
type EdgeTotal struct {
	Seller, Buyer       string // slugs
	Cost, Price, Margin decimal.Decimal
}

// TierTotal is what one tier bought and sold in a month. Own use is not in it.
type TierTotal struct {
	Tier       scope.Tier
	Cost       decimal.Decimal // of what it sold, PeriodCost included
	PeriodCost decimal.Decimal // fees and rounding that it was charged: in no edge's cost
	Price      decimal.Decimal
	Margin     decimal.Decimal // Price less Cost
}

// Progress hears how far the demo is. It is called from one goroutine.
type Progress interface {
	// Step reports done of total units of the step called name. A step begins
	// with done 0 and ends with done equal to total.
	Step(name string, done, total int64)
}

// Silent is a Progress that says nothing.
type Silent struct{}

// Step does nothing.
func (Silent) Step(string, int64, int64) {}
