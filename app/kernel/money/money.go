// Package money holds amounts with their currency.
//
// Amounts are exact decimals: nothing here rounds unless its name says so, and
// nothing converts or adds across currencies.
package money

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// Currency is an ISO 4217 code in capitals, such as USD. A provider's own code
// of another shape is kept as it came.
type Currency string

// minorUnits lists the currencies of ISO 4217 whose minor unit is not 2.
var minorUnits = map[Currency]int32{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
	"UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}

// ParseCurrency reads a code of three letters; lower case is accepted.
func ParseCurrency(s string) (Currency, error) {
	c := strings.ToUpper(strings.TrimSpace(s))
	if len(c) != 3 || strings.Trim(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", fmt.Errorf("%q is not a currency code such as USD", s)
	}
	return Currency(c), nil
}

// MinorUnit returns the number of decimals on documents: 2 for most, 0 for
// JPY, 3 for KWD (ISO 4217). The database rounds by billing_minor_unit, which
// says the same.
func (c Currency) MinorUnit() int32 {
	if n, ok := minorUnits[c]; ok {
		return n
	}
	return 2
}

// Money is an exact amount in one currency. The zero Money is 0 without a
// currency and adds to anything.
type Money struct {
	Amount   decimal.Decimal
	Currency Currency
}

// New returns amount in currency.
func New(amount decimal.Decimal, currency Currency) Money {
	return Money{Amount: amount, Currency: currency}
}

// Add returns m + o, exactly. Adding two currencies is an error.
func (m Money) Add(o Money) (Money, error) {
	switch {
	case m.Currency == "" && m.Amount.IsZero():
		return o, nil
	case o.Currency == "" && o.Amount.IsZero(), m.Currency == o.Currency:
		return Money{Amount: m.Amount.Add(o.Amount), Currency: m.Currency}, nil
	}
	return Money{}, fmt.Errorf("cannot add %s to %s", o.Currency, m.Currency)
}

// RoundToMinor rounds half away from zero to the currency's minor unit.
func (m Money) RoundToMinor() Money {
	return Money{Amount: m.Amount.Round(m.Currency.MinorUnit()), Currency: m.Currency}
}

// String returns «12.50 USD» with the digits that the amount has.
func (m Money) String() string { return Plain(m.Amount) + " " + string(m.Currency) }

// Plain writes d in the canonical form of hashes, JSON and the command line:
// no exponent, no trailing zeros, no negative zero.
func Plain(d decimal.Decimal) string {
	s := d.String()
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}
