package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tierbook/app/demo"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/dbtest"
	"tierbook/configs"
	"tierbook/modules/tenancy"
)

// The demo has somebody to sign in as for every role at every tier that the
// policy speaks of, and only such.
func TestDemo_HasEveryRoleAtEveryTier(t *testing.T) {
	t.Parallel()
	missing := map[string]bool{}
	for line := range strings.Lines(configs.RBACPolicy) {
		if f := strings.Split(strings.TrimSpace(line), ", "); len(f) == 5 && f[0] == "p" && f[2] != "*" {
			missing[f[1]+" at a "+f[2]] = true
		}
	}
	if len(missing) < 10 {
		t.Fatalf("the policy speaks of %v only", missing)
	}
	tiers := map[string]string{}
	for _, tenant := range demo.Tenants() {
		tiers[tenant.Slug] = tenant.Tier.String()
	}
	known := map[string]bool{}
	for place := range missing {
		known[place] = true
	}
	for _, u := range demo.Users() {
		place := u.Role + " at a " + tiers[u.Tenant]
		if !known[place] {
			t.Errorf("%s is %s, which the policy does not know", u.Email, place)
		}
		delete(missing, place)
	}
	for place := range missing {
		t.Errorf("nobody is %s", place)
	}
}

func TestDemoSignIns(t *testing.T) {
	t.Parallel()
	a := openOn(t, dbtest.New(t))
	steps := &demoSteps{app: a, dir: filepath.Join(a.Config.DataDir, "demo")}
	if got, err := a.DemoSignIns(); err != nil || len(got) != 0 {
		t.Errorf("before the demo: %v, %v", got, err)
	}
	if err := os.MkdirAll(steps.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tenant := range demo.Tenants() {
		if _, err := steps.CreateTenant(t.Context(), tenant); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time all are there
		for _, u := range demo.Users() {
			if err := steps.CreateUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := a.DemoSignIns()
	if err != nil || len(got) != len(demo.Users()) {
		t.Fatalf("%d sign-ins, %v; want %d", len(got), err, len(demo.Users()))
	}
	sessions := map[id.Session]bool{}
	for _, s := range got {
		session, _, err := a.Tenancy.SignIn(t.Context(), tenancy.SignInInput{Email: s.Email, Password: s.Password})
		if err != nil || session.User.Name != s.Name || session.Tenant.Name != s.Tenant || session.Tenant.Tier != s.Tier || session.Roles[0] != s.Role {
			t.Errorf("%s signs in as %+v, %v", s.Email, session, err)
		}
		sessions[session.ID] = true
	}
	if len(sessions) != len(got) {
		t.Errorf("%d sessions", len(sessions))
	}
	info, err := os.Stat(filepath.Join(steps.dir, signInsFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of passwords: %v, %v", info.Mode(), err)
	}
}
