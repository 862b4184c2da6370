package billing

import (
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// RunKind says what a run computes.
type RunKind string

const (
	RunLine   RunKind = "line"   // one assignee's month: every usage line on every edge of its chain
	RunPeriod RunKind = "period" // one contract's month: fees, credits, rounding over the published line charges
)

// RunState is where a run is between request and end.
type RunState string

const (
	StateRequested RunState = "requested" // its job will start it
	StateWaiting   RunState = "waiting"   // for another run of the same month, or for the supplier: see Run.Error
	StateRunning   RunState = "running"   // a worker holds its lock
	StateComplete  RunState = "complete"  // published
	StateFailed    RunState = "failed"    // nothing published; Run.Error says why
	StateCancelled RunState = "cancelled" // withdrawn before it started
	StateReview    RunState = "review"    // computed, waits for somebody to publish it
)

// IsOpen reports whether the run has yet to end by itself.
func (s RunState) IsOpen() bool {
	return s == StateRequested || s == StateWaiting || s == StateRunning
}

// Run is one entry of the run queue and log. Its id is the Job ID.
type Run struct {
	ID       id.Run
	Tree     id.Tenant // the distributor
	Kind     RunKind
	Acting   id.Tenant // in whose perspective: it publishes no edge whose seller is above
	Assignee id.Tenant // line run: whose month; else zero
	Contract id.Contract
	Seller   id.Tenant // period run: of Contract; else zero
	Buyer    id.Tenant // period run: of Contract; else zero
	Month    period.Month

	State  RunState
	Reason string
	Actor  string // who asked, as the audit log names it
	Cause  id.Run // period run: the line run whose publishing asked for it; zero for none

	RequestedAt time.Time
	StartedAt   time.Time // zero: not yet
	FinishedAt  time.Time // zero: not yet
	Fence       int64     // drawn at each start
	Attempts    int       // starts that ended in an error worth trying again

	Engine     string // version of the computation that made the result
	InputHash  string // SHA-256 over what was read, as text without ids; empty until complete
	ResultHash string // SHA-256 over what was computed, as text without ids; empty until complete
	Lines      int64  // usage lines read
	Classes    int64  // groups of lines priced by their sums
	Tuples     int64  // distinct lines priced one by one
	Charges    int64  // charges stored
	Seconds    decimal.Decimal
	Error      Text // for everyone who may see the run; also what a waiting run waits for
}

// Edge is one step of a chain: what Seller charges Buyer.
type Edge struct {
	Seller id.Tenant
	Buyer  id.Tenant // zero: the distributor's base contract, or a chain's end
}

// RunRequest asks for a recalculation.
type RunRequest struct {
	Assignee id.Tenant
	Month    period.Month
	Reason   string // for the log; must not be empty
}

// RunFilter chooses runs. The zero filter is all that the scope sees.
type RunFilter struct {
	Kind     RunKind      // empty: any
	Main     bool         // only line runs, and period runs that have failed
	Month    period.Month // zero: any
	Assignee id.Tenant    // zero: any
	Contract id.Contract  // zero: any
	Parties  []id.Tenant  // whose month, or who buys under the contract; empty: any
	Cause    id.Run       // only period runs that this line run asked for; zero: any
	States   []RunState   // empty: any
	Before   id.Run       // only runs requested before this one, for paging; zero: from the newest
	Limit    int          // at most so many, up to 500; 0: 50
}

// maxListed is the most runs that one listing returns.
const maxListed = 500

func (f RunFilter) limit() int {
	if f.Limit <= 0 {
		return 50
	}
	return min(f.Limit, maxListed)
}

// Waited is how a run ended, with the period runs that it caused.
type Waited struct {
	Run     Run
	Periods []Run // in the order of their requests; those that failed are among them
}

// Failed returns the first run that failed; ok is false if none did.
func (w Waited) Failed() (run Run, ok bool) {
	for _, r := range append([]Run{w.Run}, w.Periods...) {
		if r.State == StateFailed {
			return r, true
		}
	}
	return Run{}, false
}
