package app

import (
	"context"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/scope"
	"tierbook/modules/billing"
	"tierbook/modules/contracts"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
	"tierbook/modules/utilities"
)

func (a *App) utilityDeps(access *authz.Authz, c clock.Clock) utilities.Deps {
	return utilities.Deps{
		Authz: access, Clock: c, Runs: utilityRuns{a.Billing}, Tenants: utilityTenants{a.Tenancy},
		Accounts: utilityAccounts{a.Usage, c}, Contracts: utilityContracts{a.Contracts},
	}
}

// utilityRuns lets utilities work with the queue and log.
type utilityRuns struct{ billing *billing.Service }

func utilityRun(r billing.Run) utilities.Run {
	out := utilities.Run{
		ID: r.ID, Kind: utilities.KindRecalculation, Customer: r.Assignee, Month: r.Month, State: utilities.State(r.State),
		Reason: r.Reason, Actor: r.Actor, Cause: r.Cause,
		RequestedAt: r.RequestedAt, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Attempts: r.Attempts,
		Lines: r.Lines, Charges: r.Charges, Engine: r.Engine, InputHash: r.InputHash, ResultHash: r.ResultHash, Error: r.Error.String(),
	}
	if r.Kind == billing.RunPeriod {
		out.Kind, out.Customer, out.Seller = utilities.KindFees, r.Buyer, r.Seller
	}
	return out
}

func (u utilityRuns) List(ctx context.Context, f utilities.RunFilter) ([]utilities.Run, error) {
	in := billing.RunFilter{
		Month: f.Month, Parties: f.Customers, Cause: f.Cause, Limit: f.Limit,
		States: each(f.States, func(s utilities.State) billing.RunState { return billing.RunState(s) }),
	}
	switch f.Kind {
	case utilities.KindAny:
	case "":
		in.Main = true
	case utilities.KindRecalculation:
		in.Kind = billing.RunLine
	case utilities.KindFees:
		in.Kind = billing.RunPeriod
	}
	list, err := u.billing.List(ctx, in)
	return each(list, utilityRun), err
}

func (u utilityRuns) Get(ctx context.Context, run id.Run) (utilities.Run, error) {
	r, err := u.billing.Get(ctx, run)
	return utilityRun(r), err
}

func (u utilityRuns) Request(ctx context.Context, assignee id.Tenant, month period.Month, reason string) (id.Run, error) {
	return u.billing.Request(ctx, billing.RunRequest{Assignee: assignee, Month: month, Reason: reason})
}

func (u utilityRuns) Cancel(ctx context.Context, run id.Run) error { return u.billing.Cancel(ctx, run) }

func (u utilityRuns) Failure(ctx context.Context, run id.Run) (message, detail string, err error) {
	return u.billing.Failure(ctx, run)
}

func (u utilityRuns) Changes(ctx context.Context, run id.Run) ([]utilities.EdgeChange, error) {
	got, err := u.billing.Changes(ctx, run)
	return each(got.Edges, func(e billing.EdgeChange) utilities.EdgeChange {
		return utilities.EdgeChange{
			Seller: utilities.Party{Slug: e.Seller.Slug, Name: e.Seller.Name}, Buyer: utilities.Party{Slug: e.Buyer.Slug, Name: e.Buyer.Name},
			Currency: e.Currency, Run: e.Run, IsFirst: e.Previous.IsZero(), IsFees: e.IsFees,
			Before: e.Before, After: e.After, CostBefore: e.CostBefore, CostAfter: e.CostAfter, HasDetail: e.HasDetail,
			Services: each(e.Services, func(c billing.Change) utilities.Change { return utilities.Change(c) }),
			Rules:    each(e.Rules, func(c billing.Change) utilities.Change { return utilities.Change(c) }),
		}
	}), err
}

func (u utilityRuns) Findings(ctx context.Context, runs ...id.Run) ([]utilities.Finding, error) {
	list, err := u.billing.StandingFindings(ctx, runs...)
	return each(list, func(f billing.EdgeFinding) utilities.Finding {
		return utilities.Finding{
			Run: f.Run, Message: f.Text(),
			Seller: utilities.Party{Slug: f.Seller.Slug, Name: f.Seller.Name}, Buyer: utilities.Party{Slug: f.Buyer.Slug, Name: f.Buyer.Name},
		}
	}), err
}

func (u utilityRuns) CountFindings(ctx context.Context, runs ...id.Run) (map[id.Run]int, error) {
	return u.billing.CountStanding(ctx, runs...)
}

// utilityTenants lets utilities name tenants and users.
type utilityTenants struct{ tenancy *tenancy.Service }

func utilityTenant(t tenancy.Tenant) utilities.Tenant {
	return utilities.Tenant{ID: t.ID, Slug: t.Slug, Name: t.Name, Tier: t.Tier}
}

func (u utilityTenants) ByID(ctx context.Context, tenants ...id.Tenant) (map[id.Tenant]utilities.Tenant, error) {
	found, err := u.tenancy.GetMany(ctx, tenants)
	out := make(map[id.Tenant]utilities.Tenant, len(found))
	for k, t := range found {
		out[k] = utilityTenant(t)
	}
	return out, err
}

func (u utilityTenants) BySlug(ctx context.Context, slug string) (utilities.Tenant, error) {
	t, err := u.tenancy.Find(ctx, slug)
	return utilityTenant(t), err
}

func (u utilityTenants) Search(ctx context.Context, text string, limit int) ([]utilities.Tenant, error) {
	list, err := u.tenancy.Search(ctx, text, limit)
	return each(list, utilityTenant), err
}

func (u utilityTenants) UserNames(ctx context.Context, users ...id.User) (map[id.User]string, error) {
	return u.tenancy.UserNames(ctx, users...)
}

// utilityAccounts lets utilities know who has accounts.
type utilityAccounts struct {
	usage *usage.Service
	clock clock.Clock
}

func (u utilityAccounts) Assignees(ctx context.Context, limit int) ([]id.Tenant, []period.Months, error) {
	return u.usage.SomeAssignees(ctx, limit)
}

func (u utilityAccounts) Assigned(ctx context.Context, tenants ...id.Tenant) (map[id.Tenant][]period.Months, error) {
	found, err := u.usage.Assigned(ctx, period.MonthOf(u.clock.Now()), tenants...)
	out := make(map[id.Tenant][]period.Months, len(found))
	for t, a := range found {
		out[t] = a.Months
	}
	return out, err
}

// utilityContracts lets utilities know which months have terms. Whoever may
// recalculate may know that, though not the terms.
type utilityContracts struct{ contracts *contracts.Service }

func (u utilityContracts) Covered(ctx context.Context, buyers ...id.Tenant) (map[id.Tenant][]period.Months, error) {
	asSystem, err := asOperator(ctx)
	if err != nil {
		return nil, err
	}
	list, err := u.contracts.Standing(asSystem, buyers...)
	out := map[id.Tenant][]period.Months{}
	for _, c := range list {
		out[c.Edge.Buyer] = append(out[c.Edge.Buyer], c.Months)
	}
	return out, err
}

// asOperator returns a context in which ctx's scope may do whatever its tenant
// may: for what one module asks another in the name of a use case that has
// checked its own permission. What the tenant sees stays the same.
func asOperator(ctx context.Context) (context.Context, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	sc.Actor.Roles = []string{"operator"}
	return scope.With(ctx, sc), nil
}
