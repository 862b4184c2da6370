// Package dbtest gives every test a real, migrated PostgreSQL database of its
// own. Only tests import it.
//
// The databases are clones of a template, keyed by a hash of the migrations,
// on a throw-away private server that all test programs running at once share
// and that stops by itself a moment after the last one ended, however it
// ended. TEST_DATABASE_URL names another server instead: a superuser's URL, of
// a server that nothing but tests use.
package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
)

// Bundle is a test's database, through each of the three roles.
type Bundle struct {
	Owner, Web, Work *db.DB // nil in a bundle of Empty

	OwnerURL, WebURL, WorkURL string
	AdminURL                  string // superuser: past every policy and grant

	tenants atomic.Int32
}

var databases atomic.Int64 // of this process, for their names

// New returns a migrated database that is dropped after t ends. Its pools have
// four connections each.
func New(t testing.TB) *Bundle {
	t.Helper()
	h := theHost(t)
	template, err := h.template(t.Context())
	if err != nil {
		t.Fatalf("dbtest: migrate the template: %v", err)
	}
	return h.copy(t, template)
}

// Clone returns a copy of b for t alone. Nobody may be connected to b meanwhile:
// Close it first.
func (b *Bundle) Clone(t testing.TB) *Bundle {
	t.Helper()
	u, err := url.Parse(b.AdminURL)
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	return theHost(t).copy(t, strings.TrimPrefix(u.Path, "/"))
}

// Close closes b's pools; the database stays.
func (b *Bundle) Close() {
	for _, d := range []*db.DB{b.Owner, b.Web, b.Work} {
		if d != nil {
			d.Close()
		}
	}
}

func (h *host) copy(t testing.TB, template string) *Bundle {
	t.Helper()
	b := h.create(t, "TEMPLATE "+template+" STRATEGY FILE_COPY") // without fsync the quicker one
	b.Owner = b.open(t, b.OwnerURL, db.RoleOwner)
	b.Web = b.open(t, b.WebURL, db.RoleWeb)
	b.Work = b.open(t, b.WorkURL, db.RoleWork)
	return b
}

// Empty returns a database without tables, for tests of the migrations.
func Empty(t testing.TB) *Bundle {
	t.Helper()
	return theHost(t).create(t, "")
}

func (b *Bundle) open(t testing.TB, url string, role db.Role) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url, role, db.Options{MaxConns: 4, Application: "test"})
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(d.Close)
	return d
}

// Exec runs sql as superuser, past every policy and grant: for planting what
// no service would write.
func (b *Bundle) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.AdminURL)
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("dbtest: %v", err)
	}
}

// Tenant inserts a tenant below parent for all months and returns a scope that
// acts as it, in the role operator. Slugs are d1, r2, c3 …: the tier's letter
// and a number that counts the bundle's tenants. A distributor has no parent.
func (b *Bundle) Tenant(t testing.TB, tier scope.Tier, parent ...scope.Scope) scope.Scope {
	t.Helper()
	letter := map[scope.Tier]string{scope.Distributor: "d", scope.Reseller: "r", scope.Customer: "c"}[tier]
	return b.NamedTenant(t, tier, fmt.Sprintf("%s%d", letter, b.tenants.Add(1)), parent...)
}

// NamedTenant is Tenant with a slug, which is the name too.
func (b *Bundle) NamedTenant(t testing.TB, tier scope.Tier, slug string, parent ...scope.Scope) scope.Scope {
	t.Helper()
	tenant := id.New[id.Tenant]()
	above, tree := id.Tenant{}, tenant
	if len(parent) > 0 {
		above, tree = parent[0].Tenant, parent[0].Tree
	}
	acting := scope.System(tree, tree, scope.Distributor, "dbtest")
	err := b.Web.InTx(scope.With(t.Context(), acting), func(ctx context.Context) error {
		q := b.Web.Gorm(ctx)
		err := q.Exec("INSERT INTO tenancy_tenants (id, tree_id, tier, slug, name, created_at) VALUES (?, ?, ?, ?, ?, now())",
			tenant, tree, tier, slug, slug).Error
		if err != nil {
			return err
		}
		if len(parent) > 0 {
			err := q.Exec("INSERT INTO tenancy_parents (tenant_id, parent_id, tree_id, months) VALUES (?, ?, ?, '(,)')",
				tenant, above, tree).Error
			if err != nil {
				return err
			}
		}
		return q.Exec("SELECT tenancy_extend_closure(?, ?, '(,)')", tenant, above).Error
	})
	if err != nil {
		t.Fatalf("dbtest: tenant %s: %v", slug, err)
	}
	return scope.System(tenant, tree, tier, "dbtest")
}

// create makes a database with the given option of CREATE DATABASE.
func (h *host) create(t testing.TB, option string) *Bundle {
	t.Helper()
	name := fmt.Sprintf("t_%d_%d", os.Getpid(), databases.Add(1))
	if _, err := h.admin.Exec(t.Context(), fmt.Sprintf("CREATE DATABASE %s OWNER %s %s", name, h.ownerName, option)); err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(func() { go h.drop(name) }) // it waits for connections to end: no test needs to
	return &Bundle{
		OwnerURL: onDatabase(h.ownerURL, name), WebURL: onDatabase(h.webURL, name),
		WorkURL: onDatabase(h.workURL, name), AdminURL: onDatabase(h.adminURL, name),
	}
}

// drop removes a database. What an ending process does not get done the next
// one does when it connects.
func (h *host) drop(name string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, _ = h.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}

func onDatabase(u, name string) string {
	p, err := url.Parse(u)
	if err != nil {
		return u
	}
	p.Path = "/" + name
	return p.String()
}

// host is the server with the roles that tests use.
type host struct {
	admin                               *pgxpool.Pool
	adminURL, ownerURL, webURL, workURL string
	ownerName                           string

	once        sync.Once
	name        string // of the template
	templateErr error
}

var theOnlyHost = sync.OnceValues(func() (*host, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	if u := os.Getenv("TEST_DATABASE_URL"); u != "" {
		return givenHost(ctx, u)
	}
	return privateHost(ctx)
})

func theHost(t testing.TB) *host {
	t.Helper()
	h, err := theOnlyHost()
	if err != nil {
		t.Fatalf("dbtest: no PostgreSQL to test on: %v", err)
	}
	return h
}
