package tenancy

import (
	"context"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// Service answers who there is and who was above whom, and changes it.
type Service struct{}

var errSoon = errs.New(errs.Internal, "tenancy.soon", "not there yet")

// Create makes a tenant and places it under its parent.
//
// A distributor is the root of a new tree: it is made in the scope of the new
// tenant itself, with the actor of ctx where there is a scope; without one the
// actor is the system. Any other tenant is made in the scope of ctx, which has
// to see the parent.
//
// Needs tenancy.write (for a distributor only where ctx has a scope). Errors:
// ErrNotFound for a parent outside the scope; Invalid for what
// CreateInput.Validate refuses and a parent of the wrong tier; ErrSlugTaken
// where the input names a slug that is taken.
func (s *Service) Create(ctx context.Context, in CreateInput) (Tenant, error) {
	return Tenant{}, errSoon
}

// Place puts a tenant under a parent for months in which it has none yet. What
// is below the tenant comes with it.
//
// Needs tenancy.write, and both in scope. Errors: ErrNotFound; Invalid for a
// parent of the wrong tier or an empty range; ErrPlaced where the tenant has a
// parent in one of the months.
func (s *Service) Place(ctx context.Context, in PlaceInput) error { return errSoon }

// Get returns one tenant in scope. Needs tenancy.read. Errors: ErrNotFound.
func (s *Service) Get(ctx context.Context, t id.Tenant) (Tenant, error) { return Tenant{}, errSoon }

// GetMany returns those of the tenants that the scope sees, by id; the others
// are absent. Needs tenancy.read.
func (s *Service) GetMany(ctx context.Context, ts []id.Tenant) (map[id.Tenant]Tenant, error) {
	return nil, errSoon
}

// Find returns the tenant with this slug in scope; «distributor/slug» is
// understood too. Needs tenancy.read. Errors: ErrNotFound.
func (s *Service) Find(ctx context.Context, slug string) (Tenant, error) { return Tenant{}, errSoon }

// List returns the acting tenant and all tenants that are or were below it, by
// tier and slug. Needs tenancy.read.
func (s *Service) List(ctx context.Context) ([]Tenant, error) { return nil, errSoon }

// Descendants returns the acting tenant and those below it in month m, by
// depth and slug. Needs tenancy.read.
func (s *Service) Descendants(ctx context.Context, m period.Month) ([]Descendant, error) {
	return nil, errSoon
}

// IsBelow reports whether t is ancestor itself, or below it in every single
// month of months; an open end means for ever. False where the scope does not
// see both. Needs tenancy.read.
func (s *Service) IsBelow(ctx context.Context, ancestor, t id.Tenant, months period.Months) (bool, error) {
	return false, errSoon
}

// Chain returns who was above whom in month m, from owner down to t.
//
// Needs tenancy.read. Errors: ErrNotFound if the scope sees not both of them,
// or t was not below owner in m.
func (s *Service) Chain(ctx context.Context, owner, t id.Tenant, m period.Month) (Chain, error) {
	return nil, errSoon
}

// ChainsOf is Chain for many links at once. Links for which Chain would answer
// ErrNotFound are absent. Needs tenancy.read.
func (s *Service) ChainsOf(ctx context.Context, links []Link, m period.Month) (map[Link]Chain, error) {
	return nil, errSoon
}

// Trees returns all distributors of the installation, by slug.
//
// It looks past row-level security and needs no scope: for the command line
// and the workers of this installation, never for a request.
func (s *Service) Trees(ctx context.Context) ([]Tenant, error) { return nil, errSoon }

// Resolve returns the tenant that a command line means by «SLUG» or
// «DISTRIBUTOR/SLUG». A distributor's path is «SLUG/SLUG».
//
// It looks past row-level security and needs no scope, as Trees does. Errors:
// ErrNotFound; ErrAmbiguous, whose message names the paths of all candidates.
func (s *Service) Resolve(ctx context.Context, name string) (Tenant, error) {
	return Tenant{}, errSoon
}

// CreateUser makes a user of a tenant in scope, with roles at that tenant.
//
// Needs tenancy.users_write, and tenancy.roles_write if there are roles.
// Errors: ErrNotFound for a tenant outside the scope; Invalid for what
// CreateUserInput.Validate refuses; ErrEmailTaken.
func (s *Service) CreateUser(ctx context.Context, in CreateUserInput) (User, error) {
	return User{}, errSoon
}

// VerifyPassword returns the user of a tenant in scope with this e-mail
// address and password.
//
// Needs no permission: it is what signing in asks. Errors: ErrCredentials,
// alike and after the same work for an unknown address, a user outside the
// scope, a disabled user and a wrong password.
func (s *Service) VerifyPassword(ctx context.Context, email, password string) (User, error) {
	return User{}, errSoon
}

// Roles returns the roles of a user at tenants in scope, by tenant and name.
//
// Needs tenancy.users_read. Errors: ErrUserNotFound for a user of a tenant
// outside the scope.
func (s *Service) Roles(ctx context.Context, u id.User) ([]Role, error) { return nil, errSoon }

// Grant gives a user a role at a tenant; giving it again changes nothing.
//
// Needs tenancy.roles_write. Errors: ErrUserNotFound, ErrNotFound; Invalid for
// an empty role.
func (s *Service) Grant(ctx context.Context, in RoleInput) error { return errSoon }

// Revoke takes a role from a user; taking one that the user does not have
// changes nothing. Needs tenancy.roles_write. Errors: as Grant.
func (s *Service) Revoke(ctx context.Context, in RoleInput) error { return errSoon }
