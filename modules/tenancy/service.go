package tenancy

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
)

// Service answers who there is and who was above whom, and changes it.
type Service struct {
	db       *db.DB
	store    store
	operator *db.DB
	authz    *authz.Authz
	audit    *audit.Log
	clock    clock.Clock

	sessionIdle, sessionLife time.Duration

	argon   argonParams
	hashing chan struct{} // a place for each password that is being compared
	// nobody is a hash that no password fits: who is unknown costs the same work
	// as who is known.
	nobody func() string
}

// tenantState is a tenant as the audit trail shows it.
type tenantState struct {
	Tier   string `json:"tier"`
	Slug   string `json:"slug"`
	Name   string `json:"name"`
	Parent string `json:"parent,omitempty"` // slug
	Months string `json:"months,omitempty"`
}

// Create makes a tenant and places it under its parent.
//
// A distributor is the root of a new tree: it is made in the scope of the new
// tenant itself, with the actor of ctx's scope, or CreateInput.By where there
// is none. Any other tenant is made in the scope of ctx, which has to see the
// parent.
//
// Needs tenancy.write. Errors: ErrNotFound for a parent outside the scope;
// Invalid for what CreateInput.Validate refuses and a parent of the wrong
// tier; ErrParentMonths for a parent that is not below the acting tenant in
// one of the months; ErrSlugTaken where the input names a slug that is taken.
func (s *Service) Create(ctx context.Context, in CreateInput) (Tenant, error) {
	in.Name = strings.TrimSpace(in.Name)
	if err := in.Validate(); err != nil {
		return Tenant{}, err
	}
	t := Tenant{ID: id.New[id.Tenant](), Tier: in.Tier, Name: in.Name, CreatedAt: s.clock.Now()}
	if in.Tier == scope.Distributor {
		t.Tree = t.ID
		ctx = scope.With(ctx, s.ownScope(ctx, t.ID, in.By))
	}
	if err := s.authz.Need(ctx, PermWrite); err != nil {
		return Tenant{}, err
	}
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		after := tenantState{Tier: in.Tier.String(), Name: in.Name, Months: in.Months.String()}
		if in.Tier != scope.Distributor {
			parent, err := s.parent(ctx, in.Parent, in.Tier, in.Months)
			if err != nil {
				return err
			}
			t.Tree, t.Distributor, after.Parent = parent.Tree, parent.Distributor, parent.Slug
		}
		if err := s.insert(ctx, &t, in.Slug); err != nil {
			return err
		}
		if err := s.place(ctx, t, in.Parent, in.Months); err != nil {
			return err
		}
		after.Slug = t.Slug
		return s.audit.Record(ctx, "tenancy.create_tenant", t.Slug, t.ID, nil, after)
	})
	if err != nil {
		return Tenant{}, fmt.Errorf("create tenant %q: %w", in.Name, err)
	}
	return t, nil
}

// ownScope is the scope in which a distributor makes itself.
func (s *Service) ownScope(ctx context.Context, t id.Tenant, by scope.Actor) scope.Scope {
	own := scope.System(t, t, scope.Distributor, "system")
	if by.Name != "" {
		own.Actor = by
	}
	if sc, err := scope.From(ctx); err == nil {
		own.Actor, own.Request = sc.Actor, sc.Request
	}
	return own
}

// parent returns the tenant in scope that is to stand above one of tier child
// in months.
func (s *Service) parent(ctx context.Context, t id.Tenant, child scope.Tier, months period.Months) (Tenant, error) {
	parent, err := s.store.get(ctx, t)
	switch {
	case err != nil:
		return Tenant{}, err
	case !mayStandUnder(child, parent.Tier):
		return Tenant{}, errParentTier
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return Tenant{}, err
	}
	placed, err := s.store.placements(ctx, period.Month{})
	if err != nil {
		return Tenant{}, err
	}
	if !covers(lineageOf(placed).monthsBelow(sc.Tenant, t), months) {
		return Tenant{}, ErrParentMonths
	}
	return parent, nil
}

// maxSlugs bounds the search for a free slug; a tree with more tenants of one
// name has to name slugs itself.
const maxSlugs = 10_000

// insert adds t with the slug that is wanted, or with the first free one made
// from its name, and sets t.Slug.
func (s *Service) insert(ctx context.Context, t *Tenant, want string) error {
	base := want
	if base == "" {
		base = slugOf(t.Name)
	}
	for n := 1; n <= maxSlugs; n++ {
		t.Slug = base
		if n > 1 {
			t.Slug = base + "-" + strconv.Itoa(n)
		}
		if t.Tier == scope.Distributor {
			t.Distributor = t.Slug
		}
		added, err := s.store.insert(ctx, *t)
		if err != nil || added {
			return err
		}
		if want != "" {
			break
		}
	}
	return ErrSlugTaken
}

func (s *Service) place(ctx context.Context, t Tenant, parent id.Tenant, months period.Months) error {
	err := s.store.place(ctx, t.ID, parent, t.Tree, months)
	if db.ConstraintOf(err) == "tenancy_parents_tenant_id_months_excl" {
		return ErrPlaced
	}
	return err
}

