package tenancy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"tierbook/app/platform/web"
	"tierbook/app/platform/webtest"
)

// sessions lets the server ask the module itself who is signed in.
type sessions struct{ service *Service }

func (s sessions) Session(ctx context.Context, token string) (web.Session, error) {
	found, err := s.service.Session(ctx, token)
	return web.Session{
		ID: found.ID.String(), User: found.User.Name, Email: found.User.Email, Tenant: found.Tenant.Name, Scope: found.Scope(""),
		Carry: func(ctx context.Context) context.Context { return WithSession(ctx, found) },
	}, err
}

// browser keeps cookies, as browsers do.
type browser struct {
	server  *web.Server
	cookies map[string]string
	set     map[string]*http.Cookie // by the last answer
	referer string
}

// site returns the module's pages and a browser that has just come.
func (b *bundle) site(t *testing.T) *browser {
	t.Helper()
	server := web.New(web.Options{RequestTimeout: time.Minute, Sessions: sessions{b.service}, Reads: b.Web, Authz: webtest.Authz(t)})
	(&Module{Service: b.service}).Routes(server.Router())
	return &browser{server: server, cookies: map[string]string{}}
}

// another returns another browser at the same site.
func (w *browser) another() *browser { return &browser{server: w.server, cookies: map[string]string{}} }

func (w *browser) get(t *testing.T, path string) *webtest.Answer {
	t.Helper()
	return w.do(t, http.MethodGet, path, nil)
}

func (w *browser) post(t *testing.T, path string, pairs ...string) *webtest.Answer {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.do(t, http.MethodPost, path, strings.NewReader(form.Encode()))
}

func (w *browser) do(t *testing.T, method, path string, body io.Reader) *webtest.Answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, body)
	r.Host = "localhost"
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0")
	if w.referer != "" {
		r.Header.Set("Referer", w.referer)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range w.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	resp, err := w.server.App().Test(r, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	w.set = map[string]*http.Cookie{}
	for _, c := range resp.Cookies() {
		w.set[c.Name], w.cookies[c.Name] = c, c.Value
		if c.Value == "" {
			delete(w.cookies, c.Name)
		}
	}
	return &webtest.Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(text)}
}

func (w *browser) signIn(t *testing.T, email string, more ...string) *webtest.Answer {
	t.Helper()
	return w.post(t, "/sign-in", append([]string{"email", email, "password", rightPassword}, more...)...)
}

// goesTo fails t unless the answer sends the browser to a page.
func goesTo(t *testing.T, a *webtest.Answer, to string) {
	t.Helper()
	if got := a.Is(t, http.StatusSeeOther).Header.Get("Location"); got != to {
		t.Errorf("goes to %s, want %s", got, to)
	}
}

func TestPages_SignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, b.tree(t, "Alpha").r1, "ada@example.com", "finance")
	w := b.site(t)
	page := w.get(t, "/sign-in?next=%2Fcontracts%3Fq%3Dx").Is(t, http.StatusOK)
	page.Has(t, "main h1")
	for selector, attrs := range map[string]map[string]string{
		"form":                {"method": "post", "action": "/sign-in"},
		"input[name=next]":    {"value": "/contracts?q=x", "type": "hidden"},
		"input[name=email]":   {"type": "email", "autocomplete": "username", "id": "f-email"},
		"label[for=f-email]":  {"class": "form-label"},
		"#f-password":         {"type": "password", "autocomplete": "current-password", "name": "password"},
		"button[type=submit]": {"class": "btn btn-primary"},
	} {
		for name, want := range attrs {
			if got := page.Attr(t, selector, name); got != want {
				t.Errorf("%s has %s=%q, want %q", selector, name, got, want)
			}
		}
	}
	page.Lacks(t, "nav")

	wrong := w.post(t, "/sign-in", "email", "ada@example.com", "password", "wrong password", "next", "/contracts?q=x").Is(t, http.StatusUnauthorized)
	if text := wrong.Has(t, "[role=alert]"); text != ErrCredentials.Message {
		t.Errorf("says %q", text)
	}
	if wrong.Attr(t, "#f-email", "value") != "ada@example.com" || wrong.Attr(t, "[name=next]", "value") != "/contracts?q=x" || strings.Contains(wrong.Body, "wrong password") {
		t.Errorf("the form does not come back as it was, or with the password:\n%s", wrong.Body)
	}
	goesTo(t, w.signIn(t, "ada@example.com", "next", "/contracts?q=x"), "/contracts?q=x")
	cookie := w.set["tierbook"]
	if cookie == nil || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || len(cookie.Value) != 43 {
		t.Fatalf("cookie %+v", cookie)
	}
	goesTo(t, w.get(t, "/sign-in?next=/profile"), "/profile")

	first := cookie.Value
	goesTo(t, w.signIn(t, "ada@example.com"), "/")
	if w.cookies["tierbook"] == first {
		t.Error("the same token again")
	}
	if _, err := b.service.Session(t.Context(), first); err == nil {
		t.Error("the session from before, in the same browser, goes on")
	}
	goesTo(t, w.post(t, "/sign-out"), "/sign-in")
	if w.cookies["tierbook"] != "" || w.get(t, "/sign-in").Has(t, "[data-toast]") != "You are signed out." {
		t.Errorf("after signing out: cookies %v", w.cookies)
	}
	goesTo(t, w.get(t, "/profile"), "/sign-in?next=%2Fprofile")
	goesTo(t, w.post(t, "/sign-out"), "/sign-in")
}

