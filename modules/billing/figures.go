package billing

import (
	"cmp"
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Party is one side of an edge, as the reader may name it. Those of a document
// are called what they were called when it was published: a buyer knows its
// supplier, which is above it, from there only.
type Party struct {
	ID   id.Tenant
	Slug string
	Name string
	Tier scope.Tier // 0: of a document, or not the reader's to know
}

// printed returns a party as a document names it: by its slug where it was
// published without a name.
func printed(t id.Tenant, slug, name string) Party {
	return Party{ID: t, Slug: slug, Name: cmp.Or(name, slug)}
}

// MonthFigures is what one month came to in one currency, as the acting tenant
// may see it. Nothing is added across currencies.
type MonthFigures struct {
	Month    period.Month
	Currency money.Currency
	// Edges are the hundred largest of the acting tenant and of all sellers below
	// it, by seller and buyer, with cost, price and margin: Reconcile's, to the
	// digit. One whose fees were never computed may be missing.
	Edges []EdgeFigures
	// NotListed is how many further edges there are.
	NotListed int
	// Tiers adds up all edges, listed or not, by the seller's tier, as Summary
	// does; the first one is the acting tenant's own, with what it was charged in
	// fees itself.
	Tiers []TierSummary
	// Bought is what the acting tenant was charged itself; empty for a
	// distributor, and where nothing was.
	Bought []Bought
	// OwnUse is what lines cost the tenants that the scope sees and that use
	// them themselves.
	OwnUse []OwnUse
	// Flow is how the money runs, for a Sankey: from the providers, or the
	// acting tenant's supplier, down the tiers. Own use is in it, unassigned
	// accounts are not. It is empty for a customer.
	Flow []FlowLink
}

// Spend is what the acting tenant was charged itself: lines, fees and rounding.
func (m MonthFigures) Spend() decimal.Decimal {
	sum := decimal.Zero
	for _, b := range m.Bought {
		sum = sum.Add(b.Price)
	}
	return sum
}

// EdgeFigures is one edge's month in one currency.
type EdgeFigures struct {
	Seller, Buyer Party
	Cost          decimal.Decimal // what the lines sold on this edge cost the seller, excluded ones included
	Fees          decimal.Decimal // fees and rounding on this edge
	Price         decimal.Decimal // lines, fees, rounding; before tax
	Margin        decimal.Decimal // Price − Cost
}

// Bought is what the acting tenant was charged by one supplier.
type Bought struct {
	Supplier Party
	Lines    decimal.Decimal // exact
	Fees     decimal.Decimal // fees and rounding
	Price    decimal.Decimal // Lines + Fees
}

// OwnUse is what a tenant uses itself, at its cost.
type OwnUse struct {
	Tenant Party
	Cost   decimal.Decimal
}

// FlowKind says what a node of the money flow is.
type FlowKind string

const (
	FlowProvider FlowKind = "provider" // the providers of an owner's payer accounts
	FlowSupplier FlowKind = "supplier" // who sells to the acting tenant
	FlowTenant   FlowKind = "tenant"
	FlowOwnUse   FlowKind = "own_use" // what a tenant keeps for itself
	FlowOthers   FlowKind = "others"  // the buyers of edges that are not listed
)

// FlowNode is one end of a FlowLink. Party is zero for providers; for own use
// it is who uses; of others it has the tier only.
type FlowNode struct {
	Kind  FlowKind
	Party Party
}

// FlowLink is an amount that runs from one node to another; negative where
// credits outweigh charges.
type FlowLink struct {
	From, To FlowNode
	Amount   decimal.Decimal
}

// Figures returns what months came to, by month and currency; months without
// anything are left out. It reads sums that publishing keeps, not charges, and
// may be called inside a read transaction of the web role.
//
// Needs billing.read. Each tier sees edges whose seller is itself or was below
// it in that month; of the edge that it buys on, only what it was charged.
func (s *Service) Figures(ctx context.Context, months ...period.Month) ([]MonthFigures, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	var out []MonthFigures
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		b := figuresBook{acting: sc}
		if err := s.web.readFigures(ctx, sc, months, &b); err != nil {
			return err
		}
		if b.parties, err = s.parties(ctx, b.tenants()); err != nil {
			return err
		}
		out = b.figures()
		return nil
	})
	return out, err
}

// Months returns the months for which the acting tenant has a document, as
// seller or buyer or above the seller, the newest first. It is what a month's
// choice offers. It may be called inside a read transaction of the web role.
//
// Needs billing.read.
func (s *Service) Months(ctx context.Context) (out []period.Month, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		out, err = s.web.months(ctx)
		return err
	})
	return out, err
}
