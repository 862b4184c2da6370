package usage

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/blob"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/jobs"
	"tierbook/app/platform/scope"
)

const accessModel = `
[request_definition]
r = role, tier, resource, action
[policy_definition]
p = role, tier, resource, action
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.role == p.role && (p.tier == "*" || r.tier == p.tier) && (p.resource == "*" || r.resource == p.resource) && (p.action == "*" || r.action == p.action)`

// now is when everything in the tests happens.
var now = time.Date(2026, 4, 3, 12, 0, 0, 0, time.UTC)

// bundle is a tree with two customers and a neighbour, and the service.
//
//	north (distributor)          south (distributor)
//	  east (reseller)              far (customer)
//	    harbour (customer)
//	  direct (customer)
type bundle struct {
	*Service
	db      *dbtest.Bundle
	objects *blob.Store
	dir     string // of the object store
	tenants tenantsFake
	module  *Module
	rating  *ratingFake

	north, east, harbour, direct, south, far scope.Scope
}

func setup(t testing.TB) *bundle {
	t.Helper()
	b := &bundle{db: dbtest.New(t), dir: t.TempDir(), tenants: tenantsFake{}}
	b.north = b.tenant(t, scope.Distributor, "north")
	b.east = b.tenant(t, scope.Reseller, "east", b.north)
	b.harbour = b.tenant(t, scope.Customer, "harbour", b.east)
	b.direct = b.tenant(t, scope.Customer, "direct", b.north)
	b.south = b.tenant(t, scope.Distributor, "south")
	b.far = b.tenant(t, scope.Customer, "far", b.south)
	var err error
	if b.objects, err = blob.Open(t.Context(), "file://"+b.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.objects.Close() })
	az, err := authz.New(accessModel, "p, operator, *, *, *\np, reader, *, usage, read")
	if err != nil {
		t.Fatal(err)
	}
	webJobs, err := jobs.NewEnqueuer(b.db.Web)
	if err != nil {
		t.Fatal(err)
	}
	workJobs, err := jobs.NewEnqueuer(b.db.Work)
	if err != nil {
		t.Fatal(err)
	}
	b.rating = &ratingFake{}
	b.module = New(Deps{
		WebJobs: webJobs, WorkJobs: workJobs, Rating: b.rating,
		Web: b.db.Web, Work: b.db.Work, Objects: b.objects, Authz: az, Clock: clock.Fixed(now),
		Tenants: b.tenants, WorkTenants: b.tenants, TempDir: t.TempDir(),
		Sources: Sources{NeverDirs: []string{b.dir}},
		Providers: []Provider{
			{Key: "aws", Names: []string{"AWS"}, Publishers: []string{"Amazon Web Services*"}},
			{Key: "azure", Names: []string{"Microsoft", "Microsoft Azure"}},
			{Key: "gcp", Names: []string{"Google Cloud"}, Publishers: []string{"Google"}},
		},
	})
	b.Service = b.module.Service
	return b
}

func (b *bundle) tenant(t testing.TB, tier scope.Tier, slug string, parent ...scope.Scope) scope.Scope {
	t.Helper()
	sc := b.db.NamedTenant(t, tier, slug, parent...)
	x := tenantFake{Tenant: Tenant{ID: sc.Tenant, Slug: slug, Name: strings.ToUpper(slug), Tree: sc.Tree, Tier: tier}}
	if len(parent) > 0 {
		x.parent = parent[0].Tenant
	}
	b.tenants[sc.Tenant] = x
	return sc
}

// as returns a context that acts in sc.
func as(t testing.TB, sc scope.Scope) context.Context {
	t.Helper()
	return scope.With(t.Context(), sc)
}

