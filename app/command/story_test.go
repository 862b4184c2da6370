package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStory_ThreeTiersFromImportToInvoice(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	b.march()
	b.recalc("harbour", "2026-03").want("status", "complete")
	b.recalc("quay", "2026-03").want("status", "complete")

	// list 102.5 + 50.25 = 152.75; × 0.9 = 137.475; fee 13.7475; exact 151.2225.
	up := b.do("invoice", "show", "--seller", "north", "--buyer", "fern", "--period", "2026-03")
	up.want("total", "151.22")
	up.want("currency", "USD")
	// cost 92.25 × 1.2 = 110.7.
	b.do("invoice", "show", "--seller", "fern", "--buyer", "harbour", "--period", "2026-03").want("total", "110.7")
	// cost 45.225 × 1.2 = 54.27.
	b.do("invoice", "show", "--seller", "fern", "--buyer", "quay", "--period", "2026-03").want("total", "54.27")

	r := b.do("reconcile", "--period", "2026-03")
	r.want("ok", "true")
	r.want("trees.0.imported", "128.12345678900000000001")
	r.want("trees.0.assigned", "121.12345678900000000001")
	r.want("trees.0.unassigned", "7")
	r.want("trees.0.difference", "0")
	r.want("trees.0.rows_quarantined", "0")
	for i := range r.len("trees.0.edges") {
		edge := r.at("trees.0.edges").at(string(rune('0' + i)))
		edge.want("buyer_costs", edge.get("seller_charges"))
	}

	b.do("accounts", "--unassigned").want("accounts.0.account", "acc-3")
}

