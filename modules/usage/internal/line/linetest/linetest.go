// Package linetest makes random usage lines for tests.
package linetest

import (
	"bytes"
	"fmt"
	"math/big"
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"

	"tierbook/modules/usage/internal/line"
)

// Options say what random lines look like.
type Options struct {
	Accounts  int // how many accounts there are; 0 is 3
	MaxDigits int // of measures; 0 is 12
}

// Lines draws up to limit lines of one provider. Values repeat, some are NULL,
// some lines are late, some are equal.
func Lines(t *rapid.T, limit int, o Options) []line.Line {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) line.Line { return one(t, o) }), 1, limit).Draw(t, "lines")
}

func one(t *rapid.T, o Options) line.Line {
	var l line.Line
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "texts"), 0))
	for c := range line.Column(line.NumColumns) {
		if n := r.IntN(5); n > 0 && !c.IsInstant() {
			l.Set(c, fmt.Sprintf("%s %d «é»", c, n))
		}
	}
	if r.IntN(3) == 0 {
		l.Set(line.ChargeCategory, "Purchase")
	}
	account := rapid.IntRange(1, max(o.Accounts, 3)).Draw(t, "account")
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(-200, 743).Draw(t, "hour")) * time.Hour)
	l.Set(line.XProvider, "aws")
	l.Set(line.XAccount, fmt.Sprintf("%012d", account))
	l.Set(line.BillingAccountId, fmt.Sprintf("payer-%d", rapid.IntRange(1, 2).Draw(t, "payer")))
	l.Set(line.BillingCurrency, rapid.SampledFrom([]string{"USD", "CHF"}).Draw(t, "currency"))
	l.Set(line.XPeriod, "2026-03")
	l.Set(line.XServiceMonth, start.Format("2006-01"))
	l.Set(line.XDate, start.Format(time.DateOnly))
	l.Text[line.ChargePeriodStart] = line.AppendInstant(nil, start)
	if rapid.Bool().Draw(t, "has end") {
		l.Text[line.ChargePeriodEnd] = line.AppendInstant(nil, start.Add(time.Hour))
	}
	for m := range l.Measures {
		l.Measures[m] = Number(t, o.MaxDigits)
	}
	return l
}

// Equal reports whether two lines are equal in every column.
func Equal(a, b *line.Line) bool {
	for c := range a.Text {
		if !bytes.Equal(a.Text[c], b.Text[c]) {
			return false
		}
	}
	return a.Measures == b.Measures
}

// Number draws a number of at most maxDigits digits, 0 and NULL among them;
// 0 means 12 digits.
func Number(t *rapid.T, maxDigits int) line.Number {
	if maxDigits == 0 {
		maxDigits = 12
	}
	if rapid.IntRange(0, 5).Draw(t, "null") == 0 {
		return line.Number{}
	}
	digits := rapid.IntRange(1, maxDigits).Draw(t, "digits")
	bound := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	v := new(big.Int).SetUint64(rapid.Uint64().Draw(t, "high"))
	v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(rapid.Uint64().Draw(t, "low"))).Mod(v, bound)
	if rapid.Bool().Draw(t, "negative") {
		v.Neg(v)
	}
	n, err := line.FromBig(v, rapid.IntRange(0, digits).Draw(t, "scale"))
	if err != nil {
		t.Fatalf("%s: %v", v, err)
	}
	return n
}
