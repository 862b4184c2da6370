package rules

import (
	"errors"
	"math/big"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func TestDivide(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ a, b, want string }{
		{"1", "8", "0.125"},
		{"6", "3", "2"},
		{"0.3", "3", "0.1"},
		{"1", "3", "0.3333333333333333333333333333333333"},
		{"2", "3", "0.6666666666666666666666666666666667"},
		{"-2", "3", "-0.6666666666666666666666666666666667"},
		{"200", "-3", "-66.66666666666666666666666666666667"},
		{"1e40", "7", "1428571428571428571428571428571429000000"},
		{"0", "7", "0"},
		{"1e-20", "2e10", "0.0000000000000000000000000000005"},
		{"9999999999999999999999999999999999.5", "1", "9999999999999999999999999999999999.5"},
	} {
		got, err := divide(dec(c.a), dec(c.b))
		if err != nil || !got.Equal(dec(c.want)) {
			t.Errorf("%s / %s = %s, %v; want %s", c.a, c.b, got, err, c.want)
		}
	}
	if _, err := divide(dec("1"), dec("0.00")); !errors.Is(err, errDivision) {
		t.Errorf("1/0: %v", err)
	}
}

func TestDivide_HalfEven(t *testing.T) {
	t.Parallel()
	// A tie at the 35th digit can only come from a divisor of 2s and 5s, which
	// is exact; the nearest neighbours on both sides must round apart.
	a := dec("1000000000000000000000000000000000.5")
	got, err := divide(a.Mul(dec("3")), dec("3"))
	if err != nil || !got.Equal(a) {
		t.Errorf("got %s, %v; want %s", got, err, a)
	}
}

func TestDivide_IsTheNearestOf34Digits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) decimal.Decimal {
			return decimal.New(rapid.Int64().Draw(t, name), rapid.Int32Range(-20, 20).Draw(t, name+" exponent"))
		}
		a, b := draw("a"), draw("b")
		if b.IsZero() {
			return
		}
		q, err := divide(a, b)
		if err != nil {
			t.Fatal(err)
		}
		exact := new(big.Rat).Quo(a.Rat(), b.Rat())
		diff := new(big.Rat).Sub(exact, q.Rat())
		if diff.Sign() == 0 {
			return
		}
		if q.NumDigits() < divisionDigits-1 {
			t.Fatalf("%s / %s = %s is neither exact nor of 34 digits", a, b, q)
		}
		half := decimal.New(5, q.Exponent()-1).Rat()
		if diff.Abs(diff).Cmp(half) > 0 {
			t.Fatalf("%s / %s = %s is off by more than half a unit", a, b, q)
		}
	})
}

func TestPower(t *testing.T) {
	t.Parallel()
	if got, err := power(dec("1.1"), dec("3")); err != nil || !got.Equal(dec("1.331")) {
		t.Errorf("1.1 ** 3 = %s, %v", got, err)
	}
	for _, exp := range []string{"-1", "0.5", "65"} {
		if _, err := power(dec("2"), dec(exp)); !errors.Is(err, errPower) {
			t.Errorf("2 ** %s: %v", exp, err)
		}
	}
	if _, err := power(dec("12345678901234567890"), dec("64")); !errors.Is(err, errOverflow) {
		t.Errorf("overflow: %v", err)
	}
}

func TestRemainder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ a, b, want string }{{"7", "3", "1"}, {"-7", "3", "-1"}, {"7.5", "-2", "1.5"}, {"0.3", "0.1", "0"}} {
		if got, err := remainder(dec(c.a), dec(c.b)); err != nil || !got.Equal(dec(c.want)) {
			t.Errorf("%s %% %s = %s, %v; want %s", c.a, c.b, got, err, c.want)
		}
	}
}
