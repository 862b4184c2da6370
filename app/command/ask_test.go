package command

import (
	"bytes"
	"strings"
	"testing"
)

// Passing through on a first edge discloses the cost: somebody at a terminal is
// asked, a script is told and goes on.
func TestContractApply_Warnings(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.do("tenant", "create", "--tier", "distributor", "--name", "North")
	b.do("tenant", "create", "--tier", "reseller", "--name", "Fern", "--parent", "north")
	contract := func(name, rest string) string {
		return b.file(name, "seller: north\nbuyer: fern\nname: Resale\nstarts: 2026-01\ncurrency: USD\nbasis: list\n"+rest)
	}
	pass := contract("pass.yaml", "missing: pass-through\ncovers: [{provider: aws}]\n")
	const sentence = "passed through to fern at what the provider bills"
	apply := func(answer string, asks bool, args ...string) (code int, stdout, stderr string) {
		t.Helper()
		var out, errs bytes.Buffer
		e := &env{in: strings.NewReader(answer), out: &out, err: &errs, load: b.load, ask: func() bool { return asks }}
		code = e.run(t.Context(), append([]string{"contract", "apply"}, args...))
		return code, out.String(), errs.String()
	}

	code, out, said := apply("n\n", true, pass)
	if code != 1 || !strings.Contains(said, sentence) || !strings.Contains(said, "[y/N]") || !strings.Contains(out, "Nothing was saved.") {
		t.Errorf("no: exit code %d, %q, %q", code, out, said)
	}
	if code, _, _ := apply("", true, pass); code != 1 {
		t.Errorf("end of input: exit code %d, want 1", code)
	}
	a := b.try("contract", "show", "north", "fern")
	if a.code == 0 {
		t.Fatalf("something was saved: %s", a.stdout)
	}

	got := b.do("contract", "apply", pass)
	got.want("outcome", "created")
	if w := got.get("warnings.0"); !strings.Contains(w, sentence) {
		t.Errorf("warnings: %q", w)
	}
	if code, out, said = apply("", true, pass); code != 0 || said != "" || !strings.Contains(out, "nothing to change") {
		t.Errorf("again: exit code %d, %q, %q", code, out, said)
	}
	if n := b.do("contract", "apply", contract("block.yaml", "")).len("warnings"); n != 0 {
		t.Errorf("%d warnings of a contract that blocks", n)
	}

	code, out, said = apply("", false, pass)
	if code != 0 || !strings.HasPrefix(said, "warning: ") || strings.Contains(said, "[y/N]") || !strings.Contains(out, "saved") {
		t.Errorf("a script: exit code %d, %q, %q", code, out, said)
	}
	b.do("contract", "apply", contract("block.yaml", ""))
	code, out, said = apply("Yes\n", true, pass)
	if code != 0 || strings.Count(said, "warning: ") != 1 || !strings.Contains(out, "saved") {
		t.Errorf("yes: exit code %d, %q, %q", code, out, said)
	}
}

// A mistake in the shape of a file does not hide those in its rules.
func TestContractApply_SaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	file := b.file("bad.yaml", "seller: north\nbuyer: fern\nname: Resale\nstarts: 2024-13\ncurrency: USD\nbasis: list\n"+
		"rules:\n  - {name: a, stage: price, then: lst}\n  - {name: b, stage: wrong, then: list}\n")
	got := b.try("contract", "apply", file)
	if got.code != 1 {
		t.Errorf("exit code %d", got.code)
	}
	for _, want := range []string{"bad.yaml:4:9: starts", `bad.yaml:8:35: rule "a", then: unknown name lst`, `bad.yaml:9:22: rule "b", stage`} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("nothing is said about %s in:\n%s", want, got.stderr)
		}
	}
}
