package app_test

import (
	"net/http"
	"slices"
	"testing"

	"tierbook/app/platform/web"
)

// unlinked are the routes that no page links to, with why.
var unlinked = map[string]string{
	"/healthz": "for machines", "/readyz": "for machines", "/static/*": "not a page", "/dev/gallery": "for those who build components",
	"/sign-in": "nobody who is signed in needs it", "/search": "a form leads there",
	"/jobs":             "the count of jobs in progress asks it",
	"/profile/password": "leads back to the profile", "/profile/sessions": "leads back to the profile",
}

// TestLinks follows the links of each tier: every link answers, and every page
// is linked to.
func TestLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	found := map[string]bool{}
	for _, who := range w.chiefs(t) {
		for _, p := range w.Crawl(t, who) {
			found[p.Route] = true
			if p.Answer.Status != http.StatusOK {
				t.Errorf("%s: the link %s on %s answers %d", who.Key(), p.Path, p.From, p.Answer.Status)
			}
		}
	}
	for _, r := range w.Routes() {
		if r.Method == http.MethodGet && !found[r.Path] && unlinked[r.Path] == "" {
			t.Errorf("no page links to %s", r.Path)
		}
	}
	for path := range unlinked {
		if !slices.ContainsFunc(w.Routes(), func(r web.Route) bool { return r.Path == path }) {
			t.Errorf("%s is no route", path)
		}
	}
}
