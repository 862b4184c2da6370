package sitetest

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tierbook/app"
	"tierbook/app/demo"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/dbtest"
	"tierbook/modules/tenancy"
)

// made is the demo, in a database that nobody is connected to.
type made struct {
	db     *dbtest.Bundle
	dir    string // data directory it was made with
	months []period.Month
	people []Person
}

// lines and months of usage of the demo that tests read: the fewest.
const (
	lines  = 5000
	months = 3
)

var theDemo = sync.OnceValues(func() (d *made, err error) {
	failed := Lasting(func(t testing.TB) { d, err = makeDemo(t) })
	if err == nil {
		err = failed
	}
	return d, err
})

var shared = sync.OnceValues(func() (s *Site, err error) {
	d, err := theDemo()
	if err != nil {
		return nil, err
	}
	err = Lasting(func(t testing.TB) {
		s = d.open(t)
		binary.watch(s.Log)
		s.run(t)
	})
	return s, err
})

func makeDemo(t testing.TB) (*made, error) {
	d := &made{db: dbtest.New(t), dir: filepath.Join(t.TempDir(), "data")}
	a, err := open(t, d.dir, d.db, &Log{})
	if err != nil {
		return nil, err
	}
	now := period.MonthOf(time.Now().UTC())
	for i := range months {
		d.months = append(d.months, now.Add(i-months))
	}
	if _, err = a.Demo(t.Context(), demo.Options{Lines: lines, Months: months, Now: now}, demo.Silent{}); err == nil {
		if err = plantForeign(t.Context(), a, t.TempDir(), d.months[months-1]); err == nil {
			d.people, err = signIn(t.Context(), a)
		}
		if err == nil {
			err = plantRuns(t.Context(), a, d.months[months-1])
		}
	}
	if closed := a.Close(); err == nil {
		err = closed
	}
	d.db.Close()
	return d, err
}

// signIn opens a session of everybody, so that tests do not have to.
func signIn(ctx context.Context, a *app.App) ([]Person, error) {
	list, err := a.DemoSignIns()
	if err != nil {
		return nil, err
	}
	slugs := map[string]string{}
	for _, t := range demo.Tenants() {
		slugs[t.Name] = t.Slug
	}
	out := make([]Person, len(list))
	for i, who := range list {
		_, token, err := a.Tenancy.SignIn(ctx, tenancy.SignInInput{Email: who.Email, Password: who.Password, UserAgent: "test"})
		if err != nil {
			return nil, fmt.Errorf("sign in as %s: %w", who.Email, err)
		}
		out[i] = Person{DemoSignIn: who, Slug: slugs[who.Tenant], Token: token}
	}
	return out, nil
}

// open returns the program over a copy of the demo. It uses the demo's object
// store, in which nothing is ever changed.
func (d *made) open(t testing.TB) *Site {
	t.Helper()
	s := &Site{DB: d.db.Clone(t), Months: d.months, Log: &Log{}, people: d.people}
	var err error
	s.App, err = open(t, filepath.Join(t.TempDir(), "data"), s.DB, s.Log, "TIERBOOK_OBJECTS_URL=file://"+filepath.Join(d.dir, "objects"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func open(t testing.TB, dir string, b *dbtest.Bundle, log *Log, more ...string) (*app.App, error) {
	t.Helper()
	cfg, err := config(dir, b, more...)
	if err != nil {
		return nil, err
	}
	return app.Open(t.Context(), cfg, log)
}
