package line_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/line/linetest"
)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"0", "0"},
		{"-0.000", "0"},
		{"0E-30", "0"},
		{"12.50", "12.5"},
		{"100", "100"},
		{"1e3", "1000"},
		{"1.4724E-6", "0.0000014724"},
		{"-7.0E-10", "-0.0000000007"},
		{"5e-06", "0.000005"},
		{"5.64902E-05", "0.0000564902"},
		{"35.2E-7", "0.00000352"},
		{"+3", "3"},
		{".5", "0.5"},
		{"5.", "5"},
		{"0.000000000000000000000000000001", "0.000000000000000000000000000001"},
		{"0.1234567890123456789012345678", "0.1234567890123456789012345678"},
		{"16.29693213663664462748541900", "16.296932136636644627485419"},
		{"99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
		{"0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001"},
		{"1" + strings.Repeat("0", 37), "1" + strings.Repeat("0", 37)},
		{"1.5" + strings.Repeat("0", 60), "1.5"},
		{strings.Repeat("0", 60) + "7", "7"},
		{"12345678901234567890123456.789e-3", "12345678901234567890123.456789"},
	} {
		n, err := line.ParseNumber([]byte(c.text))
		if err != nil || n.String() != c.want {
			t.Errorf("ParseNumber(%q) = %s, %v, want %s", c.text, n, err, c.want)
		}
	}
}

func TestParseNumber_Refused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", " 1", "1 ", "NULL", "-", ".", "1,000", "1.2.3", "0x1p2", "1e", "1e+", "e5", "--1", "1e5x", "∞", "1_000", "NaN", "Inf",
	} {
		if n, err := line.ParseNumber([]byte(text)); err == nil || errors.Is(err, line.ErrTooManyDigits) {
			t.Errorf("ParseNumber(%q) = %s, %v, want an error that says that it is no number", text, n, err)
		}
	}
	for _, text := range []string{
		"1" + strings.Repeat("0", 38), "1e38", "1e-39", "0." + strings.Repeat("0", 38) + "1", "12345678901234567890.1234567890123456789",
		"1e999999999999", "1e-999999999999", "-1e38", "1." + strings.Repeat("1", 60),
	} {
		if n, err := line.ParseNumber([]byte(text)); !errors.Is(err, line.ErrTooManyDigits) {
			t.Errorf("ParseNumber(%q) = %s, %v, want ErrTooManyDigits", text, n, err)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"0", "1.4724E-6", "-7.0E-10", "12.50", ".5", "5.", "+1", "1e38", "9e37", "0.10", "-0", "1e-38", "1E+3", "00012", "1.e5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 {
			return
		}
		n, err := line.ParseNumber([]byte(text))
		if e := strings.IndexAny(text, "eE"); e >= 0 && len(text)-e > 5 {
			return // the reference would write it out in full
		}
		want, wantErr := decimal.NewFromString(text)
		switch {
		case err == nil && wantErr != nil:
			t.Fatalf("ParseNumber(%q) = %s, but it is no number: %v", text, n, wantErr)
		case err == nil && !n.Decimal().Equal(want):
			t.Fatalf("ParseNumber(%q) = %s, want %s", text, n, want)
		case err != nil && wantErr == nil && !errors.Is(err, line.ErrTooManyDigits):
			t.Fatalf("ParseNumber(%q): %v, want %s", text, err, want)
		case errors.Is(err, line.ErrTooManyDigits) && wantErr == nil && digitsOf(want) <= line.MaxDigits:
			t.Fatalf("ParseNumber(%q): %v, but it has %d digits", text, err, digitsOf(want))
		}
		if err != nil {
			return
		}
		again, err := line.ParseNumber([]byte(n.String()))
		if err != nil || again != n {
			t.Fatalf("%s read again is %s, %v", n, again, err)
		}
	})
}

// digitsOf counts the digits of d before and after the point, written out.
func digitsOf(d decimal.Decimal) int {
	text := strings.TrimLeft(d.Abs().String(), "0")
	whole, fraction, _ := strings.Cut(text, ".")
	return len(whole) + len(strings.TrimRight(fraction, "0"))
}

