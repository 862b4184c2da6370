package app

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/modules/billing"
	"tierbook/modules/tenancy"
)

// billingDirectory tells billing's pages who tenants are. Its tenancy is the
// web role's.
type billingDirectory struct{ billingTenants }

func newBillingDirectory(t *tenancy.Service) billingDirectory {
	return billingDirectory{billingTenants{t}}
}

func (b billingDirectory) ByID(ctx context.Context, tenants ...id.Tenant) (map[id.Tenant]billing.Tenant, error) {
	found, err := b.tenancy.GetMany(ctx, tenants)
	out := make(map[id.Tenant]billing.Tenant, len(found))
	for k, t := range found {
		out[k] = billingTenant(t)
	}
	return out, err
}

func (b billingDirectory) BySlug(ctx context.Context, slug string) (billing.Tenant, error) {
	t, err := b.tenancy.Find(ctx, slug)
	return billingTenant(t), err
}

func (b billingDirectory) Containing(ctx context.Context, month period.Month, tenants ...id.Tenant) (map[id.Tenant][]id.Tenant, error) {
	return b.tenancy.Containing(ctx, month, tenants...)
}

func (b billingDirectory) Called(ctx context.Context, text string) ([]id.Tenant, error) {
	return b.tenancy.Called(ctx, text)
}

func (b billingDirectory) UserNames(ctx context.Context, users ...id.User) (map[id.User]string, error) {
	return b.tenancy.UserNames(ctx, users...)
}
