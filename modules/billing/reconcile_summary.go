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

// TierSummary is what one tier of a tree bought and sold in a month, in one
// currency. A reseller's own use is not in it.
type TierSummary struct {
	Tier       scope.Tier
	Currency   money.Currency
	Cost       decimal.Decimal // what the sold lines cost the tier's tenants, excluded lines included
	PeriodCost decimal.Decimal // fees and rounding that they were charged themselves: cost that belongs to no line
	Price      decimal.Decimal // what they charge: lines, fees, rounding; before tax
	Margin     decimal.Decimal // Price − Cost − PeriodCost
}

// Summary adds up a month over the edges whose seller the scope sees: what
// every selling tier paid, charged and kept, by tier and currency. Nothing is
// added across currencies. It reads the totals that runs have left, not their
// charges: Reconcile is what proves them.
//
// Needs billing.read.
func (s *Service) Summary(ctx context.Context, month period.Month) ([]TierSummary, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	tenants, err := s.tenants.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	tiers := make(map[id.Tenant]scope.Tier, len(tenants))
	for _, t := range tenants {
		tiers[t.ID] = t.Tier
	}
	b := books{tree: sc.Tree, month: month}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		if b.charges, b.costs, err = s.web.resultSums(ctx, b.tree, month); err != nil {
			return err
		}
		if b.fees, err = s.web.feeSums(ctx, b.tree, month); err != nil {
			return err
		}
		b.feeCosts, err = s.web.feeCostSums(ctx, b.tree, month)
		return err
	})
	return b.summary(tiers), err
}

// summary adds up b by the seller's tier; sellers without one are not the
// reader's business.
func (b books) summary(tiers map[id.Tenant]scope.Tier) []TierSummary {
	type key struct {
		tier     scope.Tier
		currency money.Currency
	}
	sums := map[key]*TierSummary{}
	at := func(seller id.Tenant, c money.Currency) *TierSummary {
		k := key{tiers[seller], c}
		if _, ok := sums[k]; !ok {
			sums[k] = &TierSummary{Tier: k.tier, Currency: c}
		}
		return sums[k]
	}
	sellers := map[id.Tenant]bool{}
	for k, e := range b.edges() {
		if tiers[k.Seller] == 0 {
			continue
		}
		sellers[k.Seller] = true
		t := at(k.Seller, k.currency)
		t.Cost, t.Price = t.Cost.Add(e.Cost), t.Price.Add(e.SellerCharges)
	}
	for _, c := range b.feeCosts {
		if sellers[c.Buyer] && tiers[c.Buyer] != 0 {
			t := at(c.Buyer, c.Currency)
			t.PeriodCost = t.PeriodCost.Add(c.Amount)
		}
	}
	out := make([]TierSummary, 0, len(sums))
	for _, t := range sums {
		t.Margin = t.Price.Sub(t.Cost).Sub(t.PeriodCost)
		out = append(out, *t)
	}
	slices.SortFunc(out, func(x, y TierSummary) int {
		return cmp.Or(cmp.Compare(x.Tier, y.Tier), cmp.Compare(x.Currency, y.Currency))
	})
	return out
}
