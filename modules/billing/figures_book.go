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
	listed  []listedRow       // the edges that are listed
	sellers []edgeFigureRow   // published lines of all edges, by seller
	ends    []edgeFigureRow   // own use: lines whose chain ends at Seller
	bought  []edgeFigureRow   // lines that the acting tenant bears
	feesOf  []periodFigureRow // of all edges, by seller
	paid    []periodFigureRow // what sellers were charged themselves
	parties map[id.Tenant]Party
}

// edgeFigureRow adds up lines.
type edgeFigureRow struct {
	Month    period.Month
	SellerID id.Tenant
	Currency string
	Price    decimal.Decimal
	Cost     decimal.Decimal
	Supplied decimal.Decimal
}

// periodFigureRow is what period runs came to.
type periodFigureRow struct {
	Month      period.Month
	SellerID   id.Tenant
	BuyerID    id.Tenant // zero where all buyers are added up
	Seller     string    // slug; empty unless it is what a tenant was charged itself
	SellerName string
	Currency   string
	Charged    decimal.Decimal // fees and rounding
	Edges      int             // how many edges are added up
}

// listedRow is a part of what is published on an edge: its lines, or its fees
// and rounding.
type listedRow struct {
	Month             period.Month
	SellerID, BuyerID id.Tenant
	Currency          string
	Price, Cost       decimal.Decimal
	Charged           decimal.Decimal // fees and rounding
	Edges             int             // 1 in the row with the fees
}

// sellerIDs returns who sells anything, and the acting tenant.
func (b *figuresBook) sellerIDs() []id.Tenant {
	set := map[id.Tenant]bool{b.acting.Tenant: true}
	for _, r := range b.sellers {
		set[r.SellerID] = true
	}
	for _, r := range b.feesOf {
		set[r.SellerID] = true
	}
	return slices.Collect(maps.Keys(set))
}

// tenants returns everybody who is named.
func (b *figuresBook) tenants() []id.Tenant {
	set := map[id.Tenant]bool{}
	for _, t := range b.sellerIDs() {
		set[t] = true
	}
	for _, r := range b.ends {
		set[r.SellerID] = true
	}
	for _, r := range b.listed {
		set[r.SellerID], set[r.BuyerID] = true, true
	}
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

// party returns who t is; nameless if the scope does not see it.
func party(known map[id.Tenant]Party, t id.Tenant) Party {
	if p, ok := known[t]; ok {
		return p
	}
	return Party{ID: t}
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
	sold     map[id.Tenant]edgeFigureRow   // lines by seller
	feesOf   map[id.Tenant]decimal.Decimal // fees and rounding by seller
	paid     map[id.Tenant]decimal.Decimal // what a seller was charged in fees
	ends     map[id.Tenant]edgeFigureRow   // own use
	supplier periodFigureRow               // of the acting tenant
	bought   decimal.Decimal               // lines
	listed   int                           // edges
	of       int                           // edges, listed or not
}

// figures folds the rows by month and currency.
func (b *figuresBook) figures() []MonthFigures {
	months := map[figureKey]*monthBook{}
	at := func(m period.Month, currency string) *monthBook {
		k := figureKey{m, money.Currency(currency)}
		if months[k] == nil {
			months[k] = &monthBook{
				acting: b.acting.Tenant, edges: map[Edge]*EdgeFigures{}, sold: map[id.Tenant]edgeFigureRow{},
				feesOf: map[id.Tenant]decimal.Decimal{}, paid: map[id.Tenant]decimal.Decimal{}, ends: map[id.Tenant]edgeFigureRow{},
			}
		}
		return months[k]
	}
	for _, r := range b.listed {
		m := at(r.Month, r.Currency)
		m.listed += r.Edges
		m.edge(b.parties, r.SellerID, r.BuyerID).add(r.Price, r.Cost, r.Charged)
	}
	for _, r := range b.sellers {
		at(r.Month, r.Currency).sold[r.SellerID] = r
	}
	for _, r := range b.ends {
		at(r.Month, r.Currency).ends[r.SellerID] = r
	}
	for _, r := range b.bought {
		if !r.Supplied.IsZero() {
			at(r.Month, r.Currency).bought = r.Supplied
		}
	}
	for _, r := range b.feesOf {
		m := at(r.Month, r.Currency)
		m.feesOf[r.SellerID], m.of = r.Charged, m.of+r.Edges
	}
	for _, r := range b.paid {
		m := at(r.Month, r.Currency)
		m.paid[r.BuyerID] = m.paid[r.BuyerID].Add(r.Charged)
		if r.BuyerID == b.acting.Tenant {
			m.supplier = r
		}
	}
	out := make([]MonthFigures, 0, len(months))
	for k, m := range months {
		out = append(out, m.figures(k, b.parties))
	}
	slices.SortFunc(out, func(x, y MonthFigures) int {
		return cmp.Or(x.Month.Compare(y.Month), cmp.Compare(x.Currency, y.Currency))
	})
	return out
}

func (m *monthBook) edge(parties map[id.Tenant]Party, seller, buyer id.Tenant) *EdgeFigures {
	k := Edge{Seller: seller, Buyer: buyer}
	if m.edges[k] == nil {
		m.edges[k] = &EdgeFigures{Seller: party(parties, seller), Buyer: party(parties, buyer)}
	}
	return m.edges[k]
}

func (e *EdgeFigures) add(lines, cost, fees decimal.Decimal) {
	e.Price, e.Cost, e.Fees = e.Price.Add(lines).Add(fees), e.Cost.Add(cost), e.Fees.Add(fees)
	e.Margin = e.Price.Sub(e.Cost)
}

func (m *monthBook) figures(k figureKey, parties map[id.Tenant]Party) MonthFigures {
	out := MonthFigures{Month: k.month, Currency: k.currency, NotListed: m.of - m.listed}
	for _, e := range m.edges {
		out.Edges = append(out.Edges, *e)
	}
	slices.SortFunc(out.Edges, func(x, y EdgeFigures) int {
		return cmp.Or(cmp.Compare(x.Seller.Slug, y.Seller.Slug), cmp.Compare(x.Buyer.Slug, y.Buyer.Slug))
	})
	if !m.supplier.SellerID.IsZero() || !m.bought.IsZero() {
		fees := m.paid[m.acting]
		out.Bought = []Bought{{
			Supplier: printed(m.supplier.SellerID, m.supplier.Seller, m.supplier.SellerName),
			Lines:    m.bought, Fees: fees, Price: m.bought.Add(fees),
		}}
	}
	for t, r := range m.ends {
		out.OwnUse = append(out.OwnUse, OwnUse{Tenant: party(parties, t), Cost: r.Cost})
	}
	slices.SortFunc(out.OwnUse, func(x, y OwnUse) int { return cmp.Compare(x.Tenant.Slug, y.Tenant.Slug) })
	out.Tiers = m.tiers(k.currency, parties)
	out.Flow = m.flow(parties, out)
	return out
}

// sellers returns who sells anything, by slug.
func (m *monthBook) sellers(parties map[id.Tenant]Party) []id.Tenant {
	set := map[id.Tenant]bool{}
	for t := range m.sold {
		set[t] = true
	}
	for t := range m.feesOf {
		set[t] = true
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b id.Tenant) int { return cmp.Compare(parties[a].Slug, parties[b].Slug) })
}

