package command

import (
	"bytes"
	"strings"
	"testing"
)

// text runs a command that must succeed without --json and returns what it
// prints.
func (b *books) text(args ...string) string {
	b.t.Helper()
	var out, errs bytes.Buffer
	e := &env{out: &out, err: &errs, load: b.load}
	if code := e.run(b.t.Context(), args); code != 0 {
		b.t.Fatalf("tierbook %s: exit code %d\n%s%s", strings.Join(args, " "), code, out.String(), errs.String())
	}
	return out.String()
}

func TestTenantList_ShowsParents(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	parents := map[string]string{"north": "", "fern": "north", "harbour": "fern", "quay": "fern"}
	list := b.do("tenant", "list").at("tenants")
	for i := range len(parents) {
		row := list.at(string(rune('0' + i)))
		row.want("parent", parents[row.get("slug")])
	}
	if text := b.text("tenant", "list"); !strings.Contains(text, "parent") {
		t.Errorf("no parents:\n%s", text)
	}
}

func TestAccounts_OfSeveralOwners(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	b.march()
	heading := func() string { line, _, _ := strings.Cut(b.text("accounts"), "\n"); return line }
	if h := heading(); strings.Contains(h, "owner") || strings.Contains(h, "distributor") || !strings.Contains(h, "assigned to") {
		t.Errorf("heading of one owner's accounts: %s", h)
	}

	path := b.file("fern.csv", usageCSV("payer-1", "2026-03", "USD", "acc-1,Compute,10,80,100"))
	warnings := b.do("import", "--tenant", "fern", "--url", "file://"+path).get("warnings")
	if !strings.Contains(warnings, "north already has payer payer-1 of aws in 2026-03; both now count.") {
		t.Errorf("no warning of what counts twice: %s", warnings)
	}
	if h := heading(); !strings.Contains(h, "owner") || strings.Contains(h, "distributor") {
		t.Errorf("heading of two owners' accounts: %s", h)
	}
	assign := []string{"assign", "--account", "acc-1", "--customer", "quay", "--from", "2026-03"}
	if a := b.try(assign...); a.code != 2 || !strings.Contains(a.stderr, "  owner: Say whose account") || strings.Contains(a.stderr, "provider: ") {
		t.Errorf("an account that two owners have: exit code %d, %s", a.code, a.stderr)
	}
	if text := b.text(append(assign, "--owner", "fern")...); !strings.HasPrefix(text, "Quay has account acc-1 from 2026-03.\n") {
		t.Errorf("assign prints %q", text)
	}

	b.do("tenant", "create", "--tier", "distributor", "--name", "South")
	b.do("import", "--tenant", "south", "--url", "file://"+path)
	if h := heading(); !strings.Contains(h, "distributor") {
		t.Errorf("heading of two trees' accounts: %s", h)
	}
	if text := b.text("accounts", "--unassigned"); !strings.Contains(text, "south") {
		t.Errorf("south is not named:\n%s", text)
	}
}
