// Package webtest asks pages the way browsers and htmx do: the real server with
// its middleware, over a real database, as whoever the test says. Only tests
// import it.
package webtest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
	"tierbook/app/platform/web"
	"tierbook/configs"
)

// Pages are a module's routes.
type Pages interface{ Routes(r *web.Router) }

// Site is a server with some modules' pages.
type Site struct {
	Server *web.Server
	users  users
}

// Authz returns the shipped access policy.
func Authz(t testing.TB) *authz.Authz {
	t.Helper()
	a, err := authz.New(configs.RBACModel, configs.RBACPolicy)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// New returns a site of the modules' pages on b's database.
func New(t testing.TB, b *dbtest.Bundle, pages ...Pages) *Site {
	t.Helper()
	s := &Site{users: users{}}
	s.Server = web.New(web.Options{RequestTimeout: time.Minute, Sessions: s.users, Reads: b.Web, Authz: Authz(t)})
	for _, p := range pages {
		p.Routes(s.Server.Router())
	}
	return s
}

// users is who is signed in, by token.
type users map[string]web.Session

// Session implements web.Sessions.
func (u users) Session(_ context.Context, token string) (web.Session, error) {
	s, ok := u[token]
	if !ok {
		return web.Session{}, errs.New(errs.Unauthenticated, "webtest.nobody", "Nobody.")
	}
	return s, nil
}

// As returns a browser of somebody who acts as the tenant of sc in the given
// roles.
func (s *Site) As(sc scope.Scope, roles ...string) *Browser {
	user := id.New[id.User]()
	sc.Actor = scope.Actor{User: user, Name: "test@example.org", Roles: roles}
	s.users[user.String()] = web.Session{ID: user.String(), User: "Test User", Email: "test@example.org", Tenant: "Test tenant", Scope: sc}
	return &Browser{server: s.Server, token: user.String()}
}

// Nobody returns a browser without a session.
func (s *Site) Nobody() *Browser { return &Browser{server: s.Server} }

// Browser sends requests of one user.
type Browser struct {
	server *web.Server
	token  string
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	doc    *html.Node
}

// Get opens a page.
func (b *Browser) Get(t testing.TB, path string) *Answer {
	t.Helper()
	return b.Do(t, http.MethodGet, path, "", nil, nil)
}

// Part asks for a piece of a page as htmx does; target is the id of the
// element that it will go into, "" for none.
func (b *Browser) Part(t testing.TB, path, target string) *Answer {
	t.Helper()
	return b.Do(t, http.MethodGet, path, "", nil, map[string]string{"HX-Request": "true", "HX-Target": target})
}

// Post sends a form as a browser does.
func (b *Browser) Post(t testing.TB, path string, form url.Values) *Answer {
	t.Helper()
	return b.Do(t, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), nil)
}

// PostPart sends a form as htmx does.
func (b *Browser) PostPart(t testing.TB, path, target string, form url.Values) *Answer {
	t.Helper()
	return b.Do(t, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()),
		map[string]string{"HX-Request": "true", "HX-Target": target})
}

// Do sends any request.
func (b *Browser) Do(t testing.TB, method, path, contentType string, body io.Reader, header map[string]string) *Answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+path, body)
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	if b.token != "" {
		r.AddCookie(&http.Cookie{Name: "tierbook", Value: b.token})
	}
	resp, err := b.server.App().Test(r, -1)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return &Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(text)}
}

// Is fails t unless the answer has the status.
func (a *Answer) Is(t testing.TB, status int) *Answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d:\n%s", a.Status, status, a.Body)
	}
	return a
}

// Has fails t unless an element fits the CSS selector; it returns the text of
// the first, with single spaces.
func (a *Answer) Has(t testing.TB, selector string) string {
	t.Helper()
	all := a.All(t, selector)
	if len(all) == 0 {
		t.Errorf("no %s in:\n%s", selector, a.Body)
		return ""
	}
	return all[0]
}

// Lacks fails t if an element fits the CSS selector.
func (a *Answer) Lacks(t testing.TB, selector string) {
	t.Helper()
	if all := a.All(t, selector); len(all) > 0 {
		t.Errorf("%d × %s: %q", len(all), selector, all)
	}
}

// All returns the texts of all elements that fit the CSS selector.
func (a *Answer) All(t testing.TB, selector string) []string {
	t.Helper()
	var out []string
	for _, n := range a.nodes(t, selector) {
		out = append(out, textOf(n))
	}
	return out
}

// Attr returns an attribute of the first element that fits the CSS selector,
// "" where there is none.
func (a *Answer) Attr(t testing.TB, selector, name string) string {
	t.Helper()
	for _, n := range a.nodes(t, selector) {
		for _, at := range n.Attr {
			if at.Key == name {
				return at.Val
			}
		}
	}
	return ""
}

func (a *Answer) nodes(t testing.TB, selector string) []*html.Node {
	t.Helper()
	s, err := cascadia.Parse(selector)
	if err != nil {
		t.Fatalf("%s: %v", selector, err)
	}
	if a.doc == nil {
		// A table's rows alone are no document: they need a table around them.
		text := a.Body
		if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "<tr") || strings.HasPrefix(trimmed, "<tbody") {
			text = "<table>" + text + "</table>"
		}
		if a.doc, err = html.Parse(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	return cascadia.QueryAll(a.doc, s)
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
