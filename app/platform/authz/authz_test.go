package authz_test

import (
	"context"
	"os"
	"testing"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/scope"
)

func shipped(t *testing.T) *authz.Authz {
	t.Helper()
	model, err := os.ReadFile("../../../configs/rbac_model.conf")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := os.ReadFile("../../../configs/rbac_policy.csv")
	if err != nil {
		t.Fatal(err)
	}
	a, err := authz.New(string(model), string(policy))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func acting(t *testing.T, tier scope.Tier, roles ...string) context.Context {
	t.Helper()
	sc := scope.Scope{Tenant: id.New[id.Tenant](), Tier: tier, Actor: scope.Actor{User: id.New[id.User](), Roles: roles}}
	return scope.With(t.Context(), sc)
}

// What the shipped policy says, role by role, where it matters most.
func TestAuthz_Need(t *testing.T) {
	t.Parallel()
	a := shipped(t)
	for _, tt := range []struct {
		tier scope.Tier
		role string
		perm authz.Permission
		want bool
	}{
		{scope.Distributor, "operator", "billing.reconcile", true},
		{scope.Customer, "operator", "anything.at_all", true},
		{scope.Distributor, "admin", "tenancy.roles_write", true},
		{scope.Reseller, "admin", "contracts.write", true},
		{scope.Reseller, "admin", "billing.reconcile", false},
		{scope.Customer, "admin", "contracts.read", false},
		{scope.Distributor, "finance", "billing.reconcile", true},
		{scope.Reseller, "finance", "contracts.preview", true},
		{scope.Reseller, "finance", "tenancy.write", false},
		{scope.Customer, "finance", "billing.recalculate", false},
		{scope.Distributor, "sales", "contracts.write", true},
		{scope.Distributor, "sales", "billing.recalculate", false},
		{scope.Reseller, "support", "usage.assign", true},
		{scope.Reseller, "support", "contracts.write", false},
		{scope.Distributor, "readonly", "contracts.read", true},
		{scope.Distributor, "readonly", "usage.import", false},
		{scope.Reseller, "billing_utilities_admin", "billing.recalculate", true},
		{scope.Reseller, "billing_utilities_admin", "contracts.read", false},
		{scope.Customer, "billing_utilities_admin", "billing.read", false},
		{scope.Distributor, "nobody", "billing.read", false},
		{scope.Distributor, "", "billing.read", false},
	} {
		ctx := acting(t, tt.tier, tt.role)
		err := a.Need(ctx, tt.perm)
		if (err == nil) != tt.want || a.Can(ctx, tt.perm) != tt.want {
			t.Errorf("%s %q, %s: %v, want %v", tt.tier, tt.role, tt.perm, err, tt.want)
		}
		if err != nil && errs.KindOf(err) != errs.Forbidden {
			t.Errorf("%s %q, %s: kind %v", tt.tier, tt.role, tt.perm, errs.KindOf(err))
		}
	}
}

func TestAuthz_Need_AnyRoleIsEnough(t *testing.T) {
	t.Parallel()
	a := shipped(t)
	if err := a.Need(acting(t, scope.Reseller, "readonly", "sales"), "contracts.write"); err != nil {
		t.Error(err)
	}
	if a.Can(acting(t, scope.Reseller), "contracts.read") {
		t.Error("an actor without roles may read")
	}
}

func TestAuthz_Need_WithoutScopeIsInternal(t *testing.T) {
	t.Parallel()
	if err := shipped(t).Need(t.Context(), "billing.read"); err == nil || errs.KindOf(err) != errs.Internal {
		t.Errorf("got %v", err)
	}
}

func TestNew_RefusesNonsense(t *testing.T) {
	t.Parallel()
	if _, err := authz.New("[nonsense", ""); err == nil {
		t.Error("accepted")
	}
}

func BenchmarkAuthz_Need(b *testing.B) {
	model, _ := os.ReadFile("../../../configs/rbac_model.conf")
	policy, _ := os.ReadFile("../../../configs/rbac_policy.csv")
	a, err := authz.New(string(model), string(policy))
	if err != nil {
		b.Fatal(err)
	}
	ctx := scope.With(b.Context(), scope.System(id.New[id.Tenant](), id.New[id.Tenant](), scope.Distributor, "bench"))
	for b.Loop() {
		if err := a.Need(ctx, "billing.read"); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAuthz_Knows(t *testing.T) {
	t.Parallel()
	a := shipped(t)
	for _, tt := range []struct {
		role string
		tier scope.Tier
		want bool
	}{
		{"sales", scope.Reseller, true},
		{"sales", scope.Customer, false},
		{"operator", scope.Customer, true},
		{"emperor", scope.Distributor, false},
		{"", scope.Distributor, false},
		{"*", scope.Distributor, false},
	} {
		if got := a.Knows(tt.role, tt.tier); got != tt.want {
			t.Errorf("%q at a %s: %v, want %v", tt.role, tt.tier, got, tt.want)
		}
	}
}

func TestAuthz_Exists(t *testing.T) {
	t.Parallel()
	a := shipped(t)
	for _, tt := range []struct {
		tier scope.Tier
		perm authz.Permission
		want bool
	}{
		{scope.Reseller, "billing.read_runs", true},
		{scope.Distributor, "billing.reconcile", true},
		{scope.Reseller, "billing.reconcile", false},
		{scope.Customer, "billing.read", true},
		{scope.Customer, "billing.read_runs", false},
		{scope.Customer, "contracts.read", false},
	} {
		if got := a.Exists(tt.tier, tt.perm); got != tt.want {
			t.Errorf("%s for a %s exists: %v", tt.perm, tt.tier, got)
		}
	}
}
