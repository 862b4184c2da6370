package tenancy

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
)

// The policy of these tests: an operator may everything, an admin everything of
// tenancy, a steward gives roles, the others read.
const (
	testModel = `[request_definition]
r = role, tier, res, act
[policy_definition]
p = role, tier, res, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = (p.role == "*" || p.role == r.role) && (p.tier == "*" || p.tier == r.tier) && (p.res == "*" || p.res == r.res) && (p.act == "*" || p.act == r.act)
`
	testPolicy = `p, operator, *, *, *
p, admin, *, tenancy, *
p, steward, *, tenancy, users_write
p, steward, *, tenancy, roles_write
p, finance, *, tenancy, read
p, sales, reseller, tenancy, read
p, viewer, *, tenancy, read
`
)

var now = time.Date(2026, 4, 2, 10, 0, 0, 0, time.UTC)

type bundle struct {
	*dbtest.Bundle
	service *Service
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := dbtest.New(t)
	a, err := authz.New(testModel, testPolicy)
	if err != nil {
		t.Fatal(err)
	}
	m := New(Deps{DB: b.Web, Operator: b.Work, Authz: a, Audit: audit.New(b.Web, clock.Fixed(now)), Clock: clock.Fixed(now)})
	m.Service.argon = argonParams{memoryKiB: 64, passes: 1, threads: 1}
	return &bundle{Bundle: b, service: m.Service}
}

// as returns a context that acts as t in the role operator.
func as(t *testing.T, tenant Tenant) context.Context {
	t.Helper()
	return scope.With(t.Context(), tenant.System("test"))
}

// create makes a tenant below parent, which acts; a distributor acts itself.
func (b *bundle) create(t *testing.T, tier scope.Tier, name string, parent Tenant) Tenant {
	t.Helper()
	ctx := t.Context()
	if tier != scope.Distributor {
		ctx = as(t, parent)
	}
	out, err := b.service.Create(ctx, CreateInput{Tier: tier, Name: name, Parent: parent.ID})
	if err != nil {
		t.Fatalf("create %s: %v", name, err)
	}
	return out
}

// tree is a distributor with two resellers and a customer of each, and a
// customer of its own.
type tree struct{ d, r1, r2, c1, c2, direct Tenant }

func (b *bundle) tree(t *testing.T, name string) tree {
	t.Helper()
	d := b.create(t, scope.Distributor, name, Tenant{})
	r1 := b.create(t, scope.Reseller, "North", d)
	r2 := b.create(t, scope.Reseller, "South", d)
	return tree{
		d: d, r1: r1, r2: r2,
		c1:     b.create(t, scope.Customer, "Acme", r1),
		c2:     b.create(t, scope.Customer, "Acme", r2),
		direct: b.create(t, scope.Customer, "Direct", d),
	}
}

func slugs[T any](list []T, slug func(T) string) []string {
	out := make([]string, len(list))
	for i, one := range list {
		out[i] = slug(one)
	}
	return out
}

func TestService_Invariant1_TenantSeesItselfAndBelow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.tree(t, "Alpha"), b.tree(t, "Beta")
	unknown := Tenant{ID: id.New[id.Tenant](), Slug: "nobody"}
	for _, tt := range []struct {
		name        string
		acting      Tenant
		sees, hides []Tenant
	}{
		{"distributor", a.d, []Tenant{a.d, a.r1, a.r2, a.c1, a.c2, a.direct}, []Tenant{other.d, other.r1, other.c1, unknown}},
		{"reseller", a.r1, []Tenant{a.r1, a.c1}, []Tenant{a.d, a.r2, a.c2, a.direct, other.d, other.r1, other.c1, unknown}},
		{"customer", a.c1, []Tenant{a.c1}, []Tenant{a.d, a.r1, a.r2, a.c2, a.direct, other.c1, unknown}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := as(t, tt.acting)
			month := period.MonthOf(now)
			list, err := b.service.List(ctx)
			if err != nil || len(list) != len(tt.sees) {
				t.Errorf("List: %d tenants, %v; want %d", len(list), err, len(tt.sees))
			}
			below, err := b.service.Descendants(ctx, month)
			if err != nil || len(below) != len(tt.sees) {
				t.Errorf("Descendants: %d tenants, %v; want %d", len(below), err, len(tt.sees))
			}
			for _, one := range tt.sees {
				if got, err := b.service.Get(ctx, one.ID); err != nil || got.Slug != one.Slug {
					t.Errorf("Get %s: %v, %v", one.Slug, got, err)
				}
				if got, err := b.service.Find(ctx, one.Slug); err != nil || got.ID != one.ID {
					t.Errorf("Find %s: %v, %v", one.Slug, got, err)
				}
				if _, err := b.service.Chain(ctx, tt.acting.ID, one.ID, month); err != nil {
					t.Errorf("Chain to %s: %v", one.Slug, err)
				}
			}
			for _, one := range tt.hides {
				refused := map[string]error{}
				_, refused["Get"] = b.service.Get(ctx, one.ID)
				_, refused["Chain"] = b.service.Chain(ctx, tt.acting.ID, one.ID, month)
				_, refused["Chain from"] = b.service.Chain(ctx, one.ID, tt.acting.ID, month)
				refused["Place"] = b.service.Place(ctx, PlaceInput{Tenant: one.ID, Parent: tt.acting.ID})
				refused["Place under"] = b.service.Place(ctx, PlaceInput{Tenant: tt.acting.ID, Parent: one.ID})
				_, refused["Create under"] = b.service.Create(ctx, CreateInput{Tier: scope.Customer, Name: "X", Parent: one.ID})
				_, refused["CreateUser"] = b.service.CreateUser(ctx, CreateUserInput{Tenant: one.ID, Email: "x@example.com", Name: "X", Password: "correct horse"})
				for what, err := range refused {
					if err == nil || !strings.HasSuffix(err.Error(), ErrNotFound.Message) || errs.KindOf(err) != errs.NotFound {
						t.Errorf("%s %s: %v, want «%s»", what, one.Slug, err, ErrNotFound.Message)
					}
				}
			}
		})
	}
	t.Run("SiblingsHaveSlugsOfTheirOwn", func(t *testing.T) {
		t.Parallel()
		if got := []string{a.c1.Slug, a.c2.Slug, other.c1.Slug, other.c2.Slug}; !cmp.Equal(got, []string{"acme", "acme-2", "acme", "acme-2"}) {
			t.Errorf("slugs %v", got)
		}
	})
}

