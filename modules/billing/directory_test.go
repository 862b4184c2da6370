package billing

import (
	"context"
	"slices"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// directory answers pages from the tenants that a test has.
type directory struct{ tenantsPort }

// tenantsPort keeps the embedded port's name out of its method's way.
type tenantsPort = Tenants

func (d directory) ByID(ctx context.Context, tenants ...id.Tenant) (map[id.Tenant]Tenant, error) {
	all, err := d.Tenants(ctx)
	out := map[id.Tenant]Tenant{}
	for _, t := range all {
		if slices.Contains(tenants, t.ID) {
			out[t.ID] = t
		}
	}
	return out, err
}

func (d directory) BySlug(ctx context.Context, slug string) (Tenant, error) {
	all, err := d.Tenants(ctx)
	if err != nil {
		return Tenant{}, err
	}
	if i := slices.IndexFunc(all, func(t Tenant) bool { return t.Slug == slug }); i >= 0 {
		return all[i], nil
	}
	return Tenant{}, errNoTenant
}

func (d directory) Containing(ctx context.Context, month period.Month, tenants ...id.Tenant) (map[id.Tenant][]id.Tenant, error) {
	sc, err := scope.From(ctx)
	out := map[id.Tenant][]id.Tenant{}
	for _, t := range tenants {
		chain, notBelow := d.Chain(ctx, sc.Tenant, t, month)
		if notBelow != nil {
			continue
		}
		for _, x := range chain {
			out[t] = append(out[t], x.ID)
		}
	}
	return out, err
}

func (d directory) Called(ctx context.Context, text string) ([]id.Tenant, error) {
	all, err := d.Tenants(ctx)
	text = strings.ToLower(text)
	var out []id.Tenant
	for _, t := range all {
		if strings.Contains(t.Slug, text) || strings.Contains(strings.ToLower(t.Name), text) {
			out = append(out, t.ID)
		}
	}
	return out, err
}

func (directory) UserNames(context.Context, ...id.User) (map[id.User]string, error) {
	return nil, nil
}
