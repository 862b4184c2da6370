package money

import (
	"testing"

	"github.com/shopspring/decimal"
)

func d(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func TestPlain(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "-0.00": "0", "1.500": "1.5", "100": "100", "-7.0E-10": "-0.0000000007", "1.4724E-6": "0.0000014724",
		"3505.3269681268": "3505.3269681268", "1E+3": "1000",
	} {
		if got := Plain(d(in)); got != want {
			t.Errorf("Plain(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestMoney_AddRefusesTwoCurrencies(t *testing.T) {
	t.Parallel()
	if m, err := New(d("1"), "USD").Add(New(d("1"), "EUR")); err == nil {
		t.Fatalf("1 USD + 1 EUR = %s, want an error", m)
	}
	m, err := Money{}.Add(New(d("1.25"), "EUR"))
	if err != nil || m.String() != "1.25 EUR" {
		t.Fatalf("nothing + 1.25 EUR = %s, %v", m, err)
	}
}

func TestMoney_RoundToMinor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		cur  Currency
		want string
	}{{"1.005", "USD", "1.01"}, {"-1.005", "USD", "-1.01"}, {"1.5", "JPY", "2"}, {"1.0005", "KWD", "1.001"}} {
		if got := New(d(c.in), c.cur).RoundToMinor().Amount; !got.Equal(d(c.want)) {
			t.Errorf("%s %s rounds to %s, want %s", c.in, c.cur, got, c.want)
		}
	}
}
