// Package web serves HTTP: routes, one way for errors to become answers, one
// log line per request, and an orderly end.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/compress"
	"github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"tierbook/app/kernel/routes"
	"tierbook/app/platform/authz"
	"tierbook/static"
)

// Check tells whether something that requests need is there.
type Check struct {
	Name  string // as /readyz shows it
	Check func(context.Context) error
}

// Options configure a server.
type Options struct {
	RequestTimeout time.Duration // deadline of a request's context; 0: none
	StopGrace      time.Duration // what requests under way get when the server stops
	Checks         []Check       // what /readyz asks
	Log            *slog.Logger
	Proxies        []netip.Prefix // who may say for whom they ask: see ClientIP
	Downloads      int            // tables that StreamCSV writes at once, each with a connection to the database; 0: any number

	Sessions Sessions // nil: nobody can sign in
	Reads    Reads    // the transaction around a GET; nil: none
	Authz    *authz.Authz
	Nav      []NavItem
	Search   []Searcher
	Jobs     Jobs // what runs now, for the bar; nil: not shown
}

// Reads opens one read-only transaction for a whole request. *db.DB does.
type Reads interface {
	ReadTx(ctx context.Context, fn func(ctx context.Context) error) error
}

// Server answers requests.
type Server struct {
	app       *fiber.App
	opts      Options
	routes    []Route
	downloads chan struct{} // a place for each that is under way; nil: any number
}

// maxHeader is what a request's address and headers may take, in bytes: cookies
// of a proxy that signs people in, and of other products at the same domain,
// come with every request.
const maxHeader = 16 << 10

// New returns a server with /healthz, which says that the process runs, and
// /readyz, which says whether it can serve.
func New(opts Options) *Server {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{opts: opts, app: fiber.New(fiber.Config{
		AppName:               "tierbook",
		DisableStartupMessage: true,
		Immutable:             true, // strings of a request stay what they are after its handler
		ErrorHandler:          ErrorHandler(opts.Log),
		ReadTimeout:           30 * time.Second,
		WriteTimeout:          opts.RequestTimeout + 30*time.Second,
		IdleTimeout:           2 * time.Minute,
		StreamRequestBody:     true, // uploads are read as they come
		ReadBufferSize:        maxHeader,

		DisablePreParseMultipartForm: true, // by their handlers

		EnableTrustedProxyCheck: true, // of X-Forwarded-Host and the like
		TrustedProxies:          texts(opts.Proxies),
	})}
	s.app.Use(s.prepare, recover.New(), compress.New(compress.Config{
		Level: compress.LevelBestSpeed,
		Next:  func(c *fiber.Ctx) bool { return section(c.Path()) == section(static.Prefix) }, // compressed once already
	}), secure, unpacked, sameOrigin(), s.identify, textual)
	if opts.Downloads > 0 {
		s.downloads = make(chan struct{}, opts.Downloads)
	}
	server := s.app.Server()
	answer := server.Handler
	server.Handler = func(c *fasthttp.RequestCtx) {
		answer(c)
		passBody(c) // here, for Fiber answers methods that it does not know by itself
	}
	r := s.Router()
	r.GetLive("/healthz", Public, func(c *fiber.Ctx) error { return c.SendString("ok\n") })
	r.GetLive("/readyz", Public, s.ready)
	r.GetLive(static.Prefix+"*", Public, asset)
	r.Get(routes.Search, SignedIn, s.search)
	r.Get(routes.Jobs, SignedIn, s.jobs)
	return s
}

// App returns the routes, for modules to add theirs and for tests.
func (s *Server) App() *fiber.App { return s.app }

// Serve answers on listener until ctx is done, then takes no more requests and
// gives those under way their grace.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		err := s.app.ShutdownWithTimeout(s.opts.StopGrace)
		_ = listener.Close() // where it came before the server knew its listener
		stopped <- err
	})
	err := s.app.Listener(listener)
	if !stop() {
		err = errors.Join(<-stopped, unlessClosed(err))
	}
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

func unlessClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func requestID(c *fiber.Ctx) string {
	id, _ := c.Locals(keyRequestID).(string)
	return id
}

// prepare gives a request its id and deadline and logs it when it is done.
func (s *Server) prepare(c *fiber.Ctx) error {
	began := time.Now()
	id := uuid.NewString()
	c.Locals(keyRequestID, id)
	c.Locals(keyServer, s)
	c.Set(fiber.HeaderXRequestID, id)
	ctx := c.UserContext()
	if s.opts.RequestTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.opts.RequestTimeout)
		defer cancel()
		c.SetUserContext(ctx)
	}
	err := c.Next()
	if err != nil { // answered here, so that the log line has the status
		err = c.App().ErrorHandler(c, err)
	}
	level := slog.LevelInfo
	if path := c.Path(); path == "/healthz" || path == "/readyz" {
		level = slog.LevelDebug
	}
	attrs := []any{
		"request", id, "method", c.Method(), "route", c.Route().Path,
		"status", c.Response().StatusCode(), "took", time.Since(began),
	}
	if session := SessionOf(c); session != nil {
		attrs = append(attrs, "tenant", session.Slug, "actor", session.Scope.Actor.String())
	}
	s.opts.Log.Log(ctx, level, "request", attrs...)
	return err
}

// maxRest is how much of a body is read past, in bytes: of a form that was
// refused, so that its sender gets to read why.
const maxRest = 2 * maxForm

// passBody reads past what its handler has left of a request's body, or lets the
// connection end: fasthttp would take the rest for the next request on it.
func passBody(c *fasthttp.RequestCtx) {
	body := c.RequestBodyStream()
	switch n := c.Request.Header.ContentLength(); {
	case n < 0: // chunked: one that was read to its end can't be told from one that was not
		c.SetConnectionClose()
	case n > 0 && body != nil:
		if _, err := io.CopyN(io.Discard, body, maxRest); !errors.Is(err, io.EOF) {
			c.SetConnectionClose()
		}
	}
}

// ready asks all checks and answers 503 with the names of those that failed;
// why they failed is in the log, not for everybody.
func (s *Server) ready(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), 5*time.Second)
	defer cancel()
	status, parts := fiber.StatusOK, fiber.Map{}
	for _, check := range s.opts.Checks {
		parts[check.Name] = "ok"
		if err := check.Check(ctx); err != nil {
			s.opts.Log.WarnContext(ctx, "not ready", "part", check.Name, "error", err)
			status, parts[check.Name] = fiber.StatusServiceUnavailable, "failed"
		}
	}
	return c.Status(status).JSON(fiber.Map{"ready": status == fiber.StatusOK, "parts": parts})
}
