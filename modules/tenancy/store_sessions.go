package tenancy

import (
	"context"
	"errors"
	"strings"
	"time"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

// attemptRow is what an attempt to sign in is measured against. RetryAt is set,
// and nothing else, where it has to wait; the user is zero where the address is
// nobody's.
type attemptRow struct {
	RetryAt      *time.Time
	UserID       id.User
	TenantID     id.Tenant
	TreeID       id.Tenant
	PasswordHash string
	Disabled     bool
}

func (s store) beginAttempt(ctx context.Context, a *attemptRow, email string, keys attemptKeys, at time.Time) error {
	return s.db.Call(ctx, a, "tenancy_sign_in_begin", email, keys.address, keys.network, at)
}

// endAttempt returns how many failures the address has in a row.
func (s store) endAttempt(ctx context.Context, keys attemptKeys, succeeded bool, at time.Time) (failures int, err error) {
	err = s.db.Call(ctx, &failures, "tenancy_sign_in_end", keys.address, keys.network, succeeded, at)
	return failures, err
}

// sessionRow is a new session.
type sessionRow struct {
	ID            id.Session
	Token         tokenHash
	User          id.User
	At, Until     time.Time
	UserAgent, IP string
}

// openSession adds a session; false where the user has no role to act in.
func (s store) openSession(ctx context.Context, r sessionRow) (opened bool, err error) {
	err = s.db.Call(ctx, &opened, "tenancy_open_session", r.ID, r.Token, r.User, r.At, r.Until, r.UserAgent, r.IP)
	return opened, err
}

// session returns the living session of a token. Errors: ErrSignedOut.
func (s store) session(ctx context.Context, token tokenHash, at time.Time, idle time.Duration) (Session, error) {
	var rows []struct {
		ID                           id.Session
		UserID                       id.User
		HomeID                       id.Tenant
		Email, UserName              string
		TenantID, TreeID             id.Tenant
		Tier                         scope.Tier
		Slug, TenantName             string
		TenantCreatedAt              time.Time
		Roles                        string
		CreatedAt, SeenAt, ExpiresAt time.Time
	}
	if err := s.db.Call(ctx, &rows, "tenancy_session", token, at, at.Add(-idle)); err != nil {
		return Session{}, err
	}
	if len(rows) == 0 {
		return Session{}, ErrSignedOut
	}
	r := rows[0]
	out := Session{
		ID: r.ID, User: User{ID: r.UserID, Tenant: r.HomeID, Email: r.Email, Name: r.UserName},
		Tenant: Tenant{ID: r.TenantID, Tree: r.TreeID, Tier: r.Tier, Slug: r.Slug, Name: r.TenantName, CreatedAt: r.TenantCreatedAt.UTC()},
		Roles:  strings.Split(r.Roles, ","), CreatedAt: r.CreatedAt.UTC(), SeenAt: r.SeenAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), token: token,
	}
	if r.TenantID == r.TreeID {
		out.Tenant.Distributor = r.Slug
	}
	return out, nil
}

func ignoreSignedOut(err error) error {
	if errors.Is(err, ErrSignedOut) {
		return nil
	}
	return err
}

// ownSessions returns the living sessions of the user whose token it is.
func (s store) ownSessions(ctx context.Context, token tokenHash, at time.Time, idle time.Duration) ([]OwnSession, error) {
	var rows []OwnSession
	if err := s.db.Call(ctx, &rows, "tenancy_own_sessions", token, at, at.Add(-idle)); err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i].CreatedAt, rows[i].SeenAt = rows[i].CreatedAt.UTC(), rows[i].SeenAt.UTC()
	}
	return rows, nil
}

// endOwn ends one session of the user whose token it is, or, for a zero which,
// all of them; keep spares the token's own.
func (s store) endOwn(ctx context.Context, token tokenHash, which id.Session, keep bool) (ended int, err error) {
	err = s.db.Call(ctx, &ended, "tenancy_end_own_sessions", token, which, keep)
	return ended, err
}

// endSessionsOf ends all sessions of a user of a tenant in scope.
func (s store) endSessionsOf(ctx context.Context, u id.User) (ended int, err error) {
	err = s.db.Call(ctx, &ended, "tenancy_end_sessions_of", u)
	return ended, err
}
