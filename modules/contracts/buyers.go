package contracts

import (
	"cmp"
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Buyer is a customer whose usage can be priced.
type Buyer struct {
	Tenant
	Month  period.Month    // the last in which something was sold on the edge; else the last full one
	Amount decimal.Decimal // line charges of that month; 0 where nothing was sold
}

// Buyers are those who buy through an edge.
type Buyers struct {
	Largest []Buyer      // those with the largest charges first
	HasMore bool         // there are customers besides: Others counts them
	Month   period.Month // the last in which something was sold on the edge; else the last full one

	sold   []Sale // of that month, those of 0 last
	more   bool   // others than those of sold have bought something
	among  Choice // who could have been listed
	others int    // besides Largest, as far as they were read
	isCut  bool   // there may be others that were not read
}

// boughtBeside reports whether anybody bought something whose usage was not
// priced.
func (b Buyers) boughtBeside(priced []CustomerEffect) bool {
	return b.more || slices.ContainsFunc(b.sold, func(o Sale) bool {
		return !o.Amount.IsZero() && !slices.ContainsFunc(priced, func(c CustomerEffect) bool { return c.Customer.ID == o.Customer })
	})
}

// BuyersOf returns the limit largest customers at or below the buyer of an
// edge: those with the largest charges of the edge's last month first, those
// with equal ones by name. A zero buyer asks for everybody below the seller.
// However many customers there are, it reads a few times limit of them; where
// more than limit have bought something, nobody else is looked for.
//
// Needs contracts.preview.
func (s *Service) BuyersOf(ctx context.Context, e Edge, limit int) (Buyers, error) {
	return read(ctx, s, PermPreview, func(ctx context.Context) (Buyers, error) {
		// Twice as many, so that those who bought nothing are found behind
		// those who did.
		among, sold, err := s.edgeChoice(ctx, e, 2*limit+1)
		if err != nil {
			return Buyers{}, err
		}
		out := Buyers{Month: among.Month, sold: sold, more: len(sold) > 2*limit && !sold[2*limit].Amount.IsZero(), among: among, isCut: true}
		var list []Tenant
		if charged(sold, e.Seller) <= limit {
			if list, err = s.directory.Choose(ctx, among, 2*limit+1); err != nil {
				return Buyers{}, err
			}
			out.isCut = len(list) > 2*limit
		}
		if list, err = s.withSold(ctx, list, sold, e); err != nil {
			return Buyers{}, err
		}
		out.Largest = largest(list, sold, among.Month)
		out.others = max(0, len(out.Largest)-limit)
		out.HasMore = out.isCut || out.others > 0
		out.Largest = out.Largest[:min(len(out.Largest), limit)]
		return out, nil
	})
}

// charged counts to whom something was sold for more than nothing, the seller
// itself apart.
func charged(sold []Sale, seller id.Tenant) int {
	amounts := amountsOf(sold)
	delete(amounts, seller)
	n := 0
	for _, a := range amounts {
		if a.IsPositive() {
			n++
		}
	}
	return n
}

func amountsOf(sold []Sale) map[id.Tenant]decimal.Decimal {
	out := map[id.Tenant]decimal.Decimal{}
	for _, o := range sold {
		out[o.Customer] = out[o.Customer].Add(o.Amount)
	}
	return out
}

// BuyersCalled returns the first limit customers of an edge in whose name or
// slug text occurs, as BuyersOf has them, by name.
//
// Needs contracts.preview.
func (s *Service) BuyersCalled(ctx context.Context, e Edge, text string, limit int) ([]Tenant, error) {
	return read(ctx, s, PermPreview, func(ctx context.Context) ([]Tenant, error) {
		among, _, err := s.edgeChoice(ctx, e, 1)
		if err != nil {
			return nil, err
		}
		among.Text = text
		return s.directory.Choose(ctx, among, limit)
	})
}

// edgeChoice returns what asks for the customers of an edge in its last month,
// and the limit largest sales of that month.
func (s *Service) edgeChoice(ctx context.Context, e Edge, limit int) (Choice, []Sale, error) {
	sold, err := s.sales.LastSales(ctx, e.Seller, e.Buyer, limit)
	out := Choice{Month: s.thisMonth().Add(-1), Under: e.Buyer, Tier: scope.Customer}
	if len(sold) > 0 {
		out.Month = sold[0].Month
	}
	if e.Buyer.IsZero() {
		out.Under = e.Seller
	}
	return out, sold, err
}

// withSold adds to list those to whom was sold and who are not on it, as far as
// the scope sees them: the largest of many, and tenants with own use.
func (s *Service) withSold(ctx context.Context, list []Tenant, sold []Sale, e Edge) ([]Tenant, error) {
	var missing []id.Tenant
	for _, o := range sold {
		isListed := slices.ContainsFunc(list, func(t Tenant) bool { return t.ID == o.Customer })
		if !isListed && o.Customer != e.Seller && !slices.Contains(missing, o.Customer) {
			missing = append(missing, o.Customer)
		}
	}
	if len(missing) == 0 {
		return list, nil
	}
	found, err := s.tenants.ByID(ctx, missing)
	for _, t := range found {
		list = append(list, t)
	}
	return list, err
}

// largest puts tenants in order: by what they bought.
func largest(list []Tenant, sold []Sale, month period.Month) []Buyer {
	amounts := amountsOf(sold)
	out := make([]Buyer, len(list))
	for i, t := range list {
		out[i] = Buyer{Tenant: t, Month: month, Amount: amounts[t.ID]}
	}
	slices.SortFunc(out, func(a, b Buyer) int {
		return cmp.Or(b.Amount.Cmp(a.Amount), compareText(a.Name, b.Name), a.ID.Compare(b.ID))
	})
	return out
}

// Others counts the customers besides those that b lists. It asks only where
// they are many.
//
// Needs contracts.preview.
func (s *Service) Others(ctx context.Context, b Buyers) (int, error) {
	if !b.isCut {
		return b.others, nil
	}
	return read(ctx, s, PermPreview, func(ctx context.Context) (int, error) {
		n, err := s.directory.Count(ctx, b.among)
		for _, one := range b.Largest {
			if one.Tier == scope.Customer {
				n--
			}
		}
		return n, err
	})
}
