package usage

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// scan lists the lines of a selection as «account period/service month type cost».
func (b *bundle) scan(t *testing.T, sel Selection) []string {
	t.Helper()
	var mu sync.Mutex
	var out []string
	need := rules.Need{
		Dims:     []rules.Dim{rules.DimAccount, rules.DimLineItemType, rules.DimPeriod, rules.DimServiceMonth},
		Measures: []rules.Measure{rules.MeasureBilled},
	}
	err := b.Scan(as(t, b.north), sel, need, 2, func(_ int, batch *rules.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		for i := range batch.Rows {
			text := func(d rules.Dim) string {
				c := batch.Dims[d]
				if c.IDs == nil {
					return c.Dict.Values[0]
				}
				return c.Dict.Values[c.IDs[i]]
			}
			m := batch.Measures[rules.MeasureBilled]
			cost := decimal.New(m.Ints[i], -m.Scale)
			out = append(out, fmt.Sprintf("%s %s/%s %s %s", text(rules.DimAccount), text(rules.DimPeriod), text(rules.DimServiceMonth), text(rules.DimLineItemType), cost))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func (b *bundle) lines(t *testing.T, assignee scope.Scope, p string) []string {
	t.Helper()
	selections, err := b.Select(as(t, b.north), assignee.Tenant, month(t, p))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, sel := range selections {
		lines := b.scan(t, sel)
		if int64(len(lines)) != sel.Rows {
			t.Errorf("%d lines, the selection says %d", len(lines), sel.Rows)
		}
		out = append(out, lines...)
	}
	return out
}

// A line belongs to whoever had its account in its service month: the refund
// for February to harbour, although the account is direct's by April.
func TestService_Select_LateLines(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	b.mustGive(t, "111", b.harbour, "2026-01", "2026-03")
	b.mustGive(t, "111", b.direct, "2026-04")
	b.mustGive(t, "113", b.direct, "2026-04", "2026-04")
	tests := []struct {
		who    scope.Scope
		period string
		want   []string
	}{
		{b.harbour, "2026-02", nil},
		{b.harbour, "2026-03", []string{"111 2026-03/2026-03 Usage 10"}},
		{b.harbour, "2026-04", []string{"111 2026-04/2026-02 Refund -3"}},
		{b.direct, "2026-03", nil},
		{b.direct, "2026-04", []string{"111 2026-04/2026-04 Usage 20", "113 2026-04/2026-04 Usage 7"}},
		{b.north, "2026-03", nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, b.lines(t, tt.who, tt.period)); diff != "" {
			t.Errorf("%s %s: %s", b.slugOf(tt.who.Tenant), tt.period, diff)
		}
	}
	got, err := b.Assignees(as(t, b.north), month(t, "2026-04"))
	if err != nil || len(got) != 2 || !slices.Contains(got, b.harbour.Tenant) || !slices.Contains(got, b.direct.Tenant) {
		t.Errorf("assignees %v, %v", got, err)
	}
	selections, err := b.Select(as(t, b.north), b.direct.Tenant, month(t, "2026-04"))
	if err != nil || len(selections) != 1 {
		t.Fatal(selections, err)
	}
	holders, err := b.Holders(as(t, b.north), month(t, "2026-03"), selections[0].Accounts[0].ID, selections[0].Accounts[1].ID)
	if err != nil || len(holders) != 1 || holders[selections[0].Accounts[0].ID] != b.harbour.Tenant {
		t.Errorf("holders %v, %v", holders, err)
	}
	if _, err := b.Select(as(t, b.south), b.harbour.Tenant, month(t, "2026-04")); errs.KindOf(err) != errs.NotFound {
		t.Errorf("a foreign assignee: %v", err)
	}
}

// A reseller reads what its customer answers for, although it sees nothing of
// the owner's.
func TestService_Select_BelowTheOwner(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	b.mustGive(t, "111", b.harbour, "2026-03")
	selections, err := b.Select(as(t, b.east), b.harbour.Tenant, month(t, "2026-03"))
	if err != nil || len(selections) != 1 {
		t.Fatal(selections, err)
	}
	if diff := cmp.Diff([]string{"111 2026-03/2026-03 Usage 10"}, b.scan(t, selections[0])); diff != "" {
		t.Error(diff)
	}
}

// A selection that was kept reads the same lines after they were replaced.
func TestService_Scan_KeptSelection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	b.mustGive(t, "111", b.harbour, "2026-03")
	selections, err := b.Select(as(t, b.north), b.harbour.Tenant, month(t, "2026-03"))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := json.Marshal(selections[0])
	if err != nil {
		t.Fatal(err)
	}
	b.load(t, b.north, file(t, "cur.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "11").text()))
	var sel Selection
	if err := json.Unmarshal(kept, &sel); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"111 2026-03/2026-03 Usage 10"}, b.scan(t, sel)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"111 2026-03/2026-03 Usage 11"}, b.lines(t, b.harbour, "2026-03")); diff != "" {
		t.Error(diff)
	}
}

func (b *bundle) imported(t *testing.T, p string) (sums, problems []string) {
	t.Helper()
	in, err := b.Imported(as(t, b.north), month(t, p))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range in.Sums {
		sums = append(sums, fmt.Sprintf("%s %s %s %s %s %s %d %s to %s", b.slugOf(s.Owner), s.Provider, s.Payer, s.Currency, s.Account, s.ServiceMonth, s.Rows, s.Billed, b.slugOf(s.Assignee)))
	}
	for _, x := range in.Problems {
		problems = append(problems, x.Code)
	}
	return sums, problems
}

func TestService_Imported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	b.mustGive(t, "111", b.harbour, "2026-01", "2026-03")
	b.mustGive(t, "113", b.east, "2026-04")
	sums, problems := b.imported(t, "2026-04")
	if diff := cmp.Diff([]string{
		"north aws 999 USD 111 2026-02 1 -3 to harbour",
		"north aws 999 USD 111 2026-04 1 20 to ",
		"north aws 999 USD 113 2026-04 1 7 to east",
	}, sums); diff != "" || len(problems) != 0 {
		t.Errorf("%s; problems %v", diff, problems)
	}
	if sums, _ := b.imported(t, "2025-01"); len(sums) != 0 {
		t.Errorf("an empty month: %v", sums)
	}
}

// segments returns the files in the object store, by size.
func (b *bundle) segments(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(b.dir + "/segments/*/*.parquet")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Planted errors are found, and a scan refuses what is not as published.
func TestService_Imported_FindsPlantedErrors(t *testing.T) {
	t.Parallel()
	plant := map[string]struct {
		do   func(*testing.T, *bundle, string)
		want string
	}{
		"Removed": {func(t *testing.T, _ *bundle, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, "segment.missing"},
		"Altered": {func(t *testing.T, _ *bundle, path string) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)/2] ^= 1
			write(t, path, string(data))
		}, "segment.altered"},
		"Cut": {func(t *testing.T, _ *bundle, path string) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, string(data[:len(data)/2]))
		}, "segment.altered segment.unreadable"},
		"ChangedSum": {func(t *testing.T, b *bundle, _ string) {
			b.db.Exec(t, "UPDATE usage_segment_accounts SET billed = billed + 1 WHERE rows > 0")
		}, "segment.sums"},
		"RemovedSum": {func(t *testing.T, b *bundle, _ string) {
			b.db.Exec(t, "DELETE FROM usage_segment_accounts")
		}, "segment.sums"},
	}
	for name, tt := range plant {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.load(t, b.north, file(t, "cur.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "10").text()))
			b.mustGive(t, "111", b.harbour, "2026-03")
			selections, err := b.Select(as(t, b.north), b.harbour.Tenant, month(t, "2026-03"))
			if err != nil || len(selections) != 1 {
				t.Fatal(selections, err)
			}
			tt.do(t, b, b.segments(t)[0])
			_, problems := b.imported(t, "2026-03")
			if got := strings.Join(problems, " "); !strings.HasPrefix(got, tt.want) {
				t.Errorf("problems %q, want %q", got, tt.want)
			}
			err = b.Scan(as(t, b.north), selections[0], rules.Need{}, 1, func(int, *rules.Batch) error { return nil })
			if inDatabase := tt.want == "segment.sums"; inDatabase != (err == nil) {
				t.Errorf("scan: %v", err)
			} else if err != nil && (errs.KindOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), "segments/")) {
				t.Errorf("scan: %v", err)
			}
		})
	}
}

