package tenancy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
)

const rightPassword = "correct horse"

// at sets the service's clock to an instant after now.
func (b *bundle) at(after time.Duration) { b.service.clock = clock.Fixed(now.Add(after)) }

// user makes a user of tenant with roles there.
func (b *bundle) user(t *testing.T, tenant Tenant, email string, roles ...string) User {
	t.Helper()
	u, err := b.service.CreateUser(as(t, tenant), CreateUserInput{Tenant: tenant.ID, Email: email, Name: "Ada", Password: rightPassword, Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (b *bundle) signIn(t *testing.T, email string) (Session, string) {
	t.Helper()
	s, token, err := b.service.SignIn(t.Context(), SignInInput{Email: email, Password: rightPassword, IP: "192.0.2.7", UserAgent: "Firefox"})
	if err != nil {
		t.Fatal(err)
	}
	return s, token
}

func TestService_SignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	u := b.user(t, a.r1, "ada@example.com", "finance", "admin")
	s, token, err := b.service.SignIn(t.Context(), SignInInput{Email: " ADA@Example.com", Password: rightPassword, IP: "::ffff:192.0.2.7", UserAgent: strings.Repeat("ü", 500)})
	if err != nil {
		t.Fatal(err)
	}
	want := scope.Scope{
		Tenant: a.r1.ID, Tree: a.d.ID, Tier: scope.Reseller, Request: "r-1",
		Actor: scope.Actor{User: u.ID, Name: "ada@example.com", Roles: []string{"admin", "finance"}},
	}
	if diff := cmp.Diff(want, s.Scope("r-1"), cmp.Comparer(func(a, b id.Tenant) bool { return a == b }), cmp.Comparer(func(a, b id.User) bool { return a == b })); diff != "" {
		t.Errorf("scope (-want +got):\n%s", diff)
	}
	if s.User.ID != u.ID || s.User.Tenant != a.r1.ID || s.User.Name != "Ada" || s.Tenant.Slug != "north" || s.Tenant.Name != "North" || !s.ExpiresAt.Equal(now.Add(30*24*time.Hour)) {
		t.Errorf("session %+v", s)
	}
	if again, err := b.service.Session(t.Context(), token); err != nil || again.ID != s.ID {
		t.Errorf("Session: %+v, %v", again, err)
	}
	list, err := b.service.Sessions(WithSession(t.Context(), s))
	if err != nil || len(list) != 1 || !list[0].Current || list[0].IP != "192.0.2.7" || list[0].UserAgent != strings.Repeat("ü", 200) {
		t.Errorf("Sessions: %+v, %v", list, err)
	}
	for name, bad := range map[string]string{"none": "", "foreign": strings.Repeat("A", len(token)), "its hash": fmt.Sprintf("%x", s.token), "longer": token + "A"} {
		if _, err := b.service.Session(t.Context(), bad); !errors.Is(err, ErrSignedOut) || errs.KindOf(err) != errs.Unauthenticated {
			t.Errorf("%s token: %v, want %v", name, err, ErrSignedOut)
		}
	}
}

func TestService_Invariant5_CredentialsTellNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	b.user(t, a.r1, "ada@example.com", "finance")
	b.user(t, a.r1, "gone@example.com", "finance")
	b.Exec(t, `UPDATE tenancy_users SET disabled_at = now() WHERE email = 'gone@example.com'`)
	for name, in := range map[string]SignInInput{
		"wrong password":  {Email: "ada@example.com", Password: "correct horsE"},
		"no password":     {Email: "ada@example.com"},
		"unknown address": {Email: "eve@example.com", Password: rightPassword},
		"no address":      {Password: rightPassword},
		"endless address": {Email: strings.Repeat("x", 5000) + "@example.com", Password: rightPassword},
		"disabled":        {Email: "gone@example.com", Password: rightPassword},
		"endless":         {Email: "ada@example.com", Password: strings.Repeat("x", 5000)},
	} {
		s, token, err := b.service.SignIn(t.Context(), in)
		if err == nil || err.Error() != ErrCredentials.Message || token != "" || !s.ID.IsZero() {
			t.Errorf("%s: %q, %v; want «%s»", name, token, err, ErrCredentials.Message)
		}
	}
}

func TestService_Invariant7_SessionsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	u := b.user(t, a.r1, "ada@example.com", "finance")
	ends := map[string]func(t *testing.T){
		"idle": func(*testing.T) { b.at(12*time.Hour + 2*time.Second) },
		"old": func(t *testing.T) {
			for h := 11 * time.Hour; h < 30*24*time.Hour; h += 11 * time.Hour { // busy all the time
				b.at(h)
				b.Exec(t, `UPDATE tenancy_sessions SET seen_at = $1`, now.Add(h))
			}
			b.at(30*24*time.Hour + time.Second)
		},
		"role revoked": func(t *testing.T) {
			if err := b.service.Revoke(as(t, a.r1), RoleInput{User: u.ID, Tenant: a.r1.ID, Role: "finance"}); err != nil {
				t.Fatal(err)
			}
		},
		"disabled":         func(t *testing.T) { b.Exec(t, `UPDATE tenancy_users SET disabled_at = now()`) },
		"tenant moved off": func(t *testing.T) { b.Exec(t, `UPDATE tenancy_users SET tenant_id = $1`, a.r2.ID.String()) },
	}
	for name, end := range ends {
		b.at(0)
		b.Exec(t, `UPDATE tenancy_users SET disabled_at = NULL, tenant_id = $1`, a.r1.ID.String())
		b.Exec(t, `INSERT INTO tenancy_user_roles VALUES ($1, $2, 'finance', now()) ON CONFLICT DO NOTHING`, u.ID.String(), a.r1.ID.String())
		_, token := b.signIn(t, u.Email)
		if _, err := b.service.Session(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		end(t)
		if _, err := b.service.Session(t.Context(), token); !errors.Is(err, ErrSignedOut) {
			t.Errorf("%s: %v, want %v", name, err, ErrSignedOut)
		}
	}
}

func TestService_SignIn_NeedsARole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	u := b.user(t, a.r1, "ada@example.com")
	if _, token, err := b.service.SignIn(t.Context(), SignInInput{Email: u.Email, Password: rightPassword}); !errors.Is(err, ErrNoAccess) || token != "" {
		t.Errorf("without a role: %v, want %v", err, ErrNoAccess)
	}
	// A role at a tenant that is not below the user's own counts for nothing.
	b.Exec(t, `INSERT INTO tenancy_user_roles VALUES ($1, $2, 'finance', now())`, u.ID.String(), a.c2.ID.String())
	if _, _, err := b.service.SignIn(t.Context(), SignInInput{Email: u.Email, Password: rightPassword}); !errors.Is(err, ErrNoAccess) {
		t.Errorf("with a role elsewhere: %v, want %v", err, ErrNoAccess)
	}
	if err := b.service.Grant(as(t, a.d), RoleInput{User: u.ID, Tenant: a.c1.ID, Role: "finance"}); err != nil {
		t.Fatal(err)
	}
	if s, _ := b.signIn(t, u.Email); s.Tenant.ID != a.c1.ID || s.Scope("").Tier != scope.Customer || s.User.Tenant != a.r1.ID {
		t.Errorf("acts as %+v, want the customer at which there is a role", s.Tenant)
	}
}

