package contracts

import (
	"cmp"
	"context"
	"slices"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// Parties returns the acting tenant and everybody below it this month, by
// name: who may be a contract's seller or buyer.
//
// Needs contracts.read.
func (s *Service) Parties(ctx context.Context) ([]Tenant, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) ([]Tenant, error) {
		list, err := s.directory.Below(ctx, s.thisMonth())
		out := make([]Tenant, len(list))
		for i, p := range list {
			out[i] = p.Tenant
		}
		slices.SortFunc(out, func(a, b Tenant) int { return cmp.Or(compareText(a.Name, b.Name), a.ID.Compare(b.ID)) })
		return out, err
	})
}

// OwnKind returns what the rules of a new contract of the acting tenant with a
// buyer may read. Needs contracts.read.
func (s *Service) OwnKind(ctx context.Context) (rules.EdgeKind, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (rules.EdgeKind, error) {
		sc, err := scope.From(ctx)
		if err != nil {
			return 0, err
		}
		return s.kindOf(ctx, false, sc.Tenant, sc.Tree)
	})
}

// biggest returns the customer with the largest charges on a draft's edge;
// zero where nobody buys through it.
func (s *Service) biggest(ctx context.Context, d Document) (id.Tenant, error) {
	found, err := s.effectDraft(ctx, d)
	if err != nil {
		return id.Tenant{}, nil //nolint:nilerr // Effect says what is wrong
	}
	buyers, err := s.BuyersOf(ctx, found.edge)
	if err != nil || len(buyers) == 0 {
		return id.Tenant{}, err
	}
	return buyers[0].ID, nil
}

// freshForm is the form of a new contract of seller, which begins next month.
func (s *Service) freshForm(seller Tenant) draftForm {
	f := draftForm{
		Seller: seller.Slug, Currency: "USD", Starts: s.thisMonth().Add(1).String(), Coverage: "all",
		Missing: string(rules.MissingBlock), Basis: string(rules.BasisCost), Focus: -1,
	}
	if seller.Tier == scope.Distributor {
		f.Basis = string(rules.BasisList)
	}
	return f
}

// firstBuyer is whom a new contract is offered for: somebody without one.
func firstBuyer(list []Party) string {
	for _, p := range list {
		if !p.HasContract && p.Slug != "" {
			return p.Slug
		}
	}
	if len(list) > 0 {
		return list[0].Slug
	}
	return ""
}

// grouped puts those without a contract first.
func grouped(list []Party) []Party {
	rank := func(p Party) int {
		switch {
		case p.Slug == "":
			return 2
		case p.HasContract:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b Party) int { return rank(a) - rank(b) })
	return list
}
