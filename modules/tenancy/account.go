package tenancy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

// ChangePasswordInput is how somebody changes their own password.
type ChangePasswordInput struct {
	Old, New string // used exactly as given
	IP       string // of the client, for the throttle; "": not known
}

// SetPasswordInput gives somebody else a new password.
type SetPasswordInput struct {
	User     id.User
	Password string
}

var (
	errWrongOld = errs.New(errs.Invalid, "tenancy.wrong_password", "This is not your password.").WithField("old", "This is not your password.")
	errSelf     = errs.New(errs.FailedPrecondition, "tenancy.self", "You cannot disable yourself.")
	errOutranks = errs.New(errs.Forbidden, "tenancy.outranks", "This user has a role that you could not give them.")
)

// ChangePassword changes the password of ctx's user and ends all of their
// sessions but the current one.
//
// Needs a session in ctx and no permission. The old password is tried as
// signing in would try it, so that whoever got hold of a session cannot guess
// it. Errors: ErrSignedOut; Invalid with a field for a new password that is
// too easy to guess or the old one again, and for a wrong old one;
// *ThrottledError.
func (s *Service) ChangePassword(ctx context.Context, in ChangePasswordInput) error {
	own, err := SessionFrom(ctx)
	if err != nil {
		return err
	}
	if message := weakness(in.New, own.User.Email, own.User.Name); message != "" {
		return invalidUser("new", message)
	}
	if in.New == in.Old {
		return invalidUser("new", "This is the password that you have already.")
	}
	_, err = s.attempt(ctx, own.User.Email, in.Old, normalIP(in.IP))
	if errors.Is(err, ErrCredentials) {
		return errWrongOld
	}
	if err != nil {
		return err
	}
	hash := hashPassword(in.New, s.argon) // slow on purpose: before the transaction
	return s.db.InTx(scope.With(ctx, own.home(ctx)), func(ctx context.Context) error {
		if err := s.store.setPassword(ctx, own.User.ID, hash); err != nil {
			return err
		}
		ended, err := s.store.endOwn(ctx, own.token, id.Session{}, true)
		if err != nil {
			return err
		}
		return s.audit.Record(ctx, "tenancy.change_password", own.User.Email, own.User.Tenant, nil, endedState{ended})
	})
}

// SetPassword gives a user of a tenant in scope a new password and ends all of
// their sessions.
//
// Needs tenancy.users_write, and the right to give each role that the user has.
// Errors: ErrUserNotFound; Forbidden; Invalid with a field for a password that
// is too easy to guess.
func (s *Service) SetPassword(ctx context.Context, in SetPasswordInput) error {
	hash := ""
	return s.changeUser(ctx, in.User, "tenancy.set_password", func(ctx context.Context, u userRow) (any, error) {
		if message := weakness(in.Password, u.Email, u.Name); message != "" {
			return nil, invalidUser("password", message)
		}
		if hash == "" {
			hash = hashPassword(in.Password, s.argon)
		}
		if err := s.store.setPassword(ctx, u.ID, hash); err != nil {
			return nil, err
		}
		ended, err := s.store.endSessionsOf(ctx, u.ID)
		return endedState{ended}, err
	})
}

// DisableUser keeps a user of a tenant in scope from signing in and ends all of
// their sessions. Disabling again changes nothing.
//
// Needs tenancy.users_write, and the right to give each role that the user has.
// Errors: ErrUserNotFound; Forbidden; FailedPrecondition for oneself.
func (s *Service) DisableUser(ctx context.Context, u id.User) error {
	return s.changeUser(ctx, u, "tenancy.disable_user", func(ctx context.Context, u userRow) (any, error) {
		sc, err := scope.From(ctx)
		switch {
		case err != nil || u.DisabledAt != nil:
			return nil, err
		case sc.Actor.User == u.ID:
			return nil, errSelf
		}
		if err := s.store.disable(ctx, u.ID, new(s.clock.Now())); err != nil {
			return nil, err
		}
		ended, err := s.store.endSessionsOf(ctx, u.ID)
		return endedState{ended}, err
	})
}

// EnableUser lets a disabled user sign in again, with the password they had.
// Enabling again changes nothing. Needs and errors: as DisableUser.
func (s *Service) EnableUser(ctx context.Context, u id.User) error {
	return s.changeUser(ctx, u, "tenancy.enable_user", func(ctx context.Context, u userRow) (any, error) {
		if u.DisabledAt == nil {
			return nil, nil
		}
		return struct{}{}, s.store.disable(ctx, u.ID, nil)
	})
}

// changeUser looks whether the actor may, changes a user and records what
// change returns; nil means that nothing has changed.
func (s *Service) changeUser(ctx context.Context, u id.User, action string, change func(ctx context.Context, u userRow) (after any, err error)) error {
	if err := s.authz.Need(ctx, PermUsersWrite); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		row, err := s.store.userByID(ctx, u)
		if err != nil {
			return err
		}
		if err := s.mayGiveAll(ctx, u); err != nil {
			return err
		}
		after, err := change(ctx, row)
		if err != nil || after == nil {
			return err
		}
		if err := s.audit.Record(ctx, action, row.Email, row.TenantID, nil, after); err != nil {
			return fmt.Errorf("user %s: %w", row.ID, err)
		}
		return nil
	})
}

// mayGiveAll refuses to touch a user with a role that the actor could not give.
func (s *Service) mayGiveAll(ctx context.Context, u id.User) error {
	roles, err := s.store.roles(ctx, u)
	if err != nil {
		return err
	}
	for _, r := range roles {
		if err := s.mayGive(ctx, r.Name); errors.Is(err, errNotHeld) {
			return errOutranks
		} else if err != nil {
			return err
		}
	}
	return nil
}

// User returns the user of a tenant in scope with this e-mail address. Needs
// tenancy.users_read. Errors: ErrUserNotFound.
func (s *Service) User(ctx context.Context, email string) (User, error) {
	return read(ctx, s, PermUsersRead, func(ctx context.Context) (User, error) {
		row, err := s.store.userByEmail(ctx, normalEmail(email))
		return row.user(), err
	})
}

// Roles that mean more than the policy says.
const (
	roleAdmin    = "admin"    // gives every role
	roleOperator = "operator" // the system's own; nobody is given it
)

var errNotHeld = errs.New(errs.Forbidden, "tenancy.not_held", "You can only give roles that you have yourself.")

// mayGive reports whether the actor may give a role at the acting tenant and
// below: one that it has there itself, and any as an administrator.
func (s *Service) mayGive(ctx context.Context, role string) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	for _, enough := range []string{role, roleAdmin, roleOperator} {
		if slices.Contains(sc.Actor.Roles, enough) {
			return nil
		}
	}
	return errNotHeld
}

// mayGiveAt is mayGive for a role at a tenant of a tier. It refuses what is no
// role there: the policy does not know it, or it is the system's own.
func (s *Service) mayGiveAt(ctx context.Context, role string, tier scope.Tier) error {
	if role == roleOperator || !s.authz.Knows(role, tier) {
		return invalidUser("role", fmt.Sprintf("There is no role %q at a %s.", role, tier))
	}
	return s.mayGive(ctx, role)
}
