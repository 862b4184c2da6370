package db_test

import (
	"context"
	"testing"

	"tierbook/app/kernel/errs"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
)

func TestDB_Call(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	d := b.Tenant(t, scope.Distributor)
	acting := func(ctx context.Context) (tenant string) {
		t.Helper()
		if err := b.Web.Call(ctx, &tenant, "current_setting", "app.tenant", true); err != nil {
			t.Fatal(err)
		}
		return tenant
	}
	ctx := scope.With(t.Context(), d)
	if got := acting(ctx); got != "" {
		t.Errorf("outside a transaction it acts for %q", got)
	}
	for name, in := range map[string]func(context.Context, func(context.Context) error) error{"InTx": b.Web.InTx, "ReadTx": b.Web.ReadTx} {
		err := in(ctx, func(ctx context.Context) error {
			if got := acting(ctx); got != d.Tenant.String() {
				t.Errorf("in %s it acts for %q", name, got)
			}
			if err := b.Work.Call(ctx, new(string), "current_user"); errs.KindOf(err) != errs.Internal {
				t.Errorf("another role's pool in %s: %v", name, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if err := b.Web.Call(ctx, new(string), "no_such_function", 1); err == nil {
		t.Error("a function that is not there answers")
	}
}
