package bench

import (
	"testing"

	"tierbook/rules"
)

func TestRating(t *testing.T) {
	t.Parallel()
	r, err := Rating(t.Context(), Options{Lines: 60_000, Rules: 20, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.Lines != 60_000 || r.Edges != 2 || r.Charges == 0 || r.Seconds <= 0 || r.PeakRSSBytes == 0 {
		t.Errorf("%+v", r)
	}
}

// The sizes that the figures of the README are made with: twenty and two
// hundred rules, and what decoding alone costs.
func BenchmarkRating(b *testing.B) {
	for name, n := range map[string]int{"Rules20": 20, "Rules200": 200} {
		b.Run(name, func(b *testing.B) {
			r, err := newRating(b.Context(), Options{Lines: 1_000_000, Rules: n, Dir: b.TempDir()}.withDefaults())
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = r.close() })
			var out rules.Outcome
			for b.Loop() {
				if out, err = r.rate(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(out.Lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
			b.ReportMetric(float64(out.Classes), "classes")
			b.ReportMetric(float64(out.Tuples), "tuples")
		})
	}
}
