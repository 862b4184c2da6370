package tenancy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// userState is a user as the audit trail shows it: never with the password.
type userState struct {
	Email  string   `json:"email"`
	Name   string   `json:"name"`
	Tenant string   `json:"tenant"` // slug
	Roles  []string `json:"roles,omitempty"`
}

// roleState is a role as the audit trail shows it.
type roleState struct {
	Tenant string `json:"tenant"` // slug
	Role   string `json:"role"`
}

// CreateUser makes a user of a tenant in scope, with roles at that tenant.
//
// Needs tenancy.users_write; if there are roles, tenancy.roles_write and each of
// them, or admin. Errors: ErrNotFound for a tenant outside the scope; Invalid
// for what CreateUserInput.Validate refuses and for a role that the policy does
// not know at the tenant's tier; ErrEmailTaken.
func (s *Service) CreateUser(ctx context.Context, in CreateUserInput) (User, error) {
	if err := s.authz.Need(ctx, PermUsersWrite); err != nil {
		return User{}, err
	}
	in.Email, in.Name = normalEmail(in.Email), strings.TrimSpace(in.Name)
	if err := in.Validate(); err != nil {
		return User{}, err
	}
	roles := slices.Compact(slices.Sorted(slices.Values(in.Roles)))
	if len(roles) > 0 {
		if err := s.authz.Need(ctx, PermRolesWrite); err != nil {
			return User{}, err
		}
	}
	u := User{ID: id.New[id.User](), Tenant: in.Tenant, Email: in.Email, Name: in.Name, CreatedAt: s.clock.Now()}
	hash := hashPassword(in.Password, s.argon) // slow on purpose: before the transaction
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		t, err := s.store.get(ctx, in.Tenant)
		if err != nil {
			return err
		}
		for _, role := range roles {
			if err := s.mayGiveAt(ctx, role, t.Tier); err != nil {
				return err
			}
		}
		added, err := s.store.insertUser(ctx, u, hash)
		if err != nil {
			return err
		}
		if !added {
			return ErrEmailTaken
		}
		for _, role := range roles {
			if _, err := s.store.grant(ctx, RoleInput{User: u.ID, Tenant: t.ID, Role: role}, u.CreatedAt); err != nil {
				return err
			}
		}
		return s.audit.Record(ctx, "tenancy.create_user", u.Email, t.ID, nil,
			userState{Email: u.Email, Name: u.Name, Tenant: t.Slug, Roles: roles})
	})
	if err != nil {
		return User{}, fmt.Errorf("create user: %w", err)
	}
	return u, nil
}

// Roles returns the roles of a user at tenants in scope, by tenant and name.
//
// Needs tenancy.users_read. Errors: ErrUserNotFound for a user of a tenant
// outside the scope.
func (s *Service) Roles(ctx context.Context, u id.User) ([]Role, error) {
	return read(ctx, s, PermUsersRead, func(ctx context.Context) ([]Role, error) {
		if _, err := s.store.userByID(ctx, u); err != nil {
			return nil, err
		}
		return s.store.roles(ctx, u)
	})
}

// Grant gives a user a role at a tenant; giving it again changes nothing.
//
// Needs tenancy.roles_write, and the role itself or admin at the acting tenant.
// Errors: ErrUserNotFound, ErrNotFound; Invalid for a role that the policy does
// not know at the tenant's tier, and for a tenant that is neither the user's own
// nor below it this month; Forbidden.
func (s *Service) Grant(ctx context.Context, in RoleInput) error {
	return s.changeRole(ctx, in, func(ctx context.Context, u userRow, t Tenant) error {
		if err := s.mayGiveAt(ctx, in.Role, t.Tier); err != nil {
			return err
		}
		tenants, parents, err := s.kin(ctx, period.Month{})
		if err != nil {
			return err
		}
		this := period.MonthOf(s.clock.Now())
		if !sees(tenants, u.TenantID) || !covers(parents.monthsBelow(u.TenantID, t.ID), period.Months{From: this, To: this}) {
			return invalidUser("tenant", "A user has roles at their own tenant and at those below it.")
		}
		added, err := s.store.grant(ctx, in, s.clock.Now())
		if err != nil || !added {
			return err
		}
		return s.audit.Record(ctx, "tenancy.grant_role", u.Email, t.ID, nil, roleState{Tenant: t.Slug, Role: in.Role})
	})
}

// Revoke takes a role from a user; taking one that the user does not have
// changes nothing. Needs tenancy.roles_write, and the role itself or admin at
// the acting tenant. Errors: ErrUserNotFound, ErrNotFound; Forbidden.
func (s *Service) Revoke(ctx context.Context, in RoleInput) error {
	return s.changeRole(ctx, in, func(ctx context.Context, u userRow, t Tenant) error {
		if err := s.mayGive(ctx, in.Role); err != nil {
			return err
		}
		removed, err := s.store.revoke(ctx, in)
		if err != nil || !removed {
			return err
		}
		return s.audit.Record(ctx, "tenancy.revoke_role", u.Email, t.ID, roleState{Tenant: t.Slug, Role: in.Role}, nil)
	})
}

func (s *Service) changeRole(ctx context.Context, in RoleInput, change func(ctx context.Context, u userRow, t Tenant) error) error {
	if err := s.authz.Need(ctx, PermRolesWrite); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		u, err := s.store.userByID(ctx, in.User)
		if err != nil {
			return err
		}
		t, err := s.store.get(ctx, in.Tenant)
		if err != nil {
			return err
		}
		return change(ctx, u, t)
	})
}
