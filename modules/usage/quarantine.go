package usage

import (
	"time"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// QuarantinedRow is a row that could not be read, and is in no sum.
type QuarantinedRow struct {
	ID             string
	Owner          id.Tenant
	Import         id.Import
	Delivery       id.Delivery  // the delivery it would have been part of; zero if none
	Period         period.Month // zero: unknown, the row counts against every month
	File           string
	Row            int64 // data row in the file, from 1; 0 is the header
	Column         string
	Value          string
	Reason         string
	AcknowledgedAt time.Time // zero: open
	AcknowledgedBy string
	Acknowledged   string // the reason given
}

// QuarantineFilter chooses quarantined rows. The zero filter is all open rows
// that the scope sees.
type QuarantineFilter struct {
	Owner        id.Tenant    // zero: any
	Import       id.Import    // zero: any
	Period       period.Month // zero: any; else rows of that month and of unknown month
	Acknowledged bool         // also those that were acknowledged
	Limit        int          // 0: 1,000
}
