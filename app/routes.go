package app

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/web"
	"tierbook/modules/tenancy"
	"tierbook/views/gallery"
	"tierbook/views/layout"
)

// A face is a module's pages.
type face interface {
	Routes(r *web.Router)
	Nav() []web.NavItem
}

// newServer mounts every module's pages. What a module finds for a search and
// what runs in the background come from those that can say so.
func (a *App) newServer(access *authz.Authz) *web.Server {
	proxies, _ := a.Config.Web.Proxies() // validated when it was read
	opts := web.Options{
		RequestTimeout: a.Config.Web.RequestTimeout, StopGrace: a.Config.Web.StopGrace, Log: a.Log,
		Sessions: sessions{a.Tenancy}, Reads: a.web, Authz: access, Jobs: progress{a.Billing, a.Usage, a.Tenancy, a.web}, Proxies: proxies,
		Downloads: max(1, a.Config.Database.WebConns/2), // or pages would wait for who reads slowly
		Checks: []web.Check{
			{Name: "database", Check: a.web.Ping},
			{Name: "objects", Check: a.objectsAnswer},
		},
	}
	for _, f := range a.faces {
		opts.Nav = append(opts.Nav, f.Nav()...)
		if s, ok := f.(web.Searcher); ok {
			opts.Search = append(opts.Search, quiet{s})
		}
	}
	server := web.New(opts)
	for _, f := range a.faces {
		f.Routes(server.Router())
	}
	if a.Config.Web.Development {
		server.Router().Get(routes.Gallery, web.Public, showGallery)
	}
	return server
}

// showGallery shows every component in every state, to those who build them.
func showGallery(c *fiber.Ctx) error {
	body := gallery.Body(gallery.Of(c.Query("of")), galleryOf)
	return web.PlainPage(c, layout.Head{Title: "Gallery", Scripts: []string{"charts", "editor"}}, layout.Headed("Gallery", body))
}

// galleryOf leads to the states of one package of views.
func galleryOf(name string) string {
	return routes.With(routes.Gallery, "of", name)
}

// quiet turns a searcher's refusal into nothing found: who may not look, finds
// nothing.
type quiet struct{ web.Searcher }

func (q quiet) Search(ctx context.Context, text string, limit int) ([]layout.Hit, error) {
	hits, err := q.Searcher.Search(ctx, text, limit)
	if errs.KindOf(err) == errs.Forbidden {
		return nil, nil
	}
	return hits, err
}

// Handler returns the pages as a Fiber application, for tests and benchmarks
// that ask them without a listener.
func (a *App) Handler() *fiber.App { return a.server().App() }

// Routes lists every mounted route with the permission that it asks for.
func (a *App) Routes() []web.Route { return a.server().Routes() }

// sessions lets requests ask who is signed in.
type sessions struct{ tenancy *tenancy.Service }

func (s sessions) Session(ctx context.Context, token string) (web.Session, error) {
	found, err := s.tenancy.Session(ctx, token)
	if err != nil {
		return web.Session{}, err
	}
	return web.Session{
		ID: found.ID.String(), User: found.User.Name, Email: found.User.Email,
		Tenant: found.Tenant.Name, Slug: found.Tenant.Slug, Scope: found.Scope(""),
		Carry: func(ctx context.Context) context.Context { return tenancy.WithSession(ctx, found) },
	}, nil
}
