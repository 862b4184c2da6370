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

// importRow is a row of usage_imports.
type importRow struct {
	ID              id.Import
	TreeID          id.Tenant
	OwnerID         id.Tenant
	URL             string
	Format          string
	State           string
	StartedAt       time.Time
	FinishedAt      time.Time
	RowsRead        int64
	RowsStored      int64
	RowsQuarantined int64
	Error           *string
}

func (s store) insertImport(ctx context.Context, r importRow) error {
	return s.exec(ctx, `
		INSERT INTO usage_imports (id, tree_id, owner_id, url, format, state, started_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.TreeID, r.OwnerID, r.URL, r.Format, r.State, r.StartedAt)
}

func (s store) finishImport(ctx context.Context, r importRow) error {
	return s.exec(ctx, `
		UPDATE usage_imports
		SET state = ?, finished_at = ?, rows_read = ?, rows_stored = ?, rows_quarantined = ?, error = ?
		WHERE id = ?`,
		r.State, r.FinishedAt, r.RowsRead, r.RowsStored, r.RowsQuarantined, r.Error, r.ID)
}

// failAbandoned ends imports whose process must have died.
func (s store) failAbandoned(ctx context.Context, before, now time.Time, owners array) error {
	return s.exec(ctx, `
		UPDATE usage_imports SET state = 'failed', finished_at = ?, error = 'The process that ran it ended.'
		WHERE state = 'running' AND started_at < ? AND owner_id = ANY (?::uuid[])`, now, before, owners)
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
}

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
		SELECT id, tree_id, owner_id, import_id, provider, payer, month, manifest_at, content_hash, rows_read, rows_quarantined, state, staged_at
		FROM usage_deliveries
		WHERE owner_id = ? AND provider = ? AND payer = ? AND month = ? AND state = 'current'`,
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

func (s store) setState(ctx context.Context, d id.Delivery, state string, publishedAt *time.Time) error {
	return s.exec(ctx, `
		UPDATE usage_deliveries SET state = ?, published_at = coalesce(?, published_at) WHERE id = ?`, state, publishedAt, d)
}
