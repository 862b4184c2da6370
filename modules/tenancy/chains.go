package tenancy

import (
	"cmp"
	"context"
	"slices"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Descendants returns the acting tenant and those below it in month m, by
// depth and slug. Needs tenancy.read.
func (s *Service) Descendants(ctx context.Context, m period.Month) ([]Descendant, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) ([]Descendant, error) {
		sc, err := scope.From(ctx)
		if err != nil {
			return nil, err
		}
		tenants, parents, err := s.kin(ctx, m)
		if err != nil {
			return nil, err
		}
		var out []Descendant
		for _, t := range tenants {
			if chain := parents.chain(sc.Tenant, t.ID, m); chain != nil {
				d := Descendant{Tenant: t, Depth: len(chain) - 1}
				if d.Depth > 0 {
					d.Parent = chain[d.Depth-1]
				}
				out = append(out, d)
			}
		}
		slices.SortFunc(out, func(a, b Descendant) int {
			return cmp.Or(a.Depth-b.Depth, cmp.Compare(a.Slug, b.Slug), a.ID.Compare(b.ID))
		})
		return out, nil
	})
}

// kin returns everybody in scope and who stood above whom in month m; a zero
// month asks for all months.
func (s *Service) kin(ctx context.Context, m period.Month) (map[id.Tenant]Tenant, lineage, error) {
	tenants, err := s.store.all(ctx)
	if err != nil {
		return nil, nil, err
	}
	placed, err := s.store.placements(ctx, m)
	return byID(tenants), lineageOf(placed), err
}

// fewChains is up to how many tenants kinOf asks about one by one; among more,
// reading everybody once is quicker.
const fewChains = 100

// kinOf is kin for what chains down to some tenants need: these, and who stood
// above them as far as the scope sees it, and others.
func (s *Service) kinOf(ctx context.Context, m period.Month, bottoms []id.Tenant, others ...id.Tenant) (map[id.Tenant]Tenant, lineage, error) {
	if len(bottoms) > fewChains {
		return s.kin(ctx, m)
	}
	placed, err := s.store.placementsAbove(ctx, m, bottoms)
	if err != nil {
		return nil, nil, err
	}
	wanted := slices.Concat(bottoms, others)
	for _, p := range placed {
		wanted = append(wanted, p.Parent)
	}
	tenants, err := s.store.byID(ctx, wanted)
	return byID(tenants), lineageOf(placed), err
}

// IsBelow reports whether t is ancestor itself, or below it in every single
// month of months; an open end means for ever. False where the scope does not
// see both. Needs tenancy.read.
func (s *Service) IsBelow(ctx context.Context, ancestor, t id.Tenant, months period.Months) (bool, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (bool, error) {
		seen, parents, err := s.kinOf(ctx, period.Month{}, []id.Tenant{t}, ancestor)
		if err != nil || !sees(seen, ancestor) || !sees(seen, t) {
			return false, err
		}
		return covers(parents.monthsBelow(ancestor, t), months), nil
	})
}

func sees(seen map[id.Tenant]Tenant, t id.Tenant) bool {
	_, ok := seen[t]
	return ok
}

// Chain returns who was above whom in month m, from owner down to t.
//
// Needs tenancy.read. Errors: ErrNotFound if the scope sees not both of them,
// or t was not below owner in m.
func (s *Service) Chain(ctx context.Context, owner, t id.Tenant, m period.Month) (Chain, error) {
	link := Link{Owner: owner, Tenant: t}
	chains, err := s.ChainsOf(ctx, []Link{link}, m)
	if err != nil {
		return nil, err
	}
	if chains[link] == nil {
		return nil, ErrNotFound
	}
	return chains[link], nil
}

// ChainsOf is Chain for many links at once, in two queries; for few of them it
// does not read the whole tree. Links for which
// Chain would answer ErrNotFound are absent. Needs tenancy.read.
func (s *Service) ChainsOf(ctx context.Context, links []Link, m period.Month) (map[Link]Chain, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (map[Link]Chain, error) {
		var owners, bottoms []id.Tenant
		for _, l := range links {
			owners, bottoms = append(owners, l.Owner), append(bottoms, l.Tenant)
		}
		tenants, parents, err := s.kinOf(ctx, m, bottoms, owners...)
		if err != nil {
			return nil, err
		}
		out := make(map[Link]Chain, len(links))
		for _, l := range links {
			if !sees(tenants, l.Owner) || !sees(tenants, l.Tenant) {
				continue
			}
			if ids := parents.chain(l.Owner, l.Tenant, m); ids != nil {
				out[l] = chainOf(ids, tenants)
			}
		}
		return out, nil
	})
}

func chainOf(ids []id.Tenant, tenants map[id.Tenant]Tenant) Chain {
	out := make(Chain, len(ids))
	for i, t := range ids {
		out[i] = tenants[t]
	}
	return out
}
