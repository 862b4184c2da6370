package billing

import (
	"context"

	"tierbook/app/kernel/id"
)

func (f *fakeTenants) ByID(ctx context.Context, tenants ...id.Tenant) (map[id.Tenant]Tenant, error) {
	all, err := f.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	out := map[id.Tenant]Tenant{}
	for _, t := range all {
		for _, want := range tenants {
			if t.ID == want {
				out[t.ID] = t
			}
		}
	}
	return out, nil
}

func (f *fakeTenants) BySlug(ctx context.Context, slug string) (Tenant, error) {
	all, err := f.Tenants(ctx)
	if err != nil {
		return Tenant{}, err
	}
	for _, t := range all {
		if t.Slug == slug {
			return t, nil
		}
	}
	return Tenant{}, errNoTenant
}

func (f *fakeTenants) UserNames(context.Context, ...id.User) (map[id.User]string, error) {
	return nil, nil
}