func TestPages_SignIn_GoesToOwnPagesOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, b.tree(t, "Alpha").r1, "ada@example.com", "finance")
	w := b.site(t)
	for _, next := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil", "/sign-out", "/sign-in?next=/x", "/\t/evil.example"} {
		if a := w.get(t, "/sign-in?next="+url.QueryEscape(next)); a.Attr(t, "[name=next]", "value") != "" {
			t.Errorf("%q is kept", next)
		}
		goesTo(t, w.signIn(t, "ada@example.com", "next", next), "/")
		w.post(t, "/sign-out")
	}
}

func TestPages_SignIn_SaysWhy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, b.tree(t, "Alpha").r1, "ada@example.com")
	w := b.site(t)
	if text := w.signIn(t, "ada@example.com").Is(t, http.StatusForbidden).Has(t, "[role=alert]"); text != ErrNoAccess.Message {
		t.Errorf("without a role it says %q", text)
	}
	for range freeFailures {
		w.post(t, "/sign-in", "email", "eve@example.com", "password", "x").Is(t, http.StatusUnauthorized)
	}
	a := w.signIn(t, "eve@example.com").Is(t, http.StatusTooManyRequests)
	wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
	if text := a.Has(t, "[role=alert]"); err != nil || wait != 30 || text != "Too many attempts to sign in. Try again in 30 seconds." {
		t.Errorf("throttled it says %q, Retry-After %d, %v", text, wait, err)
	}
	if a.Attr(t, "#f-email", "value") != "eve@example.com" {
		t.Error("the address is lost")
	}
}

func TestPages_Profile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	b.user(t, a.r1, "ada@example.com", "finance", "admin")
	b.user(t, a.r1, "bob@example.com", "finance")
	w := b.site(t)
	other, bob := w.another(), w.another()
	for email, one := range map[string][]*browser{"ada@example.com": {w, other}, "bob@example.com": {bob}} {
		for _, o := range one {
			goesTo(t, o.signIn(t, email), "/")
		}
	}
	page := w.get(t, "/profile").Is(t, http.StatusOK)
	if text := page.Has(t, "dl"); !strings.Contains(text, "Ada") || !strings.Contains(text, "ada@example.com") || !strings.Contains(text, "North reseller") ||
		!strings.Contains(text, "Role Administrator Runs the organisation") || !strings.Contains(text, "Role Finance Prices,") {
		t.Errorf("the facts: %s", text)
	}
	rows := page.All(t, "tbody tr")
	if len(rows) != 2 || !strings.HasPrefix(rows[0], "Firefox on Linux This one 0.0.0.0 2026-04-02 10:00 ") || strings.Contains(rows[1], "This one") {
		t.Errorf("sessions: %q", rows)
	}
	foreign := bob.get(t, "/profile")
	if id := page.Attr(t, "[name=session]", "value"); id == "" || strings.Contains(foreign.Body, id) {
		t.Errorf("the other session is %q", id)
	}
	bobs, err := b.service.Session(t.Context(), bob.cookies["tierbook"])
	if err != nil {
		t.Fatal(err)
	}
	unknown := w.post(t, "/profile/sessions", "session", a.d.ID.String()).Is(t, http.StatusNotFound)
	if theirs := w.post(t, "/profile/sessions", "session", bobs.ID.String()).Is(t, http.StatusNotFound); theirs.Body != unknown.Body {
		t.Error("somebody else's session is told from none")
	}
	w.post(t, "/profile/sessions", "session", "x").Is(t, http.StatusNotFound)
	goesTo(t, w.post(t, "/profile/sessions", "session", page.Attr(t, "[name=session]", "value")), "/profile")
	goesTo(t, other.get(t, "/profile"), "/sign-in?next=%2Fprofile")
	goesTo(t, w.get(t, "/profile/sessions"), "/profile")

	goesTo(t, other.signIn(t, "ada@example.com"), "/")
	goesTo(t, w.post(t, "/sign-out/everywhere"), "/sign-in")
	for name, one := range map[string]*browser{"this one": w, "the other": other} {
		if at := one.get(t, "/profile"); at.Status != http.StatusSeeOther {
			t.Errorf("%s is still signed in", name)
		}
	}
	bob.get(t, "/profile").Is(t, http.StatusOK)
}