// load imports a path for owner and fails the test if that fails.
func (b *bundle) load(t testing.TB, owner scope.Scope, path string) ImportResult {
	t.Helper()
	r, err := b.Import(as(t, owner), ImportInput{Owner: owner.Tenant, URL: "file://" + path, AnyFile: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ratingFake notes what is to be rated again, as «acting assignee month».
type ratingFake struct {
	mu      sync.Mutex
	asked   []Stale
	reasons []string
	as      []id.Tenant
	fail    error
}

func (f *ratingFake) Rerate(ctx context.Context, assignee id.Tenant, month period.Month, reason string) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	f.asked, f.as, f.reasons = append(f.asked, Stale{assignee, month}), append(f.as, sc.Tenant), append(f.reasons, reason)
	return nil
}

// rated returns what billing was asked for, as «slug month».
func (b *bundle) rated() []string {
	b.rating.mu.Lock()
	defer b.rating.mu.Unlock()
	var out []string
	for _, x := range b.rating.asked {
		out = append(out, b.slugOf(x.Assignee)+" "+x.Month.String())
	}
	return out
}

// tenantFake is a tenant whose parent never changes.
type tenantFake struct {
	Tenant
	parent id.Tenant
}

type tenantsFake map[id.Tenant]tenantFake

var errNoTenant = errs.New(errs.NotFound, "test.no_tenant", "There is no such tenant.")

func (f tenantsFake) isBelow(ancestor, t id.Tenant) bool {
	for ; !t.IsZero(); t = f[t].parent {
		if t == ancestor {
			return true
		}
	}
	return false
}

func (f tenantsFake) Tenant(ctx context.Context, t id.Tenant) (Tenant, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return Tenant{}, err
	}
	if !f.isBelow(sc.Tenant, t) {
		return Tenant{}, errNoTenant
	}
	out := f[t].Tenant
	out.Distributor = f[out.Tree].Slug
	return out, nil
}

func (f tenantsFake) Tenants(ctx context.Context) ([]Tenant, error) {
	var out []Tenant
	for k := range f {
		if t, err := f.Tenant(ctx, k); err == nil {
			out = append(out, t)
		}
	}
	return out, nil
}

func (f tenantsFake) Named(ctx context.Context, ts []id.Tenant) (map[id.Tenant]Tenant, error) {
	out := map[id.Tenant]Tenant{}
	for _, k := range ts {
		if t, err := f.Tenant(ctx, k); err == nil {
			out[k] = t
		}
	}
	return out, nil
}

func (f tenantsFake) Some(ctx context.Context, text string, limit int) ([]Tenant, error) {
	all, err := f.Tenants(ctx)
	var out []Tenant
	for _, t := range all {
		if len(out) < limit && (strings.Contains(t.Slug, strings.ToLower(text)) || strings.Contains(t.Name, strings.ToUpper(text))) {
			out = append(out, t)
		}
	}
	return out, err
}

func (f tenantsFake) Called(ctx context.Context, slug string) (Tenant, error) {
	all, err := f.Tenants(ctx)
	for _, t := range all {
		if t.Slug == slug {
			return t, err
		}
	}
	return Tenant{}, errNoTenant
}

func (f tenantsFake) IsBelow(ctx context.Context, ancestor, t id.Tenant, _ period.Months) (bool, error) {
	if _, err := f.Tenant(ctx, t); err != nil {
		return false, err
	}
	return f.isBelow(ancestor, t), nil
}

// cur is a small legacy report.
type cur struct {
	header []string
	rows   [][]string
}

var curHeader = []string{
	"bill/PayerAccountId", "lineItem/UsageAccountId", "bill/BillingPeriodStartDate", "lineItem/UsageStartDate", "lineItem/UsageEndDate",
	"lineItem/LineItemType", "lineItem/CurrencyCode", "lineItem/UsageAmount", "lineItem/UnblendedCost", "pricing/publicOnDemandCost", "product/ProductName", "resourceTags/user:env",
}

// line adds a line of usage: account, billing month, first and last day of what
// is charged, and its cost.
func (c *cur) line(account, month, from, to, cost string) *cur {
	return c.typed("Usage", account, month, from, to, cost)
}

func (c *cur) typed(itemType, account, month, from, to, cost string) *cur {
	c.rows = append(c.rows, []string{"999", account, month + "-01T00:00:00Z", from + "T00:00:00Z", to + "T00:00:00Z", itemType, "USD", "1", cost, cost, "Amazon EC2", "prod"})
	return c
}

func (c *cur) text() string {
	header := c.header
	if header == nil {
		header = curHeader
	}
	var b strings.Builder
	b.WriteString(strings.Join(header, ",") + "\n")
	for _, r := range c.rows {
		b.WriteString(strings.Join(r, ",") + "\n")
	}
	return b.String()
}

// file writes text into a file of its own and returns its path.
func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.FromSlash(name))
	write(t, path, text)
	return path
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if strings.HasSuffix(path, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		text = b.String()
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func month(t testing.TB, s string) period.Month {
	t.Helper()
	m, err := period.ParseMonth(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
