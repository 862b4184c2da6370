package billing

import (
	"cmp"
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Sales returns what the acting tenant sells to everybody, by service in
// months, with fees and rounding; nothing for a customer. It reads sums that
// publishing keeps, and may be called inside a read transaction of the web role.
//
// Needs billing.read.
func (s *Service) Sales(ctx context.Context, months ...period.Month) (out ByService, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return ByService{}, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return ByService{}, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		out, err = s.allSales(ctx, sc.Tenant, months)
		return err
	})
	return out.sorted(), err
}

// SalesTo returns what the acting tenant sells to some buyers in months, fees
// and rounding included, by month, currency and buyer. Its cost grows with the
// sales to these buyers, however many others there are.
//
// Needs billing.read.
func (s *Service) SalesTo(ctx context.Context, buyers []id.Tenant, months ...period.Month) ([]MonthSale, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	type key struct {
		month    period.Month
		buyer    id.Tenant
		currency string
	}
	sums := map[key]MonthSale{}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		clear(sums)
		rows, err := s.web.salesTo(ctx, sc, buyers, months)
		for _, r := range rows {
			k := key{r.Month, r.BuyerID, r.Currency}
			sale := sums[k]
			sale.Month, sale.Buyer, sale.Currency = r.Month, r.BuyerID, money.Currency(r.Currency)
			sale.Cost, sale.Price = sale.Cost.Add(r.Cost), sale.Price.Add(r.Price)
			sale.Margin = sale.Price.Sub(sale.Cost)
			sums[k] = sale
		}
		return err
	})
	out := make([]MonthSale, 0, len(sums))
	for _, sale := range sums {
		out = append(out, sale)
	}
	slices.SortFunc(out, func(x, y MonthSale) int {
		return cmp.Or(x.Month.Compare(y.Month), cmp.Compare(x.Currency, y.Currency), x.Buyer.Compare(y.Buyer))
	})
	return out, err
}

// MonthSale is what the acting tenant sells to a buyer in one month and currency.
type MonthSale struct {
	Month    period.Month
	Buyer    id.Tenant
	Currency money.Currency
	Cost     decimal.Decimal
	Price    decimal.Decimal
	Margin   decimal.Decimal // Price − Cost
}

// TenantFigures is what a tenant came to in one month and currency, seen from
// above: what its supplier paid, charged and kept. Own figures of the acting
// tenant are those of all its sales.
type TenantFigures struct {
	Tenant   id.Tenant
	Seller   id.Tenant // zero for the acting tenant itself
	Currency money.Currency
	Cost     decimal.Decimal // to the seller
	Price    decimal.Decimal // lines, fees and rounding; before tax
	Margin   decimal.Decimal // Price − Cost
}

// Buying returns the figures of a month of the edges on which tenants buy, and
// of the acting tenant itself if it is among them: the sum of what it sells,
// with what it is charged in fees as cost. Tenants without figures are absent.
// It takes four queries, however many tenants there are, and may be called
// inside a read transaction of the web role.
//
// Needs billing.read. Only edges are in it whose seller is the acting tenant or
// was below it in that month.
func (s *Service) Buying(ctx context.Context, month period.Month, tenants ...id.Tenant) ([]TenantFigures, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	b := buyingBook{}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		clear(b)
		buyers := slices.DeleteFunc(slices.Clone(tenants), func(t id.Tenant) bool { return t == sc.Tenant })
		if err := s.web.buying(ctx, sc, month, buyers, b.add); err != nil || len(buyers) == len(tenants) {
			return err
		}
		return s.web.selling(ctx, sc, month, b.add)
	})
	return b.sorted(), err
}

// buyingRow is a part of a tenant's figures.
type buyingRow struct {
	TenantID    id.Tenant
	SellerID    id.Tenant
	Currency    string
	Price, Cost decimal.Decimal
}

type buyingKey struct {
	tenant, seller id.Tenant
	currency       string
}

type buyingBook map[buyingKey]TenantFigures

func (b buyingBook) add(r buyingRow) {
	k := buyingKey{r.TenantID, r.SellerID, r.Currency}
	f := b[k]
	f.Tenant, f.Seller, f.Currency = r.TenantID, r.SellerID, money.Currency(r.Currency)
	f.Cost, f.Price = f.Cost.Add(r.Cost), f.Price.Add(r.Price)
	f.Margin = f.Price.Sub(f.Cost)
	b[k] = f
}

func (b buyingBook) sorted() []TenantFigures {
	out := make([]TenantFigures, 0, len(b))
	for _, f := range b {
		out = append(out, f)
	}
	slices.SortFunc(out, func(x, y TenantFigures) int {
		return cmp.Or(x.Tenant.Compare(y.Tenant), x.Seller.Compare(y.Seller), cmp.Compare(x.Currency, y.Currency))
	})
	return out
}

// Health is how billing data of a tenant came through in a month.
type Health struct {
	Tenant   id.Tenant
	IsFailed bool  // the newest run of its month, or of its fees, has failed
	Findings int64 // that keep its documents from being issued
}

// Troubled returns the tenants whose billing data of a month did not come
// through as they should, by id. It may be called inside a read transaction of
// the web role.
//
// Needs billing.read. Failed runs are left out for who may not read runs; a
// customer has no troubles that are its to see.
func (s *Service) Troubled(ctx context.Context, month period.Month) ([]Health, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	found := map[id.Tenant]Health{}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		clear(found)
		rows, err := s.web.blocked(ctx, sc, month)
		if err != nil {
			return err
		}
		for _, r := range rows {
			found[r.TenantID] = Health{Tenant: r.TenantID, Findings: r.Findings}
		}
		if !s.authz.Can(ctx, PermReadRuns) {
			return nil
		}
		failed, err := s.web.failedFor(ctx, sc, month)
		for _, t := range failed {
			h := found[t]
			h.Tenant, h.IsFailed = t, true
			found[t] = h
		}
		return err
	})
	out := make([]Health, 0, len(found))
	for _, h := range found {
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b Health) int { return a.Tenant.Compare(b.Tenant) })
	return out, err
}
