package usage

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/money"
	"tierbook/modules/usage/internal/usagetest"
)

// billed lists a month's totals as «owner payer currency rows billed».
func (b *bundle) billed(t *testing.T, p string) []string {
	t.Helper()
	totals, err := b.Totals(as(t, b.north), month(t, p))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, x := range totals {
		out = append(out, fmt.Sprintf("%s %s %s %s %d %s", x.Owner, x.Provider, x.Payer, x.Currency, x.Rows, money.Plain(x.Billed)))
	}
	return out
}

func states(r ImportResult) []string {
	var out []string
	for _, d := range r.Deliveries {
		out = append(out, fmt.Sprintf("%s %s %s %s", d.Provider, d.Payer, d.Month, d.State))
	}
	return out
}

func TestService_Import_Workshop(t *testing.T) {
	t.Parallel()
	b := setup(t)
	parquet := usagetest.Data(t, "aws-cur-legacy/workshop-2018-11.snappy.parquet")
	csv := usagetest.Data(t, "aws-cur-legacy/workshop-2018-11.csv.gz")
	want := []string{"north aws 836060457634 USD 124340 3505.3269681268"}
	for i, step := range []struct{ path, state string }{{parquet, "new"}, {csv, "unchanged"}, {parquet, "unchanged"}} {
		r := b.load(t, b.north, step.path)
		if r.RowsRead != 124340 || r.RowsStored != 124340 || r.RowsQuarantined != 0 {
			t.Errorf("import %d: read %d, stored %d, quarantined %d", i, r.RowsRead, r.RowsStored, r.RowsQuarantined)
		}
		if diff := cmp.Diff([]string{"aws 836060457634 2018-11 " + step.state}, states(r)); diff != "" {
			t.Errorf("import %d: %s", i, diff)
		}
		if len(r.Periods) != 1 || money.Plain(r.Periods[0].Billed) != "3505.3269681268" || money.Plain(r.Periods[0].Effective) != "3632.5598464968" || r.Periods[0].Rows != 124340 {
			t.Errorf("import %d: periods %+v", i, r.Periods)
		}
		if diff := cmp.Diff(want, b.billed(t, "2018-11")); diff != "" {
			t.Errorf("after import %d: %s", i, diff)
		}
		t.Logf("%s: %.0f MB/s, warnings %q", filepath.Base(step.path), float64(r.BytesUncompressed)/r.Seconds/1e6, r.Warnings)
	}
}

func TestService_Import_Files(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path   string
		states []string
		totals map[string][]string
	}{
		{"aws-cur-legacy/anonymous-2023-11.csv", []string{"aws 123412340534 2023-11 new"}, map[string][]string{"2023-11": {"north aws 123412340534 USD 1281 1.6823086974"}}},
		{"aws-cur-legacy/bucket-b", []string{"aws 4090136019287 2018-08 new"}, map[string][]string{"2018-08": {"north aws 4090136019287 USD 6190 29684.780682464855373934184"}}},
		{"aws-cur-legacy/bucket-b/my-prefix", []string{"aws 4090136019287 2018-08 new"}, nil},
		{"aws-cur-legacy/bucket-a", []string{"aws 6568388779672 2018-08 new"}, nil},
		{"aws-cur-legacy/bucket-c-zip", []string{"aws 123456789012 2024-01 new"}, map[string][]string{"2024-01": {"north aws 123456789012 USD 3 0.045152"}}},
		{"aws-cur-legacy/edge/test_cur.csv", []string{"aws 6838635603105 2018-06 new"}, map[string][]string{"2018-06": {"north aws 6838635603105 USD 19 0.0827499841274349353"}}},
		{"aws-cur-legacy/edge/empty_frame.csv", nil, nil},
		{"focus/azure-1.2-rows100_seed42.csv", []string{"azure 8a1b2c3d-0000-4a00-9000-000000000001 2026-05 new", "azure 8a1b2c3d-0000-4a00-9000-000000000002 2026-05 new"}, nil},
		{
			"focus/focus-1.0-sample.csv",
			[]string{"Oracle 20209880 2024-09 new", "Oracle 20209880 2024-10 new", "aws 1234567890123 2024-09 new", "azure /providers/Microsoft.Billing/billingAccounts/8611537 2024-09 new"},
			nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			path := usagetest.Data(t, tt.path)
			r := b.load(t, b.north, path)
			if diff := cmp.Diff(tt.states, states(r)); diff != "" {
				t.Error(diff)
			}
			for p, want := range tt.totals {
				if diff := cmp.Diff(want, b.billed(t, p)); diff != "" {
					t.Error(diff)
				}
			}
			again := b.load(t, b.north, path)
			for _, d := range again.Deliveries {
				if d.State != DeliveryUnchanged {
					t.Errorf("again: %v", states(again))
				}
			}
		})
	}
}

// The manifest says August; the rows say which month each belongs to.
func TestService_Import_ReportPeriodIsNotRowPeriod(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.load(t, b.north, usagetest.Data(t, "aws-cur-legacy/bucket-a"))
	var got []string
	for _, p := range r.Periods {
		got = append(got, fmt.Sprintf("%s %s %d", p.Period, p.Currency, p.Rows))
	}
	if diff := cmp.Diff([]string{"2018-06 USD 3300", "2018-07 USD 9304", "2018-08 USD 776"}, got); diff != "" {
		t.Error(diff)
	}
}