func TestService_Session_NotesLastUse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, b.tree(t, "Alpha").r1, "ada@example.com", "finance")
	_, token := b.signIn(t, "ada@example.com")
	for _, step := range []struct{ at, seen time.Duration }{{time.Minute, 0}, {61 * time.Second, 0}, {90 * time.Second, 61 * time.Second}, {13 * time.Hour, -1}} {
		b.at(step.at)
		s, err := b.service.Session(t.Context(), token)
		if step.seen < 0 {
			if !errors.Is(err, ErrSignedOut) {
				t.Errorf("after %s: %v, want %v", step.at, err, ErrSignedOut)
			}
			continue
		}
		if err != nil || !s.SeenAt.Equal(now.Add(step.seen)) {
			t.Errorf("after %s: seen %s, %v; want after %s", step.at, s.SeenAt, err, step.seen)
		}
	}
}

func TestService_OwnSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	b.user(t, a.r1, "ada@example.com", "finance")
	b.user(t, a.r1, "bob@example.com", "finance")
	first, _ := b.signIn(t, "ada@example.com")
	b.at(time.Minute)
	second, secondToken := b.signIn(t, "ada@example.com")
	third, thirdToken := b.signIn(t, "ada@example.com")
	bobs, bobsToken := b.signIn(t, "bob@example.com")
	ctx := WithSession(t.Context(), second)

	list, err := b.service.Sessions(ctx)
	got := slugs(list, func(s OwnSession) string { return s.ID.String() })
	if want := []string{second.ID.String(), third.ID.String(), first.ID.String()}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("Sessions: %v, %v; want %v", got, err, want)
	}
	for name, which := range map[string]id.Session{"somebody else's": bobs.ID, "unknown": id.New[id.Session]()} {
		if err := b.service.RevokeSession(ctx, which); !errors.Is(err, ErrSessionNotFound) {
			t.Errorf("end %s session: %v, want %v", name, err, ErrSessionNotFound)
		}
	}
	if err := b.service.RevokeSession(ctx, third.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.service.Session(t.Context(), thirdToken); !errors.Is(err, ErrSignedOut) {
		t.Errorf("the ended session: %v", err)
	}
	if err := b.service.SignOutEverywhere(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := b.service.Session(t.Context(), secondToken); !errors.Is(err, ErrSignedOut) {
		t.Errorf("signed out everywhere: %v", err)
	}
	if _, err := b.service.Session(t.Context(), bobsToken); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	for range 2 {
		if err := b.service.SignOut(t.Context(), bobsToken); err != nil {
			t.Error(err)
		}
	}
	if _, err := b.service.Session(t.Context(), bobsToken); !errors.Is(err, ErrSignedOut) {
		t.Errorf("signed out: %v", err)
	}
	if _, err := b.service.Sessions(t.Context()); !errors.Is(err, ErrSignedOut) {
		t.Errorf("nobody's sessions: %v", err)
	}
	trail := strings.Join(b.trail(t), "\n")
	for _, want := range []string{
		"user:" + second.User.ID.String() + ` tenancy.sign_in ada@example.com - {"ip": "192.0.2.7", "user_agent": "Firefox"}`,
		`tenancy.end_session ada@example.com - {"sessions_ended": 1}`, `tenancy.sign_out_everywhere ada@example.com - {"sessions_ended": 2}`,
	} {
		if !strings.Contains(trail, want) {
			t.Errorf("the audit trail lacks %s:\n%s", want, trail)
		}
	}
}

// fail tries a wrong password and returns how long to wait, 0 where it was
// tried.
func (b *bundle) fail(t *testing.T, email, ip string) time.Duration {
	t.Helper()
	_, _, err := b.service.SignIn(t.Context(), SignInInput{Email: email, Password: "wrong password", IP: ip})
	var throttled *ThrottledError
	switch {
	case errors.As(err, &throttled):
		if errs.KindOf(err) != errs.RateLimited || !errors.Is(err, ErrThrottled) || !strings.HasSuffix(err.Error(), inWords(throttled.Wait)+".") {
			t.Errorf("throttled: %v", err)
		}
		return throttled.RetryAfter()
	case !errors.Is(err, ErrCredentials):
		t.Fatalf("%s: %v", email, err)
	}
	return 0
}

func TestService_SignIn_ThrottlesAnAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	b.user(t, a.r1, "ada@example.com", "finance")
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		b.at(0)
		after := time.Duration(0)
		for n := range 5 {
			if wait := b.fail(t, email, fmt.Sprintf("192.0.2.%d", n)); wait != 0 {
				t.Fatalf("%s: attempt %d has to wait %s", email, n+1, wait)
			}
		}
		for _, pause := range []time.Duration{30, 60, 120, 240, 480, 900, 900} {
			pause *= time.Second
			if wait := b.fail(t, email, "198.51.100.1"); wait != pause {
				t.Errorf("%s: wait %s, want %s", email, wait, pause)
			}
			b.at(after + pause - time.Second)
			if wait := b.fail(t, email, "198.51.100.2"); wait == 0 {
				t.Errorf("%s: tried again before the pause of %s was over", email, pause)
			}
			after += pause
			b.at(after)
			if wait := b.fail(t, email, "198.51.100.3"); wait != 0 {
				t.Errorf("%s: has to wait %s more after %s", email, wait, pause)
			}
		}
		_, _, err := b.service.SignIn(t.Context(), SignInInput{Email: email, Password: rightPassword})
		if !errors.Is(err, ErrThrottled) {
			t.Errorf("%s: the right password in the pause: %v", email, err)
		}
	}
	b.at(5 * time.Hour) // long forgotten
	b.signIn(t, "ada@example.com")
	throttles := 0
	for _, event := range b.trail(t) {
		if strings.Contains(event, "tenancy.sign_in_throttled") {
			throttles++
			if !strings.Contains(event, "sign-in tenancy.sign_in_throttled ada@example.com - {\"ip\": ") {
				t.Error(event)
			}
		}
	}
	if throttles != 8 {
		t.Errorf("%d audit events of throttling, want one for each failure from the 5th on", throttles)
	}
}

