package tenancy

import (
	"context"
	"errors"
	"strings"
	"testing"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

func TestWeakness(t *testing.T) {
	t.Parallel()
	for password, weak := range map[string]bool{
		"correct horse": false, "Tr0ub4dor&3 staple": false, "harbour lights at six": false, "日本語の合言葉はこれです": false,
		"elevenchars": true, "日本語の合言葉はこれ": true, strings.Repeat("a1b2c3 ", 200): true,
		"aaaaaaaaaaaa": true, "121212121212": true, "123456789012": true, "abcdefghijkl": true, "zyxwvutsrqponm": true,
		"password1234": true, "P4ssw0rd!!!!": true, "passwordpassword": true, "!!Welcome2026!!": true, "qwertyuiop12": true, "tierbook2026!": true,
		"adalovelace12": true, "ada@example.com": true, "Ada Lovelace!": true, "adaadaadaada99": true,
	} {
		if why := weakness(password, "ada@example.com", "Ada Lovelace"); (why != "") != weak {
			t.Errorf("%q: %q, weak %v", password, why, weak)
		}
	}
}

func TestService_ChangePassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, b.tree(t, "Alpha").r1, "ada@example.com", "finance")
	own, token := b.signIn(t, "ada@example.com")
	_, other := b.signIn(t, "ada@example.com")
	ctx := WithSession(t.Context(), own)
	for name, tt := range map[string]struct {
		in    ChangePasswordInput
		field string
	}{
		"wrong old": {ChangePasswordInput{Old: "correct horsE", New: "harbour lights at six"}, "old"},
		"short":     {ChangePasswordInput{Old: rightPassword, New: "short"}, "new"},
		"trivial":   {ChangePasswordInput{Old: rightPassword, New: "Password12345"}, "new"},
		"the same":  {ChangePasswordInput{Old: rightPassword, New: rightPassword}, "new"},
	} {
		err := b.service.ChangePassword(ctx, tt.in)
		e, ok := errors.AsType[*errs.Error](err)
		if !ok || e.Kind != errs.Invalid || e.Fields[tt.field] == "" {
			t.Errorf("%s: %v (%+v), want Invalid with %s", name, err, e, tt.field)
		}
	}
	if err := b.service.ChangePassword(t.Context(), ChangePasswordInput{Old: rightPassword, New: "harbour lights at six"}); !errors.Is(err, ErrSignedOut) {
		t.Errorf("without a session: %v", err)
	}
	if err := b.service.ChangePassword(ctx, ChangePasswordInput{Old: rightPassword, New: "harbour lights at six"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.service.Session(t.Context(), token); err != nil {
		t.Errorf("the session that changed it: %v", err)
	}
	if _, err := b.service.Session(t.Context(), other); !errors.Is(err, ErrSignedOut) {
		t.Errorf("another session: %v, want %v", err, ErrSignedOut)
	}
	if _, _, err := b.service.SignIn(t.Context(), SignInInput{Email: "ada@example.com", Password: rightPassword}); !errors.Is(err, ErrCredentials) {
		t.Errorf("the old password: %v", err)
	}
	if _, _, err := b.service.SignIn(t.Context(), SignInInput{Email: "ada@example.com", Password: "harbour lights at six"}); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if trail := strings.Join(b.trail(t), "\n"); !strings.Contains(trail, `user:`+own.User.ID.String()+` tenancy.change_password ada@example.com - {"sessions_ended": 1}`) {
		t.Errorf("audit trail:\n%s", trail)
	}
}

func TestService_ChangePassword_CannotBeUsedToGuess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, b.tree(t, "Alpha").r1, "ada@example.com", "finance")
	own, _ := b.signIn(t, "ada@example.com")
	var last error
	for range freeFailures + 1 {
		last = b.service.ChangePassword(WithSession(t.Context(), own), ChangePasswordInput{Old: "a guess of mine", New: "harbour lights at six"})
	}
	if !errors.Is(last, ErrThrottled) {
		t.Errorf("the 6th guess: %v, want %v", last, ErrThrottled)
	}
}