// Invariant 2: the same content changes nothing, in whatever order its rows
// and columns come, whatever its file is called and however it is packed.
func TestInvariant2_SameContentChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := new(cur).
		line("111", "2026-03", "2026-03-01", "2026-03-02", "1.50").
		line("112", "2026-03", "2026-03-02", "2026-03-03", "0.1").
		typed("Credit", "111", "2026-03", "2026-03-02", "2026-03-03", "-0.25")
	b.load(t, b.north, file(t, "cur.csv", c.text()))
	before := b.segments(t)
	same := &cur{header: slices.Clone(curHeader)}
	for _, r := range slices.Backward(c.rows) {
		r = slices.Clone(r)
		r[8] += "e0" // the same number
		slices.Reverse(r)
		same.rows = append(same.rows, r)
	}
	slices.Reverse(same.header)
	for _, path := range []string{file(t, "cur.csv", c.text()), file(t, "other.csv.gz", same.text()), file(t, "crlf.csv", strings.ReplaceAll(c.text(), "\n", "\r\n"))} {
		r := b.load(t, b.north, path)
		if diff := cmp.Diff([]string{"aws 999 2026-03 unchanged"}, states(r)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	if diff := cmp.Diff(before, b.segments(t)); diff != "" {
		t.Error(diff)
	}
	// A cent more is another content.
	c.rows[0][8] = "1.51"
	if diff := cmp.Diff([]string{"aws 999 2026-03 replaced"}, states(b.load(t, b.north, file(t, "cur.csv", c.text())))); diff != "" {
		t.Error(diff)
	}
}

// Several files at one URL are one import: a delivery may lie in many of them.
func TestService_Import_ManyFiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dir := t.TempDir()
	for i := range 5 {
		write(t, fmt.Sprintf("%s/part-%d.csv.gz", dir, i), new(cur).line("111", fmt.Sprintf("2026-0%d", 1+i%2), "2026-03-01", "2026-03-02", fmt.Sprint(i)).text())
	}
	var stages []Stage
	var last Progress
	r, err := b.Import(as(t, b.north), ImportInput{Owner: b.north.Tenant, URL: "file://" + dir, AnyFile: true}, func(p Progress) {
		if len(stages) == 0 || stages[len(stages)-1] != p.Stage {
			stages = append(stages, p.Stage)
		}
		last = p
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"aws 999 2026-01 new", "aws 999 2026-02 new"}, states(r)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"north aws 999 USD 3 6"}, b.billed(t, "2026-01")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Stage{StageReading, StageStoring, StageDone}, stages); diff != "" {
		t.Error(diff)
	}
	if last.Rows != 5 || last.RowsAll != 5 || last.Files != 5 || last.BytesAll == 0 {
		t.Errorf("at the end: %+v", last)
	}
}

// Two currencies of one payer are never added.
func TestService_Import_Currencies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1").line("111", "2026-03", "2026-03-01", "2026-03-02", "2")
	c.rows[1][6] = "MC" // no currency of ISO 4217: a provider's own
	b.load(t, b.north, file(t, "cur.csv", c.text()))
	if diff := cmp.Diff([]string{"north aws 999 MC 1 2", "north aws 999 USD 1 1"}, b.billed(t, "2026-03")); diff != "" {
		t.Error(diff)
	}
}

// tree writes a report's bucket: date folder with manifest, assembly folder
// with manifest and file.
func tree(t testing.TB, root, assembly, text string, at time.Time) {
	t.Helper()
	date := filepath.Join(root, "report", "20260301-20260401")
	key := "report/20260301-20260401/" + assembly + "/report-1.csv.gz"
	manifest := fmt.Sprintf(`{"assemblyId": %q, "account": "999", "reportName": "report", "billingPeriod": {"start": "20260301T000000.000Z", "end": "20260401T000000.000Z"}, "reportKeys": [%q]}`, assembly, "/"+key)
	for _, path := range []string{filepath.Join(date, "report-Manifest.json"), filepath.Join(date, assembly, "report-Manifest.json")} {
		write(t, path, manifest)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, filepath.FromSlash(key)), text)
}

func TestService_Import_Manifests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := t.TempDir()
	first := new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1.50")
	second := new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1.75").line("112", "2026-03", "2026-03-02", "2026-03-03", "2")
	third := new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1.75")
	step := func(name, assembly string, c *cur, at time.Time, state, total string) {
		t.Helper()
		tree(t, root, assembly, c.text(), at)
		r := b.load(t, b.north, root)
		if diff := cmp.Diff([]string{"aws 999 2026-03 " + state}, states(r)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff([]string{total}, b.billed(t, "2026-03")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	step("first", "a1", first, now, "new", "north aws 999 USD 1 1.5")
	step("the same assembly", "a1", first, now, "unchanged", "north aws 999 USD 1 1.5")
	step("a newer one", "a2", second, now.Add(time.Hour), "replaced", "north aws 999 USD 2 3.75")
	step("an older one", "a1", first, now, "older", "north aws 999 USD 2 3.75")
	step("a newer one with the same content", "a3", second, now.Add(2*time.Hour), "unchanged", "north aws 999 USD 2 3.75")
	step("a newer one with fewer rows", "a4", third, now.Add(3*time.Hour), "replaced", "north aws 999 USD 1 1.75")
	if err := os.Remove(filepath.Join(root, "report/20260301-20260401/a4/report-1.csv.gz")); err != nil {
		t.Fatal(err)
	}
	_, err := b.Import(as(t, b.north), ImportInput{Owner: b.north.Tenant, URL: "file://" + root, AnyFile: true}, nil)
	if err == nil {
		t.Error("a manifest that names a missing file is imported")
	}
	t.Log(err)
}
