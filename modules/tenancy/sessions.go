package tenancy

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

// Session is somebody who is signed in, as of one request: in whose perspective
// they act and which roles they have there are read anew each time.
type Session struct {
	ID        id.Session
	User      User     // without DisabledAt, which is never set here, and CreatedAt
	Tenant    Tenant   // the acting tenant: the user's own, or one below it
	Roles     []string // at Tenant, sorted; never empty
	CreatedAt time.Time
	SeenAt    time.Time // the request before this one, to the minute
	ExpiresAt time.Time // when it ends however busy it is

	token tokenHash
}

// Scope returns the scope in which the request with this id acts.
func (s Session) Scope(request string) scope.Scope {
	return scope.Scope{
		Tenant: s.Tenant.ID, Tree: s.Tenant.Tree, Tier: s.Tenant.Tier, Request: request,
		Actor: scope.Actor{User: s.User.ID, Name: s.User.Email, Roles: s.Roles},
	}
}

// home is the scope of the user's own tenant, to which what users do to their
// own account belongs, in whosever perspective they act. It has no tier: it
// allows nothing.
func (s Session) home(ctx context.Context) scope.Scope {
	out := s.Scope("")
	if sc, err := scope.From(ctx); err == nil {
		out.Request = sc.Request
	}
	if s.User.Tenant != s.Tenant.ID {
		out.Tenant, out.Tier = s.User.Tenant, 0
	}
	return out
}

type sessionKey struct{}

// WithSession returns a context in which the use cases of one's own account
// know whose it is: Sessions, RevokeSession, SignOutEverywhere and
// ChangePassword. It does not set the scope.
func WithSession(ctx context.Context, s Session) context.Context {
	return context.WithValue(ctx, sessionKey{}, s)
}

// SessionFrom returns the session in ctx. Errors: ErrSignedOut.
func SessionFrom(ctx context.Context) (Session, error) {
	s, ok := ctx.Value(sessionKey{}).(Session)
	if !ok {
		return Session{}, ErrSignedOut
	}
	return s, nil
}

// OwnSession is one of a user's own sessions, as the profile lists them.
type OwnSession struct {
	ID        id.Session
	CreatedAt time.Time
	SeenAt    time.Time // last request, to the minute
	UserAgent string    // as the browser calls itself, cut to 200 characters
	IP        string    // that signed in; "" where it is not known
	Current   bool      // the one that asks
}

// SignInInput is what somebody signs in with.
type SignInInput struct {
	Email     string // in any case, trimmed
	Password  string // used exactly as given
	IP        string // of the client; "" or no address: not known
	UserAgent string
}

// Errors of signing in.
var (
	// ErrSignedOut says that nobody is signed in: there is no session, it has
	// ended, or whoever it was of may not come in any more.
	ErrSignedOut = errs.New(errs.Unauthenticated, "tenancy.signed_out", "Sign in to go on.")
	// ErrNoAccess is the answer to a right password of a user without a role.
	ErrNoAccess = errs.New(errs.Forbidden, "tenancy.no_access", "You have no role at the moment. Ask your administrator for one.")
	// ErrSessionNotFound names no session of one's own.
	ErrSessionNotFound = errs.New(errs.NotFound, "tenancy.session_not_found", "There is no such session.")
	// ErrThrottled is what every ThrottledError is.
	ErrThrottled = errs.New(errs.RateLimited, "tenancy.throttled", "Too many attempts to sign in.")
)

// ThrottledError refuses an attempt to sign in after too many failures. It is
// the same for addresses that nobody has.
type ThrottledError struct {
	// Wait is how long to wait, in whole seconds; at least one.
	Wait time.Duration
}

// Error says when to try again.
func (e *ThrottledError) Error() string { return e.problem().Message }

// Unwrap returns ErrThrottled with the sentence of Error.
func (e *ThrottledError) Unwrap() error { return e.problem() }

// RetryAfter returns Wait, for the HTTP header.
func (e *ThrottledError) RetryAfter() time.Duration { return e.Wait }

func (e *ThrottledError) problem() *errs.Error {
	return errs.Newf(ErrThrottled.Kind, ErrThrottled.Code, "Too many attempts to sign in. Try again in %s.", inWords(e.Wait))
}

// inWords writes a wait as people say it, rounded up.
func inWords(d time.Duration) string {
	count := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	seconds := int((d + time.Second - 1) / time.Second)
	if seconds <= 90 {
		return count(seconds, "second")
	}
	return count((seconds+59)/60, "minute")
}

const (
	tokenBytes   = 32
	maxUserAgent = 200
	maxEmail     = 320
)

// tokenHash is the SHA-256 of a session's token, which is all that is stored.
type tokenHash [sha256.Size]byte

// Value stores the hash's bytes.
func (h tokenHash) Value() (driver.Value, error) { return h[:], nil }

// newToken returns a fresh token of 256 random bits, as it stands in the
// cookie, and its hash.
func newToken() (string, tokenHash) {
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // never fails: the program ends if the machine has no randomness
	token := base64.RawURLEncoding.EncodeToString(raw)
	return token, sha256.Sum256([]byte(token))
}

// hashOf returns the hash of a token as a browser sent it; false for what
// newToken cannot have made.
func hashOf(token string) (tokenHash, bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return tokenHash{}, false
	}
	return sha256.Sum256([]byte(token)), true
}

// attemptKeys are under which an attempt to sign in is counted; network is nil
// where the client's address is not known.
type attemptKeys struct {
	address uuid.UUID
	network *uuid.UUID
}

func keysOf(email, ip string) attemptKeys {
	key := func(kind, s string) uuid.UUID {
		sum := sha256.Sum256([]byte(kind + ":" + s))
		return uuid.UUID(sum[:16])
	}
	out := attemptKeys{address: key("email", email)}
	if n := networkOf(ip); n != "" {
		network := key("network", n)
		out.network = &network
	}
	return out
}

// networkOf returns what one client has at its disposal: its IPv4 address, or
// the /64 of its IPv6 address.
func networkOf(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return ""
	}
	return p.String()
}

// normalIP returns ip in its usual form, "" if it is none.
func normalIP(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	return a.Unmap().String()
}

// shortAgent cuts what a browser calls itself to what is kept of it.
func shortAgent(s string) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "")
	s = strings.ReplaceAll(s, "\x00", "")
	for utf8.RuneCountInString(s) > maxUserAgent {
		s = string([]rune(s)[:maxUserAgent])
	}
	return s
}
