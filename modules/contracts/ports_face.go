package contracts

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Choice asks for tenants to choose from, as they stood in one month: the
// acting tenant and everybody below it, unless a field asks for fewer.
type Choice struct {
	Month  period.Month
	Under  id.Tenant  // at or below it; zero: the acting tenant
	Direct bool       // only directly below it
	Tier   scope.Tier // zero: any
	Text   string     // part of the name or slug; empty: any
}

// Directory tells who there is below the acting tenant. Satisfied by app with
// the tenancy module.
type Directory interface {
	// Choose returns the first limit tenants of a choice, by tier and name.
	Choose(ctx context.Context, c Choice, limit int) ([]Tenant, error)
	// Count returns how many tenants Choose has without a limit.
	Count(ctx context.Context, c Choice) (int, error)
	// Called returns every tenant in whose name or slug text occurs, of those
	// that are or were below the acting one, and itself.
	Called(ctx context.Context, text string) ([]id.Tenant, error)
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
	// last month that has published charges on that edge, at most limit of
	// them: the largest first, then what was paid back, sums of 0 last. None
	// where nothing was sold yet. A zero buyer asks for all that seller sold.
	LastSales(ctx context.Context, seller, buyer id.Tenant, limit int) ([]Sale, error)
	// FeesPaid returns what tenant itself was charged in fees in month, in
	// currency.
	FeesPaid(ctx context.Context, tenant id.Tenant, month period.Month, currency money.Currency) (decimal.Decimal, error)
}
