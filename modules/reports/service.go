package reports

import (
	"cmp"
	"context"
	"slices"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/scope"
)

// Service answers what the start page asks.
type Service struct {
	authz *authz.Authz
	clock clock.Clock
	money Money
	usage Usage
}

// trend is how many months pictures over time show.
const trend = 12

// maxInvoices is how many invoices a customer's start page lists.
const maxInvoices = 3

// Home is the start page.
type Home struct {
	Tenant      Party // the acting one; only ID and Tier
	Month       period.Month
	Months      []period.Month // that can be chosen, newest first
	Now         []Figures      // of Month, by currency, the largest first
	Before      []Figures      // of the month before it
	Services    []ServiceMonth // of the last months up to Month
	ByBuyer     []BuyerSales   // of the same months, where they were asked for
	Trouble     Troubles
	Books       *Books // nil: not for this reader
	Unassigned  []Unassigned
	Quarantined int64
	Invoices    []Invoice
	Newest      period.Month // with a delivery; zero: none, or not for this reader

	SeesMoney bool
	SeesUsage bool
}

// HomeInput is what a start page is asked for.
type HomeInput struct {
	Month   period.Month // zero: the last full month
	ByBuyer bool         // over time by buyer
}

// Home returns the start page of the acting tenant. Parts that the actor may
// not read are empty. It needs a scope and no permission.
func (s *Service) Home(ctx context.Context, in HomeInput) (Home, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return Home{}, err
	}
	h := Home{
		Tenant:    Party{ID: sc.Tenant, Tier: sc.Tier},
		SeesMoney: s.authz.Can(ctx, permBilling), SeesUsage: sc.Tier != scope.Customer && s.authz.Can(ctx, permUsage),
	}
	if h.SeesMoney {
		if h.Months, err = s.money.Months(ctx); err != nil {
			return Home{}, err
		}
	}
	if h.Month = s.month(in.Month, h.Months); h.SeesMoney && len(h.Months) > 0 {
		if err := s.addMoney(ctx, in, &h); err != nil {
			return Home{}, err
		}
	}
	if h.SeesUsage {
		err = s.addUsage(ctx, &h)
	}
	return h, err
}

// month returns the month to show: what was asked for, else the last full
// month, else the newest that there is.
func (s *Service) month(want period.Month, months []period.Month) period.Month {
	full := period.MonthOf(s.clock.Now()).Add(-1)
	switch {
	case !want.IsZero():
		return want
	case len(months) == 0 || slices.Contains(months, full):
		return full
	}
	for _, m := range months {
		if !full.Before(m) {
			return m
		}
	}
	return months[0]
}

func (s *Service) addMoney(ctx context.Context, in HomeInput, h *Home) error {
	var err error
	if h.Services, err = s.money.ByService(ctx, last(h.Month, trend)...); err != nil {
		return err
	}
	if h.Tenant.Tier == scope.Customer {
		h.Invoices, err = s.money.Invoices(ctx, maxInvoices)
		return err
	}
	figures, err := s.money.Figures(ctx, h.Month.Add(-1), h.Month)
	if err != nil {
		return err
	}
	for _, f := range figures {
		switch f.Month {
		case h.Month:
			h.Now = append(h.Now, f)
		case h.Month.Add(-1):
			h.Before = append(h.Before, f)
		}
	}
	slices.SortStableFunc(h.Now, func(a, b Figures) int { return b.total().Price.Cmp(a.total().Price) })
	if in.ByBuyer {
		if err := s.addBuyers(ctx, h); err != nil {
			return err
		}
	}
	if h.Trouble, err = s.money.Troubles(ctx, h.Month); err != nil {
		return err
	}
	if h.Tenant.Tier == scope.Distributor && s.authz.Can(ctx, permReconcile) {
		books, err := s.money.Books(ctx, h.Month)
		if err != nil {
			return err
		}
		h.Books = &books
	}
	return nil
}

// BuyerSales is what was sold to one buyer, or to all others together, in a
// month and currency.
type BuyerSales struct {
	Month    period.Month
	Currency money.Currency
	Name     string // empty: all others
	Amounts
}

// maxBuyers is how many buyers are shown one by one over time.
const maxBuyers = 12

