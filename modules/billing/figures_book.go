package billing

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// figuresBook is what Figures is made from.
type figuresBook struct {
	acting  scope.Scope
	edges   []edgeFigureRow // published lines by edge
	ends    []edgeFigureRow // own use: lines whose chain ends at Seller
	own     []edgeFigureRow // lines that the acting tenant bears, with what its supplier charges
	periods []periodFigureRow
	parties map[id.Tenant]Party
}

// edgeFigureRow adds up billing_edge_totals.
type edgeFigureRow struct {
	Month    period.Month
	SellerID id.Tenant
	BuyerID  id.Tenant // zero at a chain's end
	Currency string
	Price    decimal.Decimal
	Cost     decimal.Decimal
	Supplied decimal.Decimal
}

// periodFigureRow is what a period run came to.
type periodFigureRow struct {
	Month         period.Month
	SellerID      id.Tenant
	BuyerID       id.Tenant
	Seller, Buyer string
	Currency      string
	Charged       decimal.Decimal // fees and rounding
}

func (b *figuresBook) tenants() []id.Tenant {
	set := map[id.Tenant]bool{}
	for _, rows := range [][]edgeFigureRow{b.edges, b.ends} {
		for _, r := range rows {
			set[r.SellerID], set[r.BuyerID] = true, true
		}
	}
	for _, r := range b.periods {
		set[r.SellerID], set[r.BuyerID] = true, true
	}
	set[b.acting.Tenant] = true
	delete(set, id.Tenant{})
	return slices.Collect(maps.Keys(set))
}

// parties names tenants; those that the scope does not see are absent.
func (s *Service) parties(ctx context.Context, tenants []id.Tenant) (map[id.Tenant]Party, error) {
	found, err := s.directory.ByID(ctx, tenants...)
	out := make(map[id.Tenant]Party, len(found))
	for k, t := range found {
		out[k] = Party{ID: t.ID, Slug: t.Slug, Name: t.Name, Tier: t.Tier}
	}
	return out, err
}

// party returns who t is; somebody above the reader is known by slug only.
func party(known map[id.Tenant]Party, t id.Tenant, slug string) Party {
	if p, ok := known[t]; ok {
		return p
	}
	return Party{ID: t, Slug: slug, Name: slug}
}

// figureKey names a month's figures.
type figureKey struct {
	month    period.Month
	currency money.Currency
}

// monthBook is a month in the making.
type monthBook struct {
	acting   id.Tenant
	edges    map[Edge]*EdgeFigures
	feesOf   map[id.Tenant]decimal.Decimal // what a tenant was charged in fees
	supplier periodFigureRow               // of the acting tenant
	bought   decimal.Decimal               // lines
	cost     map[id.Tenant]decimal.Decimal // of all lines that a tenant bears
	ends     map[id.Tenant]decimal.Decimal // of those that it uses itself
	hasOwn   bool
}

// figures folds the rows by month and currency.
func (b *figuresBook) figures() []MonthFigures {
	months := map[figureKey]*monthBook{}
	at := func(m period.Month, currency string) *monthBook {
		k := figureKey{m, money.Currency(currency)}
		if months[k] == nil {
			months[k] = &monthBook{
				acting: b.acting.Tenant, edges: map[Edge]*EdgeFigures{}, feesOf: map[id.Tenant]decimal.Decimal{},
				cost: map[id.Tenant]decimal.Decimal{}, ends: map[id.Tenant]decimal.Decimal{},
			}
		}
		return months[k]
	}
	for _, r := range b.edges {
		m := at(r.Month, r.Currency)
		e := m.edge(b.parties, r.SellerID, r.BuyerID)
		e.Price, e.Cost = e.Price.Add(r.Price), e.Cost.Add(r.Cost)
		m.cost[r.SellerID] = m.cost[r.SellerID].Add(r.Cost)
	}
	for _, r := range b.ends {
		m := at(r.Month, r.Currency)
		m.ends[r.SellerID] = m.ends[r.SellerID].Add(r.Cost)
		m.cost[r.SellerID] = m.cost[r.SellerID].Add(r.Cost)
	}
	for _, r := range b.own {
		m := at(r.Month, r.Currency)
		m.bought, m.hasOwn = m.bought.Add(r.Supplied), true
	}
	for _, r := range b.periods {
		m := at(r.Month, r.Currency)
		m.feesOf[r.BuyerID] = m.feesOf[r.BuyerID].Add(r.Charged)
		if r.BuyerID == b.acting.Tenant {
			m.supplier = r
			continue
		}
		e := m.edge(b.parties, r.SellerID, r.BuyerID)
		e.Price, e.Fees = e.Price.Add(r.Charged), e.Fees.Add(r.Charged)
	}
	out := make([]MonthFigures, 0, len(months))
	for k, m := range months {
		out = append(out, m.figures(k, b))
	}
	slices.SortFunc(out, func(x, y MonthFigures) int {
		return cmp.Or(x.Month.Compare(y.Month), cmp.Compare(x.Currency, y.Currency))
	})
	return out
}

