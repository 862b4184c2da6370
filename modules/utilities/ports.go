package utilities

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Runs is the queue and log of recalculations. Satisfied by app with the
// billing module. Every method sees the runs of the scope's tenant and those
// below it; any other run is NotFound.
type Runs interface {
	// List returns runs, the newest request first.
	List(ctx context.Context, f RunFilter) ([]Run, error)
	Get(ctx context.Context, run id.Run) (Run, error)
	// Request asks for a recalculation and returns the run, which is new or one
	// that has not started yet. Errors: NotFound for a tenant that was not below
	// the acting one in that month.
	Request(ctx context.Context, assignee id.Tenant, month period.Month, reason string) (id.Run, error)
	// Cancel withdraws a run. Errors: FailedPrecondition for one that has started.
	Cancel(ctx context.Context, run id.Run) error
	// Failure returns why a run failed, with the names of tenants: Run.Error, and
	// what the scope may know beyond it; "" where there is nothing more.
	Failure(ctx context.Context, run id.Run) (message, detail string, err error)
	// Changes returns what a completed recalculation changed, top down, with the
	// fees that it caused to be computed again.
	Changes(ctx context.Context, run id.Run) ([]EdgeChange, error)
	// Findings returns what runs found that keeps invoices from being issued now;
	// only those of sellers that the scope sees.
	Findings(ctx context.Context, runs ...id.Run) ([]Finding, error)
	// CountFindings counts the Findings of each run that has some.
	CountFindings(ctx context.Context, runs ...id.Run) (map[id.Run]int, error)
}

// Tenants tells who tenants and users are. Satisfied by app with the tenancy
// module; it sees the scope's tenant and those below it.
type Tenants interface {
	// ByID returns those of tenants that the scope sees.
	ByID(ctx context.Context, tenants ...id.Tenant) (map[id.Tenant]Tenant, error)
	// BySlug returns a tenant. Errors: NotFound.
	BySlug(ctx context.Context, slug string) (Tenant, error)
	// Search returns tenants whose name or slug contains text.
	Search(ctx context.Context, text string, limit int) ([]Tenant, error)
	// UserNames returns the names of those users that the scope sees.
	UserNames(ctx context.Context, users ...id.User) (map[id.User]string, error)
}

// Accounts tells for whom there may be something to rate. Satisfied by app with
// the usage module.
type Accounts interface {
	// Assignees returns tenants that have accounts, at most limit and in no order,
	// and in which months anybody has some, as far as the scope sees it.
	Assignees(ctx context.Context, limit int) (some []id.Tenant, months []period.Months, err error)
	// Assigned returns in which months tenants have accounts.
	Assigned(ctx context.Context, tenants ...id.Tenant) (map[id.Tenant][]period.Months, error)
}

// Contracts tells which months have terms. Satisfied by app with the contracts
// module.
type Contracts interface {
	// Covered returns the months of the contracts under which tenants buy: all
	// that the scope sees, or those of the tenants given.
	Covered(ctx context.Context, buyers ...id.Tenant) (map[id.Tenant][]period.Months, error)
}

// Tenant is somebody who can be recalculated.
type Tenant struct {
	ID   id.Tenant
	Slug string
	Name string
	Tier scope.Tier
}

// Kind says what a run computes.
type Kind string

// Kinds of runs.
const (
	KindRecalculation Kind = "recalculation" // one tenant's month, tier by tier
	KindFees          Kind = "fees"          // fees and rounding of one contract's month
	KindAny           Kind = "all"           // in a filter: either
)

// State is where a run is between request and end.
type State string

// States of runs.
const (
	StateRequested State = "requested"
	StateWaiting   State = "waiting" // for another run, or for the supplier: see Run.Error
	StateRunning   State = "running"
	StateComplete  State = "complete"
	StateFailed    State = "failed" // Run.Error says why
	StateCancelled State = "cancelled"
	StateReview    State = "review" // computed, waits for somebody to publish it
)

// IsOpen reports whether the run has yet to end by itself.
func (s State) IsOpen() bool {
	return s == StateRequested || s == StateWaiting || s == StateRunning
}

// CanCancel reports whether a run has not started.
func (s State) CanCancel() bool { return s == StateRequested || s == StateWaiting }

// Run is one entry of the queue and log.
type Run struct {
	ID       id.Run
	Kind     Kind
	Customer id.Tenant // whose month; of KindFees: who buys under the contract
	Seller   id.Tenant // of KindFees: who sells; else zero
	Month    period.Month
	State    State
	Reason   string
	Actor    string // as the audit log names it: "user:<id>", "job:…", "cli:…"
	Cause    id.Run // of KindFees: the recalculation that asked for it; zero for none

	RequestedAt time.Time
	StartedAt   time.Time // zero: not yet
	FinishedAt  time.Time // zero: not yet
	Attempts    int
	Lines       int64 // usage lines read
	Charges     int64 // charges stored
	Engine      string
	InputHash   string
	ResultHash  string
	Error       string
}

// Elapsed is how long the run has taken until it ended, or until now; 0 before
// its start.
func (r Run) Elapsed(now time.Time) time.Duration {
	switch {
	case r.StartedAt.IsZero():
		return 0
	case r.FinishedAt.IsZero():
		return max(0, now.Sub(r.StartedAt))
	}
	return max(0, r.FinishedAt.Sub(r.StartedAt))
}

// RunFilter chooses runs; the zero filter is all.
type RunFilter struct {
	Kind      Kind // empty: recalculations, and fees that have failed
	Month     period.Month
	Customers []id.Tenant // one of them; empty: any
	States    []State
	Cause     id.Run // only what this run has caused
	Limit     int
}

// EdgeChange compares what a seller charged a buyer before a run and after it.
type EdgeChange struct {
	Seller, Buyer Party
	Currency      money.Currency
	Run           id.Run          // the run itself, or the one for fees that it caused
	IsFirst       bool            // nothing was published before
	IsFees        bool            // fees and rounding; else line charges
	Before, After decimal.Decimal // exact
	CostBefore    decimal.Decimal // of the seller; 0 for fees
	CostAfter     decimal.Decimal
	HasDetail     bool // Services and Rules are known
	Services      []Change
	Rules         []Change
}

// Finding is what keeps an invoice from being issued until it is mended or
// acknowledged.
type Finding struct {
	Run           id.Run
	Seller, Buyer Party
	Message       string
}

// Party is one side of an edge as the reader may name it.
type Party struct {
	Slug string
	Name string
}

// Change is one amount before and after.
type Change struct {
	Name          string
	Before, After decimal.Decimal
}
