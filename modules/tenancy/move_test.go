package tenancy

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// sees says in which of the months acting has t below it.
func (b *bundle) sees(t *testing.T, acting, one Tenant, months ...string) (out []string) {
	t.Helper()
	for _, m := range months {
		below, err := b.service.Descendants(as(t, acting), month(m))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range below {
			if d.ID == one.ID {
				out = append(out, m)
			}
		}
	}
	return out
}

func TestService_Move_KeepsHistory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	months := []string{"2025-01", "2026-03", "2026-04", "2026-06", "2026-07", "2030-01"}
	move := func(parent Tenant, from string) {
		t.Helper()
		if err := b.service.Move(as(t, a.d), MoveInput{Tenant: a.c1.ID, Parent: parent.ID, From: month(from)}); err != nil {
			t.Fatalf("move to %s from %s: %v", parent.Slug, from, err)
		}
	}
	check := func(after string, want map[Tenant][]string) {
		t.Helper()
		for acting, in := range want {
			if got := b.sees(t, acting, a.c1, months...); !cmp.Equal(got, in) {
				t.Errorf("%s: %s sees the customer in %v, want %v", after, acting.Slug, got, in)
			}
		}
	}
	move(a.r2, "2026-04")
	check("moved", map[Tenant][]string{a.d: months, a.r1: months[:2], a.r2: months[2:]})
	move(a.r2, "2026-07")
	check("moved to where it is", map[Tenant][]string{a.d: months, a.r1: months[:2], a.r2: months[2:]})
	move(a.d, "2026-07")
	check("moved to the distributor", map[Tenant][]string{a.d: months, a.r1: months[:2], a.r2: months[2:4]})
	move(a.r1, "2026-07")
	check("moved elsewhere from the same month", map[Tenant][]string{a.d: months, a.r1: {"2025-01", "2026-03", "2026-07", "2030-01"}, a.r2: months[2:4]})
	chain, err := b.service.Chain(as(t, a.d), a.d.ID, a.c1.ID, month("2026-05"))
	if got := slugs(chain, func(t Tenant) string { return t.Slug }); err != nil || !cmp.Equal(got, []string{"alpha", "south", "acme"}) {
		t.Errorf("the chain of 2026-05: %v, %v", got, err)
	}
	want := []string{
		`test tenancy.move_tenant acme {"name": "Acme", "slug": "acme", "tier": "customer", "months": "always", "parent": "north"} {"name": "Acme", "slug": "acme", "tier": "customer", "months": "from 2026-04", "parent": "south"}`,
		`test tenancy.move_tenant acme {"name": "Acme", "slug": "acme", "tier": "customer", "months": "from 2026-04", "parent": "south"} {"name": "Acme", "slug": "acme", "tier": "customer", "months": "from 2026-07", "parent": "alpha"}`,
		`test tenancy.move_tenant acme {"name": "Acme", "slug": "acme", "tier": "customer", "months": "from 2026-07", "parent": "alpha"} {"name": "Acme", "slug": "acme", "tier": "customer", "months": "from 2026-07", "parent": "north"}`,
	}
	trail := b.trail(t)
	if diff := cmp.Diff(want, trail[len(trail)-3:]); diff != "" {
		t.Errorf("audit trail (-want +got):\n%s", diff)
	}
}