// price returns what a seller charges everybody.
func (m *monthBook) price(seller id.Tenant) decimal.Decimal {
	return m.sold[seller].Price.Add(m.feesOf[seller])
}

// tiers adds up all edges by the seller's tier.
func (m *monthBook) tiers(currency money.Currency, parties map[id.Tenant]Party) []TierSummary {
	byTier := map[scope.Tier]*TierSummary{}
	for _, seller := range m.sellers(parties) {
		tier := parties[seller].Tier
		t := byTier[tier]
		if t == nil {
			t = &TierSummary{Tier: tier, Currency: currency}
			byTier[tier] = t
		}
		t.Cost, t.Price = t.Cost.Add(m.sold[seller].Cost), t.Price.Add(m.price(seller))
		t.PeriodCost = t.PeriodCost.Add(m.paid[seller])
	}
	out := make([]TierSummary, 0, len(byTier))
	for _, t := range byTier {
		t.Margin = t.Price.Sub(t.Cost).Sub(t.PeriodCost)
		out = append(out, *t)
	}
	slices.SortFunc(out, func(x, y TierSummary) int { return int(x.Tier) - int(y.Tier) })
	return out
}

// flow draws how the month's money runs. What sellers charge on edges that are
// not listed goes to one node.
func (m *monthBook) flow(parties map[id.Tenant]Party, f MonthFigures) []FlowLink {
	if len(m.sold) == 0 && len(f.Edges) == 0 && len(f.OwnUse) == 0 {
		return nil
	}
	var out []FlowLink
	link := func(from, to FlowNode, amount decimal.Decimal) {
		if !amount.IsZero() {
			out = append(out, FlowLink{from, to, amount})
		}
	}
	tenant := func(t id.Tenant) FlowNode { return FlowNode{FlowTenant, party(parties, t)} }
	for _, b := range f.Bought {
		link(FlowNode{FlowSupplier, b.Supplier}, tenant(m.acting), b.Price)
	}
	users := map[id.Tenant]bool{}
	for _, u := range f.OwnUse {
		users[u.Tenant.ID] = true
	}
	sellers := m.sellers(parties)
	for _, t := range sellers {
		users[t] = true
	}
	for _, t := range slices.SortedFunc(maps.Keys(users), func(a, b id.Tenant) int { return cmp.Compare(parties[a].Slug, parties[b].Slug) }) {
		link(FlowNode{Kind: FlowProvider}, tenant(t), m.sold[t].Cost.Sub(m.sold[t].Supplied).Add(m.ends[t].Cost.Sub(m.ends[t].Supplied)))
	}
	listed := map[id.Tenant]decimal.Decimal{}
	for _, e := range f.Edges {
		link(FlowNode{FlowTenant, e.Seller}, FlowNode{FlowTenant, e.Buyer}, e.Price)
		listed[e.Seller.ID] = listed[e.Seller.ID].Add(e.Price)
	}
	for _, t := range sellers {
		link(tenant(t), FlowNode{FlowOthers, Party{Tier: scope.Customer}}, m.price(t).Sub(listed[t]))
	}
	for _, u := range f.OwnUse {
		link(FlowNode{FlowTenant, u.Tenant}, FlowNode{FlowOwnUse, u.Tenant}, u.Cost)
	}
	return out
}
