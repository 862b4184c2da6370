package app_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tierbook/app/platform/web"
	"tierbook/app/sitetest"
)

// TestContent opens every page of every tier, whole and as htmx does, and tests
// what holds for all of them: strict headers, no code and no style in the page
// itself, and no request to anywhere else.
func TestContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := rows(t, w.Site)
	for _, route := range w.Routes() {
		r := known[route.Method+" "+route.Path]
		t.Run(route.Method+" "+route.Path, func(t *testing.T) {
			t.Parallel()
			for _, who := range append(w.chiefs(t), sitetest.Person{}) {
				about := subject{}
				if i := slices.IndexFunc(r.subjects, func(s subject) bool { return s.seenBy(who.Slug) }); i >= 0 {
					about = r.subjects[i]
				}
				if r.endsIt {
					continue // would end it for the other tests, too
				}
				page := w.send(t, route, r, about, who, sitetest.Request{})
				checkHeaders(t, route.Path, who, page)
				checkMarkup(t, page)
				part := w.send(t, route, r, about, who, sitetest.Request{HTMX: true})
				checkHeaders(t, route.Path, who, part)
				checkMarkup(t, part)
				if isHTML(page) && route.Method == http.MethodGet && route.Permission != web.Public && strings.Contains(part.Body, "<html") {
					t.Errorf("%s: htmx gets a whole page", who.Key())
				}
			}
		})
	}
}

func (w world) chiefs(t *testing.T) []sitetest.Person {
	t.Helper()
	return []sitetest.Person{
		w.Person(t, sitetest.Distributor, "admin"), w.Person(t, sitetest.Reseller, "admin"),
		w.Person(t, sitetest.Customer, "admin"),
	}
}

func isHTML(a sitetest.Answer) bool {
	return strings.HasPrefix(a.Header.Get("Content-Type"), "text/html")
}

func checkHeaders(t *testing.T, path string, who sitetest.Person, a sitetest.Answer) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": web.ContentPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if a.Header.Get("X-Request-Id") == "" {
		t.Error("no X-Request-Id")
	}
	if who.Token != "" && isHTML(a) && !strings.HasPrefix(path, "/static/") && a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a page of %s may be kept: Cache-Control %q", who.Key(), a.Header.Get("Cache-Control"))
	}
}

// checkMarkup looks at every element of a page or a part of one.
func checkMarkup(t *testing.T, a sitetest.Answer) {
	t.Helper()
	if !isHTML(a) {
		return
	}
	doc, err := html.Parse(strings.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, why := range append(refused(n), needsScript(n)...) {
			t.Errorf("<%s %v>: %s", n.Data, n.Attr, why)
		}
	}
}

// refused says what an element has that no page may have.
func refused(n *html.Node) []string {
	var out []string
	if n.Data == "style" {
		out = append(out, "style in the page")
	}
	if n.Data == "script" {
		src := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "src" && strings.HasPrefix(a.Val, "/static/") })
		if src < 0 || n.FirstChild != nil {
			out = append(out, "script in the page")
		}
	}
	for _, a := range n.Attr {
		switch {
		case a.Key == "style":
			out = append(out, "style in the page")
		case strings.HasPrefix(a.Key, "on"):
			out = append(out, "script in the page")
		case strings.HasPrefix(a.Key, "hx-on"), a.Key == "hx-vars", a.Key == "hx-vals" && strings.HasPrefix(a.Val, "js:"):
			out = append(out, "script for htmx in the page")
		case slices.Contains(addresses, a.Key) && !isOurs(a.Val):
			out = append(out, a.Key+" leads elsewhere")
		}
	}
	return out
}

// needsScript says what of an element would not work without script: what htmx
// sends must be a form that browsers send as well, and what it asks for a link,
// a form, or news of what the page shows already.
func needsScript(n *html.Node) []string {
	at := map[string]string{}
	for _, a := range n.Attr {
		at[a.Key] = a.Val
	}
	form := n
	for form != nil && form.Data != "form" {
		form = form.Parent
	}
	if at["hx-post"] != "" {
		if form == nil || !slices.Contains(form.Attr, html.Attribute{Key: "method", Val: "post"}) || !hasAttr(form, "action") {
			return []string{"nothing without script: no form to send"}
		}
	}
	if at["hx-get"] != "" && at["href"] == "" && form == nil && !strings.Contains(at["hx-trigger"], "every ") {
		return []string{"nothing without script: no link to follow"}
	}
	return nil
}

func hasAttr(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// addresses are the attributes that the browser asks for without a click, or
// sends a form to.
var addresses = []string{"hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete", "src", "action", "formaction", "data-src"}

func isOurs(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "" && u.Host == "" && !strings.HasPrefix(address, "//")
}

// A rule that has never refused anything is not trusted.
func TestContent_RefusesFixtures(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		`<p style="color:red">x</p>`, `<style>p{}</style>`, `<script>alert(1)</script>`, `<script src="https://cdn.example/x.js"></script>`,
		`<a onclick="x()">x</a>`, `<a hx-on:click="x()">x</a>`, `<a hx-get="https://evil.example/">x</a>`, `<a hx-get="//evil.example/">x</a>`,
		`<a hx-vals="js:{a:1}">x</a>`, `<button hx-post="/x">x</button>`, `<form action="/x"><button hx-post="/x">x</button></form>`, `<b hx-get="/x">x</b>`, `<form action="https://evil.example/"></form>`, `<img src="http://evil.example/x.png">`,
	} {
		doc, err := html.Parse(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for n := range doc.Descendants() {
			found = found || n.Type == html.ElementNode && len(refused(n))+len(needsScript(n)) > 0
		}
		if !found {
			t.Errorf("%s was not refused", bad)
		}
	}
}
