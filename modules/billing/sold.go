package billing

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

// Sale is what a seller charges on one edge for one assignee's lines in one
// month, without fees.
type Sale struct {
	Edge     Edge
	Assignee id.Tenant
	Month    period.Month
	Currency money.Currency
	Amount   decimal.Decimal
}

// LastSales returns what seller charges buyer for each assignee in the last
// month that has published charges on that edge, at most limit of them: the
// largest first, then what was paid back, sums of 0 last. A zero buyer asks for
// the last month in which seller sold anything, to anybody. Nothing where the
// scope does not see seller's charges.
//
// Needs billing.read.
func (s *Service) LastSales(ctx context.Context, seller, buyer id.Tenant, limit int) (out []Sale, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		out, err = s.web.lastSales(ctx, seller, buyer, limit)
		return err
	})
	return out, err
}

// FeesPaid returns what buyer was charged in fees by its supplier in month, in
// currency, rounding apart: what period_cost reads in buyer's own contracts.
//
// Needs billing.read.
func (s *Service) FeesPaid(ctx context.Context, buyer id.Tenant, month period.Month, currency money.Currency) (decimal.Decimal, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return decimal.Decimal{}, err
	}
	var out decimal.Decimal
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		paid, err := s.web.feesPaid(ctx, buyer, month)
		for _, p := range paid {
			if p.Currency == currency {
				out = out.Add(p.Amount)
			}
		}
		return err
	})
	return out, err
}
