package app

import (
	"context"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/modules/billing"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
)

// Named lets usage call tenants by their names.
func (u usageTenants) Named(ctx context.Context, ts []id.Tenant) (map[id.Tenant]usage.Tenant, error) {
	found, err := u.tenancy.GetMany(ctx, ts)
	out := make(map[id.Tenant]usage.Tenant, len(found))
	for k, t := range found {
		out[k] = usageTenant(t)
	}
	return out, err
}

// Some lets usage offer tenants of this month to choose from.
func (u usageTenants) Some(ctx context.Context, text string, limit int) ([]usage.Tenant, error) {
	list, err := u.tenancy.Choose(ctx, tenancy.Choice{Month: period.MonthOf(clock.System{}.Now()), Text: text}, limit)
	return each(list, usageTenant), err
}

// Called lets usage find a tenant by its slug.
func (u usageTenants) Called(ctx context.Context, slug string) (usage.Tenant, error) {
	t, err := u.tenancy.Find(ctx, slug)
	return usageTenant(t), err
}

// usageRating lets usage ask for months to be rated again. Billing is made
// after usage, so it is looked up when it is needed.
type usageRating struct{ app *App }

func (u usageRating) Rerate(ctx context.Context, assignee id.Tenant, month period.Month, reason string) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	// Whoever may change the lines may have what follows computed.
	sc.Actor.Roles = []string{"operator"}
	_, err = u.app.Billing.Request(scope.With(ctx, sc), billing.RunRequest{Assignee: assignee, Month: month, Reason: reason})
	return err
}