// The user's own account belongs to their own tenant, also while they act in
// another one.
func TestService_OwnAccount_WhileActingBelow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	u := b.user(t, a.r1, "ada@example.com")
	if err := b.service.Grant(as(t, a.r1), RoleInput{User: u.ID, Tenant: a.c1.ID, Role: "finance"}); err != nil {
		t.Fatal(err)
	}
	own, _ := b.signIn(t, u.Email)
	if own.Tenant.ID != a.c1.ID {
		t.Fatalf("acts as %s", own.Tenant.Slug)
	}
	ctx := WithSession(scope.With(t.Context(), own.Scope("r-1")), own)
	if err := b.service.ChangePassword(ctx, ChangePasswordInput{Old: rightPassword, New: "harbour lights at six"}); err != nil {
		t.Error(err)
	}
	err := b.Web.ReadTx(ctx, func(ctx context.Context) error { // as a page does
		list, err := b.service.Sessions(ctx)
		if len(list) != 1 {
			t.Errorf("Sessions: %v", list)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := b.service.SignOutEverywhere(ctx); err != nil {
		t.Error(err)
	}
}

func TestService_DisableUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	u := b.user(t, a.r1, "ada@example.com", "finance")
	_, token := b.signIn(t, "ada@example.com")
	ctx := as(t, a.d)
	for range 2 {
		if err := b.service.DisableUser(ctx, u.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := b.service.SignIn(t.Context(), SignInInput{Email: u.Email, Password: rightPassword}); !errors.Is(err, ErrCredentials) {
		t.Errorf("disabled: %v, want %v", err, ErrCredentials)
	}
	if got, err := b.service.User(ctx, " ADA@example.com"); err != nil || !got.DisabledAt.Equal(now) {
		t.Errorf("User: %+v, %v", got, err)
	}
	for range 2 {
		if err := b.service.EnableUser(ctx, u.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.service.Session(t.Context(), token); !errors.Is(err, ErrSignedOut) {
		t.Errorf("a session from before: %v, want %v", err, ErrSignedOut)
	}
	own, _ := b.signIn(t, u.Email)
	if err := b.service.SetPassword(ctx, SetPasswordInput{User: u.ID, Password: "password1234"}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a trivial password: %v", err)
	}
	if err := b.service.SetPassword(ctx, SetPasswordInput{User: u.ID, Password: "harbour lights at six"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.service.Sessions(WithSession(t.Context(), own)); err != nil {
		t.Error(err)
	}
	if _, _, err := b.service.SignIn(t.Context(), SignInInput{Email: u.Email, Password: "harbour lights at six"}); err != nil {
		t.Errorf("the new password: %v", err)
	}
	want := []string{
		`test tenancy.disable_user ada@example.com - {"sessions_ended": 1}`, `test tenancy.enable_user ada@example.com - {}`,
		`test tenancy.set_password ada@example.com - {"sessions_ended": 1}`,
	}
	trail := strings.Join(b.trail(t), "\n")
	for _, w := range want {
		if strings.Count(trail, w) != 1 {
			t.Errorf("%d × %s in:\n%s", strings.Count(trail, w), w, trail)
		}
	}
}

// person returns a context that acts as t's user in roles.
func person(t *testing.T, tenant Tenant, u id.User, roles ...string) context.Context {
	t.Helper()
	sc := tenant.System("")
	sc.Actor = scope.Actor{User: u, Name: "someone@example.com", Roles: roles}
	return scope.With(t.Context(), sc)
}

func TestService_Invariant8_GrantersHoldWhatTheyGrant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	u := b.user(t, a.r1, "ada@example.com")
	boss := b.user(t, a.r1, "boss@example.com", "admin")
	for name, tt := range map[string]struct {
		ctx  context.Context
		in   RoleInput
		want errs.Kind
	}{
		"held":                {person(t, a.r1, id.New[id.User](), "steward", "finance"), RoleInput{u.ID, a.r1.ID, "finance"}, 0},
		"not held":            {person(t, a.r1, id.New[id.User](), "steward", "viewer"), RoleInput{u.ID, a.r1.ID, "sales"}, errs.Forbidden},
		"admin by a steward":  {person(t, a.r1, id.New[id.User](), "steward"), RoleInput{u.ID, a.r1.ID, "admin"}, errs.Forbidden},
		"any, by an admin":    {person(t, a.r1, id.New[id.User](), "admin"), RoleInput{u.ID, a.r1.ID, "sales"}, 0},
		"from above":          {person(t, a.d, id.New[id.User](), "admin"), RoleInput{u.ID, a.c1.ID, "viewer"}, 0},
		"the system's":        {as(t, a.d), RoleInput{u.ID, a.r1.ID, "operator"}, errs.Invalid},
		"not at this tier":    {as(t, a.d), RoleInput{u.ID, a.c1.ID, "sales"}, errs.Invalid},
		"unheard of":          {as(t, a.d), RoleInput{u.ID, a.r1.ID, "emperor"}, errs.Invalid},
		"none":                {as(t, a.d), RoleInput{u.ID, a.r1.ID, ""}, errs.Invalid},
		"above the user":      {as(t, a.d), RoleInput{u.ID, a.d.ID, "finance"}, errs.Invalid},
		"beside the user":     {as(t, a.d), RoleInput{u.ID, a.c2.ID, "finance"}, errs.Invalid},
		"without permission":  {person(t, a.r1, id.New[id.User](), "finance"), RoleInput{u.ID, a.r1.ID, "finance"}, errs.Forbidden},
		"somebody else's own": {person(t, a.r2, id.New[id.User](), "admin"), RoleInput{u.ID, a.r2.ID, "finance"}, errs.NotFound},
	} {
		err := b.service.Grant(tt.ctx, tt.in)
		if (tt.want == 0) != (err == nil) || err != nil && errs.KindOf(err) != tt.want {
			t.Errorf("grant %s: %v, want %s", name, err, tt.want)
		}
	}
	steward := person(t, a.r1, id.New[id.User](), "steward")
	for name, err := range map[string]error{
		"disable":          b.service.DisableUser(steward, boss.ID),
		"set the password": b.service.SetPassword(steward, SetPasswordInput{User: boss.ID, Password: "harbour lights at six"}),
		"revoke":           b.service.Revoke(steward, RoleInput{boss.ID, a.r1.ID, "admin"}),
		"create an admin":  second(b.service.CreateUser(steward, CreateUserInput{Tenant: a.r1.ID, Email: "x@example.com", Name: "X", Password: rightPassword, Roles: []string{"admin"}})),
		"enable":           b.service.EnableUser(person(t, a.r1, id.New[id.User](), "viewer"), boss.ID),
	} {
		if errs.KindOf(err) != errs.Forbidden {
			t.Errorf("%s: %v, want Forbidden", name, err)
		}
	}
	for name, err := range map[string]error{
		"oneself":   b.service.DisableUser(person(t, a.r1, boss.ID, "admin"), boss.ID),
		"a sibling": b.service.DisableUser(as(t, a.r2), boss.ID), "below": b.service.DisableUser(as(t, a.c1), boss.ID),
	} {
		if want := map[bool]errs.Kind{true: errs.FailedPrecondition, false: errs.NotFound}[name == "oneself"]; errs.KindOf(err) != want {
			t.Errorf("disable %s: %v, want %s", name, err, want)
		}
	}
}
