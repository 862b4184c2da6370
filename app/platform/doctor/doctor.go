// Package doctor looks at what an installation stands on and says, for each
// part, whether it is well and how to mend it.
package doctor

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/platform/blob"
	"tierbook/app/platform/db"
)

// Options say what to look at.
type Options struct {
	Version                   string // the program's
	OwnerURL, WebURL, WorkURL string // OwnerURL may be "": it is for migrating only
	ObjectsURL                string
	Clock                     clock.Clock
}

// Result is what was found about one part.
type Result struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"` // what to do, "" if OK
}

// timeout is what each part gets to answer.
const timeout = 15 * time.Second

// Run looks at everything, also after something was found ill, and returns one
// result per part in a fixed order. It changes nothing, apart from an object
// that it stores and removes.
func Run(ctx context.Context, o Options) []Result {
	results := []Result{{Name: "program", OK: true, Detail: fmt.Sprintf("tierbook %s, %s, %s/%s", o.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)}}
	if o.OwnerURL != "" {
		owner, r := connect(ctx, o.OwnerURL, db.RoleOwner, "DATABASE_URL")
		results = append(results, r)
		if owner != nil {
			owner.Close()
		}
	}
	web, r := connect(ctx, o.WebURL, db.RoleWeb, "DATABASE_URL_WEB")
	results = append(results, r)
	if web != nil {
		defer web.Close()
	}
	work, r := connect(ctx, o.WorkURL, db.RoleWork, "DATABASE_URL_WORK")
	results = append(results, r)
	if work != nil {
		defer work.Close()
		p := patient{db: work, clock: o.Clock}
		for _, part := range []struct {
			name  string
			check func(context.Context) (detail string, err error)
		}{
			{"database server", p.server}, {"schema", p.schema}, {"row-level security", p.security}, {"queue", p.queue}, {"clock", p.time},
		} {
			results = append(results, run(ctx, part.name, part.check))
		}
	}
	return append(results, run(ctx, "object store", func(ctx context.Context) (string, error) { return objects(ctx, o.ObjectsURL) }))
}

// OK reports whether all parts are well.
func OK(results []Result) bool {
	for _, r := range results {
		if !r.OK {
			return false
		}
	}
	return true
}

// ill is an error with a remedy.
func ill(mend, format string, args ...any) error {
	return &illness{fmt.Sprintf(format, args...), mend}
}

type illness struct{ found, mend string }

func (i *illness) Error() string { return i.found }

func run(ctx context.Context, name string, check func(context.Context) (string, error)) Result {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	detail, err := check(ctx)
	if err == nil {
		return Result{Name: name, OK: true, Detail: detail}
	}
	r := Result{Name: name, Detail: err.Error(), Mend: "See the message: the part did not answer as expected."}
	if i, ok := err.(*illness); ok { //nolint:errorlint // never wrapped
		r.Mend = i.mend
	} else if message, ok := errs.Message(err); ok { // which says how
		r.Mend = message
	}
	return r
}

// connect opens the database as role, which refuses wrong rights.
func connect(ctx context.Context, url string, role db.Role, variable string) (*db.DB, Result) {
	var d *db.DB
	r := run(ctx, "database role "+string(role), func(ctx context.Context) (string, error) {
		if url == "" {
			return "", ill("Set "+variable+".", "%s is not set", variable)
		}
		var err error
		d, err = db.Open(ctx, url, role, db.Options{MaxConns: 2, Application: "tierbook doctor"})
		if err == nil {
			return "connected, rights are right", nil
		}
		if _, ok := errs.Message(err); ok {
			return "", err
		}
		return "", ill("Check "+variable+", whether PostgreSQL runs, and whether it lets this machine in; «tierbook migrate» creates roles that are missing.", "%v", err)
	})
	return d, r
}

// objects stores, reads and removes a small object.
func objects(ctx context.Context, url string) (string, error) {
	const mend = "Check TIERBOOK_OBJECTS_URL, and that this process may write, read and delete there."
	s, err := blob.Open(ctx, url)
	if err != nil {
		return "", err
	}
	defer func() { _ = s.Close() }()
	if err := probe(ctx, s); err != nil {
		return "", ill(mend, "%v", err)
	}
	return "an object was stored, read and removed", nil
}
