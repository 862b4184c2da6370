package tenancy

import (
	"context"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// Branch is a tenant as a node of the tree of one month.
type Branch struct {
	Tenant
	Parent   id.Tenant // zero for the acting tenant
	Children int64     // directly below it
	IsMatch  bool      // what was searched for, not what stands above it
}

// ChildrenFilter asks for a page of children of each of some parents.
type ChildrenFilter struct {
	Month   period.Month
	Parents []id.Tenant
	Skip    int // so many of each parent
	Limit   int // at most so many of each parent
}

// Branch returns a tenant in scope as a node of the tree in month m; the zero
// id asks for the acting tenant. Its parent is not said.
//
// Needs tenancy.read. Errors: ErrNotFound.
func (s *Service) Branch(ctx context.Context, m period.Month, t id.Tenant) (Branch, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (Branch, error) {
		found, err := s.store.branch(ctx, m, t)
		if err != nil {
			return Branch{}, err
		}
		if len(found) == 0 {
			return Branch{}, ErrNotFound
		}
		return found[0], nil
	})
}

// Children returns who stands directly below each of some parents in a month:
// resellers before customers, then by name. A parent outside the scope has no
// children. It takes one query, however large the tree is.
//
// Needs tenancy.read.
func (s *Service) Children(ctx context.Context, f ChildrenFilter) ([]Branch, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) ([]Branch, error) {
		if len(f.Parents) == 0 {
			return nil, nil
		}
		return s.store.children(ctx, f)
	})
}

// MatchFilter chooses tenants at or below the acting one, as they stood in a
// month.
type MatchFilter struct {
	Month period.Month
	Text  string               // part of the name or slug; empty: any
	Among []id.Tenant          // only these, for few; nil: anybody
	Is    func(id.Tenant) bool // asked of each of them with such a text; nil: anybody
	Limit int
}

// Matching returns the first tenants that f chooses, with all that stand
// between them and the acting one: parents before children, siblings as
// Children orders them. All is how many f chooses without its limit.
//
// Needs tenancy.read.
func (s *Service) Matching(ctx context.Context, f MatchFilter) (found []Branch, all int64, err error) {
	found, err = read(ctx, s, PermRead, func(ctx context.Context) ([]Branch, error) {
		found, n, err := s.store.matching(ctx, f)
		all = n
		return found, err
	})
	return found, all, err
}

// Containing returns, for each of tenants, itself and everybody between it and
// the acting tenant in month m, that included, from below upwards. Tenants that
// were not below the acting one are absent.
//
// Needs tenancy.read.
func (s *Service) Containing(ctx context.Context, m period.Month, tenants ...id.Tenant) (map[id.Tenant][]id.Tenant, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (map[id.Tenant][]id.Tenant, error) {
		if len(tenants) == 0 {
			return nil, nil
		}
		return s.store.containing(ctx, m, tenants)
	})
}

// Search returns tenants in scope whose name or slug contains text: those that
// begin with it first, then by tier and name.
//
// Needs tenancy.read.
func (s *Service) Search(ctx context.Context, text string, limit int) ([]Tenant, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) ([]Tenant, error) {
		if text = strings.TrimSpace(text); text == "" {
			return nil, nil
		}
		return s.store.search(ctx, likeOf(text), limit)
	})
}

// likeOf is a pattern for «contains text», in whatever case.
func likeOf(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(strings.TrimSpace(text))) + "%"
}
