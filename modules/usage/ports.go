package usage

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Tenant is what this module needs to know of a tenant.
type Tenant struct {
	ID          id.Tenant
	Slug        string
	Name        string
	Tree        id.Tenant  // the distributor of its tree; itself for a distributor
	Distributor string     // slug of Tree
	Tier        scope.Tier // a customer uses what is sold to it; any other tier has own use
}

// Tenants tells about tenants. Satisfied by app with the tenancy module.
//
// Every method sees what the scope in ctx may see: its tenant and the tenants
// below it in any month. A tenant outside of that is NotFound.
type Tenants interface {
	// Tenant returns one tenant. Errors: NotFound.
	Tenant(ctx context.Context, t id.Tenant) (Tenant, error)
	// Tenants returns the scope's tenant and all tenants that are or were below
	// it, in any order.
	Tenants(ctx context.Context) ([]Tenant, error)
	// Named returns those of ts that the scope sees, by id; the others are absent.
	Named(ctx context.Context, ts []id.Tenant) (map[id.Tenant]Tenant, error)
	// Some returns tenants that the scope sees and whose name or slug contains
	// text, its own among them; the first of all for an empty text. At most limit.
	Some(ctx context.Context, text string, limit int) ([]Tenant, error)
	// Called returns the tenant with this slug. Errors: NotFound.
	Called(ctx context.Context, slug string) (Tenant, error)
	// IsBelow reports whether t is ancestor itself, or below it in every single
	// month of months. A zero To means for ever.
	IsBelow(ctx context.Context, ancestor, t id.Tenant, months period.Months) (bool, error)
}

// Rating is told when what was rated is no longer what there is. Satisfied by
// app with the billing module.
type Rating interface {
	// Rerate asks for assignee's billing month to be rated again, in the
	// perspective of the tenant in ctx, and returns at once. Errors: NotFound if
	// assignee was not that tenant or below it in the month.
	Rerate(ctx context.Context, assignee id.Tenant, month period.Month, reason string) error
}