func TestStory_ChangedRuleChangesTheInvoice(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	b.march()
	b.recalc("harbour", "2026-03")
	b.recalc("quay", "2026-03")
	text, err := os.ReadFile(filepath.Join(filepath.Dir(b.dir), "fern-harbour.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	b.apply("fern-harbour.yaml", strings.Replace(string(text), "cost * 1.2", "cost * 1.5", 1)).want("outcome", "saved")
	b.do("invoice", "show", "--seller", "fern", "--buyer", "harbour", "--period", "2026-03").want("total", "110.7")
	b.recalc("harbour", "2026-03")
	b.do("invoice", "show", "--seller", "fern", "--buyer", "harbour", "--period", "2026-03").want("total", "138.38")
	b.do("reconcile", "--period", "2026-03").want("ok", "true")
}

func TestStory_SameInputsSameHashInAnotherDataDirectory(t *testing.T) {
	t.Parallel()
	var hashes []string
	for range 2 {
		b := newBooks(t)
		b.channel()
		b.march()
		one := b.recalc("harbour", "2026-03")
		two := b.recalc("harbour", "2026-03")
		hashes = append(hashes, one.get("run.result_hash"), two.get("run.result_hash"))
	}
	for _, h := range hashes {
		if h != hashes[0] || h == "" {
			t.Fatalf("result hashes differ: %q", hashes)
		}
	}
}

func TestStory_FeeOfAMonthWithoutUsage(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	b.apply("north-fern.yaml", `
seller: north
buyer: fern
name: North to Fern
starts: 2026-01
currency: USD
basis: list
rules:
  - {name: base fee, stage: fee, then: 250}
  - {name: minimum, stage: fee, then: "minimum(spend, 100)"}
`)
	inv := b.do("invoice", "show", "--seller", "north", "--buyer", "fern", "--period", "2026-02")
	inv.want("total", "350")
	b.do("reconcile", "--period", "2026-02").want("ok", "true")
}

func TestStory_FeeOverTwoCustomersIsComputedOncePerContract(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	b.march()
	b.apply("north-fern.yaml", `
seller: north
buyer: fern
name: North to Fern
starts: 2026-01
currency: USD
basis: list
rules:
  - {name: flat, stage: fee, then: 1000}
  - {name: steps, stage: fee, then: "graduated(spend, [{up_to: 100, unit: 0.1}, {unit: 0.01}])"}
`)
	b.recalc("harbour", "2026-03")
	b.recalc("quay", "2026-03")
	b.recalc("harbour", "2026-03")
	// Lines 102.5 + 50.25; 1000 once; 10 + 0.5275 on the spend of both.
	inv := b.do("invoice", "show", "--seller", "north", "--buyer", "fern", "--period", "2026-03")
	inv.want("total", "1163.28")
}

func TestPrivatePostgreSQL_TwoDirectoriesSideBySide(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"North", "South"} {
		dir := filepath.Join(t.TempDir(), "data")
		var out, errs bytes.Buffer
		for _, args := range [][]string{
			{"tenant", "create", "--tier", "distributor", "--name", name},
			{"tenant", "list"},
			{"doctor"},
		} {
			out.Reset()
			if code := Run(t.Context(), append(args, "--data-dir", dir), &out, &errs); code != 0 {
				t.Fatalf("tierbook %s: exit code %d\n%s%s", strings.Join(args, " "), code, out.String(), errs.String())
			}
			if args[len(args)-1] == "list" && strings.Count(out.String(), "distributor") != 2 {
				t.Errorf("not one distributor, besides the heading:\n%s", out.String())
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "pg", "server", "data", "postmaster.pid")); err == nil {
			t.Error("PostgreSQL still runs after the last command")
		}
	}
}

// A planted error is done by plant and undone by mend.
type plantedError struct {
	name        string
	plant, mend func(b *books)
}

var plantedErrors = []plantedError{
	{
		"changed charge",
		func(b *books) {
			b.db.Exec(b.t, `UPDATE billing_charges SET amount = amount + 0.01 WHERE service = 'Storage'`)
		},
		func(b *books) {
			b.db.Exec(b.t, `UPDATE billing_charges SET amount = amount - 0.01 WHERE service = 'Storage'`)
		},
	},
	{
		"changed cost",
		func(b *books) {
			b.db.Exec(b.t, `UPDATE billing_charge_costs SET cost = cost - 0.01 WHERE service = 'Storage' AND supplier IS NULL`)
		},
		func(b *books) {
			b.db.Exec(b.t, `UPDATE billing_charge_costs SET cost = cost + 0.01 WHERE service = 'Storage' AND supplier IS NULL`)
		},
	},
	{
		"charges that cancel out",
		func(b *books) {
			b.db.Exec(b.t, `UPDATE billing_charges SET amount = amount + CASE service WHEN 'Storage' THEN 1 ELSE -1 END WHERE account = 'acc-1'`)
		},
		func(b *books) {
			b.db.Exec(b.t, `UPDATE billing_charges SET amount = amount - CASE service WHEN 'Storage' THEN 1 ELSE -1 END WHERE account = 'acc-1'`)
		},
	},
	{
		"changed fee",
		func(b *books) {
			b.db.Exec(b.t, `UPDATE billing_period_charges SET amount = amount + 1 WHERE stage = 'fee'`)
		},
		func(b *books) {
			b.db.Exec(b.t, `UPDATE billing_period_charges SET amount = amount - 1 WHERE stage = 'fee'`)
		},
	},
	{
		"removed segment",
		func(b *books) { b.eachSegment(func(path string) error { return os.Rename(path, path+".away") }) },
		func(b *books) {
			b.eachSegment(func(path string) error { return os.Rename(path, strings.TrimSuffix(path, ".away")) })
		},
	},
	{"altered segment", flipBit, flipBit},
	{
		"quarantined row",
		func(b *books) {
			path := b.file("bad.csv", usageCSV("payer-2", "2026-03", "USD", "acc-9,Compute,1,12x,1"))
			b.do("import", "--tenant", "north", "--url", "file://"+path).want("rows_quarantined", "1")
		},
		func(b *books) { b.do("import", "acknowledge", "--period", "2026-03", "--reason", "planted") },
	},
}

// flipBit changes one bit in the middle of every segment; twice changes
// nothing.
func flipBit(b *books) {
	b.eachSegment(func(path string) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		data[len(data)/2] ^= 1
		return os.WriteFile(path, data, 0o600)
	})
}

