package dbtest_test

import (
	"context"
	"fmt"
	"testing"

	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
)

func TestNew_DatabasesAreSeparate(t *testing.T) {
	t.Parallel()
	a, b := dbtest.New(t), dbtest.New(t)
	a.Tenant(t, scope.Distributor)
	count := func(b *dbtest.Bundle) (n int) {
		if err := b.Work.SystemTx(t.Context(), func(ctx context.Context) error {
			return b.Work.Gorm(ctx).Raw("SELECT count(*) FROM tenancy_tenants").Scan(&n).Error
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := [2]int{count(a), count(b)}; got != [2]int{1, 0} {
		t.Errorf("tenants in a and b: %v, want [1 0]", got)
	}
}

func TestTenant_SeesItselfAndBelow(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	d := b.Tenant(t, scope.Distributor)
	r := b.Tenant(t, scope.Reseller, d)
	c := b.NamedTenant(t, scope.Customer, "acme", r)
	for _, tt := range []struct {
		scope scope.Scope
		want  []string
	}{{d, []string{"acme", "d1", "r2"}}, {r, []string{"acme", "r2"}}, {c, []string{"acme"}}} {
		var got []string
		err := b.Web.ReadTx(scope.With(t.Context(), tt.scope), func(ctx context.Context) error {
			return b.Web.Gorm(ctx).Raw("SELECT slug FROM tenancy_tenants ORDER BY slug").Scan(&got).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(tt.want) {
			t.Errorf("%s sees %v, want %v", tt.scope.Tier, got, tt.want)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	dbtest.New(b)
	for b.Loop() {
		b.Run("", func(b *testing.B) { dbtest.New(b) })
	}
}

func TestBundle_CloneIsACopyOfItsOwn(t *testing.T) {
	t.Parallel()
	a := dbtest.New(t)
	a.Tenant(t, scope.Distributor)
	a.Close()
	b, c := a.Clone(t), a.Clone(t)
	b.NamedTenant(t, scope.Distributor, "second")
	slugs := func(b *dbtest.Bundle) (out []string) {
		if err := b.Work.SystemTx(t.Context(), func(ctx context.Context) error {
			return b.Work.Gorm(ctx).Raw("SELECT slug FROM tenancy_tenants ORDER BY slug").Scan(&out).Error
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got, want := fmt.Sprint(slugs(b), slugs(c)), "[d1 second] [d1]"; got != want {
		t.Errorf("tenants %s, want %s", got, want)
	}
}