func TestService_SignIn_SuccessSetsAnAddressFree(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, b.tree(t, "Alpha").r1, "ada@example.com", "finance")
	for range 5 {
		for range 4 {
			if wait := b.fail(t, "ada@example.com", ""); wait != 0 {
				t.Fatalf("has to wait %s", wait)
			}
		}
		b.signIn(t, "ada@example.com")
	}
}

func TestService_SignIn_ThrottlesANetwork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, b.tree(t, "Alpha").r1, "ada@example.com", "finance")
	for n := range 30 {
		if wait := b.fail(t, fmt.Sprintf("user%d@example.com", n), fmt.Sprintf("2001:db8::%x", n)); wait != 0 {
			t.Fatalf("attempt %d has to wait %s", n+1, wait)
		}
	}
	in := SignInInput{Email: "ada@example.com", Password: rightPassword, IP: "2001:db8::ffff"}
	if _, _, err := b.service.SignIn(t.Context(), in); !errors.Is(err, ErrThrottled) {
		t.Errorf("from the same network: %v, want %v", err, ErrThrottled)
	}
	in.IP = "2001:db8:0:1::1"
	if _, _, err := b.service.SignIn(t.Context(), in); err != nil {
		t.Errorf("from another network: %v", err)
	}
}

// An attempt counts before it is decided: many at once get no more tries.
func TestService_SignIn_ThrottlesAttemptsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, b.tree(t, "Alpha").r1, "ada@example.com", "finance")
	var tried sync.Map
	var wg sync.WaitGroup
	for n := range 24 {
		wg.Go(func() {
			_, _, err := b.service.SignIn(context.Background(), SignInInput{Email: "ada@example.com", Password: "wrong password", IP: fmt.Sprintf("192.0.2.%d", n%3)})
			tried.Store(n, err)
		})
	}
	wg.Wait()
	counts := map[errs.Kind]int{}
	tried.Range(func(_, err any) bool { counts[errs.KindOf(err.(error))]++; return true })
	if counts[errs.Unauthenticated] != 5 || counts[errs.RateLimited] != 19 {
		t.Errorf("answers %v, want 5 tries and 19 refusals", counts)
	}
}

