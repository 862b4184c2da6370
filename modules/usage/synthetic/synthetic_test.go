package synthetic_test

import (
	"encoding/json"
	"sync"
	"testing"

	"tierbook/modules/usage/synthetic"
	"tierbook/rules"
)

// need is what a typical contract reads.
var need = rules.Need{
	Dims: []rules.Dim{
		rules.DimAccount, rules.DimService, rules.DimSKU, rules.DimRegion, rules.DimUsageType, rules.DimOperation,
		rules.DimChargeCategory, rules.DimResource, rules.DimUnit, rules.DimTags,
	},
	Measures: []rules.Measure{rules.MeasureQuantity, rules.MeasureList, rules.MeasureBilled, rules.MeasureEffective},
}

// seen is what the lines of a source hold.
type seen struct {
	mu         sync.Mutex
	lines      int
	values     map[rules.Dim]map[string]int
	quantities map[int64]int
}

func scan(t testing.TB, s *synthetic.Source) *seen {
	t.Helper()
	got := &seen{values: make(map[rules.Dim]map[string]int), quantities: make(map[int64]int)}
	for _, d := range need.Dims {
		got.values[d] = make(map[string]int)
	}
	err := s.Scan(t.Context(), need, 2, func(_ int, b *rules.Batch) error {
		got.mu.Lock()
		defer got.mu.Unlock()
		got.lines += b.Rows
		for _, d := range need.Dims {
			for i := range b.Rows {
				id := uint32(0)
				if b.Dims[d].IDs != nil {
					id = b.Dims[d].IDs[i]
				}
				got.values[d][b.Dims[d].Dict.Values[id]]++
			}
		}
		for _, q := range b.Measures[rules.MeasureQuantity].Ints {
			got.quantities[q]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestWrite_IsBelievable(t *testing.T) {
	t.Parallel()
	const lines = 120000
	s, err := synthetic.Write(t.Context(), t.TempDir(), lines, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := scan(t, s)
	if got.lines != lines || s.Lines != lines {
		t.Errorf("%d lines, the source says %d, want %d", got.lines, s.Lines, lines)
	}
	once := 0
	for _, n := range got.quantities {
		if n == 1 {
			once++
		}
	}
	if share := 100 * once / lines; share < 23 || share > 43 {
		t.Errorf("%d %% of the quantities do not repeat, want about a third", share)
	}
	centres, environments := make(map[string]bool), make(map[string]bool)
	for text := range got.values[rules.DimTags] {
		var tags struct {
			CostCentre string `json:"cost_centre"`
			Env        string `json:"env"`
		}
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), &tags); err != nil {
			t.Fatal(err)
		}
		centres[tags.CostCentre], environments[tags.Env] = true, true
	}
	if len(centres) != 17 || len(environments) != 4 {
		t.Errorf("%d cost centres and %d environments, want 17 and 4", len(centres), len(environments))
	}
	for d, least := range map[rules.Dim]int{
		rules.DimAccount: 4, rules.DimService: 8, rules.DimSKU: 30, rules.DimRegion: 6,
		rules.DimUsageType: 30, rules.DimOperation: 15, rules.DimChargeCategory: 2, rules.DimResource: 60,
	} {
		if n := len(got.values[d]); n < least {
			t.Errorf("%d values of %s, want at least %d", n, d, least)
		}
	}
}

func TestWrite_SameSeedSameSegments(t *testing.T) {
	t.Parallel()
	var sizes []int64
	for _, seed := range []uint64{1, 1, 2} {
		s, err := synthetic.Write(t.Context(), t.TempDir(), 20000, seed)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, s.Bytes)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if sizes[0] != sizes[1] || sizes[0] == sizes[2] {
		t.Errorf("segments of %v bytes for the seeds 1, 1 and 2", sizes)
	}
}

func TestWrite_NoLines(t *testing.T) {
	t.Parallel()
	if _, err := synthetic.Write(t.Context(), t.TempDir(), 0, 1); err == nil {
		t.Error("usage without a line was written")
	}
}

func BenchmarkWrite(b *testing.B) {
	const lines = 1 << 19
	for b.Loop() {
		s, err := synthetic.Write(b.Context(), b.TempDir(), lines, 1)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(s.Bytes)/lines, "B/line")
		_ = s.Close()
	}
	b.ReportMetric(float64(b.N)*lines/b.Elapsed().Seconds(), "lines/s")
}

func BenchmarkScan(b *testing.B) {
	const lines = 1 << 20
	s, err := synthetic.Write(b.Context(), b.TempDir(), lines, 1)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		if err := s.Scan(b.Context(), need, 2, func(int, *rules.Batch) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*lines/b.Elapsed().Seconds(), "lines/s")
}
