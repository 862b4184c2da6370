package tenancy

import (
	"slices"
	"strings"
	"testing"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
)

func TestPassword(t *testing.T) {
	t.Parallel()
	quick := argonParams{memoryKiB: 64, passes: 1, threads: 1}
	hash := hashPassword("correct horse", quick)
	if again := hashPassword("correct horse", quick); again == hash {
		t.Error("two hashes of one password are equal: no salt")
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("hash %q does not carry its parameters", hash)
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horsf": false, "": false} {
		if got, err := verifyPassword(hash, password); err != nil || got != want {
			t.Errorf("verify %q: %v, %v; want %v", password, got, err, want)
		}
	}
	strong := hashPassword("correct horse", argonDefault)
	if ok, err := verifyPassword(strong, "correct horse"); err != nil || !ok {
		t.Errorf("default parameters: %v, %v", ok, err)
	}
	for _, bad := range []string{
		"", "plain", "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5", "$argon2id$v=19$m=64,t=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5",
		strings.Replace(hash, "m=64", "m=999999999", 1), strings.Replace(hash, "t=1", "t=0", 1), hash[:len(hash)-30], hash + "!",
	} {
		if ok, err := verifyPassword(bad, "correct horse"); err == nil || ok {
			t.Errorf("hash %q was accepted", bad)
		}
	}
}

func TestService_RolesStayInScope(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	u, err := b.service.CreateUser(as(t, a.d), CreateUserInput{Tenant: a.r1.ID, Email: "Ada@Example.COM", Name: " Ada ", Password: "correct horse", Roles: []string{"finance", "admin", "finance"}})
	if err != nil {
		t.Fatal(err)
	}
	roles, err := b.service.Roles(as(t, a.r1), u.ID)
	if want := []Role{{a.r1.ID, "admin"}, {a.r1.ID, "finance"}}; err != nil || !slices.Equal(roles, want) {
		t.Errorf("Roles: %v, %v; want %v", roles, err, want)
	}
	for name, err := range map[string]error{
		"roles of a foreign user":  second(b.service.Roles(as(t, a.r2), u.ID)),
		"roles of an unknown user": second(b.service.Roles(as(t, a.r2), id.New[id.User]())),
		"grant to a foreign user":  b.service.Grant(as(t, a.r2), RoleInput{User: u.ID, Tenant: a.r2.ID, Role: "admin"}),
		"grant at a foreign one":   b.service.Grant(as(t, a.r1), RoleInput{User: u.ID, Tenant: a.r2.ID, Role: "admin"}),
	} {
		if errs.KindOf(err) != errs.NotFound {
			t.Errorf("%s: %v, want NotFound", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestService_CreateUser_Refuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	good := CreateUserInput{Tenant: a.c1.ID, Email: "c@example.com", Name: "C", Password: "correct horse"}
	if _, err := b.service.CreateUser(as(t, a.r1), good); err != nil {
		t.Fatal(err)
	}
	named := good
	named.Roles = []string{"new"} // stands in no address
	if err := named.Validate(); err != nil {
		t.Errorf("a role called new: %v", err)
	}
	for name, tt := range map[string]struct {
		change func(*CreateUserInput)
		want   errs.Kind
	}{
		"same address":   {func(in *CreateUserInput) { in.Tenant = a.r1.ID }, errs.Conflict},
		"no address":     {func(in *CreateUserInput) { in.Email = "" }, errs.Invalid},
		"a name with it": {func(in *CreateUserInput) { in.Email = "C <x@example.com>" }, errs.Invalid},
		"no name":        {func(in *CreateUserInput) { in.Name = " " }, errs.Invalid},
		"short password": {func(in *CreateUserInput) { in.Password = "short" }, errs.Invalid},
		"odd role":       {func(in *CreateUserInput) { in.Roles = []string{"A B"} }, errs.Invalid},
	} {
		in := good
		tt.change(&in)
		if _, err := b.service.CreateUser(as(t, a.r1), in); errs.KindOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}
