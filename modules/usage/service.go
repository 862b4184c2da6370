package usage

import (
	"context"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// Service imports usage and answers what is there.
type Service struct{}

var errSoon = errs.New(errs.Internal, "usage.soon", "not there yet")

// Import reads everything at in.URL, stores it as segments and publishes its
// deliveries, each in one transaction of its own. progress may be nil; it is
// called from one goroutine at a time, a few times a second.
//
// What was read before a failure is not published; deliveries that were
// published before a failure of a later one stay. Importing again picks up.
//
// Needs usage.import. An owner outside the scope is NotFound. Errors: Invalid
// for a URL or file that cannot be read at all, naming it; FailedPrecondition
// for a manifest that names a missing file.
func (s *Service) Import(ctx context.Context, in ImportInput, progress func(Progress)) (ImportResult, error) {
	return ImportResult{}, errSoon
}

// Totals adds up the current deliveries of billing month p, by tree, owner,
// provider, payer and currency, for all owners that the scope sees.
//
// Needs usage.read.
func (s *Service) Totals(ctx context.Context, p period.Month) ([]Total, error) { return nil, errSoon }

// Accounts lists accounts by owner, provider and identifier, with their
// assignments and, where the scope may see them, sums by month.
//
// Needs usage.read.
func (s *Service) Accounts(ctx context.Context, f AccountFilter) ([]Account, error) {
	return nil, errSoon
}

// Assign gives an account to a tenant for a range of months. An open-ended
// assignment that began earlier ends the month before in.From; anything else
// in the way is a Conflict that names the standing assignment. Assigning to
// who has it already, for the same months, changes nothing.
//
// The assignee must be the owner or below it in each of the months; one that
// is no customer has the account for its own use.
//
// Needs usage.assign. An account that the scope does not see as its owner's is
// NotFound; so is a foreign assignee. Errors: Invalid for an ambiguous account
// or an empty range; FailedPrecondition for an assignee that is not below the
// owner in some month; Conflict as above.
func (s *Service) Assign(ctx context.Context, in AssignInput) (AssignResult, error) {
	return AssignResult{}, errSoon
}

// Quarantine lists rows that could not be read, newest import first.
//
// Needs usage.read.
func (s *Service) Quarantine(ctx context.Context, f QuarantineFilter) ([]QuarantinedRow, error) {
	return nil, errSoon
}

// Acknowledge takes note of all open quarantined rows that count against
// billing month p, those of unknown month included, for all owners that the
// scope sees, and returns how many there were. The rows stay out of all sums.
//
// Needs usage.acknowledge. Errors: Invalid without a reason.
func (s *Service) Acknowledge(ctx context.Context, p period.Month, reason string) (int64, error) {
	return 0, errSoon
}

// GC removes objects that were staged more than 24 hours ago and never became
// part of a published delivery, and returns how many. What a published
// delivery, current or not, refers to stays.
//
// For the command line and maintenance jobs; needs usage.import.
func (s *Service) GC(ctx context.Context) (int, error) { return 0, errSoon }

// Select returns which lines of billing month month assignee answers for, one
// selection per owner, from the current deliveries and assignments. A line
// belongs to the assignee of its account in its service month. Owners without
// any such line are left out.
//
// For billing: it needs no permission of this module, but an assignee outside
// the scope is NotFound.
func (s *Service) Select(ctx context.Context, assignee id.Tenant, month period.Month) ([]Selection, error) {
	return nil, errSoon
}

// Assignees returns the tenants that answer for lines of billing month month,
// among those that the scope sees, by id.
//
// For billing; needs no permission of this module.
func (s *Service) Assignees(ctx context.Context, month period.Month) ([]id.Tenant, error) {
	return nil, errSoon
}

// AssignmentsIn returns who answers in month for each account that has lines
// of billing month month or is assigned in it, among the owners that the scope
// sees, by owner, provider and identifier.
//
// For billing; needs no permission of this module.
func (s *Service) AssignmentsIn(ctx context.Context, month period.Month) ([]AccountAssignment, error) {
	return nil, errSoon
}

// Imported adds up BilledCost of billing month p again from the bytes of the
// current segments, for all owners that the scope sees. It trusts no sum in
// the database: a removed, altered or unreadable object, and lines that do not
// add up to what was published, are Problems.
//
// For billing's reconciliation; needs no permission of this module.
func (s *Service) Imported(ctx context.Context, p period.Month) (Imported, error) {
	return Imported{}, errSoon
}
