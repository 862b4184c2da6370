// Package ui has the parts that pages are made of: amounts, tables, fields,
// badges, pictures. They know plain, already decided data, never a module, and
// every one is shown in each of its states by Gallery.
package ui

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
)

const (
	thin  = "\u202f" // narrow no-break space, between thousands
	minus = "\u2212"
)

// FormatAmount writes d rounded to the currency's minor unit, with thin spaces
// between thousands and a real minus sign: «−1 234.50». The exact digits stay
// with whoever has d.
func FormatAmount(d decimal.Decimal, c money.Currency) string {
	return group(d.Round(c.MinorUnit()).StringFixed(c.MinorUnit()))
}

// FormatExact writes all digits that d has, grouped as FormatAmount does.
func FormatExact(d decimal.Decimal) string { return group(money.Plain(d)) }

// FormatCount writes a whole number with thin spaces between thousands.
func FormatCount(n int64) string { return group(decimal.NewFromInt(n).String()) }

// FormatCounted writes how many of something there are: «1 line», «1 204 lines»,
// «0 lines».
func FormatCounted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return FormatCount(n) + " " + many
}

// FormatPercent writes part of whole in percent with one decimal: «12.5 %»;
// empty where whole is 0.
func FormatPercent(part, whole decimal.Decimal) string {
	if whole.IsZero() {
		return ""
	}
	return group(part.Mul(decimal.NewFromInt(100)).DivRound(whole, 1).StringFixed(1)) + thin + "%"
}

// FormatElapsed writes a duration as people say it: «0.4 s», «3 min 5 s», «2 h 4 min».
func FormatElapsed(d time.Duration) string {
	switch {
	case d < 0:
		return ""
	case d < time.Minute:
		return decimal.NewFromInt(d.Milliseconds()).Shift(-3).StringFixed(1) + " s"
	case d < time.Hour:
		return FormatCount(int64(d/time.Minute)) + " min " + FormatCount(int64(d%time.Minute/time.Second)) + " s"
	}
	return FormatCount(int64(d/time.Hour)) + " h " + FormatCount(int64(d%time.Hour/time.Minute)) + " min"
}

// FormatBytes writes a size in powers of ten: «1.2 MB».
func FormatBytes(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1e9, " GB"}, {1e6, " MB"}, {1e3, " kB"}} {
		if n >= u.size {
			return decimal.NewFromInt(n).DivRound(decimal.NewFromInt(u.size), 1).String() + u.name
		}
	}
	return FormatCount(n) + " B"
}

// group puts thin spaces between thousands of a plain decimal.
func group(plain string) string {
	whole, fraction, hasFraction := strings.Cut(plain, ".")
	whole, negative := strings.CutPrefix(whole, "-")
	var b strings.Builder
	if negative && strings.Trim(whole+fraction, "0") != "" {
		b.WriteString(minus)
	}
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(thin)
		}
		b.WriteRune(digit)
	}
	if hasFraction {
		b.WriteString("." + fraction)
	}
	return b.String()
}

// elide shortens a long id in its middle: «0199a3…44f1».
func elide(id string) string {
	if len(id) <= 16 {
		return id
	}
	return id[:8] + "…" + id[len(id)-4:]
}

// signClass marks a number that shows as negative.
func signClass(shown string) string {
	if strings.HasPrefix(shown, minus) {
		return "tb-amount neg"
	}
	return "tb-amount"
}
