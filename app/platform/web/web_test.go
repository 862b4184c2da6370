package web_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/web"
)

func get(t *testing.T, s *web.Server, path string) (status int, body string, header http.Header) {
	t.Helper()
	resp, err := s.App().Test(httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody), 5000)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

func TestServer_Readyz(t *testing.T) {
	t.Parallel()
	var broken error
	s := web.New(web.Options{Checks: []web.Check{
		{Name: "database", Check: func(context.Context) error { return broken }},
		{Name: "objects", Check: func(context.Context) error { return nil }},
	}})
	if status, body, _ := get(t, s, "/readyz"); status != http.StatusOK {
		t.Errorf("ready: %d %s", status, body)
	}
	broken = errors.New("password of db.internal is wrong")
	status, body, _ := get(t, s, "/readyz")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, `"database":"failed"`) || !strings.Contains(body, `"objects":"ok"`) {
		t.Errorf("not ready: %d %s", status, body)
	}
	if strings.Contains(body, "db.internal") {
		t.Errorf("the cause is shown: %s", body)
	}
	if status, _, _ := get(t, s, "/healthz"); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}
}

func TestErrorHandler(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := web.New(web.Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))})
	failures := map[string]error{
		"/invalid":  errs.New(errs.Invalid, "x.invalid", "This is wrong.").WithField("name", "too long"),
		"/notfound": fmt.Errorf("tenant 7: %w", errs.New(errs.NotFound, "x.none", "There is none.")),
		"/conflict": errs.New(errs.Conflict, "x.conflict", "Someone was first."),
		"/state":    errs.New(errs.FailedPrecondition, "x.state", "Not now."),
		"/forbid":   errs.New(errs.Forbidden, "x.forbidden", "Your role does not allow this."),
		"/signin":   errs.New(errs.Unauthenticated, "x.signin", "Sign in first."),
		"/often":    errs.New(errs.RateLimited, "x.often", "Wait."),
		"/internal": errors.New("relation secret_table does not exist"),
		"/bug":      errs.New(errs.Internal, "scope.missing", "no scope in the context"),
	}
	for path, err := range failures {
		s.App().Get(path, func(*fiber.Ctx) error { return err })
	}
	s.App().Get("/panic", func(*fiber.Ctx) error { panic("secret_panic") })
	for _, tt := range []struct {
		path   string
		status int
		code   string
	}{
		{"/invalid", 422, "x.invalid"},
		{"/notfound", 404, "x.none"},
		{"/conflict", 409, "x.conflict"},
		{"/state", 409, "x.state"},
		{"/forbid", 403, "x.forbidden"},
		{"/signin", 401, "x.signin"},
		{"/often", 429, "x.often"},
		{"/internal", 500, "internal"},
		{"/bug", 500, "internal"},
		{"/panic", 500, "internal"},
		{"/nowhere", 404, "web.no_page"},
	} {
		status, body, header := get(t, s, tt.path)
		var p struct {
			Status    int
			Code      string
			Fields    map[string]string
			RequestID string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Fatalf("%s: %v in %s", tt.path, err, body)
		}
		if status != tt.status || p.Status != tt.status || p.Code != tt.code || p.RequestID == "" || p.RequestID != header.Get("X-Request-Id") {
			t.Errorf("%s: %d %s", tt.path, status, body)
		}
		if !strings.HasPrefix(header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: content type %s", tt.path, header.Get("Content-Type"))
		}
		if strings.Contains(body, "secret_") || strings.Contains(body, "tenant 7") {
			t.Errorf("%s shows its cause: %s", tt.path, body)
		}
		if tt.path == "/invalid" && p.Fields["name"] != "too long" {
			t.Errorf("fields: %v", p.Fields)
		}
		if tt.path == "/often" && header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if n := strings.Count(log.String(), "request failed"); n != 3 {
		t.Errorf("logged %d errors, want the 3 internal ones:\n%s", n, log.String())
	}
}

