package usage

import (
	"cmp"
	"context"
	"strings"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
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
	Delivery     id.Delivery  // zero: any
	Period       period.Month // zero: any; else rows of that month and of unknown month
	Acknowledged bool         // also those that were acknowledged
	Limit        int          // 0: 1,000
}

const quarantineLimit = 1000

// Quarantine lists rows that could not be read and count against their month:
// those of current deliveries, and those of no delivery from the newest import
// of their URL. The newest import comes first.
//
// Needs usage.read.
func (s *Service) Quarantine(ctx context.Context, f QuarantineFilter) ([]QuarantinedRow, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	f.Limit = cmp.Or(max(f.Limit, 0), quarantineLimit)
	var rows []quarantineRow
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		rows, err = s.web.listQuarantine(ctx, f)
		return err
	})
	out := make([]QuarantinedRow, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.row())
	}
	return out, err
}

// QuarantineMonths returns the billing months against which rows count that
// nobody has acknowledged, newest first. Rows of unknown month count against
// each of the months of current deliveries.
//
// Needs usage.read.
func (s *Service) QuarantineMonths(ctx context.Context) (out []period.Month, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		out, err = s.web.quarantineMonths(ctx)
		return err
	})
	return out, err
}

func (r quarantineRow) row() QuarantinedRow {
	q := QuarantinedRow{
		ID: r.ID.String(), Owner: r.OwnerID, Import: r.ImportID, Delivery: r.DeliveryID, Period: r.Period,
		File: r.File, Row: r.RowNumber, Column: r.ColumnName, Value: r.Value, Reason: r.Reason,
	}
	if r.AcknowledgedAt != nil {
		q.AcknowledgedAt = r.AcknowledgedAt.UTC()
	}
	if r.AcknowledgedBy != nil {
		q.AcknowledgedBy = *r.AcknowledgedBy
	}
	if r.AcknowledgedFor != nil {
		q.Acknowledged = *r.AcknowledgedFor
	}
	return q
}

var errNoReason = errs.New(errs.Invalid, "usage.no_reason", "A reason is needed.").WithField("reason", "Say why the month is right without these rows.")

// Acknowledge takes note of all open quarantined rows that count against
// billing month p, those of unknown month included, for all owners that the
// scope sees, and returns how many there were. The rows stay out of all sums.
//
// Needs usage.acknowledge. Errors: Invalid without a reason.
func (s *Service) Acknowledge(ctx context.Context, p period.Month, reason string) (int64, error) {
	if err := s.authz.Need(ctx, PermAcknowledge); err != nil {
		return 0, err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return 0, errNoReason
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return 0, err
	}
	var total int64
	err = s.web.db.InTx(ctx, func(ctx context.Context) error {
		noted, err := s.web.acknowledge(ctx, p, s.clock.Now(), sc.Actor.String(), reason)
		if err != nil {
			return err
		}
		total = 0
		for _, n := range noted {
			total += n.Rows
			after := map[string]any{"period": p, "rows": n.Rows, "reason": reason}
			if err := s.webAudit.Record(ctx, "usage.acknowledge", p.String(), n.Owner, nil, after); err != nil {
				return err
			}
		}
		return nil
	})
	return total, err
}
