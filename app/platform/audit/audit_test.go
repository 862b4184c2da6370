package audit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
)

type event struct {
	At                             time.Time
	OwnerTenant, ActingTenant      string
	Actor, RequestID               string
	Action, Subject, Before, After string
}

func events(t *testing.T, b *dbtest.Bundle, sc scope.Scope) []event {
	t.Helper()
	var out []event
	err := b.Web.ReadTx(scope.With(t.Context(), sc), func(ctx context.Context) error {
		return b.Web.Gorm(ctx).Raw(`SELECT at, owner_tenant::text, acting_tenant::text, actor, request_id, action, subject,
			coalesce(before::text, 'none') AS before, coalesce(after::text, 'none') AS after FROM audit_events ORDER BY at, id`).Scan(&out).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLog_Record(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	d := b.Tenant(t, scope.Distributor)
	r := b.Tenant(t, scope.Reseller, d)
	sibling := b.Tenant(t, scope.Reseller, d)
	now := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)
	log := audit.New(b.Web, clock.Fixed(now))
	d.Request = "request-1"
	ctx := scope.With(t.Context(), d)
	record := func(owner scope.Scope, before, after any) error {
		return b.Web.InTx(ctx, func(ctx context.Context) error {
			return log.Record(ctx, "tenancy.rename", "acme", owner.Tenant, before, after)
		})
	}
	var nothing *struct{}
	if err := record(r, nothing, map[string]string{"name": "Acme"}); err != nil {
		t.Fatal(err)
	}
	want := event{now, r.Tenant.String(), d.Tenant.String(), "dbtest", "request-1", "tenancy.rename", "acme", "none", `{"name": "Acme"}`}
	for name, sc := range map[string]scope.Scope{"acting": d, "owner": r} {
		if diff := cmp.Diff([]event{want}, events(t, b, sc)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := events(t, b, sibling); len(got) != 0 {
		t.Errorf("a sibling sees %+v", got)
	}

	t.Run("OwnerOutsideTheScopeIsRefused", func(t *testing.T) {
		other := b.Tenant(t, scope.Distributor)
		if err := record(other, nil, 1); err == nil {
			t.Error("wrote an event of another tree")
		}
	})
	t.Run("WithoutTransactionIsInternal", func(t *testing.T) {
		err := log.Record(ctx, "x.y", "z", d.Tenant, nil, nil)
		if err == nil || errs.KindOf(err) != errs.Internal {
			t.Errorf("got %v", err)
		}
	})
	t.Run("RolledBackIsNotThere", func(t *testing.T) {
		stop := errors.New("stop")
		err := b.Web.InTx(ctx, func(ctx context.Context) error {
			return errors.Join(log.Record(ctx, "x.y", "z", d.Tenant, 1, nil), stop)
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if got := events(t, b, d); len(got) != 1 {
			t.Errorf("%d events", len(got))
		}
	})
}
