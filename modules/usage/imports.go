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

// isKnown reports whether the format can be asked for.
func (f Format) isKnown() bool { return f == FormatAuto || f == FormatAWSCUR || f == FormatFOCUS }

// Upload is a file that was uploaded to be imported. It lies in the object
// store, where workers on any machine can read it, until its import has ended.
type Upload struct {
	Name   string `json:"name"` // as its owner calls it
	Object string `json:"object"`
	Bytes  int64  `json:"bytes"`
}

// RequestInput asks for an import that a worker carries out: of a URL or of
// uploaded files, which are read as one, manifests included.
type RequestInput struct {
	Owner   id.Tenant // to whom the provider bills the payer accounts in it
	URL     string    // a bucket's, or a file: URL below the configured directories; empty with Uploads
	Uploads []Upload  // what Upload returned
	Format  Format    // empty means FormatAuto
	Rerate  bool      // rate again what it changes
}

// ImportState is where an import is between request and end.
type ImportState string

// States of an import.
const (
	ImportRequested ImportState = "requested" // waits for a worker
	ImportRunning   ImportState = "running"
	ImportComplete  ImportState = "complete" // its deliveries are published
	ImportFailed    ImportState = "failed"   // Import.Error says why
)

// IsOpen reports whether the import has yet to end.
func (s ImportState) IsOpen() bool { return s == ImportRequested || s == ImportRunning }

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

	Quarantined int64 // rows met so far that cannot be read
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
	ID       id.Delivery   `json:"-"` // of the current one, if it is unchanged
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