func TestReconcile_FindsPlantedErrors(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	b.march()
	b.recalc("harbour", "2026-03")
	b.recalc("quay", "2026-03")
	b.do("reconcile", "--period", "2026-03").want("ok", "true")
	for _, p := range plantedErrors {
		p.plant(b)
		a := b.try("reconcile", "--period", "2026-03")
		if a.code != 1 {
			t.Errorf("%s: exit code %d, want 1\n%s%s", p.name, a.code, a.stdout, a.stderr)
		}
		r := a.object()
		r.want("ok", "false")
		if r.len("trees.0.findings") == 0 {
			t.Errorf("%s: no finding says why", p.name)
		}
		p.mend(b)
		b.do("reconcile", "--period", "2026-03").want("ok", "true")
	}
}

func (b *books) eachSegment(do func(path string) error) {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.dir, "objects", "segments", "*", "*.parquet*"))
	if err != nil || len(files) == 0 {
		b.t.Fatalf("no segments: %v", err)
	}
	for _, f := range files {
		if err := do(f); err != nil {
			b.t.Fatal(err)
		}
	}
}

func TestImport_QuarantinedRowsCountUntilAcknowledged(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.do("tenant", "create", "--tier", "distributor", "--name", "North")
	path := b.file("bad.csv", usageCSV("payer-1", "2026-03", "USD", "acc-1,Compute,1,5,6", "acc-1,Compute,1,1.2.3,6"))
	b.do("import", "--tenant", "north", "--url", "file://"+path).want("rows_quarantined", "1")
	q := b.do("usage", "quarantine")
	q.want("rows.0.row", "2")
	q.want("rows.0.column", "BilledCost")
	q.want("rows.0.value", "1.2.3")
	if a := b.try("reconcile", "--period", "2026-03"); a.code != 1 {
		t.Errorf("exit code %d before anybody took note, want 1", a.code)
	}
	b.do("import", "acknowledge", "--period", "2026-03", "--reason", "test row").want("rows", "1")
	b.do("reconcile", "--period", "2026-03").want("ok", "true")
}

func TestRecalc_RuleErrorsPublishNothing(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	b.march()
	b.recalc("harbour", "2026-03")
	before := b.do("invoice", "show", "--seller", "fern", "--buyer", "harbour", "--period", "2026-03")
	contract := `
seller: fern
buyer: harbour
name: Fern to harbour
starts: 2026-01
currency: USD
basis: cost
rules:
  - {name: broken, stage: price, then: "THEN"}
`
	for expr, want := range map[string]string{
		"cost *":        "broken.yaml:9:",
		"cots * 2":      "cots",
		"billed * 1.1":  "cost",
		"service * 1.1": "text",
	} {
		a := b.try("contract", "apply", b.file("broken.yaml", strings.Replace(contract, "THEN", expr, 1)))
		if a.code != 1 || !strings.Contains(a.stderr, want) || !strings.Contains(a.stderr, "broken") {
			t.Errorf("%s: exit code %d, %s; want the rule and %q in the message", expr, a.code, a.stderr, want)
		}
	}
	b.apply("broken.yaml", strings.Replace(contract, "THEN", "cost / (quantity - 3.5)", 1))
	a := b.try("recalc", "--customer", "harbour", "--period", "2026-03", "--reason", "test", "--wait")
	if a.code != 1 {
		t.Fatalf("exit code %d, want 1\n%s%s", a.code, a.stdout, a.stderr)
	}
	job := a.object()
	job.want("status", "failed")
	if e := job.get("error"); !strings.Contains(e, "broken") || !strings.Contains(e, "zero") {
		t.Errorf("error %q names neither the rule nor the reason", e)
	}
	after := b.do("invoice", "show", "--seller", "fern", "--buyer", "harbour", "--period", "2026-03")
	after.want("total", before.get("total"))
}

