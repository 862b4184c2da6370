package billing

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// Directory tells pages who tenants are. Satisfied by app with the tenancy
// module through the web role's pool, so that pages may ask inside their own
// transaction.
type Directory interface {
	Tenants
	// ByID returns those of tenants that the scope sees.
	ByID(ctx context.Context, tenants ...id.Tenant) (map[id.Tenant]Tenant, error)
	// BySlug returns the tenant that the scope sees under a slug. Errors:
	// NotFound.
	BySlug(ctx context.Context, slug string) (Tenant, error)
	// Containing returns, for each of tenants, itself and everybody between it and
	// the acting tenant in month, that included. Tenants that were not below the
	// acting one are absent.
	Containing(ctx context.Context, month period.Month, tenants ...id.Tenant) (map[id.Tenant][]id.Tenant, error)
	// Called returns every tenant in whose name or slug text occurs, of those that
	// are or were below the acting one, and itself; in no order.
	Called(ctx context.Context, text string) ([]id.Tenant, error)
	// UserNames returns what those of users are called whom the scope sees.
	UserNames(ctx context.Context, users ...id.User) (map[id.User]string, error)
}
