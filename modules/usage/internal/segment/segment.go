// Package segment keeps usage lines in immutable Parquet files: it writes
// sorted deliveries, scans them column by column for rating, and adds them up
// again for reconciliation.
package segment

import (
	"context"
	"io"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/spill"
)

// Written is a delivery that lies in files, not yet anywhere else.
type Written struct {
	ContentHash string // SHA-256, hex, of the canonical rows in total order
	Rows        int64
	Segments    []File
}

// File is one Parquet file.
type File struct {
	Path    string // where Write left it
	Ordinal int    // in the delivery, from 0
	SHA256  string // hex, of the file's bytes
	Bytes   int64
	Rows    int64
	Parts   []Part // by row group, account, payer, period, service month, currency
}

// Part is what a row group holds of one account, payer, period, service month
// and currency. The sums are exact; a NULL counts as 0.
type Part struct {
	RowGroup     int
	Account      string
	Payer        string
	Period       period.Month
	ServiceMonth period.Month
	Currency     string

	Rows                                int64
	Billed, Effective, List, Contracted decimal.Decimal
}

// Write writes d into new files below dir: one, or more where the digits of a
// measure do not fit together. Row groups hold one account, small ones share;
// none has more than a million rows. The same lines give the same bytes,
// whatever order they were added in.
//
// The caller removes the files. After an error or when ctx ends there are none.
func Write(ctx context.Context, d *spill.Delivery, dir string) (*Written, error) {
	return &Written{}, nil
}

// Object is a stored segment that can be read.
type Object struct {
	Ordinal int // becomes Batch.Segment
	Reader  io.ReaderAt
	Bytes   int64

	RowGroups []int    // which to scan, in this order; nil for all
	Wanted    []Wanted // which rows of them; nil for all
}

// Wanted selects rows of a segment.
type Wanted struct {
	Account      string
	Period       period.Month
	ServiceMonth period.Month
}

// Sum is what a segment's rows themselves add up to.
type Sum struct {
	Account      string
	Payer        string
	Period       period.Month
	ServiceMonth period.Month
	Currency     string

	Rows   int64
	Billed decimal.Decimal
}

// AddUp reads every row of a segment and adds up BilledCost, by account,
// payer, period, service month and currency, in this order. It shares no code
// with the sums that Write returns, nor with Scan.
func AddUp(ctx context.Context, r io.ReaderAt, bytes int64) ([]Sum, error) { return nil, nil }

// Verify reads all bytes of an object and reports whether they have the hash.
// Errors: those of reading.
func Verify(ctx context.Context, r io.ReaderAt, bytes int64, sha256 string) (bool, error) {
	return false, nil
}