// TestRowLevelSecurity_Invariant1 asks PostgreSQL itself, past the store.
func TestRowLevelSecurity_Invariant1(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.tree(t, "Alpha"), b.tree(t, "Beta")
	if _, err := b.service.CreateUser(as(t, a.d), CreateUserInput{Tenant: a.c1.ID, Email: "c@example.com", Name: "C", Password: "correct horse", Roles: []string{"finance"}}); err != nil {
		t.Fatal(err)
	}
	count := func(t *testing.T, sc scope.Scope, table string) (n int) {
		t.Helper()
		if err := b.Web.ReadTx(scope.With(t.Context(), sc), func(ctx context.Context) error {
			return b.Web.Gorm(ctx).Raw("SELECT count(*) FROM " + table).Scan(&n).Error
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, tt := range []struct {
		name  string
		scope scope.Scope
		want  map[string]int
	}{
		{"Own", a.r1.System("x"), map[string]int{"tenancy_tenants": 2, "tenancy_parents": 1, "tenancy_closure": 2, "tenancy_users": 1, "tenancy_user_roles": 1}},
		{"Sibling", a.r2.System("x"), map[string]int{"tenancy_tenants": 2, "tenancy_parents": 1, "tenancy_closure": 2, "tenancy_users": 0, "tenancy_user_roles": 0}},
		{"ForeignTree", other.d.System("x"), map[string]int{"tenancy_tenants": 6, "tenancy_parents": 5, "tenancy_closure": 6, "tenancy_users": 0, "tenancy_user_roles": 0}},
		{"Nobody", Tenant{ID: id.New[id.Tenant]()}.System("x"), map[string]int{"tenancy_tenants": 0, "tenancy_parents": 0, "tenancy_closure": 0, "tenancy_users": 0, "tenancy_user_roles": 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for table, want := range tt.want {
				if got := count(t, tt.scope, table); got != want {
					t.Errorf("%s: %d rows, want %d", table, got, want)
				}
			}
		})
	}
	t.Run("ClosureRefusesWhatOthersHave", func(t *testing.T) {
		t.Parallel()
		for name, grab := range map[string][2]Tenant{
			"upstream": {a.d, a.r1}, "sibling": {a.r2, a.r1}, "sibling's customer": {a.c2, a.r1}, "another tree": {other.c1, a.r1},
		} {
			err := b.Web.InTx(as(t, a.r1), func(ctx context.Context) error {
				return b.Web.Gorm(ctx).Exec("SELECT tenancy_extend_closure(?, ?, '(,)')", grab[0].ID, grab[1].ID).Error
			})
			if err == nil {
				t.Errorf("%s: taken", name)
			}
		}
		if n := count(t, a.r1.System("x"), "tenancy_closure"); n != 2 {
			t.Errorf("%d rows in the reseller's closure, want 2", n)
		}
	})
}

func TestService_Invariant3_SlugsAreUnique(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.create(t, scope.Distributor, "Große Wolke & Söhne", Tenant{})
	if d.Slug != "grosse-wolke-and-soehne" || d.Path() != "grosse-wolke-and-soehne/grosse-wolke-and-soehne" {
		t.Errorf("slug %q, path %q", d.Slug, d.Path())
	}
	if again := b.create(t, scope.Distributor, "Große Wolke & Söhne", Tenant{}); again.Slug != d.Slug+"-2" {
		t.Errorf("second distributor's slug %q", again.Slug)
	}
	_, err := b.service.Create(t.Context(), CreateInput{Tier: scope.Distributor, Name: "X", Slug: d.Slug})
	if errs.KindOf(err) != errs.Conflict {
		t.Errorf("a distributor's slug twice: %v, want a Conflict", err)
	}
	r := b.create(t, scope.Reseller, "Nord", d)
	_, err = b.service.Create(as(t, r), CreateInput{Tier: scope.Customer, Name: "X", Slug: d.Slug, Parent: r.ID})
	if errs.KindOf(err) != errs.Conflict {
		t.Errorf("the distributor's slug in its own tree: %v, want a Conflict", err)
	}
	if c := b.create(t, scope.Customer, "Große Wolke & Söhne", r); c.Slug != d.Slug+"-2" {
		t.Errorf("customer's slug %q", c.Slug)
	}
}

func TestSlugOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Acme": "acme", "  ACME, Inc. ": "acme-inc", "Łódź": "lodz", "東京": "tenant", "a--b": "a-b", "Möbel": "moebel",
		"O’Neill": "oneill", "3 Mile": "3-mile", "New": "tenant", "New & Co": "new-and-co", strings.Repeat("a", 300): strings.Repeat("a", maxName),
	} {
		if got := slugOf(name); got != want || !isSlug(got) {
			t.Errorf("slugOf(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestService_Invariant4_ParentsAreAbove(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	for name, in := range map[string]CreateInput{
		"reseller under reseller":    {Tier: scope.Reseller, Name: "X", Parent: a.r1.ID},
		"reseller under customer":    {Tier: scope.Reseller, Name: "X", Parent: a.c1.ID},
		"customer under customer":    {Tier: scope.Customer, Name: "X", Parent: a.c1.ID},
		"distributor under somebody": {Tier: scope.Distributor, Name: "X", Parent: a.d.ID},
		"reseller under nobody":      {Tier: scope.Reseller, Name: "X"},
		"no tier":                    {Name: "X", Parent: a.d.ID},
		"no name":                    {Tier: scope.Customer, Name: " ", Parent: a.d.ID},
		"slug of a form":             {Tier: scope.Customer, Name: "X", Slug: "new", Parent: a.d.ID},
		"bad slug":                   {Tier: scope.Customer, Name: "X", Slug: "A B", Parent: a.d.ID},
		"no months":                  {Tier: scope.Customer, Name: "X", Parent: a.d.ID, Months: period.Months{From: month("2026-03"), To: month("2026-01")}},
	} {
		if _, err := b.service.Create(as(t, a.d), in); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
	}
	if err := b.service.Place(as(t, a.d), PlaceInput{Tenant: a.c1.ID, Parent: a.r2.ID, Months: period.Months{From: month("2026-01")}}); errs.KindOf(err) != errs.Conflict {
		t.Errorf("a second parent: %v, want a Conflict", err)
	}
	if err := b.service.Place(as(t, a.d), PlaceInput{Tenant: a.d.ID, Parent: a.d.ID}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a distributor under itself: %v, want Invalid", err)
	}
}

func month(s string) period.Month {
	m, err := period.ParseMonth(s)
	if err != nil {
		panic(err)
	}
	return m
}

func TestService_Resolve(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.tree(t, "Alpha"), b.tree(t, "Beta")
	for name, want := range map[string]Tenant{"alpha": a.d, "beta/north": other.r1, "alpha/alpha": a.d, "alpha/acme-2": a.c2, "alpha/direct": a.direct} {
		if got, err := b.service.Resolve(t.Context(), name); err != nil || got.ID != want.ID || got.Distributor == "" {
			t.Errorf("Resolve(%q) = %+v, %v; want %+v", name, got, err, want)
		}
	}
	for _, name := range []string{"nobody", "alpha/nobody", "beta/alpha", "", "/", "alpha/"} {
		if _, err := b.service.Resolve(t.Context(), name); errs.KindOf(err) != errs.NotFound {
			t.Errorf("Resolve(%q): %v, want NotFound", name, err)
		}
	}
	_, err := b.service.Resolve(t.Context(), "acme")
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "alpha/acme, beta/acme") {
		t.Errorf("Resolve(acme): %v, want Invalid naming both", err)
	}
	trees, err := b.service.Trees(t.Context())
	if got := slugs(trees, Tenant.Path); err != nil || !cmp.Equal(got, []string{"alpha/alpha", "beta/beta"}) {
		t.Errorf("Trees: %v, %v", got, err)
	}
	b.service.operator = nil
	if _, err := b.service.Trees(t.Context()); errs.KindOf(err) != errs.Internal {
		t.Errorf("Trees without the work role: %v, want Internal", err)
	}
}

func TestService_NeedsPermission(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	viewer := a.d.System("test")
	viewer.Actor.Roles = []string{"viewer"}
	ctx := scope.With(t.Context(), viewer)
	if _, err := b.service.List(ctx); err != nil {
		t.Errorf("List: %v", err)
	}
	refused := map[string]error{"Place": b.service.Place(ctx, PlaceInput{Tenant: a.c1.ID, Parent: a.r1.ID})}
	_, refused["Create"] = b.service.Create(ctx, CreateInput{Tier: scope.Customer, Name: "X", Parent: a.r1.ID})
	_, refused["Create a distributor"] = b.service.Create(ctx, CreateInput{Tier: scope.Distributor, Name: "X"})
	_, refused["CreateUser"] = b.service.CreateUser(ctx, CreateUserInput{Tenant: a.c1.ID, Email: "c@example.com", Name: "C", Password: "correct horse"})
	_, refused["Roles"] = b.service.Roles(ctx, id.New[id.User]())
	refused["Grant"] = b.service.Grant(ctx, RoleInput{User: id.New[id.User](), Tenant: a.c1.ID, Role: "finance"})
	for what, err := range refused {
		if errs.KindOf(err) != errs.Forbidden {
			t.Errorf("%s: %v, want Forbidden", what, err)
		}
	}
	if _, err := b.service.List(t.Context()); errs.KindOf(err) != errs.Internal {
		t.Errorf("List without a scope: %v, want Internal", err)
	}
}

// trail returns the audit events in order, as «action subject after».
func (b *bundle) trail(t *testing.T) (out []string) {
	t.Helper()
	if err := b.Work.SystemTx(t.Context(), func(ctx context.Context) error {
		return b.Work.Gorm(ctx).Raw(`SELECT actor || ' ' || action || ' ' || subject || ' ' || coalesce(before::text, '-') || ' ' || coalesce(after::text, '-')
			FROM audit_events ORDER BY id`).Scan(&out).Error
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestService_Invariant6_ChangesAreAudited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d, err := b.service.Create(t.Context(), CreateInput{Tier: scope.Distributor, Name: "Alpha", By: scope.Actor{Name: "cli:ada", Roles: []string{"operator"}}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.service.Create(as(t, d), CreateInput{Tier: scope.Customer, Name: "Acme", Parent: d.ID, Months: period.Months{From: month("2026-01"), To: month("2026-02")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.service.Place(as(t, d), PlaceInput{Tenant: c.ID, Parent: d.ID, Months: period.Months{From: month("2026-03")}}); err != nil {
		t.Fatal(err)
	}
	u, err := b.service.CreateUser(as(t, d), CreateUserInput{Tenant: c.ID, Email: "Bob@Example.com ", Name: "Bob", Password: "correct horse", Roles: []string{"finance"}})
	if err != nil {
		t.Fatal(err)
	}
	role := RoleInput{User: u.ID, Tenant: c.ID, Role: "admin"}
	for _, change := range []func(context.Context, RoleInput) error{b.service.Grant, b.service.Grant, b.service.Revoke, b.service.Revoke} {
		if err := change(as(t, d), role); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = b.service.CreateUser(as(t, d), CreateUserInput{Tenant: c.ID, Email: "bob@example.com", Name: "Bob", Password: "correct horse"})
	want := []string{
		`cli:ada tenancy.create_tenant alpha - {"name": "Alpha", "slug": "alpha", "tier": "distributor", "months": "always"}`,
		`test tenancy.create_tenant acme - {"name": "Acme", "slug": "acme", "tier": "customer", "months": "2026-01 to 2026-02", "parent": "alpha"}`,
		`test tenancy.place_tenant acme - {"name": "Acme", "slug": "acme", "tier": "customer", "months": "from 2026-03", "parent": "alpha"}`,
		`test tenancy.create_user bob@example.com - {"name": "Bob", "email": "bob@example.com", "roles": ["finance"], "tenant": "acme"}`,
		`test tenancy.grant_role bob@example.com - {"role": "admin", "tenant": "acme"}`,
		`test tenancy.revoke_role bob@example.com {"role": "admin", "tenant": "acme"} -`,
	}
	if diff := cmp.Diff(want, b.trail(t)); diff != "" {
		t.Errorf("audit trail (-want +got):\n%s", diff)
	}
}

// rows counts a table's rows past every policy.
func (b *bundle) rows(t *testing.T, table string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