// Whoever has to sign in again comes back to the page that asked, which is
// never one of another site.
func TestServer_SignInLeadsBack(t *testing.T) {
	t.Parallel()
	s := web.New(web.Options{})
	s.Router().Get("/runs", web.SignedIn, func(c *fiber.Ctx) error { return c.SendString("here") })
	for current, want := range map[string]string{
		"":                              routes.SignIn,
		"http://a/":                     routes.SignIn,
		"http://a/runs?status=open":     routes.SignIn + "?next=%2Fruns%3Fstatus%3Dopen",
		"https://evil.example/runs?x=1": routes.SignIn + "?next=%2Fruns%3Fx%3D1",
	} {
		req := httptest.NewRequest(http.MethodGet, "/runs", http.NoBody)
		req.Header.Set("HX-Request", "true")
		req.Header.Set("HX-Current-URL", current)
		res, err := s.App().Test(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := res.Header.Get("HX-Redirect"); got != want || res.StatusCode != http.StatusUnauthorized {
			t.Errorf("from %q: %d to %q, want %q", current, res.StatusCode, got, want)
		}
	}
}

func TestServer_TooLargeSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := web.New(web.Options{})
	s.Router().Post("/form", web.Public, func(c *fiber.Ctx) error { return c.SendString("taken") })
	for size, want := range map[int]string{1 << 20: "taken", 1<<20 + 1: "at most 1 MiB"} {
		if got := posted(t, s, "/form", "text/plain", strings.Repeat("x", size)); !strings.Contains(got, want) {
			t.Errorf("%d bytes: %s, want %q", size, got, want)
		}
	}
}

