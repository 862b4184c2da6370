package app_test

import (
	"encoding/json"
	"net/http"
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
		"MoreThanOneAsks": {who: sitetest.Distributor, own: strings.Split(strings.Repeat(run+",", 30), ",")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := routes.With(routes.Jobs, "own", strings.Join(tt.own, ","))
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
