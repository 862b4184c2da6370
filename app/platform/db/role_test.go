package db_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/platform/db"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
)

func TestOpen_RefusesTheWrongRole(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	for _, tt := range []struct {
		name string
		url  string
		role db.Role
		want string // in the sentence that says how to mend it; "": accepted
	}{
		{"OwnerAsOwner", b.OwnerURL, db.RoleOwner, ""},
		{"WebAsWeb", b.WebURL, db.RoleWeb, ""},
		{"WorkAsWork", b.WorkURL, db.RoleWork, ""},
		{"OwnerAsWeb", b.OwnerURL, db.RoleWeb, "owns Tierbook's tables"},
		{"OwnerAsWork", b.OwnerURL, db.RoleWork, "owns Tierbook's tables"},
		{"WorkAsWeb", b.WorkURL, db.RoleWeb, "NOBYPASSRLS"},
		{"WebAsWork", b.WebURL, db.RoleWork, "BYPASSRLS"},
		{"WebAsOwner", b.WebURL, db.RoleOwner, "GRANT CREATE"},
		{"SuperuserAsWeb", b.AdminURL, db.RoleWeb, "superuser"},
		{"SuperuserAsWork", b.AdminURL, db.RoleWork, "superuser"},
		{"Nonsense", "postgres://[", db.RoleWeb, "cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := db.Open(t.Context(), tt.url, tt.role, db.Options{})
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				d.Close()
				return
			}
			if errs.KindOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestOpen_StatementTimeout(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	d, err := db.Open(t.Context(), b.WebURL, db.RoleWeb, db.Options{StatementTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	began := time.Now()
	err = d.ReadTx(scope.With(t.Context(), b.Tenant(t, scope.Distributor)), func(ctx context.Context) error {
		return d.Gorm(ctx).Exec("SELECT pg_sleep(20)").Error
	})
	if err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("took %v: %v", time.Since(began), err)
	}
}