// posted returns what a server answers to a body.
func posted(t *testing.T, s *web.Server, path, contentType, body string) string {
	t.Helper()
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	res, err := s.App().Test(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// A body that no handler has read is not taken for the next request on its
// connection: whoever could write one could answer for others behind a proxy.
func TestServer_UnreadBodiesAreNoRequests(t *testing.T) {
	t.Parallel()
	s := web.New(web.Options{})
	var hidden atomic.Int32
	s.App().Get("/hidden", func(*fiber.Ctx) error { hidden.Add(1); return nil })
	s.App().Get("/after", func(c *fiber.Ctx) error { return c.SendString("after") })
	s.Router().Post("/form", web.Public, func(*fiber.Ctx) error { return nil })
	s.Router().Upload("/upload", web.Public, func(*fiber.Ctx) error { return nil })
	request := fmt.Sprintf("GET /hidden HTTP/1.1\r\nHost: %032d\r\n\r\n", 0) // 64 bytes: one begins wherever a buffer ends
	for name, tt := range map[string]struct {
		path, length string // path behind a method of its own: that method
		body         string
		isKept       bool // the connection, for the next request
	}{
		"Form":      {"/form", "", strings.Repeat(request, 1<<10), true},
		"NoRoute":   {"/nowhere", "", strings.Repeat(request, 1<<10), true},
		"TooLarge":  {"/form", "", strings.Repeat(request, 1<<14+1), true},
		"FarTooBig": {"/form", "", strings.Repeat(request, 3<<14), false},
		"Upload":    {"/upload", "", strings.Repeat(request, 3<<14), false},
		"Chunked":   {"/upload", "Transfer-Encoding: chunked", "4\r\nxxxx\r\n0\r\n\r\n" + request, false},
		"NoMethod":  {"FOO /form", "", strings.Repeat(request, 1<<10), true},
		"Get":       {"GET /after", "", request, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, s)
			length := cmp.Or(tt.length, "Content-Length: "+strconv.Itoa(len(tt.body)))
			go func() {
				line := tt.path
				if strings.HasPrefix(line, "/") {
					line = "POST " + line
				}
				_, _ = io.WriteString(conn, line+" HTTP/1.1\r\nHost: a\r\n"+length+"\r\n\r\n"+tt.body+"GET /after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			}()
			answers, err := io.ReadAll(conn)
			if got := strings.HasSuffix(string(answers), "after"); got != tt.isKept || err != nil {
				t.Errorf("the next request was answered: %v, want %v; %v\n%s", got, tt.isKept, err, answers)
			}
			if n := hidden.Load(); n > 0 {
				t.Errorf("%d hidden requests were answered", n)
			}
		})
	}
}

func TestServer_RequestsHaveADeadline(t *testing.T) {
	t.Parallel()
	s := web.New(web.Options{RequestTimeout: time.Minute})
	s.App().Get("/deadline", func(c *fiber.Ctx) error {
		if _, ok := c.UserContext().Deadline(); !ok {
			t.Error("no deadline")
		}
		return nil
	})
	get(t, s, "/deadline")
}

func TestServer_StopsGracefully(t *testing.T) {
	t.Parallel()
	s := web.New(web.Options{StopGrace: 5 * time.Second})
	entered := make(chan struct{})
	s.App().Get("/slow", func(c *fiber.Ctx) error {
		close(entered)
		time.Sleep(200 * time.Millisecond)
		return c.SendString("done")
	})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served, answered := make(chan error, 1), make(chan string, 1)
	go func() { served <- s.Serve(ctx, l) }()
	go func() {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/slow", http.NoBody)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			answered <- err.Error()
			return
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		answered <- string(b)
	}()
	<-entered
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if got := <-answered; got != "done" {
		t.Errorf("the request under way got %q", got)
	}
}

func TestServer_StopsWhenToldBeforeItServes(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := web.New(web.Options{StopGrace: time.Second}).Serve(ctx, l); err != nil {
		t.Error(err)
	}
}

// What would unpack a compressed form knows no limit: 1 MiB becomes gigabytes,
// before anybody has signed in.
func TestServer_CompressedBodiesAreRefused(t *testing.T) {
	t.Parallel()
	s := web.New(web.Options{})
	s.Router().Post("/form", web.Public, func(c *fiber.Ctx) error { return c.SendString(c.FormValue("a")) })
	s.Router().Upload("/upload", web.Public, func(c *fiber.Ctx) error { return c.Send(c.Body()) })
	for _, path := range []string{"/form", "/upload"} {
		for _, encodings := range [][]string{{"gzip"}, {"br"}, {"", "deflate"}} { // the last one counts
			req := httptest.NewRequest(http.MethodPost, path, strings.NewReader("a=1"))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header["Content-Encoding"] = encodings
			res, err := s.App().Test(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusUnsupportedMediaType {
				t.Errorf("%s as %q: %d", path, encodings, res.StatusCode)
			}
		}
	}
}

func TestServer_FormsHaveSoManyFields(t *testing.T) {
	t.Parallel()
	s := web.New(web.Options{})
	s.Router().Post("/form", web.Public, func(c *fiber.Ctx) error { return c.SendString("taken") })
	for fields, want := range map[int]string{10_000: "taken", 10_001: "at most 1 MiB and 10,000 fields"} {
		body := strings.Repeat("a&", fields-1) + "a"
		if got := posted(t, s, "/form", "application/x-www-form-urlencoded", body); !strings.Contains(got, want) {
			t.Errorf("%d fields: %s, want %q", fields, got, want)
		}
	}
}

func TestServer_HeadersOfProxiesAndNeighboursFit(t *testing.T) {
	t.Parallel()
	s := web.New(web.Options{})
	s.App().Get("/", func(c *fiber.Ctx) error { return c.SendString("here") })
	for size, want := range map[int]int{12 << 10: http.StatusOK, 20 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		conn := dial(t, s)
		go func() {
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: proxy="+strings.Repeat("x", size)+"\r\n\r\n")
		}()
		answer := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.1 "+strconv.Itoa(want) {
			t.Errorf("%d bytes: %q, %v, want %d", size, answer, err, want)
		}
	}
}
