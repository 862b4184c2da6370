package app

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/modules/billing"
	"tierbook/modules/contracts"
	"tierbook/modules/tenancy"
)

// contractDirectory tells the pages of contracts who there is.
type contractDirectory struct{ tenancy *tenancy.Service }

func (d contractDirectory) Choose(ctx context.Context, c contracts.Choice, limit int) ([]contracts.Tenant, error) {
	list, err := d.tenancy.Choose(ctx, tenancy.Choice(c), limit)
	return each(list, contractTenant), err
}

func (d contractDirectory) Count(ctx context.Context, c contracts.Choice) (int, error) {
	return d.tenancy.CountChoices(ctx, tenancy.Choice(c))
}

func (d contractDirectory) Called(ctx context.Context, text string) ([]id.Tenant, error) {
	return d.tenancy.Called(ctx, text)
}

func (d contractDirectory) People(ctx context.Context, users []id.User) (map[id.User]string, error) {
	return d.tenancy.UserNames(ctx, users...)
}

// contractSales tells the pages of contracts what was sold. Billing is made
// after contracts, so it is looked up when it is needed.
type contractSales struct{ app *App }

func (s contractSales) LastSales(ctx context.Context, seller, buyer id.Tenant, limit int) ([]contracts.Sale, error) {
	list, err := s.app.Billing.LastSales(ctx, seller, buyer, limit)
	return each(list, func(o billing.Sale) contracts.Sale {
		return contracts.Sale{
			Seller: o.Edge.Seller, Buyer: o.Edge.Buyer, Customer: o.Assignee, Month: o.Month, Amount: o.Amount, Currency: o.Currency,
		}
	}), err
}

func (s contractSales) FeesPaid(ctx context.Context, tenant id.Tenant, month period.Month, currency money.Currency) (decimal.Decimal, error) {
	return s.app.Billing.FeesPaid(ctx, tenant, month, currency)
}
