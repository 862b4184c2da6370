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

// ServiceFigures is what one service came to in one month and currency. The
// service is empty for fees and rounding, which belong to none.
type ServiceFigures struct {
	Month    period.Month
	Currency money.Currency
	Service  string
	IsFee    bool
	Cost     decimal.Decimal // 0 if ByService.IsSpend
	Price    decimal.Decimal
	Margin   decimal.Decimal // Price − Cost; 0 if ByService.IsSpend
}

// ByService is a tenant's months by service, as the acting tenant sees them.
type ByService struct {
	// IsSpend holds if the tenant looks at itself: Price is what it was
	// charged, and there is no cost and no margin.
	IsSpend bool
	// LeavesOutFees holds if fees of the acting tenant's edge cannot be told
	// apart by this tenant: it is not the direct buyer.
	LeavesOutFees bool
	Rows          []ServiceFigures // by month, currency, price (largest first) and service; fees last
}

// ByService returns what tenant's usage came to by service in months, for
// charts over time and tables. It reads sums that publishing keeps, and may be
// called inside a read transaction of the web role.
//
// A tenant that asks about itself gets what it was charged; a distributor, whom
// nobody charges, what it sells to everybody. Who asks about a
// tenant that it sells to directly gets cost, price and margin of that edge;
// who asks about one further down gets those of its own edge towards that
// tenant, for that tenant's lines only.
//
// Needs billing.read. Errors: NotFound for a tenant that was never below the
// acting one.
func (s *Service) ByService(ctx context.Context, tenant id.Tenant, months ...period.Month) (ByService, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return ByService{}, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return ByService{}, err
	}
	var out ByService
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		if _, err := s.directory.Tenant(ctx, tenant); err != nil {
			return err
		}
		switch {
		case tenant != sc.Tenant:
			out, err = s.sales(ctx, sc.Tenant, tenant, months)
		case sc.Tier == scope.Distributor:
			out, err = s.allSales(ctx, tenant, months)
		default:
			out, err = s.spend(ctx, tenant, months)
		}
		return err
	})
	return out, err
}

// spend returns what tenant was charged itself.
func (s *Service) spend(ctx context.Context, tenant id.Tenant, months []period.Month) (ByService, error) {
	lines, err := s.web.ownServices(ctx, months, tenant, false)
	if err != nil {
		return ByService{}, err
	}
	fees, err := s.web.periodFigures(ctx, months, "buyer_id = ?", tenant)
	out := ByService{IsSpend: true}
	for _, r := range lines {
		if !r.Supplied.IsZero() {
			out.add(ServiceFigures{Month: r.Month, Currency: money.Currency(r.Currency), Service: r.Service, Price: r.Supplied})
		}
	}
	out.addFees(fees)
	return out.sorted(), err
}

// sales returns what the acting tenant's edge towards tenant came to.
func (s *Service) sales(ctx context.Context, acting, tenant id.Tenant, months []period.Month) (ByService, error) {
	fees, err := s.web.periodFigures(ctx, months, "seller_id = ? AND buyer_id = ?", acting, tenant)
	if err != nil {
		return ByService{}, err
	}
	direct, err := s.web.edgeServices(ctx, months, Edge{Seller: acting, Buyer: tenant})
	if err != nil {
		return ByService{}, err
	}
	further, err := s.web.furtherServices(ctx, months, acting, tenant)
	out := ByService{LeavesOutFees: len(further) > 0}
	out.addSales(direct)
	out.addSales(further)
	out.addFees(fees)
	return out.sorted(), err
}

// allSales returns what seller's edges came to together.
func (s *Service) allSales(ctx context.Context, seller id.Tenant, months []period.Month) (out ByService, err error) {
	lines, err := s.web.ownServices(ctx, months, seller, true)
	if err != nil {
		return ByService{}, err
	}
	fees, err := s.web.sellerFees(ctx, months, seller)
	out.addSales(lines)
	out.addFees(fees)
	return out.sorted(), err
}

func (b *ByService) addSales(rows []serviceFigureRow) {
	for _, r := range rows {
		b.add(ServiceFigures{
			Month: r.Month, Currency: money.Currency(r.Currency), Service: r.Service,
			Cost: r.Cost, Price: r.Price, Margin: r.Price.Sub(r.Cost),
		})
	}
}

// add adds f to the row of its month, currency and service: a tenant that has
// moved may have bought in two places.
func (b *ByService) add(f ServiceFigures) {
	for i := range b.Rows {
		r := &b.Rows[i]
		if r.Month == f.Month && r.Currency == f.Currency && r.Service == f.Service && r.IsFee == f.IsFee {
			r.Cost, r.Price, r.Margin = r.Cost.Add(f.Cost), r.Price.Add(f.Price), r.Margin.Add(f.Margin)
			return
		}
	}
	b.Rows = append(b.Rows, f)
}

func (b *ByService) addFees(fees []periodFigureRow) {
	for _, r := range fees {
		if r.Charged.IsZero() {
			continue
		}
		f := ServiceFigures{Month: r.Month, Currency: money.Currency(r.Currency), IsFee: true, Price: r.Charged}
		if !b.IsSpend {
			f.Margin = r.Charged
		}
		b.add(f)
	}
}

func (b ByService) sorted() ByService {
	slices.SortFunc(b.Rows, func(x, y ServiceFigures) int {
		fee := 0
		switch {
		case x.IsFee && !y.IsFee:
			fee = 1
		case y.IsFee && !x.IsFee:
			fee = -1
		}
		return cmp.Or(x.Month.Compare(y.Month), cmp.Compare(x.Currency, y.Currency), fee,
			y.Price.Compare(x.Price), cmp.Compare(x.Service, y.Service))
	})
	return b
}
