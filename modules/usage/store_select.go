package usage

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// selectedRow is what a row group of a current segment holds of an account that
// an assignee answers for.
type selectedRow struct {
	OwnerID      id.Tenant
	OwnUse       bool
	SegmentID    id.Segment
	Object       string
	SHA256       string `gorm:"column:sha256"`
	Bytes        int64
	DeliveryID   id.Delivery
	ContentHash  string
	RowGroup     int
	AccountID    id.Account
	Provider     string
	Account      string
	ServiceMonth period.Month
	AssignmentID id.Assignment
	Rows         int64
}

// selected returns what assignee answers for in billing month p: whatever is
// assigned to it in the service month.
func (s store) selected(ctx context.Context, assignee id.Tenant, p period.Month) ([]selectedRow, error) {
	var rows []selectedRow
	err := s.query(ctx, &rows, `
		SELECT sa.owner_id, a.own_use, s.id AS segment_id, s.object, s.sha256, s.bytes, d.id AS delivery_id, d.content_hash,
			sa.row_group, sa.account_id, acc.provider, acc.account, sa.service_month, a.id AS assignment_id, sum(sa.rows)::bigint AS rows
		`+currentParts+`
		JOIN usage_assignments a ON a.account_id = sa.account_id AND a.months @> sa.service_month
		WHERE a.assignee_id = ? AND sa.period = ?
		GROUP BY sa.owner_id, a.own_use, s.id, d.id, sa.row_group, sa.account_id, acc.provider, acc.account, sa.service_month, a.id
		ORDER BY sa.owner_id, d.provider, d.payer, d.month, s.ordinal, sa.row_group, acc.provider, acc.account, sa.service_month`,
		assignee, p)
	return rows, err
}

// assignees returns who answers for lines of billing month p.
func (s store) assignees(ctx context.Context, p period.Month, among array) ([]id.Tenant, error) {
	var rows []struct{ AssigneeID id.Tenant }
	err := s.query(ctx, &rows, `
		SELECT DISTINCT a.assignee_id
		`+currentParts+`
		JOIN usage_assignments a ON a.account_id = sa.account_id AND a.months @> sa.service_month
		WHERE sa.period = ? AND a.assignee_id = ANY (?::uuid[])
		ORDER BY a.assignee_id`, p, among)
	out := make([]id.Tenant, len(rows))
	for i, r := range rows {
		out[i] = r.AssigneeID
	}
	return out, err
}

// holderRow is who answers for an account in a month.
type holderRow struct {
	AccountID  id.Account
	AssigneeID id.Tenant
	OwnUse     bool
}

// holders returns who answers for accounts in month.
func (s store) holders(ctx context.Context, month period.Month, accounts array) ([]holderRow, error) {
	var rows []holderRow
	err := s.query(ctx, &rows, `
		SELECT account_id, assignee_id, own_use FROM usage_assignments
		WHERE account_id = ANY (?::uuid[]) AND months @> ?::date`, accounts, month)
	return rows, err
}

// storedSegment is a current segment.
type storedSegment struct {
	ID       id.Segment
	OwnerID  id.Tenant
	Provider string
	Payer    string
	Object   string
	SHA256   string `gorm:"column:sha256"`
	Bytes    int64
	Rows     int64
}

// segmentsOf returns the current segments that may hold lines of billing month
// p: whatever the database says they do.
func (s store) segmentsOf(ctx context.Context, p period.Month, owners array) ([]storedSegment, error) {
	var rows []storedSegment
	err := s.query(ctx, &rows, `
		SELECT s.id, s.owner_id, d.provider, d.payer, s.object, s.sha256, s.bytes, s.rows
		FROM usage_segments s JOIN usage_deliveries d ON d.id = s.delivery_id
		WHERE d.state = 'current' AND s.owner_id = ANY (?::uuid[]) AND (d.month = ? OR EXISTS (
			SELECT FROM usage_segment_accounts sa WHERE sa.segment_id = s.id AND sa.period = ?))
		ORDER BY s.owner_id, d.provider, d.payer, d.month, s.ordinal`, owners, p, p)
	return rows, err
}

// partSums returns what the database says segments hold, by account, payer,
// period, service month and currency.
func (s store) partSums(ctx context.Context, segments array) ([]partSumRow, error) {
	var rows []partSumRow
	err := s.query(ctx, &rows, `
		SELECT sa.segment_id, sa.account_id, acc.account, sa.payer, sa.period, sa.service_month, sa.currency,
			sum(sa.rows)::bigint AS rows, sum(sa.billed) AS billed
		FROM usage_segment_accounts sa JOIN usage_accounts acc ON acc.id = sa.account_id
		WHERE sa.segment_id = ANY (?::uuid[])
		GROUP BY sa.segment_id, sa.account_id, acc.account, sa.payer, sa.period, sa.service_month, sa.currency`, segments)
	return rows, err
}

// accountIDs returns the accounts of owners.
func (s store) accountIDs(ctx context.Context, owners array) ([]accountRow, error) {
	var rows []accountRow
	err := s.query(ctx, &rows, `SELECT id, owner_id, provider, account FROM usage_accounts WHERE owner_id = ANY (?::uuid[])`, owners)
	return rows, err
}

// assignmentsOf returns the assignments of owners' accounts.
func (s store) assignmentsOf(ctx context.Context, owners array) ([]assignmentRow, error) {
	var rows []assignmentRow
	err := s.query(ctx, &rows, `
		SELECT `+assignmentColumns+` FROM usage_assignments a WHERE a.owner_id = ANY (?::uuid[]) ORDER BY a.account_id, a.months`, owners)
	return rows, err
}

// staleOf returns whose months hold lines of deliveries, whatever their states.
func (s store) staleOf(ctx context.Context, deliveries array) ([]Stale, error) {
	var rows []Stale
	err := s.query(ctx, &rows, `
		SELECT DISTINCT a.assignee_id AS assignee, sa.period AS month
		FROM usage_segments s
		JOIN usage_segment_accounts sa ON sa.segment_id = s.id
		JOIN usage_assignments a ON a.account_id = sa.account_id AND a.months @> sa.service_month
		WHERE s.delivery_id = ANY (?::uuid[])`, deliveries)
	return rows, err
}

// billedMonths returns the billing months in which current deliveries hold
// lines of accounts, of service months in months.
func (s store) billedMonths(ctx context.Context, accounts array, months period.Months) ([]period.Month, error) {
	var rows []struct{ Period period.Month }
	err := s.query(ctx, &rows, `
		SELECT DISTINCT sa.period
		`+currentParts+`
		WHERE sa.account_id = ANY (?::uuid[]) AND ?::daterange @> sa.service_month
		ORDER BY sa.period`, accounts, months)
	out := make([]period.Month, len(rows))
	for i, r := range rows {
		out[i] = r.Period
	}
	return out, err
}
