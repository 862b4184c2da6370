package contracts

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// Tenant is what this module needs to know of a tenant.
type Tenant struct {
	ID   id.Tenant
	Tree id.Tenant // the distributor of its tree; itself for a distributor
	Tier scope.Tier
	Slug string
	Name string
}

// Tenants tells about tenants. Satisfied by app with the tenancy module.
//
// Every method sees the scope's tenant and the tenants that are or were below
// it; any other tenant is NotFound, like one that does not exist.
type Tenants interface {
	// ByID returns those of the tenants that the scope sees; the others are
	// absent.
	ByID(ctx context.Context, ts []id.Tenant) (map[id.Tenant]Tenant, error)
	// BySlug returns the tenant of that slug. Errors: NotFound.
	BySlug(ctx context.Context, slug string) (Tenant, error)
	// Chain returns who was above whom in month, from top down to bottom, both
	// included. Errors: NotFound if bottom was neither top nor below it.
	Chain(ctx context.Context, top, bottom id.Tenant, month period.Month) ([]Tenant, error)
	// Chains is Chain for many bottoms at once; those that were neither top nor
	// below it are absent.
	Chains(ctx context.Context, top id.Tenant, month period.Month, bottoms ...id.Tenant) (map[id.Tenant][]Tenant, error)
}

// Selection names the usage lines that one tenant answers for in one billing
// month, out of one owner's deliveries.
type Selection struct {
	Owner  id.Tenant
	Handle any // what the usage module needs to read the lines
}

// Lines hands out usage lines. Satisfied by app with the usage module. Its
// methods see the owners that are the scope's tenant or below it.
type Lines interface {
	// Select returns the lines of assignee in month, one selection per owner.
	Select(ctx context.Context, assignee id.Tenant, month period.Month) ([]Selection, error)
	// Scan calls fn with every selected line, in batches, from up to workers
	// goroutines at once, each with a number of its own below workers. A batch
	// is fn's until it returns. The first error of fn ends the scan.
	Scan(ctx context.Context, sel Selection, need rules.Need, workers int, fn func(worker int, b *rules.Batch) error) error
	// Owns reports whether a provider bills a payer account to tenant, as far
	// as the scope sees: whether anything has been imported for it.
	Owns(ctx context.Context, tenant id.Tenant) (bool, error)
}
