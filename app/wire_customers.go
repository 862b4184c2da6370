package app

import (
	"context"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/authz"
	"tierbook/modules/billing"
	"tierbook/modules/contracts"
	"tierbook/modules/customers"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
)

func (a *App) customerDeps(access *authz.Authz, c clock.Clock) customers.Deps {
	return customers.Deps{
		Authz: access, Clock: c, Tenants: customerTenants{a.Tenancy}, Money: customerMoney{a.Billing},
		Contracts: customerContracts{a.Contracts}, Accounts: customerAccounts{a.Usage},
	}
}

// customerTenants lets customers read and grow the tree.
type customerTenants struct{ tenancy *tenancy.Service }

func customerTenant(t tenancy.Tenant) customers.Tenant {
	return customers.Tenant{ID: t.ID, Slug: t.Slug, Name: t.Name, Path: t.Path(), Tier: t.Tier, CreatedAt: t.CreatedAt}
}

func customerNode(b tenancy.Branch) customers.Node {
	return customers.Node{Tenant: customerTenant(b.Tenant), Parent: b.Parent, Children: b.Children, IsMatch: b.IsMatch}
}

func (c customerTenants) Node(ctx context.Context, m period.Month, t id.Tenant) (customers.Node, error) {
	b, err := c.tenancy.Branch(ctx, m, t)
	return customerNode(b), err
}

func (c customerTenants) Children(ctx context.Context, m period.Month, parents []id.Tenant, skip, limit int) ([]customers.Node, error) {
	list, err := c.tenancy.Children(ctx, tenancy.ChildrenFilter{Month: m, Parents: parents, Skip: skip, Limit: limit})
	return each(list, customerNode), err
}

func (c customerTenants) Matching(ctx context.Context, m period.Month, f customers.Match) ([]customers.Node, int64, error) {
	list, all, err := c.tenancy.Matching(ctx, tenancy.MatchFilter{Month: m, Text: f.Text, Among: f.Among, Is: f.Is, Limit: f.Limit})
	return each(list, customerNode), all, err
}

func (c customerTenants) Containing(ctx context.Context, m period.Month, tenants ...id.Tenant) (map[id.Tenant][]id.Tenant, error) {
	return c.tenancy.Containing(ctx, m, tenants...)
}

func (c customerTenants) Search(ctx context.Context, text string, limit int) ([]customers.Tenant, error) {
	list, err := c.tenancy.Search(ctx, text, limit)
	return each(list, customerTenant), err
}

func (c customerTenants) BySlug(ctx context.Context, slug string) (customers.Tenant, error) {
	t, err := c.tenancy.Find(ctx, slug)
	return customerTenant(t), err
}

func (c customerTenants) ByID(ctx context.Context, tenants ...id.Tenant) (map[id.Tenant]customers.Tenant, error) {
	found, err := c.tenancy.GetMany(ctx, tenants)
	out := make(map[id.Tenant]customers.Tenant, len(found))
	for k, t := range found {
		out[k] = customerTenant(t)
	}
	return out, err
}

func (c customerTenants) Create(ctx context.Context, in customers.NewTenant) (customers.Tenant, error) {
	t, err := c.tenancy.Create(ctx, tenancy.CreateInput{Tier: in.Tier, Name: in.Name, Slug: in.Slug, Parent: in.Parent})
	return customerTenant(t), err
}

// customerMoney lets customers read what tenants cost and bring.
type customerMoney struct{ billing *billing.Service }

func (c customerMoney) Months(ctx context.Context) ([]period.Month, error) {
	return c.billing.Months(ctx)
}

func (c customerMoney) Billed(ctx context.Context, month period.Month) ([]id.Tenant, error) {
	return c.billing.Billed(ctx, month)
}

func (c customerMoney) Buying(ctx context.Context, month period.Month, tenants ...id.Tenant) ([]customers.Figures, error) {
	list, err := c.billing.Buying(ctx, month, tenants...)
	return each(list, func(f billing.TenantFigures) customers.Figures {
		return customers.Figures{
			Tenant: f.Tenant, Seller: f.Seller, Currency: f.Currency,
			Amounts: customers.Amounts{Cost: f.Cost, Price: f.Price, Margin: f.Margin},
		}
	}), err
}

func (c customerMoney) Troubled(ctx context.Context, month period.Month) ([]customers.Trouble, error) {
	list, err := c.billing.Troubled(ctx, month)
	return each(list, func(h billing.Health) customers.Trouble { return customers.Trouble(h) }), err
}

func (c customerMoney) ByService(ctx context.Context, tenant id.Tenant, months ...period.Month) (customers.Services, error) {
	got, err := c.billing.ByService(ctx, tenant, months...)
	return customers.Services{
		IsSpend: got.IsSpend, LeavesOutFees: got.LeavesOutFees,
		Rows: each(got.Rows, func(s billing.ServiceFigures) customers.ServiceMonth {
			return customers.ServiceMonth{
				Month: s.Month, Currency: s.Currency, Service: s.Service, IsFee: s.IsFee,
				Amounts: customers.Amounts{Cost: s.Cost, Price: s.Price, Margin: s.Margin},
			}
		}),
	}, err
}

func (c customerMoney) Invoices(ctx context.Context, tenant id.Tenant, page int) (customers.Invoices, error) {
	got, err := c.billing.Documents(ctx, billing.DocumentFilter{Party: tenant, Page: page})
	return customers.Invoices{
		Count: got.Count, Page: got.Page, Pages: got.Pages,
		List: each(got.List, func(d billing.Document) customers.Invoice {
			return customers.Invoice{
				Month: d.Month, Seller: d.SellerParty.Slug, Buyer: d.BuyerParty.Slug, SellerName: d.SellerParty.Name, BuyerName: d.BuyerParty.Name,
				Currency: d.Currency, Total: d.Total, State: string(d.State),
			}
		}),
	}, err
}

// customerContracts lets customers read what was agreed.
type customerContracts struct{ contracts *contracts.Service }

func (c customerContracts) Standing(ctx context.Context, buyers ...id.Tenant) ([]customers.Contract, error) {
	list, err := c.contracts.Standing(ctx, buyers...)
	return each(list, func(x contracts.Contract) customers.Contract {
		return customers.Contract{ID: x.ID, Seller: x.Edge.Seller, Buyer: x.Edge.Buyer, Name: x.Name, Currency: x.Currency, Months: x.Months}
	}), err
}

// customerAccounts lets customers read whose usage is whose.
type customerAccounts struct{ usage *usage.Service }

func (c customerAccounts) Counts(ctx context.Context, m period.Month, tenants ...id.Tenant) (map[id.Tenant]int64, error) {
	found, err := c.usage.Assigned(ctx, m, tenants...)
	out := make(map[id.Tenant]int64, len(found))
	for t, a := range found {
		out[t] = a.Accounts
	}
	return out, err
}

func (c customerAccounts) Of(ctx context.Context, tenant id.Tenant, limit int) ([]customers.Account, int64, error) {
	page, err := c.usage.BrowseAccounts(ctx, usage.AccountQuery{Assignee: tenant, Limit: limit})
	return each(page.Accounts, func(a usage.Account) customers.Account {
		out := customers.Account{Provider: a.Provider, Number: a.Account, Name: a.Name}
		for _, x := range a.Assignments {
			if x.Assignee == tenant {
				out.Months = append(out.Months, x.Months)
			}
		}
		return out
	}), page.Total, err
}
