package export

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"tierbook/app/kernel/period"
)

var testPayer = Payer{
	Provider: "aws", ID: "111122223333", Name: "Test", Layout: CUR, Currency: "USD", Percent: 5, EDP: EDPColumns, Commitment: SavingsPlan,
	Accounts: []Account{{ID: "444455556666", Environment: "production", CostCenter: "cc-1"}, {ID: "012345678901", Environment: "test", CostCenter: "cc-2"}},
}

func TestWriteMonth_SplitsLongMonths(t *testing.T) {
	t.Parallel()
	march := period.NewMonth(2026, time.March)
	whole, err := WriteMonth(t.Context(), testPayer, Month{Seed: 3, Month: march, Lines: 20_000, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	split, err := WriteMonth(t.Context(), testPayer, Month{Seed: 3, Month: march, Lines: 20_000, Dir: dir, LinesPerFile: 3000})
	if err != nil {
		t.Fatal(err)
	}
	if split.Lines != whole.Lines || !split.Billed.Equal(whole.Billed) {
		t.Errorf("split: %d lines, %s; whole: %d lines, %s", split.Lines, split.Billed, whole.Lines, whole.Billed)
	}
	files, err := filepath.Glob(filepath.Join(dir, "cur", "cloud-usage", "20260301-20260401", "*", "cloud-usage-*.csv.gz"))
	if err != nil || int64(len(files)) != (split.Lines+2999)/3000 {
		t.Errorf("%d files of %d lines, %v", len(files), split.Lines, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "cur", "cloud-usage", "20260301-20260401", "cloud-usage-Manifest.json")); err != nil {
		t.Error(err)
	}
}

// A resource keeps its id from month to month.
func TestNewFleet_IsTheSameEachMonth(t *testing.T) {
	t.Parallel()
	a, b := newFleet(3, &testPayer, 5000), newFleet(3, &testPayer, 5000)
	if len(a.series) != len(b.series) {
		t.Fatalf("%d series, then %d", len(a.series), len(b.series))
	}
	for i := range a.series {
		if a.series[i].resource != b.series[i].resource || a.series[i].name != b.series[i].name {
			t.Errorf("series %d is %q, then %q", i, a.series[i].resource, b.series[i].resource)
		}
	}
}

func BenchmarkWriteMonth(b *testing.B) {
	var lines, bytes int64
	for b.Loop() {
		w, err := WriteMonth(b.Context(), testPayer, Month{Seed: 3, Month: period.NewMonth(2026, time.March), Lines: 200_000, Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		lines, bytes = lines+w.Lines, bytes+w.Bytes
	}
	b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
	b.SetBytes(bytes / int64(b.N))
}
