package command

import (
	"strings"
	"testing"
)

func TestFindingAcknowledge(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.do("tenant", "create", "--tier", "distributor", "--name", "North")
	b.do("tenant", "create", "--tier", "customer", "--name", "Quay", "--parent", "north")
	b.do("contract", "apply", b.file("direct.yaml", "seller: north\nbuyer: quay\nname: Direct\nstarts: 2026-01\ncurrency: USD\nbasis: list\n"))
	b.do("import", "--tenant", "north", "--url", "file://"+b.file("march.csv", usageCSV("payer-1", "2026-03", "USD", "acc-1,Spot,1,80,0")))
	b.do("assign", "--account", "acc-1", "--customer", "quay", "--from", "2026-03")
	b.do("recalc", "--customer", "quay", "--period", "2026-03", "--reason", "test", "--wait")
	show := []string{"invoice", "show", "--seller", "north", "--buyer", "quay", "--period", "2026-03"}
	if text := b.text(show...); !strings.Contains(text, "Before it can be issued:") {
		t.Errorf("nothing blocks:\n%s", text)
	}
	words := []string{"finding", "acknowledge", "--seller", "north", "--buyer", "quay", "--period", "2026-03", "--code"}
	if a := b.try(append(words, "zero_basis", "--reason", " ")...); a.code != 2 {
		t.Errorf("no reason: exit code %d, want 2", a.code)
	}
	if a := b.try(append(words, "no_contract", "--reason", "x")...); a.code != 1 {
		t.Errorf("no such finding: exit code %d, want 1", a.code)
	}
	b.do(append(words, "zero_basis", "--customer", "quay", "--reason", "trial month")...).want("findings.0.acknowledged.reason", "trial month")
	text := b.text(show...)
	if strings.Contains(text, "Before it can be issued:") || !strings.Contains(text, "trial month") {
		t.Errorf("after it:\n%s", text)
	}
	b.do(show...).want("findings.0.code", "zero_basis")
}
