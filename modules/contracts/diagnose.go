package contracts

import (
	"context"
	"fmt"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// Diagnose returns everything that is wrong with a draft's terms, by rule and
// place, as far as it can be told without saving; nil if nothing is.
//
// Needs contracts.read. Errors: NotFound for a seller outside the scope.
func (s *Service) Diagnose(ctx context.Context, d Document) ([]rules.Mistake, error) {
	kind, err := s.draftKind(ctx, d)
	if err != nil {
		return nil, err
	}
	return s.engine.Diagnose(kind, d.Terms), nil
}

// draftKind returns what the rules of a draft may read.
func (s *Service) draftKind(ctx context.Context, d Document) (rules.EdgeKind, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (rules.EdgeKind, error) {
		seller, err := s.tenants.BySlug(ctx, d.Seller)
		if err != nil {
			return 0, err
		}
		return s.kindOf(ctx, d.IsBase(), seller.ID, seller.Tree)
	})
}

// Named returns the tenant of a slug, or of a name that only one has. Needs
// contracts.read. Errors: NotFound for one outside the scope.
func (s *Service) Named(ctx context.Context, name string) (Tenant, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (Tenant, error) { return s.tenantNamed(ctx, name) })
}

// Acting returns the tenant in whose perspective ctx acts.
func (s *Service) Acting(ctx context.Context) (Tenant, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return Tenant{}, err
	}
	found, err := s.tenants.ByID(ctx, []id.Tenant{sc.Tenant})
	return found[sc.Tenant], err
}

// fieldOf is the name of the form's field that a mistake is about.
func fieldOf(m rules.Mistake) string {
	if m.Rule < 0 {
		return m.Field
	}
	return fmt.Sprintf("rules[%d].%s", m.Rule, m.Field)
}
