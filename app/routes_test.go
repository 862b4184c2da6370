package app_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/scope"
	"tierbook/app/platform/web"
	"tierbook/app/sitetest"
	"tierbook/configs"
	"tierbook/modules/tenancy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestRoutes asks every route as every role of every tier, and about records of
// the own tenant, of those below and above it, of its siblings and of another
// tree. What it must answer comes from the policy and from who is above whom;
// the golden file shows the outcome for review.
func TestRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := rows(t, w.Site)
	lines := make([]string, len(w.Routes()))
	t.Run("each", func(t *testing.T) {
		for i, route := range w.Routes() {
			name := route.Method + " " + route.Path
			r, ok := known[name]
			if !ok {
				t.Errorf("%s has no row in routes_rows_test.go", name)
				continue
			}
			delete(known, name)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := w
				if r.endsIt {
					w.Site = sitetest.Own(t)
				}
				lines[i] = w.ask(t, route, r)
			})
		}
	})
	for name := range known {
		t.Errorf("the row %s is of no route", name)
	}
	slices.Sort(lines)
	golden(t, "testdata/routes.golden", strings.Join(lines, ""))
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	had, has := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for _, line := range had {
		if !slices.Contains(has, line) {
			t.Errorf("%s: gone:\n%s", file, line)
		}
	}
	for _, line := range has {
		if !slices.Contains(had, line) {
			t.Errorf("%s: new (after a look, -update writes it):\n%s", file, line)
		}
	}
}

// world is the shared site and its access policy.
type world struct {
	*sitetest.Site
	access *authz.Authz
}

func newWorld(t *testing.T) world {
	t.Helper()
	access, err := authz.New(configs.RBACModel, configs.RBACPolicy)
	if err != nil {
		t.Fatal(err)
	}
	return world{sitetest.Shared(t), access}
}

// ask tests one route and returns its line for the golden file.
func (w world) ask(t *testing.T, route web.Route, r row) string {
	t.Helper()
	w.askNobody(t, route, r)
	seen := map[string][]string{} // subject → who sees it
	allowed := map[string][]string{}
	for _, who := range w.People() {
		subjects := r.subjects
		if len(subjects) == 0 {
			subjects = []subject{{seenBy: func(string) bool { return true }}}
		}
		if !w.isChief(who) { // one record that is there, and one that is not
			i := slices.IndexFunc(subjects, func(s subject) bool { return s.seenBy(who.Slug) })
			subjects = []subject{subjects[0], subjects[max(i, 0)]}
		}
		var notFound sitetest.Answer
		for _, about := range subjects {
			got := w.send(t, route, r, about, who, sitetest.Request{})
			want := w.want(route.Permission, r, about, who)
			if !slices.Contains(want, got.Status) {
				t.Errorf("%s of %s asks for %s: %d, want %v", who.Key(), who.Slug, cmp.Or(about.name, route.Path), got.Status, want)
			}
			if slices.Contains(want, http.StatusNotFound) && len(r.subjects) > 0 {
				sameAnswer(t, who.Key()+" "+about.name, notFound, got)
				notFound = got
				w.sameElsewhere(t, route, r, about, who)
				continue
			}
			if got.Status != http.StatusForbidden && got.Status != http.StatusNotFound {
				add(allowed, who.Tier.String(), who.Role)
				add(seen, about.name, cmp.Or(map[bool]string{true: "sibling"}[who.Slug == sitetest.Sibling], who.Tier.String()))
			}
		}
	}
	return w.line(route, allowed, seen)
}

func add(to map[string][]string, key, value string) {
	if !slices.Contains(to[key], value) {
		to[key] = append(to[key], value)
	}
}

// line is a route as the golden file shows it.
func (w world) line(route web.Route, allowed, seen map[string][]string) string {
	out := fmt.Sprintf("%s %s %s\n", route.Method, route.Path, route.Permission)
	for _, tier := range []string{"distributor", "reseller", "customer"} {
		if roles := allowed[tier]; len(roles) > 0 {
			slices.Sort(roles)
			out += fmt.Sprintf("    %-12s %s\n", tier, strings.Join(roles, " "))
		}
	}
	if len(seen) > 1 {
		for _, name := range slices.Sorted(mapKeys(seen)) {
			out += fmt.Sprintf("    %-40s seen by %s\n", name, strings.Join(seen[name], " "))
		}
	}
	return out
}

