package export

import (
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"
)

func TestProduct_MatchesDecimals(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		q, p := rng.Int64N(2e13)-1e13, rng.Int64N(1e11)-5e10
		for _, scale := range []int{10, 14} {
			want := decimal.New(q, -unitScale).Mul(decimal.New(p, -unitScale)).Round(int32(scale))
			if got := decimal.New(product(q, p, scale), -int32(scale)); !got.Equal(want) {
				t.Fatalf("%d × %d at scale %d = %s, want %s", q, p, scale, got, want)
			}
		}
	}
}

func TestShareAndRoundTo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ amount, percent, want int64 }{{150, 1, 2}, {-150, 1, -2}, {149, 1, 1}, {1000, -6, -60}} {
		if got := share(c.amount, c.percent); got != c.want {
			t.Errorf("%d %% of %d = %d, want %d", c.percent, c.amount, got, c.want)
		}
	}
	for _, c := range []struct{ amount, want int64 }{{12_345, 12_300}, {12_350, 12_400}, {-12_350, -12_400}, {49, 0}} {
		if got := roundTo(c.amount, 4, 2); got != c.want {
			t.Errorf("roundTo(%d) = %d, want %d", c.amount, got, c.want)
		}
	}
}

func TestAppendNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n    int64
		how  notation
		want string
	}{
		{0, plain, "0"},
		{416000000, plain, "0.0416"},
		{416000000, fixed, "0.0416000000"},
		{-7, exponent, "-7.0E-10"},
		{14724, exponent, "1.4724E-6"},
		{10_000_000, exponent, "0.001"},
		{9_999_999, exponent, "9.999999E-4"},
		{7_200_000_000_000, plain, "720"},
		{-15_000_000_000, plain, "-1.5"},
	} {
		got := string(appendNumber(nil, c.n, 10, c.how))
		if got != c.want {
			t.Errorf("%d written as %s, want %s", c.n, got, c.want)
		}
		if d := decimal.RequireFromString(got); !d.Equal(decimal.New(c.n, -10)) {
			t.Errorf("%s reads back as %s", got, d)
		}
	}
}

func TestSum_CarriesBeyond63Bits(t *testing.T) {
	t.Parallel()
	var s sum
	want := decimal.Zero
	for i := range int64(20) {
		n := int64(1)<<61 + i
		s.add(n)
		want = want.Add(decimal.New(n, -10))
	}
	s.add(-5)
	if got := s.decimal(10); !got.Equal(want.Sub(decimal.New(5, -10))) {
		t.Errorf("sum is %s, want %s", got, want)
	}
}
