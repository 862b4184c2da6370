package contracts

import (
	"context"

	"tierbook/app/kernel/id"
)

// Standing returns the contracts under which tenants buy, in force or not, by
// buyer and then the latest months first; without tenants, all contracts with a
// buyer that the scope sees. It takes one query.
//
// Needs contracts.read. Contracts whose seller is neither the acting tenant nor
// below it are left out, as if they did not exist.
func (s *Service) Standing(ctx context.Context, buyers ...id.Tenant) ([]Contract, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) ([]Contract, error) { return s.store.standing(ctx, buyers) })
}
