package sitetest_test

import (
	"net/http"
	"os"
	"testing"

	"tierbook/app/sitetest"
)

func TestMain(m *testing.M) { os.Exit(sitetest.Main(m)) }

func TestShared_ServesWhoeverIsSignedIn(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(cookie *http.Cookie) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/search?q=alder", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/html")
		if cookie != nil {
			r.AddCookie(cookie)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	for _, p := range s.People() {
		if got := ask(p.Cookie()); got != http.StatusOK {
			t.Errorf("%s: %d", p.Key(), got)
		}
	}
	if got := ask(nil); got != http.StatusSeeOther {
		t.Errorf("nobody: %d", got)
	}
}

func TestOwn_IsACopy(t *testing.T) {
	t.Parallel()
	a, b := sitetest.Own(t), sitetest.Own(t)
	a.DB.Exec(t, "UPDATE tenancy_tenants SET name = 'Renamed' WHERE slug = $1", sitetest.Customer)
	for s, want := range map[*sitetest.Site]string{a: "Renamed", b: "Alder Foods"} {
		tenant, err := s.Tenancy.Resolve(t.Context(), sitetest.Distributor+"/"+sitetest.Customer)
		if err != nil || tenant.Name != want {
			t.Errorf("%q, %v; want %q", tenant.Name, err, want)
		}
	}
}
