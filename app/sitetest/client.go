package sitetest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Request is what a test asks a site for.
type Request struct {
	Method string // "": GET, and POST with a form
	Path   string
	Token  string // of a session; "": nobody's
	// Cookies are sent besides, by name.
	Cookies map[string]string
	Form    url.Values // sent as the body of a POST
	HTMX    bool       // as htmx asks
	JSON    bool       // as a program asks, not as a browser
	Origin  string     // of the page that sends the request; "": the site's own
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Do sends a request to the site's handler, past the network.
func (s *Site) Do(t testing.TB, r Request) Answer {
	t.Helper()
	if r.Method == "" {
		r.Method = http.MethodGet
		if r.Form != nil {
			r.Method = http.MethodPost
		}
	}
	req := httptest.NewRequestWithContext(t.Context(), r.Method, "http://localhost"+r.Path, strings.NewReader(r.Form.Encode()))
	req.Header.Set("Accept", "text/html,*/*;q=0.8")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if r.Method != http.MethodGet {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if r.HTMX {
		req.Header.Set("HX-Request", "true")
	}
	if r.JSON {
		req.Header.Set("Accept", "application/json")
	}
	if r.Origin != "" {
		req.Header.Set("Origin", r.Origin)
		req.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	if r.Token != "" {
		req.AddCookie(&http.Cookie{Name: "tierbook", Value: r.Token})
	}
	for name, value := range r.Cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := s.Handler().Test(req, -1)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	return Answer{resp.StatusCode, resp.Header, string(body)}
}
