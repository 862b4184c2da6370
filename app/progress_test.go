package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tierbook/app/kernel/routes"
	"tierbook/app/sitetest"
)

// What a page hears of the jobs that its reader waits for: of those that have
// ended and that the reader may see.
func TestJobs(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	r := s.Records(t)
	run, other := "run:"+r.Runs[sitetest.Reseller], "run:"+r.Runs[sitetest.Sibling]
	delivered := "import:" + r.Imports[sitetest.Distributor]
	tests := map[string]struct {
		who     string
		own     []string
		want    string // in the toast; "": none is shown
		leadsTo string
	}{
		"Nothing":         {who: sitetest.Reseller},
		"ARun":            {who: sitetest.Reseller, own: []string{run}, want: "is recalculated.", leadsTo: routes.Runs + "/" + r.Runs[sitetest.Reseller]},
		"AnImport":        {who: sitetest.Distributor, own: []string{delivered}, want: "rows imported.", leadsTo: routes.Imports + "/" + r.Imports[sitetest.Distributor]},
		"Several":         {who: sitetest.Distributor, own: []string{run, delivered}, want: "2 jobs have ended.", leadsTo: routes.Utilities},
		"ASiblings":       {who: sitetest.Reseller, own: []string{other}},
		"OfAnotherTree":   {who: sitetest.Distributor, own: []string{"run:" + r.Runs[sitetest.Foreign], "import:" + r.Imports[sitetest.Foreign]}},
		"OfTheTierAbove":  {who: sitetest.Customer, own: []string{delivered, "run:" + r.Runs[sitetest.Distributor]}},
		"Unknown":         {who: sitetest.Distributor, own: []string{"run:" + noID, "import:" + noID, "run:x", "y", ""}},
		"MoreThanOneAsks": {who: sitetest.Distributor, own: strings.Split(strings.Repeat(run+".", 30), ".")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := routes.With(routes.Jobs, "own", strings.Join(tt.own, "."))
			got := s.Do(t, sitetest.Request{Path: path, Token: s.Person(t, tt.who, "admin").Token, HTMX: true})
			if got.Status != http.StatusOK {
				t.Fatalf("status %d", got.Status)
			}
			var said struct {
				Toast struct{ Text, URL string }
			}
			if header := got.Header.Get("HX-Trigger"); header != "" {
				if err := json.Unmarshal([]byte(header), &said); err != nil {
					t.Fatal(err)
				}
			}
			if (said.Toast.Text == "") != (tt.want == "") || !strings.Contains(said.Toast.Text, tt.want) || said.Toast.URL != tt.leadsTo {
				t.Errorf("said %+v, want %q and a link to %q", said.Toast, tt.want, tt.leadsTo)
			}
		})
	}
}

// A job that ends between two pages is told of on the second.
func TestJobs_EndBetweenTwoPages(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	r := s.Records(t)
	run := "import:" + r.Imports[sitetest.Distributor] + ".run:" + r.Runs[sitetest.Reseller]
	page := s.Do(t, sitetest.Request{Path: routes.Profile, Token: s.Person(t, sitetest.Reseller, "admin").Token, Cookies: map[string]string{"tierbook_jobs": run}})
	if want := `hx-get="` + routes.With(routes.Jobs, "own", run) + `"`; !strings.Contains(page.Body, want) {
		t.Errorf("the page does not ask %s", want)
	}
}

// Bytes that are no text are refused before anybody tries to store them.
func TestAddresses_AreText(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	who := s.Person(t, sitetest.Distributor, "admin")
	for _, path := range []string{
		routes.Customers + "?q=%00", routes.Contracts + "?q=%ff", routes.Search + "?q=%ff", routes.Accounts + "?text=%ff",
		routes.Runs + "?customer=%ff", routes.ContractNew + "?buyer=%ff", routes.Customers + "?%ff=1",
	} {
		if got := s.Do(t, sitetest.Request{Path: path, Token: who.Token}); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d", path, got.Status)
		}
	}
	if got := s.Do(t, sitetest.Request{Path: routes.Password, Token: who.Token, Form: url.Values{"password": {"\x00"}}}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a form: status %d", got.Status)
	}
	if got := s.Do(t, sitetest.Request{Method: http.MethodHead, Path: routes.Customers, Token: who.Token}); got.Status != http.StatusOK || got.Body != "" {
		t.Errorf("HEAD: status %d with %d bytes", got.Status, len(got.Body))
	}
}