func TestService_Move_Refuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.tree(t, "Alpha"), b.tree(t, "Beta")
	ended, err := b.service.Create(as(t, a.d), CreateInput{Tier: scope.Customer, Name: "Ended", Parent: a.r1.ID, Months: period.Months{To: month("2026-02")}})
	if err != nil {
		t.Fatal(err)
	}
	from := month("2026-01")
	for name, tt := range map[string]struct {
		acting Tenant
		in     MoveInput
		want   errs.Kind
	}{
		"to another tree":          {a.d, MoveInput{a.c1.ID, other.r1.ID, from}, errs.NotFound},
		"from another tree":        {a.d, MoveInput{other.c1.ID, a.r1.ID, from}, errs.NotFound},
		"a sibling's, to oneself":  {a.r1, MoveInput{a.c2.ID, a.r1.ID, from}, errs.NotFound},
		"one's own, to a sibling":  {a.r1, MoveInput{a.c1.ID, a.r2.ID, from}, errs.NotFound},
		"one's own, upwards":       {a.r1, MoveInput{a.c1.ID, a.d.ID, from}, errs.NotFound},
		"oneself":                  {a.c1, MoveInput{a.c1.ID, a.r1.ID, from}, errs.NotFound},
		"under a customer":         {a.d, MoveInput{a.c1.ID, a.direct.ID, from}, errs.Invalid},
		"a reseller under another": {a.d, MoveInput{a.r1.ID, a.r2.ID, from}, errs.Invalid},
		"without a month":          {a.d, MoveInput{a.c1.ID, a.r2.ID, period.Month{}}, errs.Invalid},
		"where it has ended":       {a.d, MoveInput{ended.ID, a.r2.ID, from}, errs.FailedPrecondition},
		"one without a parent":     {a.d, MoveInput{ended.ID, a.r2.ID, month("2026-03")}, errs.FailedPrecondition},
		"the unknown":              {a.d, MoveInput{id.New[id.Tenant](), a.r2.ID, from}, errs.NotFound},
	} {
		if err := b.service.Move(as(t, tt.acting), tt.in); errs.KindOf(err) != tt.want || err == nil {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	viewer := a.d.System("test")
	viewer.Actor.Roles = []string{"viewer"}
	if err := b.service.Move(scope.With(t.Context(), viewer), MoveInput{a.c1.ID, a.r2.ID, from}); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("without permission: %v, want Forbidden", err)
	}
}

// A role lasts no longer than the tenant is below the user's own.
func TestService_Move_TakesRolesAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	u := b.user(t, a.r1, "ada@example.com")
	if err := b.service.Grant(as(t, a.r1), RoleInput{User: u.ID, Tenant: a.c1.ID, Role: "finance"}); err != nil {
		t.Fatal(err)
	}
	_, token := b.signIn(t, u.Email)
	for _, step := range []struct {
		to   Tenant
		from string
	}{{a.r2, "2026-05"}, {a.r1, "2026-05"}, {a.d, "2026-06"}} { // it is April
		if err := b.service.Move(as(t, a.d), MoveInput{Tenant: a.c1.ID, Parent: step.to.ID, From: month(step.from)}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.service.Session(t.Context(), token); err != nil {
			t.Errorf("moved to %s from %s: %v", step.to.Slug, step.from, err)
		}
	}
	b.at(31 * 24 * time.Hour) // May
	if _, token = b.signIn(t, u.Email); token == "" {
		t.Error("not below the user's tenant in May")
	}
	b.at(62 * 24 * time.Hour) // June
	if _, _, err := b.service.SignIn(t.Context(), SignInInput{Email: u.Email, Password: rightPassword}); !errors.Is(err, ErrNoAccess) {
		t.Errorf("in June: %v, want %v", err, ErrNoAccess)
	}
}

// TestRowLevelSecurity_NobodyMovesOthers asks PostgreSQL itself.
func TestRowLevelSecurity_NobodyMovesOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	before := b.storedClosure(t, a.d.ID)
	for name, tt := range map[string]struct {
		acting Tenant
		sql    string
		args   []any
	}{
		"the closure alone":    {a.d, `SELECT tenancy_move_closure(?, ?, '2026-01-01')`, []any{a.c1.ID, a.r2.ID}},
		"a sibling's customer": {a.r1, `SELECT tenancy_move_closure(?, ?, '2026-01-01')`, []any{a.c2.ID, a.r1.ID}},
		"nobody":               {Tenant{ID: id.New[id.Tenant]()}, `SELECT tenancy_move_closure(?, ?, '2026-01-01')`, []any{a.c1.ID, a.r1.ID}},
		"a tenant under nobody": {
			a.r1, `INSERT INTO tenancy_tenants (id, tree_id, tier, slug, name, created_at) VALUES (?, ?, 3, 'stray', 'Stray', now())`,
			[]any{id.New[id.Tenant](), a.d.ID},
		},
		"a reseller under nobody": {
			a.d, `INSERT INTO tenancy_tenants (id, tree_id, tier, slug, name, created_at) VALUES (?, ?, 2, 'stray', 'Stray', now())`,
			[]any{id.New[id.Tenant](), a.d.ID},
		},
	} {
		err := b.Web.InTx(as(t, tt.acting), func(ctx context.Context) error { return b.Web.Gorm(ctx).Exec(tt.sql, tt.args...).Error })
		if err == nil || !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s: %v, want to be refused", name, err)
		}
	}
	if diff := cmp.Diff(before, b.storedClosure(t, a.d.ID), cmp.Comparer(func(x, y closureRow) bool { return x == y })); diff != "" {
		t.Errorf("the closure changed:\n%s", diff)
	}
}
