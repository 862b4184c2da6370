package bench

import (
	"context"
	"errors"
	"testing"

	"tierbook/rules"
)

func TestRating(t *testing.T) {
	t.Parallel()
	r, err := Rating(t.Context(), Options{Lines: 60_000, Rules: 20, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if r.Lines != 60_000 || r.Rules != 20 || r.Edges != 2 || r.Charges == 0 || r.Classes == 0 || r.Tuples == 0 {
		t.Errorf("%+v", r)
	}
	if r.Seconds <= 0 || r.LinesPerSecond <= 0 || r.DecodeSeconds <= 0 || r.PlainSecondsPerMillion <= 0 || r.PeakRSSBytes <= 0 {
		t.Errorf("something was not measured: %+v", r)
	}
}

// What is measured is right: the part that both evaluate has the same charges.
func TestRating_EnginesAgree(t *testing.T) {
	t.Parallel()
	b, err := newRating(t.Context(), Options{Lines: 5_000, Rules: 100, Dir: t.TempDir()}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.close() })
	fast, err := b.rate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sample, err := b.sample(t.Context(), 5_000)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := b.chain.Plain(sample)
	if err != nil {
		t.Fatal(err)
	}
	if fast.Lines != 5_000 || plain.Lines != fast.Lines || len(plain.Charges) != len(fast.Charges) {
		t.Fatalf("the engine made %d charges of %d lines, one by one they are %d of %d", len(fast.Charges), fast.Lines, len(plain.Charges), plain.Lines)
	}
	for i, c := range plain.Charges {
		if f := fast.Charges[i]; f.Grain != c.Grain || f.Rule != c.Rule || !f.Amount.Equal(c.Amount) {
			t.Fatalf("charge %d is %+v, one by one %+v", i, f, c)
		}
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	r, err := Import(t.Context(), "here", func(_ context.Context, path string) (Imported, error) {
		return Imported{Rows: 3, BytesUncompressed: int64(len(path))}, nil
	})
	if err != nil || r.Rows != 3 || r.BytesUncompressed != 4 || r.Seconds <= 0 || r.MBPerSecond <= 0 || r.PeakRSSBytes <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
	broken := errors.New("unreadable")
	if _, err := Import(t.Context(), "here", func(context.Context, string) (Imported, error) { return Imported{}, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want the importer's", err)
	}
}

func TestPeakRSS_OfNobodyIsZero(t *testing.T) {
	t.Parallel()
	if n := PeakRSS("nobody"); n != 0 {
		t.Errorf("%d bytes", n)
	}
}

const benchLines = 1_000_000

// Twenty and two hundred rules: the second should take at most 1.5 times as
// long as the first.
func BenchmarkRating(b *testing.B) {
	for _, part := range []struct {
		name  string
		rules int
	}{{"Rules20", 20}, {"Rules200", 200}} {
		b.Run(part.name, func(b *testing.B) {
			r := benchRating(b, part.rules)
			var out rules.Outcome
			for b.Loop() {
				var err error
				if out, err = r.rate(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			reportLines(b, out.Lines)
			b.ReportMetric(float64(out.Classes), "classes")
			b.ReportMetric(float64(out.Tuples), "tuples")
		})
	}
}

// Reading the same columns and doing nothing with them.
func BenchmarkDecode(b *testing.B) {
	r := benchRating(b, 20)
	for b.Loop() {
		if err := r.decode(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	reportLines(b, r.usage.Lines)
}

// The reference evaluator, line by line, with twenty rules.
func BenchmarkPlain(b *testing.B) {
	r := benchRating(b, 20)
	sample, err := r.sample(b.Context(), plainLines)
	if err != nil {
		b.Fatal(err)
	}
	var out rules.Outcome
	for b.Loop() {
		if out, err = r.chain.Plain(sample); err != nil {
			b.Fatal(err)
		}
	}
	reportLines(b, out.Lines)
}

func benchRating(b *testing.B, n int) *rating {
	b.Helper()
	r, err := newRating(b.Context(), Options{Lines: benchLines, Rules: n, Dir: b.TempDir()}.withDefaults())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.close() })
	return r
}

func reportLines(b *testing.B, lines int64) {
	b.Helper()
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
