package usage

import (
	"context"
	"iter"
	"time"

	"github.com/google/uuid"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// quarantineRow is a row of usage_quarantine.
type quarantineRow struct {
	ID              uuid.UUID
	TreeID          id.Tenant
	OwnerID         id.Tenant
	ImportID        id.Import
	DeliveryID      id.Delivery
	Period          period.Month
	File            string
	RowNumber       int64
	ColumnName      string
	Value           string
	Reason          string
	AcknowledgedAt  *time.Time
	AcknowledgedBy  *string
	AcknowledgedFor *string
}

func (s store) insertQuarantine(ctx context.Context, rows iter.Seq2[quarantineRow, error]) error {
	columns := []string{
		"id", "tree_id", "owner_id", "import_id", "delivery_id", "period", "file", "row_number", "column_name", "value", "reason",
	}
	_, err := s.db.CopyFrom(ctx, "usage_quarantine", columns, func(yield func([]any, error) bool) {
		for r, err := range rows {
			row := []any{
				[16]byte(uuid.Must(uuid.NewV7())), r.TreeID, r.OwnerID, r.ImportID, r.DeliveryID, r.Period,
				r.File, r.RowNumber, r.ColumnName, r.Value, r.Reason,
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	})
	return err
}

// carryAcknowledgements takes over what was acknowledged of the same rows of no
// delivery when the same URL was imported before.
func (s store) carryAcknowledgements(ctx context.Context, owner id.Tenant, current id.Import) error {
	return s.exec(ctx, `
		UPDATE usage_quarantine q
		SET acknowledged_at = o.acknowledged_at, acknowledged_by = o.acknowledged_by, acknowledged_for = o.acknowledged_for
		FROM usage_quarantine o
		JOIN usage_imports oi ON oi.id = o.import_id
		JOIN usage_imports qi ON qi.url = oi.url AND qi.owner_id = oi.owner_id
		WHERE q.owner_id = ? AND q.import_id = ? AND qi.id = q.import_id AND q.delivery_id IS NULL
			AND o.import_id <> q.import_id AND o.delivery_id IS NULL AND o.acknowledged_at IS NOT NULL
			AND o.file = q.file AND o.row_number = q.row_number AND o.column_name = q.column_name
			AND o.value = q.value AND o.reason = q.reason`, owner, current)
}

// counts limits a query over usage_quarantine q to rows that count: those of
// current deliveries, and those of no delivery from the newest complete import
// of their URL.
const counts = `
	(q.delivery_id IN (SELECT d.id FROM usage_deliveries d WHERE d.state = 'current')
	OR q.delivery_id IS NULL AND EXISTS (
		SELECT FROM usage_imports i
		WHERE i.id = q.import_id AND i.state = 'complete' AND NOT EXISTS (
			SELECT FROM usage_imports n
			WHERE n.owner_id = i.owner_id AND n.url = i.url AND n.state = 'complete' AND (n.started_at, n.id) > (i.started_at, i.id))))`

const quarantineColumns = `q.id, q.tree_id, q.owner_id, q.import_id, q.delivery_id, q.period, q.file, q.row_number,
	q.column_name, q.value, q.reason, q.acknowledged_at, q.acknowledged_by, q.acknowledged_for`

// quarantineOf yields the rows of a delivery.
func (s store) quarantineOf(ctx context.Context, d id.Delivery) iter.Seq2[quarantineRow, error] {
	return func(yield func(quarantineRow, error) bool) {
		var rows []quarantineRow
		if err := s.query(ctx, &rows, `SELECT `+quarantineColumns+` FROM usage_quarantine q WHERE q.delivery_id = ?`, d); err != nil {
			yield(quarantineRow{}, err)
			return
		}
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (s store) listQuarantine(ctx context.Context, f QuarantineFilter) ([]quarantineRow, error) {
	var rows []quarantineRow
	err := s.query(ctx, &rows, `
		SELECT `+quarantineColumns+`
		FROM usage_quarantine q JOIN usage_imports im ON im.id = q.import_id
		WHERE `+counts+`
			AND (?::uuid IS NULL OR q.owner_id = ?) AND (?::uuid IS NULL OR q.import_id = ?)
			AND (?::uuid IS NULL OR q.delivery_id = ?)
			AND (?::date IS NULL OR q.period IS NULL OR q.period = ?)
			AND (? OR q.acknowledged_at IS NULL)
		ORDER BY im.started_at DESC, im.id DESC, q.file, q.row_number
		LIMIT ?`,
		f.Owner, f.Owner, f.Import, f.Import, f.Delivery, f.Delivery, f.Period, f.Period, f.Acknowledged, f.Limit)
	return rows, err
}

// acknowledge takes note of the open rows that count against p.
func (s store) acknowledge(ctx context.Context, p period.Month, at time.Time, by, reason string) ([]QuarantineCount, error) {
	var rows []QuarantineCount
	err := s.query(ctx, &rows, `
		WITH noted AS (
			UPDATE usage_quarantine q SET acknowledged_at = ?, acknowledged_by = ?, acknowledged_for = ?
			WHERE q.acknowledged_at IS NULL AND (q.period = ? OR q.period IS NULL) AND `+counts+`
			RETURNING q.owner_id)
		SELECT owner_id AS owner, count(*) AS rows FROM noted GROUP BY owner_id ORDER BY owner_id`,
		at, by, reason, p)
	return rows, err
}

// openQuarantine counts the open rows that count against p.
func (s store) openQuarantine(ctx context.Context, p period.Month, owners array) ([]QuarantineCount, error) {
	var rows []QuarantineCount
	err := s.query(ctx, &rows, `
		SELECT q.owner_id AS owner, count(*) AS rows
		FROM usage_quarantine q
		WHERE q.owner_id = ANY (?::uuid[]) AND q.acknowledged_at IS NULL AND (q.period = ? OR q.period IS NULL) AND `+counts+`
		GROUP BY q.owner_id ORDER BY q.owner_id`, owners, p)
	return rows, err
}

// quarantineMonths returns the months that open rows count against.
func (s store) quarantineMonths(ctx context.Context) ([]period.Month, error) {
	var rows []struct{ Month period.Month }
	err := s.query(ctx, &rows, `
		WITH open AS (SELECT DISTINCT q.period FROM usage_quarantine q WHERE q.acknowledged_at IS NULL AND `+counts+`)
		SELECT o.period AS month FROM open o WHERE o.period IS NOT NULL
		UNION
		SELECT d.month FROM usage_deliveries d WHERE d.state = 'current' AND EXISTS (SELECT FROM open o WHERE o.period IS NULL)
		ORDER BY month DESC`)
	out := make([]period.Month, len(rows))
	for i, r := range rows {
		out[i] = r.Month
	}
	return out, err
}