// addBuyers fills in the months of the largest buyers of the shown month, and
// of all others together: what the services add up to, less these.
func (s *Service) addBuyers(ctx context.Context, h *Home) error {
	names, ids := largestBuyers(h.Now)
	sales, err := s.money.SalesTo(ctx, ids, last(h.Month, trend)...)
	if err != nil {
		return err
	}
	type key struct {
		month    period.Month
		currency money.Currency
	}
	rest := map[key]Amounts{}
	for _, x := range h.Services {
		k := key{x.Month, x.Currency}
		rest[k] = rest[k].Add(x.Amounts)
	}
	for _, x := range sales {
		h.ByBuyer = append(h.ByBuyer, BuyerSales{x.Month, x.Currency, names[x.Buyer], x.Amounts})
		k := key{x.Month, x.Currency}
		rest[k] = rest[k].Sub(x.Amounts)
	}
	for k, a := range rest {
		if !a.IsZero() {
			h.ByBuyer = append(h.ByBuyer, BuyerSales{k.month, k.currency, "", a})
		}
	}
	slices.SortFunc(h.ByBuyer, func(a, b BuyerSales) int {
		return cmp.Or(a.Month.Compare(b.Month), cmp.Compare(a.Currency, b.Currency), b.Price.Cmp(a.Price), cmp.Compare(a.Name, b.Name))
	})
	return nil
}

// largestBuyers returns who bought most in a month, in each currency.
func largestBuyers(now []Figures) (map[id.Tenant]string, []id.Tenant) {
	names := map[id.Tenant]string{}
	var out []id.Tenant
	for _, f := range now {
		sales := slices.SortedStableFunc(slices.Values(f.Sales), func(a, b Sale) int { return b.Price.Cmp(a.Price) })
		for _, x := range sales[:min(len(sales), maxBuyers)] {
			if names[x.Buyer.ID] == "" {
				names[x.Buyer.ID], out = x.Buyer.Name, append(out, x.Buyer.ID)
			}
		}
	}
	return names, out
}

func (s *Service) addUsage(ctx context.Context, h *Home) error {
	var err error
	if h.Newest, err = s.usage.Newest(ctx); err != nil || h.Newest.IsZero() {
		return err
	}
	if h.Unassigned, err = s.usage.Unassigned(ctx, h.Month); err != nil {
		return err
	}
	h.Quarantined, err = s.usage.Quarantined(ctx, h.Month)
	return err
}

// last returns the n months up to m, the oldest first.
func last(m period.Month, n int) []period.Month {
	out := make([]period.Month, n)
	for i := range out {
		out[i] = m.Add(i + 1 - n)
	}
	return out
}

// total is what the acting tenant's tier came to.
func (f Figures) total() Amounts {
	if len(f.Tiers) == 0 {
		return Amounts{}
	}
	return f.Tiers[0].Amounts
}

// of returns the figures in a currency; zero where there are none.
func of(list []Figures, c money.Currency) Figures {
	i := slices.IndexFunc(list, func(f Figures) bool { return f.Currency == c })
	if i < 0 {
		return Figures{Currency: c}
	}
	return list[i]
}

// tier returns what a tier came to.
func (f Figures) tier(t scope.Tier) (Amounts, bool) {
	i := slices.IndexFunc(f.Tiers, func(x TierFigures) bool { return x.Tier == t })
	if i < 0 {
		return Amounts{}, false
	}
	return f.Tiers[i].Amounts, true
}

// IsGood reports whether nothing needs anybody: every part that the reader may
// see was asked and had nothing to say.
func (h Home) IsGood() bool {
	t := h.Trouble
	return len(t.Findings) == 0 && len(t.Failed) == 0 && t.Waiting == 0 && t.Running == 0 && len(h.Unassigned) == 0 && h.Quarantined == 0 &&
		(h.Books == nil || h.Books.IsChecked && h.Books.OK && !h.Books.IsStale)
}

// currencies returns those of rows, the one with the largest price first.
func currencies(rows []ServiceMonth) []money.Currency {
	sums := map[money.Currency]Amounts{}
	var out []money.Currency
	for _, r := range rows {
		if _, known := sums[r.Currency]; !known {
			out = append(out, r.Currency)
		}
		sums[r.Currency] = sums[r.Currency].Add(r.Amounts)
	}
	slices.SortFunc(out, func(a, b money.Currency) int {
		return cmp.Or(sums[b].Price.Cmp(sums[a].Price), cmp.Compare(a, b))
	})
	return out
}
