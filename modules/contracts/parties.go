package contracts

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// Parties returns who may be a contract's seller or buyer: the first limit of
// the acting tenant and everybody below it this month in whose name or slug
// text occurs, sellers before customers; these by name.
//
// Needs contracts.read.
func (s *Service) Parties(ctx context.Context, text string, limit int) ([]Tenant, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) ([]Tenant, error) {
		out, err := s.directory.Choose(ctx, Choice{Month: s.thisMonth(), Text: text}, limit)
		slices.SortFunc(out, func(a, b Tenant) int { return cmp.Or(compareText(a.Name, b.Name), a.ID.Compare(b.ID)) })
		return out, err
	})
}

// manyNamed is how many tenants with a text in their names are looked at to
// find the one whose name it is.
const manyNamed = 100

// tenantNamed finds a tenant by its slug, or by its name where only one has it.
// Errors: NotFound.
func (s *Service) tenantNamed(ctx context.Context, name string) (Tenant, error) {
	name = strings.TrimSpace(name)
	t, notFound := s.tenants.BySlug(ctx, name)
	if errs.KindOf(notFound) != errs.NotFound || name == "" {
		return t, notFound
	}
	list, err := s.directory.Choose(ctx, Choice{Month: s.thisMonth(), Text: name}, manyNamed)
	if err != nil {
		return Tenant{}, err
	}
	list = slices.DeleteFunc(list, func(t Tenant) bool { return !strings.EqualFold(t.Name, name) })
	if len(list) != 1 {
		return Tenant{}, notFound
	}
	return list[0], nil
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
	buyers, err := s.BuyersOf(ctx, found.edge, 1)
	if err != nil || len(buyers.Largest) == 0 {
		return id.Tenant{}, err
	}
	return buyers.Largest[0].ID, nil
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

// edgeTo returns the edge from the acting tenant to the buyer of that name; to
// nobody, as of a base contract, where the name is empty or nobody's.
func (s *Service) edgeTo(ctx context.Context, acting Tenant, buyer string) (Edge, error) {
	out := Edge{Seller: acting.ID}
	if buyer == "" {
		return out, nil
	}
	found, err := s.Named(ctx, buyer)
	if errs.KindOf(err) == errs.NotFound || found.ID == acting.ID {
		return out, nil
	}
	out.Buyer = found.ID
	return out, err
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
