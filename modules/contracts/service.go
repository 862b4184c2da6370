package contracts

import (
	"context"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// Service keeps contracts and answers which are in force.
type Service struct{}

var errSoon = errs.New(errs.Internal, "contracts.soon", "not there yet")

// Apply makes what d says stand: it creates the contract, or saves a new
// version of the one of that name on that edge, or changes its months, or
// finds that all is as it should be.
//
// Needs contracts.write. Errors: Problems (Invalid) for rules that do not
// compile and slugs outside the scope; ErrNotAnEdge if the buyer was not
// directly below the seller in the contract's first month; ErrOverlap, whose
// message names the standing contract and its months; ErrCurrency; ErrMonths
// if From lies outside the contract's months or a month would have no version.
func (s *Service) Apply(ctx context.Context, d Document) (Applied, error) {
	return Applied{}, errSoon
}

// CheckFile validates a contract file as Apply would, its tenants included,
// without saving anything. Needs contracts.read. Errors: Problems (Invalid).
func (s *Service) CheckFile(ctx context.Context, file string, data []byte) (Document, error) {
	return Document{}, errSoon
}

// Show returns the contracts of an edge with their versions, the latest months
// first; a zero buyer asks for the base contracts.
//
// Needs contracts.read. Errors: ErrNotFound if the scope sees no contract on
// that edge.
func (s *Service) Show(ctx context.Context, seller, buyer id.Tenant) ([]Shown, error) {
	return nil, errSoon
}

// InForce returns what holds on each of the edges in month m. Every edge asked
// for is in the answer; those that the scope does not see are as if they had
// no contract.
//
// Needs contracts.read.
func (s *Service) InForce(ctx context.Context, edges []Edge, m period.Month) (map[Edge]EdgeTerms, error) {
	return nil, errSoon
}

// Base returns a distributor's base contract in month m, nil if none is in
// force. Needs contracts.read.
func (s *Service) Base(ctx context.Context, distributor id.Tenant, m period.Month) (*InForce, error) {
	return nil, errSoon
}

// ForMonth returns every contract in force in month m in the scope, base
// contracts included, sorted by seller and buyer id. Needs contracts.read.
func (s *Service) ForMonth(ctx context.Context, m period.Month) ([]InForce, error) {
	return nil, errSoon
}

// ByVersion returns saved versions by id, in force or not.
//
// Needs contracts.read. Errors: ErrNotFound if the scope does not see one.
func (s *Service) ByVersion(ctx context.Context, versions []id.Version) (map[id.Version]InForce, error) {
	return nil, errSoon
}

// Preview evaluates a draft on real lines of a customer's month, next to what
// is in force. It saves nothing, and must be called outside of a transaction:
// the edges above are read in the distributor's name.
//
// Needs contracts.preview. Errors: as Apply for the draft; ErrNotAnEdge if the
// customer's chain of that month does not pass the draft's edge; NotFound for
// a customer outside the scope; FailedPrecondition with rule, place and line
// if the draft fails on a line; FailedPrecondition with a reference only if an
// edge fails that the acting tenant may not see.
func (s *Service) Preview(ctx context.Context, in PreviewInput) (Preview, error) {
	return Preview{}, errSoon
}
