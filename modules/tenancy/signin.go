package tenancy

import (
	"context"
	"fmt"
	"time"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

// freeFailures is after how many failures in a row an address has to wait; the
// pauses themselves are tenancy_retry_at's.
const freeFailures = 5

// SignIn opens a session of the user with this e-mail address and password,
// and returns it with the token that the browser is to show from now on. The
// token is stored nowhere.
//
// Needs no scope. Failures are counted for the address and for the client's
// network, over all processes; see tenancy_sign_in_begin for how many are free
// and how long the pauses are. A success sets the address free again.
//
// Errors: ErrCredentials, alike and after the same work for an unknown address,
// a disabled user and a wrong password; *ThrottledError, whatever the password;
// ErrNoAccess if the password is right but the user has no role anywhere.
func (s *Service) SignIn(ctx context.Context, in SignInInput) (Session, string, error) {
	in.Email, in.IP, in.UserAgent = normalEmail(in.Email), normalIP(in.IP), shortAgent(in.UserAgent)
	a, err := s.attempt(ctx, in.Email, in.Password, in.IP)
	if err != nil {
		return Session{}, "", err
	}
	token, hash := newToken()
	now := s.clock.Now()
	opened := false
	err = s.db.InTx(scope.With(ctx, a.home("")), func(ctx context.Context) (err error) {
		opened, err = s.store.openSession(ctx, sessionRow{
			ID: id.New[id.Session](), Token: hash, User: a.UserID, At: now, Until: now.Add(s.sessionLife),
			UserAgent: in.UserAgent, IP: in.IP,
		})
		if err != nil || !opened {
			return err
		}
		return s.audit.Record(ctx, "tenancy.sign_in", in.Email, a.TenantID, nil, signInState{IP: in.IP, UserAgent: in.UserAgent})
	})
	switch {
	case err != nil:
		return Session{}, "", fmt.Errorf("sign in: %w", err)
	case !opened:
		return Session{}, "", ErrNoAccess
	}
	session, err := s.Session(ctx, token)
	return session, token, err
}

// signInState is a sign-in as the audit trail shows it.
type signInState struct {
	IP        string `json:"ip,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
	Failures  int    `json:"failures,omitempty"` // in a row
}

// attempt compares a password with the one of an address, as often as the
// throttle lets it.
//
// Errors: as SignIn's, except ErrNoAccess.
func (s *Service) attempt(ctx context.Context, email, password, ip string) (attemptRow, error) {
	keys, known := keysOf(email, ip), true
	if len(email) > maxEmail {
		email = ""
	}
	var a attemptRow
	if err := s.store.beginAttempt(ctx, &a, email, keys, s.clock.Now()); err != nil {
		return attemptRow{}, err
	}
	if a.RetryAt != nil {
		wait := a.RetryAt.Sub(s.clock.Now()) + time.Second - 1
		return attemptRow{}, &ThrottledError{Wait: wait.Truncate(time.Second)}
	}
	if a.UserID.IsZero() {
		known, a.PasswordHash = false, s.nobody()
	}
	if len(password) > maxPassword {
		known, password = false, ""
	}
	fits, err := s.verify(ctx, a.PasswordHash, password)
	if err != nil {
		return attemptRow{}, fmt.Errorf("user %s: %w", a.UserID, err)
	}
	if !fits || !known || a.Disabled {
		return attemptRow{}, s.failed(ctx, a, email, ip, keys)
	}
	if _, err := s.store.endAttempt(ctx, keys, true, s.clock.Now()); err != nil {
		return attemptRow{}, err
	}
	return a, nil
}

// failed ends an attempt with ErrCredentials. The user's tenant hears of it
// where somebody has to wait now. What it does for an unknown address costs the
// same: one transaction that writes.
func (s *Service) failed(ctx context.Context, a attemptRow, email, ip string, keys attemptKeys) error {
	err := s.db.InTx(scope.With(ctx, a.home("sign-in")), func(ctx context.Context) error {
		failures, err := s.store.endAttempt(ctx, keys, false, s.clock.Now())
		if err != nil || failures < freeFailures || a.UserID.IsZero() {
			return err
		}
		return s.audit.Record(ctx, "tenancy.sign_in_throttled", email, a.TenantID, nil, signInState{IP: ip, Failures: failures})
	})
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	return ErrCredentials
}

// home is the scope of the tenant of the user whose address it was, and of a
// tenant that nobody knows where it was nobody's. It allows nothing. name is
// the actor's; "" means the user.
func (a attemptRow) home(name string) scope.Scope {
	out := scope.Scope{Tenant: a.TenantID, Tree: a.TreeID, Actor: scope.Actor{User: a.UserID}}
	if name != "" {
		out.Actor = scope.Actor{Name: name}
	}
	if out.Tenant.IsZero() {
		out.Tenant = id.New[id.Tenant]()
	}
	return out
}

// verify compares a password with a hash. So many at once as there is a place
// for: each takes a processor and 19 MiB for a moment.
func (s *Service) verify(ctx context.Context, hash, password string) (bool, error) {
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
		return verifyPassword(hash, password)
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// Session returns who the token of a request stands for, in one statement, and
// notes that they were here.
//
// Needs no scope. Errors: ErrSignedOut for a token that nobody has, a session
// that has ended or was not used for too long, a disabled user, and one without
// a role at the acting tenant; for all of them alike.
func (s *Service) Session(ctx context.Context, token string) (Session, error) {
	hash, ok := hashOf(token)
	if !ok {
		return Session{}, ErrSignedOut
	}
	return s.store.session(ctx, hash, s.clock.Now(), s.sessionIdle)
}

// SignOut ends the session of a token; one that has ended already is no error.
// Needs no scope.
func (s *Service) SignOut(ctx context.Context, token string) error {
	hash, ok := hashOf(token)
	if !ok {
		return nil
	}
	session, err := s.store.session(ctx, hash, s.clock.Now(), s.sessionIdle)
	if err != nil {
		return ignoreSignedOut(err)
	}
	_, err = s.store.endOwn(ctx, hash, session.ID, false)
	return err
}

// Sessions returns the sessions of ctx's user: the current one first, then by
// last use.
//
// Needs a session in ctx and no permission. Errors: ErrSignedOut.
func (s *Service) Sessions(ctx context.Context) ([]OwnSession, error) {
	own, err := SessionFrom(ctx)
	if err != nil {
		return nil, err
	}
	return s.store.ownSessions(ctx, own.token, s.clock.Now(), s.sessionIdle)
}

// RevokeSession ends one of the sessions of ctx's user, which may be the
// current one.
//
// Needs a session in ctx and no permission. Errors: ErrSignedOut;
// ErrSessionNotFound, alike for somebody else's.
func (s *Service) RevokeSession(ctx context.Context, which id.Session) error {
	return s.endOwn(ctx, "tenancy.end_session", which, func(ended int) error {
		if ended == 0 {
			return ErrSessionNotFound
		}
		return nil
	})
}

// SignOutEverywhere ends all sessions of ctx's user, the current one too.
//
// Needs a session in ctx and no permission. Errors: ErrSignedOut.
func (s *Service) SignOutEverywhere(ctx context.Context) error {
	return s.endOwn(ctx, "tenancy.sign_out_everywhere", id.Session{}, func(int) error { return nil })
}

// endedState says in the audit trail how many sessions were ended.
type endedState struct {
	Sessions int `json:"sessions_ended"`
}

func (s *Service) endOwn(ctx context.Context, action string, which id.Session, check func(ended int) error) error {
	own, err := SessionFrom(ctx)
	if err != nil {
		return err
	}
	return s.db.InTx(scope.With(ctx, own.home(ctx)), func(ctx context.Context) error {
		ended, err := s.store.endOwn(ctx, own.token, which, false)
		if err != nil {
			return err
		}
		if err := check(ended); err != nil {
			return err
		}
		return s.audit.Record(ctx, action, own.User.Email, own.User.Tenant, nil, endedState{ended})
	})
}
