package usage

import (
	"context"
	"iter"
	"time"

	"tierbook/app/kernel/id"
	"tierbook/modules/usage/internal/segment"
)

// segmentRow is a row of usage_segments.
type segmentRow struct {
	ID         id.Segment
	TreeID     id.Tenant
	OwnerID    id.Tenant
	DeliveryID id.Delivery
	Ordinal    int
	Object     string
	SHA256     string `gorm:"column:sha256"`
	Bytes      int64
	Rows       int64
	StagedAt   time.Time
}

// lockObject keeps GC and staging from deciding about one object at once.
func (s store) lockObject(ctx context.Context, object string) error {
	return s.exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(?, 0))`, "usage.object:"+object)
}

func (s store) insertSegment(ctx context.Context, r segmentRow) error {
	if err := s.lockObject(ctx, r.Object); err != nil {
		return err
	}
	return s.exec(ctx, `
		INSERT INTO usage_segments (id, tree_id, owner_id, delivery_id, ordinal, object, sha256, bytes, rows, staged_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.TreeID, r.OwnerID, r.DeliveryID, r.Ordinal, r.Object, r.SHA256, r.Bytes, r.Rows, r.StagedAt)
}

// partRow is a row of usage_segment_accounts.
type partRow struct {
	segment.Part
	SegmentID id.Segment
	AccountID id.Account
	TreeID    id.Tenant
	OwnerID   id.Tenant
}

func (s store) copyParts(ctx context.Context, parts []partRow) error {
	columns := []string{
		"segment_id", "row_group", "account_id", "tree_id", "owner_id", "payer", "period", "service_month", "currency",
		"rows", "billed", "effective", "list", "contracted",
	}
	values := make([]any, 0, len(columns))
	var rows iter.Seq2[[]any, error] = func(yield func([]any, error) bool) {
		for _, p := range parts {
			values = append(values[:0], p.SegmentID, int32(p.RowGroup), p.AccountID, p.TreeID, p.OwnerID, p.Payer, p.Period, p.ServiceMonth, p.Currency, //nolint:gosec // row groups are few
				p.Rows, p.Billed, p.Effective, p.List, p.Contracted)
			if !yield(values, nil) {
				return
			}
		}
	}
	_, err := s.db.CopyFrom(ctx, "usage_segment_accounts", columns, rows)
	return err
}

// staleObject is an object that was staged and never published.
type staleObject struct{ Object string }

// staleObjects returns objects that only deliveries staged before the instant
// refer to, none of which was ever published.
func (s store) staleObjects(ctx context.Context, before time.Time, owners array) ([]staleObject, error) {
	var out []staleObject
	err := s.query(ctx, &out, `
		SELECT s.object
		FROM usage_segments s JOIN usage_deliveries d ON d.id = s.delivery_id
		WHERE s.owner_id = ANY (?::uuid[])
		GROUP BY s.object
		HAVING bool_and(d.state = 'staged' AND s.staged_at < ?)`, owners, before)
	return out, err
}

// isStale is staleObjects for one object.
func (s store) isStale(ctx context.Context, object string, before time.Time) (bool, error) {
	var live int64
	err := s.query(ctx, &live, `
		SELECT count(*)
		FROM usage_segments s JOIN usage_deliveries d ON d.id = s.delivery_id
		WHERE s.object = ? AND NOT (d.state = 'staged' AND s.staged_at < ?)`, object, before)
	return live == 0, err
}
