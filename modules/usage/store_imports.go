package usage

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"tierbook/app/kernel/id"
)

// document is a value that is stored as JSON; NULL leaves it as it is.
type document[T any] struct{ V T }

// Value writes the JSON.
func (d document[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(d.V)
	return string(b), err
}

// Scan reads what Value wrote.
func (d *document[T]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), &d.V)
	case []byte:
		return json.Unmarshal(v, &d.V)
	}
	return fmt.Errorf("scan JSON: unexpected %T", src)
}

// importRow is a row of usage_imports.
type importRow struct {
	ID              id.Import
	TreeID          id.Tenant
	OwnerID         id.Tenant
	URL             string // without options
	URLQuery        string // its options
	Format          string
	State           ImportState
	ByJob           bool
	ActingID        id.Tenant
	Actor           string // as the audit trail names it
	ActorName       string // as people do
	Rerate          bool
	Uploads         document[[]Upload]
	Attempt         int
	RequestedAt     time.Time
	StartedAt       *time.Time
	FinishedAt      *time.Time
	Progress        document[Progress]
	RowsRead        int64
	RowsStored      int64
	RowsQuarantined int64
	Result          document[*storedResult]
	Error           *string
}

// storedResult is an import's result as it is kept.
type storedResult struct {
	ImportResult
	IDs []id.Delivery `json:"delivery_ids"` // of Deliveries, in their order
}

func newStoredResult(r ImportResult) *storedResult {
	out := &storedResult{ImportResult: r}
	for _, d := range r.Deliveries {
		out.IDs = append(out.IDs, d.ID)
	}
	return out
}

// result returns what newStoredResult was given.
func (r *storedResult) result() *ImportResult {
	if r == nil {
		return nil
	}
	out := r.ImportResult
	for i := range min(len(r.IDs), len(out.Deliveries)) {
		out.Deliveries[i].ID = r.IDs[i]
	}
	return &out
}

const importColumns = `i.id, i.tree_id, i.owner_id, i.url, i.format, i.state, i.by_job, i.acting_id, i.actor, i.actor_name, i.rerate,
	i.url_query, i.uploads, i.attempt, i.requested_at, i.started_at, i.finished_at, i.progress, i.rows_read, i.rows_stored, i.rows_quarantined,
	i.result, i.error`

func (s store) insertImport(ctx context.Context, r importRow) error {
	if r.Uploads.V == nil {
		r.Uploads.V = []Upload{}
	}
	return s.exec(ctx, `
		INSERT INTO usage_imports (id, tree_id, owner_id, url, format, state, by_job, acting_id, actor, actor_name, rerate,
			url_query, uploads, requested_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.TreeID, r.OwnerID, r.URL, r.Format, r.State, r.ByJob, r.ActingID, r.Actor, r.ActorName, r.Rerate,
		r.URLQuery, r.Uploads, r.RequestedAt)
}

func (s store) getImport(ctx context.Context, i id.Import) (importRow, bool, error) {
	var rows []importRow
	err := s.query(ctx, &rows, `SELECT `+importColumns+` FROM usage_imports i WHERE i.id = ?`, i)
	if err != nil || len(rows) == 0 {
		return importRow{}, false, err
	}
	return rows[0], true, nil
}

// startImport starts an import, or starts it again, and returns the number of
// the start; ok is false if it has ended.
func (s store) startImport(ctx context.Context, i id.Import, at time.Time) (attempt int, ok bool, err error) {
	var rows []struct{ Attempt int }
	err = s.query(ctx, &rows, `
		UPDATE usage_imports SET state = 'running', attempt = attempt + 1, started_at = ?, progress = NULL
		WHERE id = ? AND state IN ('requested', 'running')
		RETURNING attempt`, at, i)
	if err != nil || len(rows) == 0 {
		return 0, false, err
	}
	return rows[0].Attempt, true, nil
}

// saveProgress notes how far an import is; ok is false if another process has
// taken it over or it was ended.
func (s store) saveProgress(ctx context.Context, i id.Import, attempt int, p Progress) (ok bool, err error) {
	var rows []struct{ Attempt int }
	err = s.query(ctx, &rows, `
		UPDATE usage_imports SET progress = ?::jsonb WHERE id = ? AND attempt = ? AND state = 'running' RETURNING attempt`,
		document[Progress]{p}, i, attempt)
	return len(rows) > 0, err
}

// finishImport ends the start numbered r.Attempt of an import; ok is false if
// another process has taken it over or it was ended.
func (s store) finishImport(ctx context.Context, r importRow) (ok bool, err error) {
	var rows []struct{ Attempt int }
	err = s.query(ctx, &rows, `
		UPDATE usage_imports
		SET state = ?, finished_at = ?, rows_read = ?, rows_stored = ?, rows_quarantined = ?, result = ?::jsonb, error = ?
		WHERE id = ? AND attempt = ? AND state = 'running'
		RETURNING attempt`,
		r.State, r.FinishedAt, r.RowsRead, r.RowsStored, r.RowsQuarantined, r.Result, r.Error, r.ID, r.Attempt)
	return len(rows) > 0, err
}

// failAbandoned ends imports whose process must have died.
func (s store) failAbandoned(ctx context.Context, before, now time.Time, owners array) error {
	return s.exec(ctx, `
		UPDATE usage_imports SET state = 'failed', finished_at = ?, error = '`+abandoned+`'
		WHERE state = 'running' AND NOT by_job AND started_at < ? AND owner_id = ANY (?::uuid[])`, now, before, owners)
}

// openImports returns the imports of all trees that have not ended, the oldest
// first.
func (s store) openImports(ctx context.Context) ([]importRow, error) {
	var rows []importRow
	err := s.query(ctx, &rows, `SELECT `+importColumns+` FROM usage_imports i WHERE i.state IN ('requested', 'running') ORDER BY i.requested_at`)
	return rows, err
}

// isUploadNeeded reports whether an import that has not ended reads the object.
func (s store) isUploadNeeded(ctx context.Context, object string) (yes bool, err error) {
	err = s.query(ctx, &yes, `
		SELECT EXISTS (
			SELECT FROM usage_imports i
			WHERE i.state IN ('requested', 'running') AND i.uploads @> jsonb_build_array(jsonb_build_object('object', ?::text)))`, object)
	return yes, err
}