// Invariant 4: an import that dies between staging and publishing leaves what
// was current; GC removes its objects, and nothing else.
func TestInvariant4_CrashLeavesWhatWasCurrent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.usual(t)
	before := b.billed(t, "2026-03")
	objects := len(b.segments(t))
	// The process dies when everything but the last step is done.
	b.db.Exec(t, `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NEW.state = 'current' THEN RAISE EXCEPTION 'the process dies here'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER die BEFORE UPDATE ON usage_deliveries FOR EACH ROW EXECUTE FUNCTION die()`)
	path := file(t, "cur.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "12").text())
	_, err := b.Import(as(t, b.north), ImportInput{Owner: b.north.Tenant, URL: "file://" + path, AnyFile: true}, nil)
	if err == nil {
		t.Fatal("the import survived")
	}
	if diff := cmp.Diff(before, b.billed(t, "2026-03")); diff != "" {
		t.Error(diff)
	}
	if got := len(b.segments(t)); got != objects+1 {
		t.Fatalf("%d objects, want the %d before and the lost one", got, objects)
	}
	if n, err := b.GC(as(t, b.north)); err != nil || n != 0 {
		t.Errorf("GC removes %d fresh objects, %v", n, err)
	}
	b.db.Exec(t, `DROP TRIGGER die ON usage_deliveries;
		UPDATE usage_segments SET staged_at = staged_at - interval '25 hours';
		UPDATE usage_imports SET state = 'running', started_at = started_at - interval '25 hours' WHERE state = 'failed'`)
	if n, err := b.GC(as(t, b.south)); err != nil || n != 0 {
		t.Errorf("GC of another tree removes %d objects, %v", n, err)
	}
	if n, err := b.GC(as(t, b.north)); err != nil || n != 1 {
		t.Errorf("GC removes %d objects, %v; want the lost one", n, err)
	}
	if n, err := b.GC(as(t, b.north)); err != nil || n != 0 {
		t.Errorf("GC removes %d objects again, %v", n, err)
	}
	if diff := cmp.Diff(before, b.billed(t, "2026-03")); diff != "" {
		t.Error(diff)
	}
	r := b.load(t, b.north, path)
	if diff := cmp.Diff([]string{"aws 999 2026-03 replaced"}, states(r)); diff != "" {
		t.Error(diff)
	}
	if _, problems := b.imported(t, "2026-03"); len(problems) != 0 {
		t.Errorf("problems %v", problems)
	}
}

// Invariant 1: two imports of one month at once leave one current delivery.
func TestInvariant1_OneCurrentDelivery(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var group sync.WaitGroup
	for i := range 4 {
		path := file(t, "cur.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", fmt.Sprint(i+1)).text())
		group.Go(func() {
			if _, err := b.Import(as(t, b.north), ImportInput{Owner: b.north.Tenant, URL: "file://" + path, AnyFile: true}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := b.billed(t, "2026-03"); len(got) != 1 || !strings.HasPrefix(got[0], "north aws 999 USD 1 ") {
		t.Errorf("totals %v", got)
	}
}
