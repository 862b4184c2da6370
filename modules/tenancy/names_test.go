package tenancy

import (
	"testing"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

func TestService_UserNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	above, own, below := b.user(t, a.d, "d@example.com"), b.user(t, a.r1, "r@example.com"), b.user(t, a.c1, "c@example.com")
	sibling := b.user(t, a.r2, "s@example.com")
	got, err := b.service.UserNames(as(t, a.r1), above.ID, own.ID, below.ID, sibling.ID, id.New[id.User]())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[own.ID] != "Ada" || got[below.ID] != "Ada" {
		t.Errorf("got %v, want those of the reseller and its customer", got)
	}
	if got, err := b.service.UserNames(as(t, a.r1)); err != nil || len(got) != 0 {
		t.Errorf("of nobody: %v, %v", got, err)
	}
	nobody := a.r1.System("test")
	nobody.Actor.Roles = []string{"nothing"}
	if _, err := b.service.UserNames(scope.With(t.Context(), nobody), own.ID); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("without a role: %v, want Forbidden", err)
	}
}
