package contracts

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

// Placed is a tenant and who stands directly above it.
type Placed struct {
	Tenant
	Parent id.Tenant // zero for the acting tenant
}

// Directory tells who there is below the acting tenant. Satisfied by app with
// the tenancy module.
type Directory interface {
	// Below returns the acting tenant and those below it in month, by depth
	// and slug.
	Below(ctx context.Context, month period.Month) ([]Placed, error)
	// People returns the names of users that the acting tenant may know;
	// others are absent.
	People(ctx context.Context, users []id.User) (map[id.User]string, error)
}

// Sale is what was charged for a customer's lines on one edge in one month.
type Sale struct {
	Seller   id.Tenant
	Buyer    id.Tenant
	Customer id.Tenant
	Month    period.Month
	Amount   decimal.Decimal
	Currency money.Currency
}

// Sales tells what was sold. Satisfied by app with the billing module.
type Sales interface {
	// LastSales returns what seller charged buyer for each customer in the
	// last month that has published charges on that edge, largest first; none
	// where nothing was sold yet. A zero buyer asks for all that seller sold.
	LastSales(ctx context.Context, seller, buyer id.Tenant) ([]Sale, error)
	// FeesPaid returns what tenant itself was charged in fees in month, in
	// currency.
	FeesPaid(ctx context.Context, tenant id.Tenant, month period.Month, currency money.Currency) (decimal.Decimal, error)
}