// Place puts a tenant under a parent for months in which it has none yet. What
// is below the tenant comes with it.
//
// Needs tenancy.write, and both in scope. Errors: ErrNotFound; Invalid for a
// parent of the wrong tier or an empty range; ErrParentMonths for a parent that
// is not below the acting tenant in one of the months; ErrPlaced where the
// tenant has a parent in one of them.
func (s *Service) Place(ctx context.Context, in PlaceInput) error {
	if err := s.authz.Need(ctx, PermWrite); err != nil {
		return err
	}
	if in.Months.IsEmpty() {
		return errInvalid.WithField("months", "The months end before they start.")
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		t, err := s.store.get(ctx, in.Tenant)
		if err != nil {
			return err
		}
		parent, err := s.parent(ctx, in.Parent, t.Tier, in.Months)
		if err != nil {
			return err
		}
		if err := s.place(ctx, t, parent.ID, in.Months); err != nil {
			return err
		}
		return s.audit.Record(ctx, "tenancy.place_tenant", t.Slug, t.ID, nil, tenantState{
			Tier: t.Tier.String(), Slug: t.Slug, Name: t.Name, Parent: parent.Slug, Months: in.Months.String(),
		})
	})
}

// Get returns one tenant in scope. Needs tenancy.read. Errors: ErrNotFound.
func (s *Service) Get(ctx context.Context, t id.Tenant) (Tenant, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (Tenant, error) { return s.store.get(ctx, t) })
}

// GetMany returns those of the tenants that the scope sees, by id; the others
// are absent. Needs tenancy.read.
func (s *Service) GetMany(ctx context.Context, ts []id.Tenant) (map[id.Tenant]Tenant, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (map[id.Tenant]Tenant, error) {
		found, err := s.store.byID(ctx, ts)
		return byID(found), err
	})
}

func byID(ts []Tenant) map[id.Tenant]Tenant {
	out := make(map[id.Tenant]Tenant, len(ts))
	for _, t := range ts {
		out[t.ID] = t
	}
	return out
}

// Find returns the tenant with this slug in scope; «distributor/slug» is
// understood too. Needs tenancy.read. Errors: ErrNotFound.
func (s *Service) Find(ctx context.Context, slug string) (Tenant, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (Tenant, error) {
		distributor, own, qualified := strings.Cut(slug, "/")
		if !qualified {
			own = slug
		}
		found, err := s.store.bySlug(ctx, own)
		if err != nil {
			return Tenant{}, err
		}
		for _, t := range found {
			if !qualified || t.Distributor == distributor {
				return t, nil
			}
		}
		return Tenant{}, ErrNotFound
	})
}

// List returns the acting tenant and all tenants that are or were below it, by
// tier and slug. Needs tenancy.read.
func (s *Service) List(ctx context.Context) ([]Tenant, error) {
	return read(ctx, s, PermRead, s.store.all)
}

// Trees returns all distributors of the installation, by slug.
//
// It looks past row-level security and needs no scope: for the command line
// and the workers of this installation, never for a request.
func (s *Service) Trees(ctx context.Context) ([]Tenant, error) {
	if s.operator == nil {
		return nil, errNotOperator
	}
	return store{db: s.operator}.operatorTenants(ctx, `t.tier = 1`)
}

// Resolve returns the tenant that a command line means by «SLUG» or
// «DISTRIBUTOR/SLUG». A distributor's path is «SLUG/SLUG».
//
// It looks past row-level security and needs no scope, as Trees does. Errors:
// ErrNotFound; ErrAmbiguous, whose message names the paths of all candidates.
func (s *Service) Resolve(ctx context.Context, name string) (Tenant, error) {
	if s.operator == nil {
		return Tenant{}, errNotOperator
	}
	condition, args := `t.slug = ?`, []any{name}
	if distributor, slug, qualified := strings.Cut(name, "/"); qualified {
		condition, args = `d.slug = ? AND t.slug = ?`, []any{distributor, slug}
	}
	found, err := store{db: s.operator}.operatorTenants(ctx, condition, args...)
	switch {
	case err != nil:
		return Tenant{}, err
	case len(found) == 0:
		return Tenant{}, errs.Newf(ErrNotFound.Kind, ErrNotFound.Code, "There is no tenant %q.", name)
	case len(found) > 1:
		paths := make([]string, len(found))
		for i, t := range found {
			paths[i] = t.Path()
		}
		return Tenant{}, errs.Newf(ErrAmbiguous.Kind, ErrAmbiguous.Code,
			"%q names several tenants; say which: %s.", name, strings.Join(paths, ", "))
	}
	return found[0], nil
}

// read checks p and runs fn in a read-only transaction.
func read[T any](ctx context.Context, s *Service, p authz.Permission, fn func(ctx context.Context) (T, error)) (T, error) {
	var out T
	if err := s.authz.Need(ctx, p); err != nil {
		return out, err
	}
	err := s.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		out, err = fn(ctx)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return out, nil
}
