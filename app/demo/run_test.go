package demo

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// fakeSteps remembers what it was asked for.
type fakeSteps struct {
	tenants map[string]bool
	calls   map[string]int
	fail    string // step that fails, once
	lose    int64  // rows that an import loses
}

func newFakeSteps() *fakeSteps {
	return &fakeSteps{tenants: map[string]bool{}, calls: map[string]int{}}
}

var errFake = errors.New("fails on purpose")

func (f *fakeSteps) did(step string) error {
	f.calls[step]++
	if f.fail == step {
		f.fail = ""
		return errFake
	}
	return nil
}

func (f *fakeSteps) CreateTenant(_ context.Context, t Tenant) (bool, error) {
	created := !f.tenants[t.Slug]
	f.tenants[t.Slug] = true
	return created, f.did("tenant")
}

func (f *fakeSteps) CreateUser(context.Context, User) error { return f.did("user") }

func (f *fakeSteps) Import(_ context.Context, in Import, progress func(int64)) (int64, error) {
	progress(in.Rows / 2)
	return in.Rows - f.lose, f.did("import")
}

func (f *fakeSteps) Assign(context.Context, Assignment) error { return f.did("assign") }

func (f *fakeSteps) ApplyContract(context.Context, string, []byte) error { return f.did("contract") }

func (f *fakeSteps) Recalculate(_ context.Context, list []Recalculation, progress func(int)) error {
	progress(len(list))
	return f.did("recalculate")
}

func (f *fakeSteps) Summary(_ context.Context, _ string, m period.Month) (Reconciliation, error) {
	n := decimal.NewFromInt
	return Reconciliation{
		Month: m, Currency: "USD", OK: true, Imported: n(100), Assigned: n(90), OwnUse: n(4), Unassigned: n(6),
		Edges: []EdgeTotal{
			{Seller: harbour, Buyer: alder, Cost: n(95), Price: n(110), Margin: n(15)},
			{Seller: meridian, Buyer: harbour, Cost: n(80), Price: n(95), Margin: n(15)},
			{Seller: meridian, Buyer: granite, Cost: n(10), Price: n(12), Margin: n(2)},
		},
		Tiers: []TierTotal{
			{Tier: scope.Distributor, Cost: n(90), Price: n(107), Margin: n(17)},
			{Tier: scope.Reseller, Cost: n(98), PeriodCost: n(3), Price: n(110), Margin: n(12)},
		},
	}, f.did("summary")
}

// lastStep remembers each step's last report.
type lastStep map[string][2]int64

func (l lastStep) Step(name string, done, total int64) { l[name] = [2]int64{done, total} }

func options(dir string) Options { return Options{Lines: 5000, Months: 3, Now: november, Dir: dir} }

func TestRun_TellsItOnce(t *testing.T) {
	t.Parallel()
	steps, dir, heard := newFakeSteps(), t.TempDir(), lastStep{}
	first, err := Run(t.Context(), steps, options(dir), heard)
	if err != nil {
		t.Fatal(err)
	}
	if !first.Fresh || len(first.Months) != 3 || len(steps.tenants) != 10 || steps.calls["import"] != 4 {
		t.Errorf("fresh %v, %d months, calls %v", first.Fresh, len(first.Months), steps.calls)
	}
	for _, name := range []string{stepGenerate, stepTenants, stepImport, stepAssign, stepContracts, stepRecalculate, stepReconcile} {
		if got := heard[name]; got[0] != got[1] || got[1] == 0 {
			t.Errorf("%s ended at %d of %d", name, got[0], got[1])
		}
	}
	steps.calls = map[string]int{}
	second, err := Run(t.Context(), steps, Options{Dir: dir, Now: november.Add(2)}, Silent{})
	if err != nil {
		t.Fatal(err)
	}
	if second.Fresh || second.Options != first.Options {
		t.Errorf("the second run made %v anew, with %+v", second.Fresh, second.Options)
	}
	if steps.calls["import"]+steps.calls["contract"]+steps.calls["recalculate"] != 0 {
		t.Errorf("the second run did %v", steps.calls)
	}
}

func TestRun_GoesOnWhereItWasInterrupted(t *testing.T) {
	t.Parallel()
	steps, dir := newFakeSteps(), t.TempDir()
	steps.fail = "contract"
	if _, err := Run(t.Context(), steps, options(dir), Silent{}); !errors.Is(err, errFake) {
		t.Fatalf("error %v, want the step's", err)
	}
	heard := lastStep{}
	r, err := Run(t.Context(), steps, options(dir), heard)
	if err != nil || !r.Fresh {
		t.Fatalf("fresh %v, %v", r.Fresh, err)
	}
	if _, again := heard[stepGenerate]; again {
		t.Error("the exports were written twice")
	}
}

func TestRun_AnotherDatabaseGetsAllOfIt(t *testing.T) {
	t.Parallel()
	dir, steps := t.TempDir(), newFakeSteps()
	if _, err := Run(t.Context(), newFakeSteps(), options(dir), Silent{}); err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), steps, options(dir), Silent{})
	if err != nil || !r.Fresh || steps.calls["import"] != 4 {
		t.Errorf("fresh %v, calls %v, %v", r.Fresh, steps.calls, err)
	}
}

func TestRun_RefusesOtherOptions(t *testing.T) {
	t.Parallel()
	dir, steps := t.TempDir(), newFakeSteps()
	if _, err := Run(t.Context(), steps, options(dir), Silent{}); err != nil {
		t.Fatal(err)
	}
	other := options(dir)
	other.Seed = 99
	if _, err := Run(t.Context(), steps, other, Silent{}); !errors.Is(err, ErrOtherDemo) {
		t.Errorf("error %v, want %v", err, ErrOtherDemo)
	}
}

func TestRun_NoticesLostRows(t *testing.T) {
	t.Parallel()
	steps := newFakeSteps()
	steps.lose = 1
	_, err := Run(t.Context(), steps, options(t.TempDir()), Silent{})
	if err == nil || !strings.Contains(err.Error(), "stored") {
		t.Errorf("error %v, want one that counts rows", err)
	}
}

func TestRun_LeavesChangedContractsAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "contracts", "20-harbour-alder.yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), newFakeSteps(), options(dir), Silent{}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
		t.Errorf("the file says %q, %v", text, err)
	}
}

func TestResult_WriteSummary(t *testing.T) {
	t.Parallel()
	r, err := Run(t.Context(), newFakeSteps(), options(t.TempDir()), Silent{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.WriteSummary(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2026-10, USD", "harbour-it → alder-foods        95.00  110.00   15.00", "all of the distributor tier     90.00  107.00   17.00",
		"all of the reseller tier        98.00  110.00   12.00", "of it fees and rounding paid   3.00", "imported 100 = assigned 90 + own use 4 + unassigned 6, difference 0",
		"reconciles to the digit, in all 3 months",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the summary lacks %q:\n%s", want, out.String())
		}
	}
}
