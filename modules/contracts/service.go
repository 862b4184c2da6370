package contracts

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/db"
	"tierbook/rules"
)

// Service keeps contracts and answers which are in force.
type Service struct {
	db      *db.DB
	store   store
	authz   *authz.Authz
	audit   *audit.Log
	clock   clock.Clock
	log     *slog.Logger
	engine  *rules.Engine
	tenants Tenants
	lines   Lines
	cache   *compiledCache

	directory Directory
	sales     Sales
}

// CheckFile validates a contract file as Apply would, its tenants included,
// without saving anything. Needs contracts.read. Errors: Problems (Invalid).
func (s *Service) CheckFile(ctx context.Context, file string, data []byte) (Document, error) {
	d, problems := parse(file, data)
	return read(ctx, s, PermRead, func(ctx context.Context) (Document, error) {
		if d.source == nil { // not even a mapping
			return Document{}, problems.err()
		}
		_, wrong, err := s.validate(ctx, d)
		if err == nil {
			err = problems.with(wrong).err()
		}
		return d, err
	})
}

// Show returns the contracts of an edge with their versions, the latest months
// first; a zero buyer asks for the base contracts.
//
// Needs contracts.read. Errors: ErrNotFound if the scope sees no contract on
// that edge.
func (s *Service) Show(ctx context.Context, seller, buyer id.Tenant) ([]Shown, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) ([]Shown, error) {
		named, err := s.tenants.ByID(ctx, []id.Tenant{seller, buyer})
		if err != nil {
			return nil, err
		}
		found, err := s.store.ofEdge(ctx, Edge{Seller: seller, Buyer: buyer})
		if err != nil {
			return nil, err
		}
		if len(found) == 0 || named[seller].ID.IsZero() {
			return nil, ErrNotFound
		}
		ids := make([]id.Contract, len(found))
		for i, c := range found {
			ids[i] = c.ID
		}
		versions, err := s.store.versions(ctx, ids...)
		if err != nil {
			return nil, err
		}
		saved := map[id.Contract][]Version{}
		for _, v := range versions {
			saved[v.Contract] = append(saved[v.Contract], v)
		}
		out := make([]Shown, len(found))
		for i, c := range found {
			newest := saved[c.ID][0]
			out[i] = Shown{Contract: c, Versions: saved[c.ID], Document: Document{
				Seller: named[seller].Slug, Buyer: named[buyer].Slug, Name: c.Name,
				Months: c.Months, From: newest.From, Terms: newest.Terms,
			}}
		}
		return out, nil
	})
}

// InForce returns what holds on each of the edges in month m. Every edge asked
// for is in the answer; those that the scope does not see are as if they had
// no contract.
//
// Needs contracts.read.
func (s *Service) InForce(ctx context.Context, edges []Edge, m period.Month) (map[Edge]EdgeTerms, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (map[Edge]EdgeTerms, error) {
		out := make(map[Edge]EdgeTerms, len(edges))
		if len(edges) == 0 {
			return out, nil
		}
		sellers, err := s.visible(ctx, edges)
		if err != nil {
			return nil, err
		}
		buyers := buyersOf(edges)
		found, err := s.store.inForce(ctx, m, sellers, buyers...)
		if err != nil {
			return nil, err
		}
		before, err := s.store.before(ctx, m, sellers, buyers)
		if err != nil {
			return nil, err
		}
		for _, e := range edges {
			out[e] = before[e]
			if before[e].Missing == "" {
				out[e] = EdgeTerms{Missing: rules.MissingBlock}
			}
		}
		for i := range found {
			c := &found[i]
			if _, asked := out[c.Edge]; !asked {
				continue
			}
			if err := s.compiled(c); err != nil {
				return nil, err
			}
			out[c.Edge] = EdgeTerms{InForce: c, Missing: c.Version.Terms.Missing, Currency: c.Currency}
		}
		return out, nil
	})
}

// buyersOf returns the buyers of edges once each; the zero one stands for base
// contracts.
func buyersOf(edges []Edge) []id.Tenant {
	out := make([]id.Tenant, len(edges))
	for i, e := range edges {
		out[i] = e.Buyer
	}
	slices.SortFunc(out, id.Tenant.Compare)
	return slices.Compact(out)
}

// visible returns the sellers of edges that the scope sees. On a role past
// row-level security nothing else limits a query to them.
func (s *Service) visible(ctx context.Context, edges []Edge) ([]id.Tenant, error) {
	all := make([]id.Tenant, len(edges))
	for i, e := range edges {
		all[i] = e.Seller
	}
	slices.SortFunc(all, id.Tenant.Compare)
	all = slices.Compact(all)
	seen, err := s.tenants.ByID(ctx, all)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(t id.Tenant) bool { return seen[t].ID.IsZero() }), nil
}

// ready drops contracts that the scope does not see and compiles the others.
func (s *Service) ready(ctx context.Context, found []InForce) ([]InForce, error) {
	edges := make([]Edge, len(found))
	for i, c := range found {
		edges[i] = c.Edge
	}
	sellers, err := s.visible(ctx, edges)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(c InForce) bool { return !slices.Contains(sellers, c.Edge.Seller) })
	for i := range found {
		if err := s.compiled(&found[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Base returns a distributor's base contract in month m, nil if none is in
// force. Needs contracts.read.
func (s *Service) Base(ctx context.Context, distributor id.Tenant, m period.Month) (*InForce, error) {
	e := Edge{Seller: distributor}
	found, err := s.InForce(ctx, []Edge{e}, m)
	return found[e].InForce, err
}

// ForMonth returns every contract in force in month m that the scope sees,
// base contracts included, sorted by seller and buyer id. Needs
// contracts.read.
func (s *Service) ForMonth(ctx context.Context, m period.Month) ([]InForce, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) ([]InForce, error) {
		found, err := s.store.inForceInTree(ctx, m)
		if err != nil {
			return nil, err
		}
		return s.ready(ctx, found)
	})
}

// ByVersion returns saved versions by id, in force or not.
//
// Needs contracts.read. Errors: ErrNotFound if the scope does not see one.
func (s *Service) ByVersion(ctx context.Context, versions []id.Version) (map[id.Version]InForce, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (map[id.Version]InForce, error) {
		found, err := s.store.byVersion(ctx, versions)
		if err != nil {
			return nil, err
		}
		if found, err = s.ready(ctx, found); err != nil {
			return nil, err
		}
		out := make(map[id.Version]InForce, len(found))
		for _, c := range found {
			out[c.Version.ID] = c
		}
		for _, v := range versions {
			if _, ok := out[v]; !ok {
				return nil, ErrNotFound
			}
		}
		return out, nil
	})
}

// compiled sets c.Compiled. A version never changes, so that it is compiled
// once per process.
func (s *Service) compiled(c *InForce) error {
	if hit, ok := s.cache.get(c.Version.ID); ok {
		c.Compiled = hit
		return nil
	}
	compiled, err := s.engine.Compile(c.savedKind(), c.Version.Terms)
	if err != nil {
		return fmt.Errorf("contract %q, version %d: %w", c.Name, c.Version.Number, err)
	}
	s.cache.put(c.Version.ID, compiled)
	c.Compiled = compiled
	return nil
}

// read checks p and runs fn in a read-only transaction.
func read[T any](ctx context.Context, s *Service, p authz.Permission, fn func(ctx context.Context) (T, error)) (T, error) {
	var out, none T
	if err := s.authz.Need(ctx, p); err != nil {
		return none, err
	}
	err := s.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		out, err = fn(ctx)
		return err
	})
	if err != nil {
		return none, err
	}
	return out, nil
}
