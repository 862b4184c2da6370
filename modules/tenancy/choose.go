package tenancy

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Choice asks for tenants to choose from, as they stood in one month. Its zero
// fields ask for the acting tenant and everybody below it.
type Choice struct {
	Month  period.Month
	Under  id.Tenant  // at or below it; zero: the acting tenant
	Direct bool       // only directly below it
	Tier   scope.Tier // zero: any
	Text   string     // part of the name or slug; empty: any
}

// Choose returns the first limit tenants of a choice, by tier, name and slug.
// Under a tenant that was not below the acting one in that month there is
// nobody. It takes one query.
//
// Needs tenancy.read.
func (s *Service) Choose(ctx context.Context, c Choice, limit int) ([]Tenant, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) ([]Tenant, error) { return s.store.choose(ctx, c, limit) })
}

// CountChoices returns how many tenants Choose has without a limit.
//
// Needs tenancy.read.
func (s *Service) CountChoices(ctx context.Context, c Choice) (int, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (int, error) { return s.store.countChoices(ctx, c) })
}

// Called returns every tenant in scope, of whatever month, in whose name or
// slug text occurs; in no order.
//
// Needs tenancy.read.
func (s *Service) Called(ctx context.Context, text string) ([]id.Tenant, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) ([]id.Tenant, error) { return s.store.called(ctx, likeOf(text)) })
}
