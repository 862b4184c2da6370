package bench

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var site = map[string]string{
	"/":                      `<a href="/things/9?a=1&amp;b=2">nine</a> <a href="https://example.org/">away</a> <a href="#here">here</a>`,
	"/things":                `<a href="things/7">seven</a>`,
	"/things/new":            `<form></form>`,
	"/things/9?a=1&b=2":      `<button hx-get="/why?of=7"></button> <a href="/hidden">hidden</a> <a href="7.csv">csv</a>`,
	"/things/7":              `another one`,
	"/things/7.csv":          `a,b`,
	"/why?of=7":              `because`,
	"/things?q=everything&b": `<a href="?q=everything&amp;b">the same</a>`,
}

// ask answers from site: unknown addresses with 404, and whoever has no cookie
// with 401. Each page takes two statements.
func ask(s *Statements) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		s.Add("SELECT 1", time.Millisecond)
		s.Add("SELECT 2", 3*time.Millisecond)
		w := httptest.NewRecorder()
		body, found := site[r.URL.RequestURI()]
		switch _, err := r.Cookie("session"); {
		case err != nil:
			w.WriteHeader(http.StatusUnauthorized)
		case !found:
			w.WriteHeader(http.StatusNotFound)
		default:
			fmt.Fprint(w, body)
		}
		return w.Result(), nil
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	var s Statements
	opts := PagesOptions{
		Ask: ask(&s), Statements: &s, Requests: 4, Limit: time.Minute,
		Routes: []string{"/", "/hidden", "/things", "/things/:id", "/things/:id.csv", "/things/new", "/why"},
		Users:  []PageUser{{Name: "ada", Cookie: &http.Cookie{Name: "session", Value: "x"}, Also: []string{"/things?q=everything&b"}}},
	}
	r, err := Pages(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range r.Pages {
		got = append(got, p.Route+" "+p.Path)
		if p.User != "ada" || p.Status != http.StatusOK || p.Bytes != len(site[p.Path]) || p.IsOver {
			t.Errorf("%+v", p)
		}
		if p.Statements != 2 || p.SQL != 4 || p.Slowest != 3 || p.SlowestText != "SELECT 2" {
			t.Errorf("statements of %s: %+v", p.Path, p)
		}
		if p.P50 <= 0 || p.P50 > p.P95 || p.P95 > p.Max {
			t.Errorf("times of %s: %+v", p.Path, p)
		}
	}
	want := []string{
		"/ /", "/things /things", "/things/new /things/new", "/things /things?q=everything&b", "/things/:id /things/9?a=1&b=2",
		"/things/:id.csv /things/7.csv", "/why /why?of=7",
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff([]string{"/hidden"}, r.Unreached); diff != "" {
		t.Errorf("unreached (-want +got):\n%s", diff)
	}
	if !slices.Contains(got, "/things/:id /things/9?a=1&b=2") || !slices.Contains(got, "/why /why?of=7") || len(got) != len(want) {
		t.Errorf("pages (-want +got):\n%s", cmp.Diff(want, got))
	}
}

func TestPages_SlowOnesAreOver(t *testing.T) {
	t.Parallel()
	var s Statements
	slow := ask(&s)
	r, err := Pages(t.Context(), PagesOptions{
		Ask: func(r *http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Millisecond)
			return slow(r)
		},
		Statements: &s, Requests: 1, Limit: time.Millisecond, Routes: []string{"/"},
		Users: []PageUser{{Name: "ada", Cookie: &http.Cookie{Name: "session", Value: "x"}}},
	})
	if err != nil || r.Over() != 1 || len(r.Pages) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	var times []time.Duration
	for i := range 20 {
		times = append(times, time.Duration(i+1))
	}
	for percent, want := range map[int]time.Duration{0: 1, 50: 10, 95: 19, 100: 20} {
		if got := quantile(times, percent); got != want {
			t.Errorf("%d %% of 1 to 20 is %d, want %d", percent, got, want)
		}
	}
	if got := quantile(times[:1], 95); got != 1 {
		t.Errorf("of one: %d", got)
	}
}

func TestBooksCustomer(t *testing.T) {
	t.Parallel()
	for tenants, want := range map[int]string{100: "customer-000006", 10_000: "customer-000201"} {
		if got := BooksCustomer(tenants); got != want {
			t.Errorf("of %d tenants: %s, want %s", tenants, got, want)
		}
	}
}
