package usage

import (
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// Format is how a provider writes its export.
type Format string

// Formats that can be imported. FormatAuto decides by manifest, header and
// file name.
const (
	FormatAuto   Format = "auto"
	FormatAWSCUR Format = "aws-cur" // legacy AWS Cost and Usage Report: CSV, gz, zip, Parquet
	FormatFOCUS  Format = "focus"   // FOCUS 1.0 to 1.3: CSV, gz
)

// ImportInput names what to import and for whom.
type ImportInput struct {
	Owner   id.Tenant // to whom the provider bills the payer accounts in it
	URL     string    // file:///dir/or/file, or a bucket's: s3://bucket/prefix?region=…
	AnyFile bool      // accept file: URLs outside the configured directories: for the command line on the machine itself
	Format  Format    // empty means FormatAuto
}

// Progress is how far an import is.
type Progress struct {
	Stage     Stage
	File      string // being read; empty in later stages
	Files     int    // in all
	FilesDone int
	Bytes     int64 // read so far, as stored (compressed)
	BytesAll  int64 // in all; 0 if unknown
	Rows      int64 // read so far while reading, written so far while storing
	RowsAll   int64 // to store; 0 while reading
}

// Stage is a part of an import, in order.
type Stage string

// Stages of an import.
const (
	StageReading Stage = "reading" // parse and spill
	StageStoring Stage = "storing" // sort, write and upload segments
	StageDone    Stage = "done"    // published
)

// ImportResult says what an import read and what became of it. Its JSON is the
// command line's.
type ImportResult struct {
	Import            id.Import        `json:"-"`
	RowsRead          int64            `json:"rows_read"`        // data rows in the files, unreadable ones included
	RowsStored        int64            `json:"rows_stored"`      // rows of the deliveries read, whatever their states
	RowsQuarantined   int64            `json:"rows_quarantined"` // rows that could not be read
	Deliveries        []DeliveryResult `json:"deliveries"`       // by provider, payer, month
	Periods           []PeriodSum      `json:"periods"`          // by payer, period, currency
	Warnings          []string         `json:"warnings,omitempty"`
	BytesUncompressed int64            `json:"bytes_uncompressed"`
	Seconds           float64          `json:"seconds"`
}

// DeliveryResult is what became of one delivery.
type DeliveryResult struct {
	Provider string        `json:"provider"`
	Payer    string        `json:"payer"`
	Month    period.Month  `json:"month"`
	State    DeliveryState `json:"state"`
}

// DeliveryState is what an import did with a delivery.
type DeliveryState string

// States of a delivery after an import.
const (
	DeliveryNew       DeliveryState = "new"       // nothing was there before
	DeliveryReplaced  DeliveryState = "replaced"  // took the place of another
	DeliveryUnchanged DeliveryState = "unchanged" // the current one has the same content
	DeliveryOlder     DeliveryState = "older"     // kept, but a newer manifest is current
)

// PeriodSum adds up what an import read of one (payer, period, currency).
// Missing measures count as 0. Amounts are exact.
type PeriodSum struct {
	Payer      string          `json:"payer"`
	Period     period.Month    `json:"period"`
	Currency   string          `json:"currency"`
	Rows       int64           `json:"rows"`
	Billed     decimal.Decimal `json:"billed"`
	Effective  decimal.Decimal `json:"effective"`
	List       decimal.Decimal `json:"list"`
	Contracted decimal.Decimal `json:"contracted"`
}

// Total adds up the current deliveries of one (tree, owner, provider, payer,
// currency) in one billing month. Missing measures count as 0.
type Total struct {
	Distributor string          `json:"distributor"` // slug of the tree
	Owner       string          `json:"owner"`       // slug
	Provider    string          `json:"provider"`
	Payer       string          `json:"payer"`
	Currency    string          `json:"currency"`
	Rows        int64           `json:"rows"`
	Billed      decimal.Decimal `json:"billed"`
	Effective   decimal.Decimal `json:"effective"`
	List        decimal.Decimal `json:"list"`
	Contracted  decimal.Decimal `json:"contracted"`
}