func (m *monthBook) edge(parties map[id.Tenant]Party, seller, buyer id.Tenant) *EdgeFigures {
	k := Edge{Seller: seller, Buyer: buyer}
	if m.edges[k] == nil {
		m.edges[k] = &EdgeFigures{Seller: party(parties, seller, ""), Buyer: party(parties, buyer, "")}
	}
	return m.edges[k]
}

func (m *monthBook) figures(k figureKey, b *figuresBook) MonthFigures {
	out := MonthFigures{Month: k.month, Currency: k.currency}
	for _, e := range m.edges {
		e.Margin = e.Price.Sub(e.Cost)
		out.Edges = append(out.Edges, *e)
	}
	slices.SortFunc(out.Edges, func(x, y EdgeFigures) int {
		return cmp.Or(cmp.Compare(x.Seller.Slug, y.Seller.Slug), cmp.Compare(x.Buyer.Slug, y.Buyer.Slug))
	})
	if !m.supplier.SellerID.IsZero() || !m.bought.IsZero() {
		fees := m.feesOf[m.acting]
		out.Bought = []Bought{{
			Supplier: party(b.parties, m.supplier.SellerID, m.supplier.Seller),
			Lines:    m.bought, Fees: fees, Price: m.bought.Add(fees),
		}}
	}
	for t, cost := range m.ends {
		out.OwnUse = append(out.OwnUse, OwnUse{Tenant: party(b.parties, t, ""), Cost: cost})
	}
	slices.SortFunc(out.OwnUse, func(x, y OwnUse) int { return cmp.Compare(x.Tenant.Slug, y.Tenant.Slug) })
	out.Tiers = m.tiers(k.currency, out.Edges)
	out.Flow = m.flow(b.parties, out)
	return out
}

// tiers adds up the edges by the seller's tier. Sellers' own fees count once.
func (m *monthBook) tiers(currency money.Currency, edges []EdgeFigures) []TierSummary {
	byTier := map[scope.Tier]*TierSummary{}
	sellers := map[id.Tenant]bool{}
	for _, e := range edges {
		t := byTier[e.Seller.Tier]
		if t == nil {
			t = &TierSummary{Tier: e.Seller.Tier, Currency: currency}
			byTier[e.Seller.Tier] = t
		}
		t.Cost, t.Price = t.Cost.Add(e.Cost), t.Price.Add(e.Price)
		if !sellers[e.Seller.ID] {
			sellers[e.Seller.ID] = true
			t.PeriodCost = t.PeriodCost.Add(m.feesOf[e.Seller.ID])
		}
	}
	out := make([]TierSummary, 0, len(byTier))
	for _, t := range byTier {
		t.Margin = t.Price.Sub(t.Cost).Sub(t.PeriodCost)
		out = append(out, *t)
	}
	slices.SortFunc(out, func(x, y TierSummary) int { return int(x.Tier) - int(y.Tier) })
	return out
}

// flow draws how the month's money runs.
func (m *monthBook) flow(parties map[id.Tenant]Party, f MonthFigures) []FlowLink {
	if len(f.Edges) == 0 && len(f.OwnUse) == 0 {
		return nil
	}
	var out []FlowLink
	link := func(from, to FlowNode, amount decimal.Decimal) {
		if !amount.IsZero() {
			out = append(out, FlowLink{from, to, amount})
		}
	}
	tenant := func(p Party) FlowNode { return FlowNode{FlowTenant, p} }
	for _, b := range f.Bought {
		link(FlowNode{FlowSupplier, b.Supplier}, tenant(party(parties, m.acting, "")), b.Price)
	}
	// What a tenant's lines cost and no edge into it charges, the providers do.
	charged := map[id.Tenant]decimal.Decimal{m.acting: m.bought}
	for _, e := range f.Edges {
		charged[e.Buyer.ID] = charged[e.Buyer.ID].Add(e.Price.Sub(e.Fees))
	}
	for _, t := range slices.SortedFunc(maps.Keys(m.cost), func(a, b id.Tenant) int {
		return cmp.Compare(parties[a].Slug, parties[b].Slug)
	}) {
		link(FlowNode{Kind: FlowProvider}, tenant(party(parties, t, "")), m.cost[t].Sub(charged[t]))
	}
	for _, e := range f.Edges {
		link(tenant(e.Seller), tenant(e.Buyer), e.Price)
	}
	for _, u := range f.OwnUse {
		link(tenant(u.Tenant), FlowNode{FlowOwnUse, u.Tenant}, u.Cost)
	}
	return out
}
