package usage

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/db"
)

// store is the only door to this module's tables. Its methods run in the
// transaction in ctx. Through the web role, row-level security limits each
// query to what the acting tenant may see; through the work role, which is not
// limited, each query names the owners or assignee that it is for.
type store struct{ db *db.DB }

func (s store) query(ctx context.Context, into any, sql string, args ...any) error {
	return s.db.Gorm(ctx).Raw(sql, args...).Scan(into).Error
}

func (s store) exec(ctx context.Context, sql string, args ...any) error {
	return s.db.Gorm(ctx).Exec(sql, args...).Error
}

// array is a PostgreSQL array of texts, to be cast to what it is.
type array []string

// Value writes the array as PostgreSQL reads it.
func (a array) Value() (driver.Value, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, s := range a {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String(), nil
}

func ids[T fmt.Stringer](list []T) array {
	out := make(array, len(list))
	for i, v := range list {
		out[i] = v.String()
	}
	return out
}

// deliveryRow is a row of usage_deliveries.
type deliveryRow struct {
	ID              id.Delivery
	TreeID          id.Tenant
	OwnerID         id.Tenant
	ImportID        id.Import
	Provider        string
	Payer           string
	Month           period.Month
	ManifestAt      *time.Time
	ContentHash     string
	RowsRead        int64
	RowsQuarantined int64
	State           string
	StagedAt        time.Time
	PublishedAt     *time.Time
	SupersededAt    *time.Time
	SupersededBy    id.Delivery
	WithdrawnBy     *string
	WithdrawnFor    *string
}

const deliveryColumns = `d.id, d.tree_id, d.owner_id, d.import_id, d.provider, d.payer, d.month, d.manifest_at, d.content_hash,
	d.rows_read, d.rows_quarantined, d.state, d.staged_at, d.published_at, d.superseded_at, d.superseded_by, d.withdrawn_by, d.withdrawn_for`

func (s store) insertDelivery(ctx context.Context, r deliveryRow) error {
	return s.exec(ctx, `
		INSERT INTO usage_deliveries (id, tree_id, owner_id, import_id, provider, payer, month, manifest_at, content_hash,
			rows_read, rows_quarantined, state, staged_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.TreeID, r.OwnerID, r.ImportID, r.Provider, r.Payer, r.Month, r.ManifestAt, r.ContentHash,
		r.RowsRead, r.RowsQuarantined, r.State, r.StagedAt)
}

// lockDelivery lets one transaction at a time decide which delivery of an
// (owner, provider, payer, month) is current.
func (s store) lockDelivery(ctx context.Context, r deliveryRow) error {
	key := fmt.Sprintf("usage.delivery:%s:%s:%s:%s", r.OwnerID, r.Provider, r.Payer, r.Month)
	return s.exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(?, 0))`, key)
}

// current returns the current delivery that r would replace.
func (s store) current(ctx context.Context, r deliveryRow) (deliveryRow, bool, error) {
	var rows []deliveryRow
	err := s.query(ctx, &rows, `
		SELECT `+deliveryColumns+` FROM usage_deliveries d
		WHERE d.owner_id = ? AND d.provider = ? AND d.payer = ? AND d.month = ? AND d.state = 'current'`,
		r.OwnerID, r.Provider, r.Payer, r.Month)
	if err != nil || len(rows) == 0 {
		return deliveryRow{}, false, err
	}
	return rows[0], true, nil
}

// otherOwners returns those of owners, in r's tree but not r's own, that have a
// current delivery of the same provider, payer and month.
func (s store) otherOwners(ctx context.Context, r deliveryRow, owners array) ([]id.Tenant, error) {
	var rows []struct{ OwnerID id.Tenant }
	err := s.query(ctx, &rows, `
		SELECT owner_id
		FROM usage_deliveries
		WHERE tree_id = ? AND owner_id <> ? AND owner_id = ANY (?::uuid[])
			AND provider = ? AND payer = ? AND month = ? AND state = 'current'
		ORDER BY owner_id`,
		r.TreeID, r.OwnerID, owners, r.Provider, r.Payer, r.Month)
	out := make([]id.Tenant, len(rows))
	for i, x := range rows {
		out[i] = x.OwnerID
	}
	return out, err
}

// publishDelivery puts a staged delivery into its state.
func (s store) publishDelivery(ctx context.Context, d id.Delivery, state string, at time.Time) error {
	return s.exec(ctx, `UPDATE usage_deliveries SET state = ?, published_at = ? WHERE id = ?`, state, at, d)
}

// supersede ends a current delivery, for by to take its place.
func (s store) supersede(ctx context.Context, d, by id.Delivery, at time.Time) error {
	return s.exec(ctx, `
		UPDATE usage_deliveries SET state = 'superseded', superseded_by = ?, superseded_at = ? WHERE id = ?`, by, at, d)
}

// replaced returns the delivery whose place d took.
func (s store) replaced(ctx context.Context, d id.Delivery) (deliveryRow, bool, error) {
	var rows []deliveryRow
	err := s.query(ctx, &rows, `SELECT `+deliveryColumns+` FROM usage_deliveries d WHERE d.superseded_by = ?`, d)
	if err != nil || len(rows) == 0 {
		return deliveryRow{}, false, err
	}
	return rows[0], true, nil
}

// delivery returns one delivery that was published.
func (s store) delivery(ctx context.Context, d id.Delivery) (deliveryRow, bool, error) {
	var rows []deliveryRow
	err := s.query(ctx, &rows, `SELECT `+deliveryColumns+` FROM usage_deliveries d WHERE d.id = ? AND d.state <> 'staged'`, d)
	if err != nil || len(rows) == 0 {
		return deliveryRow{}, false, err
	}
	return rows[0], true, nil
}

// withdraw ends a current delivery with nothing in its place; ok is false if
// it is not current.
func (s store) withdraw(ctx context.Context, d id.Delivery, at time.Time, by, reason string) (ok bool, err error) {
	var rows []struct{ ID id.Delivery }
	err = s.query(ctx, &rows, `
		UPDATE usage_deliveries SET state = 'superseded', superseded_at = ?, withdrawn_by = ?, withdrawn_for = ?
		WHERE id = ? AND state = 'current' RETURNING id`, at, by, reason, d)
	return len(rows) > 0, err
}
