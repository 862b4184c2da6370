package command

import (
	"bytes"
	"strings"
	"testing"
)

// typed runs a command with text as its standard input.
func (b *books) typed(text string, args ...string) answer {
	b.t.Helper()
	var out, errs bytes.Buffer
	e := &env{in: strings.NewReader(text), out: &out, err: &errs, load: b.load}
	code := e.run(b.t.Context(), append(args, "--json"))
	return answer{b.t, args, code, out.String(), errs.String()}
}

func TestUser(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	create := []string{"user", "create", "--tenant", "fern", "--email", "Grace@Fern.example", "--name", "Grace Okafor", "--role", "finance"}
	made := b.do(create...)
	made.want("email", "grace@fern.example")
	if len(made.get("password")) < 20 {
		t.Errorf("the password %q is short", made.get("password"))
	}
	if a := b.try(create...); a.code != 1 || !strings.Contains(a.stderr, "already in use") {
		t.Errorf("twice: exit code %d, %s", a.code, a.stderr)
	}
	again := b.do("user", "password", "--email", "grace@fern.example")
	if p := again.get("password"); p == "" || p == made.get("password") {
		t.Errorf("the new password is %q", p)
	}
	if a := b.typed("harbour lights at six\n", "user", "password", "--email", "grace@fern.example", "--password-stdin"); a.code != 0 || strings.Contains(a.stdout, "lights") {
		t.Errorf("from standard input: exit code %d, %s%s", a.code, a.stdout, a.stderr)
	}
	for name, tt := range map[string]struct {
		stdin string
		args  []string
		code  int
		says  string
	}{
		"a trivial password": {"password1234\n", []string{"user", "password", "--email", "grace@fern.example", "--password-stdin"}, 2, "everybody tries first"},
		"no password":        {"", []string{"user", "password", "--email", "grace@fern.example", "--password-stdin"}, 2, "no password"},
		"nobody":             {"", []string{"user", "disable", "--email", "eve@fern.example"}, 1, `no user "eve@fern.example"`},
		"no role":            {"", []string{"user", "create", "--tenant", "fern", "--email", "x@fern.example", "--name", "X"}, 2, "--role"},
		"an unknown role":    {"", []string{"user", "create", "--tenant", "harbour", "--email", "x@fern.example", "--name", "X", "--role", "sales"}, 2, `no role "sales" at a customer`},
		"no tenant":          {"", []string{"user", "create", "--tenant", "birch", "--email", "x@fern.example", "--name", "X", "--role", "sales"}, 1, `no tenant "birch"`},
	} {
		if a := b.typed(tt.stdin, tt.args...); a.code != tt.code || !strings.Contains(a.stderr, tt.says) {
			t.Errorf("%s: exit code %d, %s", name, a.code, a.stderr)
		}
	}
	if text := b.text("user", "disable", "--email", "grace@fern.example"); text != "grace@fern.example is disabled.\n" {
		t.Errorf("disable prints %q", text)
	}
	if text := b.text("user", "enable", "--email", "grace@fern.example"); text != "grace@fern.example may sign in again.\n" {
		t.Errorf("enable prints %q", text)
	}
}

func TestTenantMove(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	b.do("tenant", "create", "--tier", "reseller", "--name", "Birch", "--parent", "north")
	if text := b.text("tenant", "move", "harbour", "--parent", "birch", "--from", "2026-01"); text != "Harbour stands under Birch from 2026-01 on.\n" {
		t.Errorf("move prints %q", text)
	}
	list := b.do("tenant", "list").at("tenants")
	for i := range 5 {
		if row := list.at(string(rune('0' + i))); row.get("slug") == "harbour" {
			row.want("parent", "birch")
		}
	}
	b.do("tenant", "move", "harbour", "--parent", "north/north", "--from", "2031-01").want("parent", "north")
	for name, tt := range map[string]struct {
		args []string
		code int
	}{
		"under a customer": {[]string{"harbour", "--parent", "quay", "--from", "2026-01"}, 1},
		"no month":         {[]string{"harbour", "--parent", "fern"}, 2},
		"nobody":           {[]string{"nobody", "--parent", "fern", "--from", "2026-01"}, 1},
		"before the last":  {[]string{"harbour", "--parent", "fern", "--from", "2026-01"}, 1},
	} {
		if a := b.try(append([]string{"tenant", "move"}, tt.args...)...); a.code != tt.code {
			t.Errorf("%s: exit code %d, want %d: %s", name, a.code, tt.code, a.stderr)
		}
	}
}
