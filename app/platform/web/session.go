package web

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/platform/scope"
)

// Session is who makes a request.
type Session struct {
	ID     string
	User   string // name
	Email  string
	Tenant string // name of the tenant in whose perspective they act
	Slug   string // of that tenant
	Scope  scope.Scope
	// Carry puts what the module that knows sessions needs of this one into the
	// request's context; nil: nothing.
	Carry func(context.Context) context.Context
}

// Sessions knows who is signed in. Satisfied by app with the tenancy module.
type Sessions interface {
	// Session returns whose token this is. Errors: Unauthenticated for one that
	// is unknown, over, or whose user may no longer sign in.
	Session(ctx context.Context, token string) (Session, error)
}

type localsKey int

const (
	keySession localsKey = iota
	keyServer
	keyRequestID
	keyToast
)

// SessionOf returns who makes the request, nil if nobody is signed in.
func SessionOf(c *fiber.Ctx) *Session {
	s, _ := c.Locals(keySession).(*Session)
	return s
}

func serverOf(c *fiber.Ctx) *Server {
	s, _ := c.Locals(keyServer).(*Server)
	return s
}

// Cookies. The __Host- prefix makes browsers refuse a cookie that another host
// or path has set; it needs https, which only this machine itself does
// without.
const (
	cookieSafe  = "__Host-tierbook"
	cookieLocal = "tierbook"
	cookieFlash = "tierbook_flash"
	cookieJobs  = "tierbook_jobs" // what the last page waited for
	cookieTheme = "theme"
	cookieRows  = "density"
)

func sessionCookie(c *fiber.Ctx) string {
	if isSecure(c) {
		return cookieSafe
	}
	return cookieLocal
}

// isSecure reports whether cookies travel over https only: always, unless the
// browser talks to its own machine. A trusted proxy's word that it came by https
// counts, also where the proxy asks for localhost itself.
func isSecure(c *fiber.Ctx) bool {
	if c.Secure() {
		return true
	}
	host := c.Hostname()
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// SignIn gives the browser a session's token, until expires.
func SignIn(c *fiber.Ctx, token string, expires time.Time) {
	setCookie(c, sessionCookie(c), token, expires)
}

// SignOut takes the session's token from the browser.
func SignOut(c *fiber.Ctx) {
	setCookie(c, sessionCookie(c), "", time.Unix(0, 0))
	c.Set("Clear-Site-Data", `"cache"`)
}

// Token returns the session token that the browser sent, "" for none.
func Token(c *fiber.Ctx) string { return c.Cookies(sessionCookie(c)) }

func setCookie(c *fiber.Ctx, name, value string, expires time.Time) {
	c.Cookie(&fiber.Cookie{
		Name: name, Value: value, Path: "/", Expires: expires,
		Secure: isSecure(c), HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode,
	})
}

// SetPreference keeps a choice of how pages look in the browser: "theme" is
// light, dark or auto, "density" compact, standard or comfortable. Scripts may
// read it.
func SetPreference(c *fiber.Ctx, name, value string) {
	c.Cookie(&fiber.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: 400 * 24 * 60 * 60,
		Secure: isSecure(c), SameSite: fiber.CookieSameSiteLaxMode,
	})
}

// Theme returns the theme that the browser chose: light, dark, or auto.
func Theme(c *fiber.Ctx) string { return preference(c, cookieTheme, "auto", "light", "dark") }

func preference(c *fiber.Ctx, name string, known ...string) string {
	value := c.Cookies(name)
	for _, k := range known {
		if value == k {
			return value
		}
	}
	return known[0]
}

// identify finds out who makes the request and puts their scope into its
// context. A token that is no good is the same as none.
func (s *Server) identify(c *fiber.Ctx) error {
	token := Token(c)
	if token == "" || s.opts.Sessions == nil || strings.HasPrefix(c.Path(), "/static/") {
		return c.Next()
	}
	session, err := s.opts.Sessions.Session(c.UserContext(), token)
	switch {
	case errs.KindOf(err) == errs.Unauthenticated:
		return c.Next()
	case err != nil:
		return err
	}
	session.Scope.Request = requestID(c)
	c.Locals(keySession, &session)
	ctx := scope.With(c.UserContext(), session.Scope)
	if session.Carry != nil {
		ctx = session.Carry(ctx)
	}
	c.SetUserContext(ctx)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Next()
}