func TestPages_ChangePassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, b.tree(t, "Alpha").r1, "ada@example.com", "finance")
	w := b.site(t)
	w.signIn(t, "ada@example.com")
	bad := w.post(t, "/profile/password", "old", "wrong password", "new", "harbour lights at six").Is(t, http.StatusUnprocessableEntity)
	if bad.Has(t, "#f-old-error") == "" || bad.Attr(t, "#f-old", "aria-describedby") != "f-old-error" || len(bad.All(t, "tbody tr")) != 1 {
		t.Errorf("a wrong old password:\n%s", bad.Body)
	}
	weak := w.post(t, "/profile/password", "old", rightPassword, "new", "Password1234").Is(t, http.StatusUnprocessableEntity)
	if text := weak.Has(t, "#f-new-error"); !strings.Contains(text, "everybody tries first") || strings.Contains(weak.Body, "Password1234") || strings.Contains(weak.Body, rightPassword) {
		t.Errorf("a trivial password: %s", text)
	}
	goesTo(t, w.get(t, "/profile/password"), "/profile")
	goesTo(t, w.post(t, "/profile/password", "old", rightPassword, "new", "harbour lights at six"), "/profile")
	if text := w.get(t, "/profile").Has(t, "[data-toast]"); !strings.HasPrefix(text, "Your password is changed") {
		t.Errorf("says %q", text)
	}
	w.another().signIn(t, "ada@example.com").Is(t, http.StatusUnauthorized)
	goesTo(t, w.another().post(t, "/sign-in", "email", "ada@example.com", "password", "harbour lights at six"), "/")
	for range freeFailures {
		w.post(t, "/profile/password", "old", "wrong password", "new", "another one of mine").Is(t, http.StatusUnprocessableEntity)
	}
	w.post(t, "/profile/password", "old", "wrong password", "new", "another one of mine").Is(t, http.StatusTooManyRequests).Has(t, "[role=alert]")
}

func TestPages_Theme(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, b.tree(t, "Alpha").r1, "ada@example.com", "finance")
	w := b.site(t)
	goesTo(t, w.post(t, "/profile/theme", "theme", "dark"), "/sign-in")
	w.signIn(t, "ada@example.com")
	for referer, to := range map[string]string{
		"": "/profile", "http://localhost/contracts?q=x": "/contracts?q=x", "https://evil.example/x": "/profile", "http://localhost//evil.example": "/profile",
	} {
		w.referer = referer
		goesTo(t, w.post(t, "/profile/theme", "theme", "dark"), to)
	}
	page := w.get(t, "/profile")
	if page.Attr(t, "html", "data-theme") != "dark" || page.Attr(t, "#theme-dark[checked]", "value") != "dark" {
		t.Errorf("the page is %s", page.Attr(t, "html", "data-theme"))
	}
	w.post(t, "/profile/theme", "theme", "plaid").Is(t, http.StatusUnprocessableEntity)
}

func TestDeviceOf(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0":          "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":                  "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36":                           "Chrome on Android",
		"curl/8.5.0": "curl", "": "An unknown browser", "Something (Linux)": "A browser on Linux",
	} {
		if got := deviceOf(agent); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}

func TestRoleInWords(t *testing.T) {
	t.Parallel()
	if r := roleInWords("billing_utilities_admin"); r.Name != "Billing Utilities Admin" || r.Text == "" {
		t.Errorf("a role: %+v", r)
	}
	if r := roleInWords("night_watch"); r.Name != "night watch" {
		t.Errorf("an unknown role: %+v", r)
	}
}