func mapKeys(m map[string][]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// isChief reports whether who asks about every record, for their tenant.
func (w world) isChief(who sitetest.Person) bool {
	return who.Role == "admin" || who.Slug == sitetest.Sibling
}

// want returns the statuses that fit.
func (w world) want(p authz.Permission, r row, about subject, who sitetest.Person) []int {
	ok := r.ok
	if len(ok) == 0 {
		ok = []int{http.StatusOK}
	}
	if p != web.Public && p != web.SignedIn {
		self := id.New[id.Tenant]()
		sc := scope.Scope{Tenant: self, Tree: self, Tier: who.Tier, Actor: scope.Actor{Roles: []string{who.Role}}}
		ctx := scope.With(context.Background(), sc)
		switch {
		case !w.access.Exists(who.Tier, p):
			return []int{http.StatusNotFound}
		case !w.access.Can(ctx, p):
			return []int{http.StatusForbidden}
		}
	}
	if !about.seenBy(who.Slug) {
		return []int{http.StatusNotFound}
	}
	return ok
}

func (w world) send(t *testing.T, route web.Route, r row, about subject, who sitetest.Person, as sitetest.Request) sitetest.Answer {
	t.Helper()
	as.Method, as.Path, as.Form, as.Token = route.Method, cmp.Or(r.path, route.Path), r.form, who.Token
	as.Path = strings.ReplaceAll(as.Path, "%s", about.value)
	if r.endsIt {
		_, token, err := w.Tenancy.SignIn(t.Context(), tenancy.SignInInput{Email: who.Email, Password: who.Password})
		if err != nil {
			t.Fatal(err)
		}
		as.Token = token
	}
	return w.Do(t, as)
}

// askNobody tests what a route answers without a session, and to another site's
// page.
func (w world) askNobody(t *testing.T, route web.Route, r row) {
	t.Helper()
	about := subject{}
	if len(r.subjects) > 0 {
		about = r.subjects[0]
	}
	page := w.send(t, route, row{path: r.path, form: r.form}, about, sitetest.Person{}, sitetest.Request{})
	program := w.send(t, route, row{path: r.path, form: r.form}, about, sitetest.Person{}, sitetest.Request{JSON: true})
	if route.Permission != web.Public {
		if page.Status != http.StatusSeeOther || !strings.HasPrefix(page.Header.Get("Location"), "/sign-in") || program.Status != http.StatusUnauthorized {
			t.Errorf("nobody is answered %d (to %q), a program %d", page.Status, page.Header.Get("Location"), program.Status)
		}
	}
	if route.Method == http.MethodGet {
		return
	}
	who := w.Person(t, sitetest.Distributor, "admin")
	foreign := w.send(t, route, row{path: r.path, form: r.form}, about, who, sitetest.Request{Origin: "https://evil.example"})
	if foreign.Status != http.StatusForbidden {
		t.Errorf("another site's page is answered %d", foreign.Status)
	}
}

// sameElsewhere tests that htmx and programs can't tell a foreign record from an
// unknown one either.
func (w world) sameElsewhere(t *testing.T, route web.Route, r row, about subject, who sitetest.Person) {
	t.Helper()
	if !w.isChief(who) {
		return
	}
	for _, as := range []sitetest.Request{{HTMX: true}, {JSON: true}} {
		unknown := w.send(t, route, r, r.subjects[0], who, as)
		got := w.send(t, route, r, about, who, as)
		sameAnswer(t, fmt.Sprintf("%s %s (htmx %v)", who.Key(), about.name, as.HTMX), unknown, got)
	}
}

// sameAnswer fails where two answers of 404 tell records apart. The zero Answer
// is none.
func sameAnswer(t *testing.T, what string, a, b sitetest.Answer) {
	t.Helper()
	if a.Status == 0 {
		return
	}
	plain := func(x sitetest.Answer) string {
		h := x.Header.Clone()
		id := h.Get("X-Request-Id")
		h.Del("X-Request-Id")
		h.Del("Date")
		return fmt.Sprint(x.Status, h, strings.ReplaceAll(x.Body, id, "ID"))
	}
	pa, pb := plain(a), plain(b)
	if pa == pb {
		return
	}
	at := 0
	for at < min(len(pa), len(pb)) && pa[at] == pb[at] {
		at++
	}
	around := func(s string) string { return s[max(0, at-80):min(len(s), at+80)] }
	t.Errorf("%s is answered otherwise than another:\n%s\n---\n%s", what, around(pb), around(pa))
}