// TestRowLevelSecurity_SessionsAndHashes asks PostgreSQL itself, as the web and
// the work role.
func TestRowLevelSecurity_SessionsAndHashes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	u := b.user(t, a.r1, "ada@example.com", "finance")
	s, token := b.signIn(t, "ada@example.com")
	for _, statement := range []string{
		`SELECT count(*) FROM tenancy_sessions`, `DELETE FROM tenancy_sessions`, `SELECT count(*) FROM tenancy_sign_in_attempts`,
		`UPDATE tenancy_sessions SET user_id = user_id`, `DELETE FROM tenancy_sign_in_attempts`,
		`SELECT max(password_hash) FROM tenancy_users`, `SELECT count(*) FROM tenancy_users WHERE password_hash > ''`, `SELECT * FROM tenancy_users`,
		`UPDATE tenancy_users SET email = email RETURNING password_hash`, `UPDATE tenancy_users SET tenant_id = tenant_id`,
		`SELECT tenancy_retry_at(1, 1, now())`, `SELECT set_config('app.maintain', 'on', true) FROM tenancy_sessions`,
	} {
		for name, d := range map[string]*db.DB{"web": b.Web, "work": b.Work} {
			err := d.InTx(as(t, a.d), func(ctx context.Context) error { return d.Gorm(ctx).Exec(statement).Error })
			if err == nil {
				t.Errorf("the %s role may %s", name, statement)
			}
		}
	}
	var n int
	err := b.Web.InTx(as(t, a.d), func(ctx context.Context) error {
		q := b.Web.Gorm(ctx).Exec(`SELECT set_config('app.maintain', 'on', true)`)
		return errors.Join(q.Error, b.Web.Gorm(ctx).Raw(`SELECT count(*) FROM tenancy_tenants WHERE tree_id <> ?`, a.d.ID).Scan(&n).Error)
	})
	if err != nil || n != 0 {
		t.Errorf("with app.maintain the web role sees %d tenants of other trees, %v", n, err)
	}
	for name, acting := range map[string]Tenant{"a sibling": a.r2, "a customer": a.c1} {
		err := b.Web.InTx(as(t, acting), func(ctx context.Context) error {
			ended, err := b.service.store.endSessionsOf(ctx, u.ID)
			if ended != 0 {
				t.Errorf("%s ends %d sessions", name, ended)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	var opened bool
	if err := b.Work.SystemTx(t.Context(), func(ctx context.Context) error {
		return b.Work.Call(ctx, &opened, "tenancy_session", s.token, now, now)
	}); err == nil {
		t.Error("the work role may ask for sessions")
	}
	if _, err := b.service.Session(t.Context(), token); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

func TestService_SignIn_SweepsUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(t, b.tree(t, "Alpha").r1, "ada@example.com", "finance")
	b.signIn(t, "ada@example.com")
	b.fail(t, "eve@example.com", "192.0.2.9")
	b.at(31 * 24 * time.Hour)
	b.signIn(t, "ada@example.com")
	for table, want := range map[string]int{"tenancy_sessions": 1, "tenancy_sign_in_attempts": 1} { // the attempts of the last one's network
		if got := b.rows(t, table); got != want {
			t.Errorf("%s: %d rows, want %d", table, got, want)
		}
	}
}
