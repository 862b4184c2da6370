package sitetest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tierbook/app"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/dbtest"
	"tierbook/configs"
)

// Slugs of the demo's tenants that tests speak of, and of a second tree's.
const (
	Distributor = "meridian-cloud"
	Reseller    = "harbour-it"    // of Distributor
	Sibling     = "fjord-systems" // the other reseller
	Customer    = "alder-foods"   // of Reseller
	Brother     = "corvid-games"  // of Reseller, too
	Nephew      = "delta-rail"    // of Sibling
	Foreign     = "north"         // a distributor of its own
	ForeignRe   = "fern"          // its reseller
	ForeignCust = "quay"          // and that one's customer
)

// Site is a running program.
type Site struct {
	*app.App
	DB     *dbtest.Bundle
	URL    string         // where it listens
	Months []period.Month // of the demo, oldest first
	Log    *Log

	people []Person
}

// Person is somebody of the demo.
type Person struct {
	app.DemoSignIn
	Slug  string // of the tenant
	Token string // of a session that is open
}

// Key names somebody for tables: "finance@reseller".
func (p Person) Key() string { return p.Role + "@" + p.Tier.String() }

// People returns everybody of the demo who can sign in.
func (s *Site) People() []Person { return s.people }

// Person returns who has the role at the tenant.
func (s *Site) Person(t testing.TB, slug, role string) Person {
	t.Helper()
	i := slices.IndexFunc(s.people, func(p Person) bool { return p.Slug == slug && p.Role == role })
	if i < 0 {
		t.Fatalf("the demo has no %s of %s", role, slug)
	}
	return s.people[i]
}

// Last is the demo's last month, which has ended.
func (s *Site) Last() period.Month { return s.Months[len(s.Months)-1] }

// Shared returns the running program over the demo. All tests share it, so they
// must not write what another could see.
func Shared(t testing.TB) *Site {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Own returns the running program over a copy of the demo for t alone. t fails
// if a request or a job of it does with an internal error.
func Own(t testing.TB) *Site {
	t.Helper()
	d, err := theDemo()
	if err != nil {
		t.Fatal(err)
	}
	s := d.open(t)
	t.Cleanup(func() {
		if failures := s.Log.Failures(); len(failures) > 0 {
			t.Errorf("the program's log has errors:\n%s", strings.Join(failures, ""))
		}
	})
	s.run(t)
	return s
}

// config is that of a program on b's database whose files are below dir.
func config(dir string, b *dbtest.Bundle, more ...string) (configs.Config, error) {
	return configs.LoadFrom(append([]string{
		"TIERBOOK_DATA_DIR=" + dir, "TIERBOOK_WEB_LISTEN=127.0.0.1:0", "TIERBOOK_METRICS_LISTEN=127.0.0.1:0",
		"TIERBOOK_DATABASE_WEB_CONNS=6", "TIERBOOK_DATABASE_WORK_CONNS=8", "TIERBOOK_LOG_LEVEL=warn",
		"TIERBOOK_WEB_STOP_GRACE=2s", "TIERBOOK_WORK_STOP_GRACE=5s", "TIERBOOK_WEB_DEVELOPMENT=true",
		"DATABASE_URL=" + b.OwnerURL, "DATABASE_URL_WEB=" + b.WebURL, "DATABASE_URL_WORK=" + b.WorkURL,
	}, more...))
}

// run serves and works until t ends.
func (s *Site) run(t testing.TB) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- s.RunAll(ctx, func(url string) { ready <- url }) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the program ended with %v", err)
		}
	})
	select {
	case s.URL = <-ready:
	case err := <-done:
		done <- err
		t.Fatalf("the program did not start: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("the program did not start within a minute")
	}
}

// Cookie is the session cookie of p's open session.
func (p Person) Cookie() *http.Cookie {
	return &http.Cookie{Name: "tierbook", Value: p.Token, Path: "/"}
}
