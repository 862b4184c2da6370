package sitetest

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Page is a page that somebody has come to.
type Page struct {
	Path   string // with its query
	Route  string // the pattern of the route that it is an example of
	From   string // a page that links to it; "" for the start page
	Answer Answer
}

// perRoute is how many pages of one route a crawl opens.
const perRoute = 3

// Crawl follows the links that who sees, from the start page, and returns what
// it opened: of each route a few examples, in the order found. It opens what
// answers with anything, so look at the status.
func (s *Site) Crawl(t testing.TB, who Person) []Page {
	t.Helper()
	var out []Page
	opened, seen := map[string]int{}, map[string]bool{"/": true}
	for queue := []Page{{Path: "/"}}; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		p.Route = s.RouteOf(p.Path)
		if opened[p.Route]++; opened[p.Route] > perRoute {
			continue
		}
		p.Answer = s.Do(t, Request{Path: p.Path, Token: who.Token})
		out = append(out, p)
		for _, link := range links(t, p) {
			if !seen[link] {
				seen[link] = true
				queue = append(queue, Page{Path: link, From: p.Path})
			}
		}
	}
	return out
}

// RouteOf returns the pattern of the GET route that answers path, the path
// itself where none does.
func (s *Site) RouteOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(path, "/")
	best := ""
	for _, r := range s.Routes() {
		if r.Method == "GET" && fits(strings.Split(r.Path, "/"), parts) && (best == "" || strings.Count(r.Path, ":") < strings.Count(best, ":")) {
			best = r.Path
		}
	}
	if best == "" {
		return path
	}
	return best
}

func fits(pattern, parts []string) bool {
	if i := slices.Index(pattern, "*"); i >= 0 && len(parts) > i {
		return slices.Equal(pattern[:i], parts[:i])
	}
	return slices.EqualFunc(pattern, parts, func(pattern, part string) bool {
		name, suffix, _ := strings.Cut(pattern, ".")
		if !strings.HasPrefix(name, ":") {
			return pattern == part
		}
		return suffix == "" && !strings.HasSuffix(part, ".csv") || suffix != "" && strings.HasSuffix(part, "."+suffix)
	})
}

// links are the addresses of this site that a page links to.
func links(t testing.TB, p Page) []string {
	t.Helper()
	if !strings.HasPrefix(p.Answer.Header.Get("Content-Type"), "text/html") {
		return nil
	}
	doc, err := html.Parse(strings.NewReader(p.Answer.Body))
	if err != nil {
		t.Fatalf("%s: %v", p.Path, err)
	}
	here, err := url.Parse(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "a" {
			continue
		}
		for _, a := range n.Attr {
			if a.Key != "href" {
				continue
			}
			to, err := here.Parse(a.Val)
			if err == nil && to.Host == "" && to.Scheme == "" && !strings.HasPrefix(a.Val, "#") {
				out = append(out, to.RequestURI())
			}
		}
	}
	return out
}
