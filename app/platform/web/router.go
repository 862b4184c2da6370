package web

import (
	"context"
	"errors"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/platform/authz"
)

// Permissions of routes that ask for none of a module.
const (
	// Public routes answer everybody.
	Public authz.Permission = "web.public"
	// SignedIn routes answer whoever has a session, in whatever role.
	SignedIn authz.Permission = "web.signed_in"
)

// Route is one address that the server answers.
type Route struct {
	Method     string
	Path       string
	Permission authz.Permission
}

// Router mounts routes, each with the permission that it asks for: there is no
// way to mount one without.
type Router struct{ server *Server }

// Get answers GET requests of path, each inside one read-only transaction that
// sees one state of the database; it can't write.
func (r *Router) Get(path string, p authz.Permission, h fiber.Handler) {
	r.mount(fiber.MethodGet, path, p, r.reading(h))
}

// GetLive answers GET requests of path without a transaction around them, for
// reads that take long or wait.
func (r *Router) GetLive(path string, p authz.Permission, h fiber.Handler) {
	r.mount(fiber.MethodGet, path, p, h)
}

// Post answers POST requests of path with a body of at most 1 MiB and 10,000
// fields. Services open their own transactions.
func (r *Router) Post(path string, p authz.Permission, h fiber.Handler) {
	r.mount(fiber.MethodPost, path, p, func(c *fiber.Ctx) error {
		if n := c.Request().Header.ContentLength(); n > maxForm || n < 0 || c.Context().PostArgs().Len() > maxFields {
			return fiber.ErrRequestEntityTooLarge
		}
		return h(c)
	})
}

// Upload answers POST requests of path whose body may be as large as the
// handler lets it; read it as a stream.
func (r *Router) Upload(path string, p authz.Permission, h fiber.Handler) {
	r.mount(fiber.MethodPost, path, p, h)
}

// What a form may bring. Its fields are looked up one by one, each through all.
const (
	maxForm   = 1 << 20 // bytes
	maxFields = 10_000
)

func (r *Router) mount(method, path string, p authz.Permission, h fiber.Handler) {
	r.server.routes = append(r.server.routes, Route{method, path, p})
	answer := func(c *fiber.Ctx) error {
		if err := r.server.need(c, p); err != nil {
			return err
		}
		return h(c)
	}
	r.server.app.Add(method, path, answer)
	if method == fiber.MethodGet {
		r.server.app.Add(fiber.MethodHead, path, answer) // the body is left out below us
	}
}

func (r *Router) reading(h fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		s := SessionOf(c)
		if s == nil || r.server.opts.Reads == nil {
			return h(c)
		}
		outer := c.UserContext()
		defer c.SetUserContext(outer)
		return r.server.opts.Reads.ReadTx(outer, func(ctx context.Context) error {
			c.SetUserContext(ctx)
			return h(c)
		})
	}
}

var (
	errSignIn = errs.New(errs.Unauthenticated, "web.sign_in", "Please sign in.")
	errNoPage = errs.New(errs.NotFound, "web.no_page", "There is no such page, or it is not for you.")
)

// need refuses a request that lacks p. A page that no role of the tenant's
// tier can open does not exist for it.
func (s *Server) need(c *fiber.Ctx, p authz.Permission) error {
	if p == Public {
		return nil
	}
	session := SessionOf(c)
	if session == nil {
		return errSignIn
	}
	if p == SignedIn {
		return nil
	}
	err := s.opts.Authz.Need(c.UserContext(), p)
	if errs.KindOf(err) == errs.Forbidden && !s.opts.Authz.Exists(session.Scope.Tier, p) {
		return fmt.Errorf("%s for a %s: %w", p, session.Scope.Tier, errNoPage)
	}
	return err
}

// Can reports whether the request's user may do what p names; for what a page
// shows.
func Can(c *fiber.Ctx, p authz.Permission) bool {
	s := serverOf(c)
	return s != nil && SessionOf(c) != nil && s.opts.Authz.Can(c.UserContext(), p)
}

// Router returns what modules mount their routes on.
func (s *Server) Router() *Router { return &Router{s} }

// Routes lists every mounted route.
func (s *Server) Routes() []Route { return s.routes }

// isRouteMissing tells an address that nothing is mounted at.
func isRouteMissing(err error) bool {
	e, ok := errors.AsType[*fiber.Error](err)
	return ok && (e.Code == fiber.StatusNotFound || e.Code == fiber.StatusMethodNotAllowed)
}
