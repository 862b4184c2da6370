// Package segment keeps usage lines in immutable Parquet files: it writes
// sorted deliveries, scans them column by column for rating, and adds them up
// again for reconciliation.
package segment

import (
	"io"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
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
	Parts   []Part // in the order of their rows; each key once in a row group
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

// Object is a stored segment that can be read.
type Object struct {
	Ordinal int // becomes Batch.Segment
	Reader  io.ReaderAt
	Bytes   int64

	RowGroups []int    // which to scan; nil for all
	Wanted    []Wanted // which rows of them; nil for all
}

// Wanted selects rows of a segment.
type Wanted struct {
	Account      string
	Period       period.Month
	ServiceMonth period.Month
}