func TestNumber_Arithmetic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := linetest.Number(t, 38), linetest.Number(t, 38)
		sum, err := a.Add(b)
		diff, err2 := a.Sub(b)
		if a.IsNull() || b.IsNull() {
			if !sum.IsNull() || !diff.IsNull() || err != nil || err2 != nil {
				t.Fatalf("%s ± %s is not NULL", a, b)
			}
			return
		}
		check(t, sum, err, a.Decimal().Add(b.Decimal()))
		check(t, diff, err2, a.Decimal().Sub(b.Decimal()))
	})
}

func check(t *rapid.T, got line.Number, err error, want decimal.Decimal) {
	t.Helper()
	if errors.Is(err, line.ErrTooManyDigits) && digitsOf(want) > line.MaxDigits {
		return
	}
	if err != nil || !got.Decimal().Equal(want) {
		t.Fatalf("got %s, %v, want %s", got, err, want)
	}
	same, err := line.FromDecimal(want)
	if err != nil || same != got {
		t.Fatalf("FromDecimal(%s) = %s, %v, want %s", want, same, err, got)
	}
}

func TestNumber_Add_KeepsRoomForLargeSums(t *testing.T) {
	t.Parallel()
	large, _ := line.ParseNumber([]byte("99999999999999999999999999999999999999"))
	small, _ := line.ParseNumber([]byte("0.1"))
	for _, o := range []line.Number{large, small} {
		if n, err := large.Add(o); !errors.Is(err, line.ErrTooManyDigits) {
			t.Errorf("%s + %s = %s, %v, want ErrTooManyDigits", large, o, n, err)
		}
	}
	if n, err := large.Sub(large); err != nil || n != line.Zero {
		t.Errorf("large - large = %s, %v, want 0", n, err)
	}
}

func TestNumber_Integers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := linetest.Number(t, 38)
		integer, fraction := n.Digits()
		if n.IsNull() {
			return
		}
		if got := integer + fraction; got != digitsOf(n.Decimal()) {
			t.Fatalf("%s has %d digits, want %d", n, got, digitsOf(n.Decimal()))
		}
		scale := rapid.IntRange(0, 38).Draw(t, "at scale")
		hi, lo, ok := n.Int128(scale)
		if want := scale >= fraction && integer+scale <= 38; !n.IsZero() && ok != want {
			t.Fatalf("%s at scale %d: %v, want %v", n, scale, ok, want)
		}
		v, fits := n.Int64(scale)
		if ok {
			unscaled := n.Decimal().Shift(int32(scale)).BigInt()
			if back, err := line.FromInt128(hi, lo, scale); err != nil || back != n {
				t.Fatalf("%s at scale %d came back as %s, %v", n, scale, back, err)
			}
			if fits != unscaled.IsInt64() && unscaled.Cmp(new(big.Int).SetInt64(-1<<63)) != 0 {
				t.Fatalf("%s at scale %d fits in an int64: %v", n, scale, fits)
			}
			if fits && v != unscaled.Int64() {
				t.Fatalf("%s at scale %d is %d, want %s", n, scale, v, unscaled)
			}
		}
	})
}

func TestNewNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unscaled int64
		scale    int
		want     string
	}{
		{0, 10, "0"},
		{-15, 1, "-1.5"},
		{1500, 3, "1.5"},
		{-1 << 63, 18, "-9.223372036854775808"},
		{1, 38, "0.00000000000000000000000000000000000001"},
	} {
		if n, err := line.NewNumber(c.unscaled, c.scale); err != nil || n.String() != c.want {
			t.Errorf("NewNumber(%d, %d) = %s, %v, want %s", c.unscaled, c.scale, n, err, c.want)
		}
	}
	if _, err := line.NewNumber(1, 39); err == nil {
		t.Error("a scale of 39 was taken")
	}
}

func BenchmarkParseNumber(b *testing.B) {
	text := []byte("0.0041600000")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := line.ParseNumber(text); err != nil {
			b.Fatal(err)
		}
	}
}
