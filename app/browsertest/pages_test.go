package browsertest

import (
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tierbook/app/kernel/routes"
	"tierbook/app/sitetest"
	"tierbook/views/gallery"
)

var screenshots = flag.String("screenshots", "", "a folder to write pictures of every page to")

// TestPages opens an example of every page of every tier, on a desk and on a
// phone, in light and dark, and tests that everybody can use it there. With
// -screenshots it takes pictures as well.
func TestPages(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	for _, who := range []sitetest.Person{
		s.Person(t, sitetest.Distributor, "admin"), s.Person(t, sitetest.Reseller, "finance"), s.Person(t, sitetest.Customer, "admin"), {},
	} {
		name := "nobody"
		if who.Token != "" {
			name = who.Tier.String()
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := Open(t, s)
			for _, path := range pathsOf(t, s, who) {
				if who.Token != "" {
					p.As(who)
				}
				p.look(path, name+"-"+nameOf(s, path))
			}
		})
	}
}

// pathsOf returns one page of each route that who comes to, and those that no
// link leads to.
func pathsOf(t *testing.T, s *sitetest.Site, who sitetest.Person) []string {
	t.Helper()
	if who.Token == "" {
		paths := []string{routes.SignIn}
		for _, g := range gallery.All() { // one after the other: together they are a page that takes long to test
			paths = append(paths, routes.With(routes.Gallery, "of", g.Name))
		}
		return paths
	}
	paths, seen := []string{"/search?q=a", "/search?q=nothing-is-called-this", "/no-such-page"}, map[string]bool{}
	for _, p := range s.Crawl(t, who) {
		if p.Answer.Status == http.StatusOK && strings.HasPrefix(p.Answer.Header.Get("Content-Type"), "text/html") && !seen[p.Route] {
			seen[p.Route] = true
			paths = append(paths, p.Path)
		}
	}
	return paths
}

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

func nameOf(s *sitetest.Site, path string) string {
	if path == "/" {
		return "home"
	}
	if strings.HasPrefix(path, routes.Search) || strings.HasPrefix(path, routes.Gallery) {
		return strings.Trim(unfit.ReplaceAllString(path, "-"), "-")
	}
	return strings.Trim(unfit.ReplaceAllString(s.RouteOf(path), "-"), "-")
}

// look tests a page in four looks. It is opened anew for the dark: to watch it
// change its colours is another test.
func (p *Page) look(path, name string) {
	p.t.Helper()
	for _, dark := range []bool{false, true} {
		if dark && strings.HasPrefix(name, "reseller-") && !isPicturedDark(name) {
			continue // the distributor's pages in the dark are made of the same parts
		}
		p.Size(Wide)
		p.Dark(dark)
		p.Status(path)
		for _, width := range []int64{Wide, Narrow} {
			p.Size(width)
			p.Settled()
			what := fmt.Sprintf("%s (%s) at %d px", path, name, width)
			if dark {
				p.Accessible(what+" in the dark", "color-contrast")
			} else {
				p.Accessible(what)
				p.FitsItsWidth(what)
			}
			p.picture(name, width, dark)
		}
	}
}

func isPicturedDark(name string) bool {
	return strings.HasSuffix(name, "-home") || strings.HasSuffix(name, "-edit") || strings.Contains(name, "-gallery-")
}

// picture writes what the page looks like, where that is asked for: in the dark
// only the start page, the rule editor and the components.
func (p *Page) picture(name string, width int64, dark bool) {
	p.t.Helper()
	if *screenshots == "" || dark && !isPicturedDark(name) {
		return
	}
	file := fmt.Sprintf("%s-%d.png", name, width)
	if dark {
		file = fmt.Sprintf("%s-%d-dark.png", name, width)
	}
	p.Picture(filepath.Join(*screenshots, file))
}