func TestRecalc_OtherCurrencyFails(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	path := b.file("eur.csv", usageCSV("payer-1", "2026-03", "EUR", "acc-1,Compute,10,80,100"))
	b.do("import", "--tenant", "north", "--url", "file://"+path)
	b.do("assign", "--account", "acc-1", "--customer", "harbour", "--from", "2026-01")
	a := b.try("recalc", "--customer", "harbour", "--period", "2026-03", "--reason", "test", "--wait")
	job := a.object()
	for _, word := range []string{"acc-1", "EUR", "USD"} {
		if a.code != 1 || !strings.Contains(job.get("error"), word) {
			t.Errorf("exit code %d, error %q does not name %s", a.code, job.get("error"), word)
		}
	}
}

func TestCommand_WrongUsageIsExitCode2(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	b.march()
	march := "file://" + filepath.Join(filepath.Dir(b.dir), "march.csv")
	for _, args := range [][]string{
		{"nonsense"},
		{"tenant"},
		{"tenant", "create"},
		{"tenant", "create", "--tier", "king", "--name", "X"},
		{"tenant", "create", "--tier", "distributor", "--name", "X", "--slug", "Bad Slug!"},
		{"recalc", "--customer", "x", "--period", "March", "--reason", "y"},
		{"recalc", "--customer", "harbour", "--period", "2026-03", "--reason", "  "},
		{"import", "--tenant", "north", "--url", march, "--format", "bogus"},
		{"import", "--tenant", "north", "--url", "ftp://example.org/x"},
		{"import", "acknowledge", "--period", "2026-03", "--reason", "  "},
		{"assign", "--account", "acc-3", "--customer", "harbour", "--from", "2026-03", "--to", "2026-02"},
		{"contract", "apply"},
		{"reconcile", "extra", "--period", "2026-03"},
		{"bench", "rating", "--lines", "-5"},
		{"bench", "rating", "--lines", "999"},
		{"bench", "rating", "--rules", "0"},
	} {
		if a := b.try(args...); a.code != 2 {
			t.Errorf("tierbook %s: exit code %d, want 2: %s", strings.Join(args, " "), a.code, a.stderr)
		}
	}
	for _, args := range [][]string{
		{"import", "--tenant", "north", "--url", "file:///nowhere/at/all.csv"},
		{"contract", "apply", b.file("empty.yaml", "")},
		{"recalc", "--customer", "nobody", "--period", "2026-03", "--reason", "y"},
	} {
		if a := b.try(args...); a.code != 1 {
			t.Errorf("tierbook %s: exit code %d, want 1: %s", strings.Join(args, " "), a.code, a.stderr)
		}
	}
}

func TestRulesEval_ExpressionsThatBeginWithAMinus(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	for want, args := range map[string][]string{
		"-5":   {"rules", "eval", "-5"},
		"-2.5": {"rules", "eval", "-billed / 2", "--line", `{"billed": "5"}`},
		"3":    {"rules", "eval", "--line", "{}", "1 + 2"},
	} {
		b.do(args...).want("value", want)
	}
	if text := b.text("rules", "eval", "--", "-7"); text != "-7\n" {
		t.Errorf("behind --: %q", text)
	}
	if a := b.try("rules", "eval", "-5", "-6"); a.code != 2 {
		t.Errorf("two expressions: exit code %d, want 2", a.code)
	}
}

func TestImport_FileURLWithOneSlash(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	path := b.file("small.csv", usageCSV("payer-1", "2026-03", "USD", "acc-1,Compute,10,80,100"))
	b.do("import", "--tenant", "north", "--url", "file:"+path).want("rows_stored", "1")
}

func TestCommand_SaysEachSentenceOnce(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	a := b.try("tenant", "create", "--tier", "distributor", "--name", "X", "--slug", "Bad Slug!")
	if n := strings.Count(a.stderr, "A slug consists"); n != 1 {
		t.Errorf("%d times:\n%s", n, a.stderr)
	}
}
