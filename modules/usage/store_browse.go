package usage

import (
	"context"
	"slices"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

func (s store) listImports(ctx context.Context, f ImportFilter) ([]importRow, error) {
	var rows []importRow
	open := ""
	if f.Open { // written so that the index of open imports fits
		open = ` i.state IN ('requested', 'running') AND`
	}
	err := s.query(ctx, &rows, `
		SELECT `+importColumns+`
		FROM usage_imports i
		WHERE`+open+` (?::uuid IS NULL OR i.owner_id = ?) AND (? = '' OR i.state = ?)
			AND (?::uuid IS NULL OR (i.requested_at, i.id) < (SELECT b.requested_at, b.id FROM usage_imports b WHERE b.id = ?))
		ORDER BY i.requested_at DESC, i.id DESC
		LIMIT ?`,
		f.Owner, f.Owner, f.State, f.State, f.Before, f.Before, f.Limit)
	return rows, err
}

func (s store) countOpenImports(ctx context.Context) (n int64, err error) {
	err = s.query(ctx, &n, `SELECT count(*) FROM usage_imports i WHERE i.state IN ('requested', 'running')`)
	return n, err
}

// listedDelivery is a delivery with what lists show of its import.
type listedDelivery struct {
	Row       deliveryRow `gorm:"embedded"`
	ActingID  id.Tenant
	ActorName string
	URL       string
	Uploads   document[[]Upload]
	Total     int64
}

const listedColumns = deliveryColumns + `, i.acting_id, i.actor_name, i.url, i.uploads`

func (s store) listDeliveries(ctx context.Context, f DeliveryFilter) ([]listedDelivery, error) {
	var rows []listedDelivery
	err := s.query(ctx, &rows, `
		WITH chosen AS (
			SELECT d.id, d.month, d.published_at FROM usage_deliveries d
			WHERE d.state <> 'staged' AND (?::uuid IS NULL OR d.owner_id = ?) AND (? = '' OR d.provider = ?)
				AND (?::date IS NULL OR d.month = ?) AND (? = '' OR d.payer ILIKE ?)
				AND CASE ?::text WHEN '' THEN true WHEN 'withdrawn' THEN d.withdrawn_for IS NOT NULL
					ELSE d.state = ?::text AND d.withdrawn_for IS NULL END)
		SELECT `+listedColumns+`, (SELECT count(*) FROM chosen) AS total
		FROM chosen c JOIN usage_deliveries d ON d.id = c.id JOIN usage_imports i ON i.id = d.import_id
		WHERE ?::uuid IS NULL OR (c.month, c.published_at, c.id) < (SELECT a.month, a.published_at, a.id FROM usage_deliveries a WHERE a.id = ?)
		ORDER BY c.month DESC, c.published_at DESC, c.id DESC
		LIMIT ?`,
		f.Owner, f.Owner, f.Provider, f.Provider, f.Month, f.Month, f.Text, like(f.Text), f.Status, f.Status, f.After, f.After, f.Limit)
	return rows, err
}

// like is a pattern that finds text anywhere.
func like(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

// deliveryAndKin returns a delivery, the one whose place it took, and the one
// that took its own.
func (s store) deliveryAndKin(ctx context.Context, d id.Delivery) ([]listedDelivery, error) {
	var rows []listedDelivery
	err := s.query(ctx, &rows, `
		SELECT `+listedColumns+`
		FROM usage_deliveries d JOIN usage_imports i ON i.id = d.import_id
		WHERE d.state <> 'staged'
			AND (d.id = ? OR d.superseded_by = ? OR d.id = (SELECT x.superseded_by FROM usage_deliveries x WHERE x.id = ?))`, d, d, d)
	return rows, err
}

// deliverySum adds up one currency of a delivery.
type deliverySum struct {
	DeliveryID id.Delivery
	Sum        `gorm:"embedded"`
}

// deliverySums reads segment by segment, by their index: the deliveries of a
// page are few among all.
func (s store) deliverySums(ctx context.Context, list array) ([]deliverySum, error) {
	var rows []deliverySum
	err := s.query(ctx, &rows, `
		SELECT s.delivery_id, x.currency, sum(x.rows)::bigint AS rows, sum(x.billed) AS billed, sum(x.effective) AS effective,
			sum(x.list) AS list, sum(x.contracted) AS contracted
		FROM usage_segments s CROSS JOIN LATERAL (
			SELECT sa.currency, sum(sa.rows) AS rows, sum(sa.billed) AS billed, sum(sa.effective) AS effective,
				sum(sa.list) AS list, sum(sa.contracted) AS contracted
			FROM usage_segment_accounts sa WHERE sa.segment_id = s.id GROUP BY sa.currency) x
		WHERE s.delivery_id = ANY (?::uuid[])
		GROUP BY s.delivery_id, x.currency
		ORDER BY s.delivery_id, x.currency`, list)
	return rows, err
}

func (s store) segments(ctx context.Context, d id.Delivery) ([]SegmentInfo, error) {
	var rows []SegmentInfo
	err := s.query(ctx, &rows, `
		SELECT s.ordinal, s.rows, s.bytes, s.sha256, s.object FROM usage_segments s WHERE s.delivery_id = ? ORDER BY s.ordinal`, d)
	return rows, err
}

func (s store) deliveryPeriods(ctx context.Context, d id.Delivery) ([]PeriodSum, error) {
	var rows []PeriodSum
	err := s.query(ctx, &rows, `
		SELECT sa.payer, sa.period, sa.currency, sum(sa.rows)::bigint AS rows, sum(sa.billed) AS billed, sum(sa.effective) AS effective,
			sum(sa.list) AS list, sum(sa.contracted) AS contracted
		FROM usage_segments s JOIN usage_segment_accounts sa ON sa.segment_id = s.id
		WHERE s.delivery_id = ?
		GROUP BY sa.payer, sa.period, sa.currency
		ORDER BY sa.payer, sa.period, sa.currency`, d)
	return rows, err
}

// accountChanges returns accounts of a delivery or of the one before it, those
// whose money differs most first, and how many there are.
func (s store) accountChanges(ctx context.Context, d, before id.Delivery, limit int) ([]AccountChange, int64, error) {
	var rows []struct {
		AccountChange `gorm:"embedded"`
		Total         int64
	}
	err := s.query(ctx, &rows, `
		WITH sums AS (
			SELECT sa.account_id, sa.currency,
				coalesce(sum(sa.rows) FILTER (WHERE s.delivery_id = @now), 0)::bigint AS rows,
				coalesce(sum(sa.rows) FILTER (WHERE s.delivery_id = @before), 0)::bigint AS rows_before,
				coalesce(sum(sa.billed) FILTER (WHERE s.delivery_id = @now), 0) AS billed,
				coalesce(sum(sa.billed) FILTER (WHERE s.delivery_id = @before), 0) AS before
			FROM usage_segments s JOIN usage_segment_accounts sa ON sa.segment_id = s.id
			WHERE s.delivery_id = @now OR s.delivery_id = @before
			GROUP BY sa.account_id, sa.currency)
		SELECT acc.id AS account, acc.account AS number, acc.name, x.currency, x.rows, x.rows_before, x.billed, x.before, count(*) OVER () AS total
		FROM sums x JOIN usage_accounts acc ON acc.id = x.account_id
		ORDER BY CASE WHEN CAST(@before AS uuid) IS NULL THEN 0 ELSE abs(x.billed - x.before) END DESC, abs(x.billed) DESC, acc.account, x.currency
		LIMIT @limit`, map[string]any{"now": d, "before": before, "limit": limit})
	if err != nil || len(rows) == 0 {
		return nil, 0, err
	}
	out := make([]AccountChange, len(rows))
	for i, r := range rows {
		out[i] = r.AccountChange
	}
	return out, rows[0].Total, nil
}

// filterAccounts returns accounts by provider, identifier, owner, and on each
// how many there are on all pages.
func (s store) filterAccounts(ctx context.Context, q AccountQuery) ([]listedAccount, error) {
	var rows []listedAccount
	err := s.query(ctx, &rows, `
		WITH chosen AS (
			SELECT acc.id, acc.tree_id, acc.owner_id, acc.provider, acc.account, acc.name, acc.first_seen
			FROM usage_accounts acc
			WHERE (CAST(@owner AS uuid) IS NULL OR acc.owner_id = @owner) AND (@provider = '' OR acc.provider = @provider)
				AND (@text = '' OR acc.account ILIKE @like OR acc.name ILIKE @like)
				AND (CAST(@assignee AS uuid) IS NULL OR acc.id IN (SELECT a.account_id FROM usage_assignments a WHERE a.assignee_id = @assignee))
				AND (NOT @unassigned OR acc.id IN (SELECT unnest(CAST(@open AS uuid[]))))
				AND (CAST(@period AS date) IS NULL OR @unassigned
					OR acc.id IN (SELECT sa.account_id `+currentParts+` WHERE sa.period = @period)
					OR acc.id IN (SELECT a.account_id FROM usage_assignments a WHERE a.months @> CAST(@period AS date))))
		SELECT c.*, (SELECT count(*) FROM chosen) AS total
		FROM chosen c
		WHERE CAST(@after AS uuid) IS NULL
			OR (c.provider, c.account, c.id) > (SELECT b.provider, b.account, b.id FROM usage_accounts b WHERE b.id = @after)
		ORDER BY c.provider, c.account, c.id
		LIMIT @limit`, map[string]any{
		"owner": q.Owner, "provider": q.Provider, "text": q.Text, "like": like(q.Text), "assignee": q.Assignee,
		"unassigned": q.Unassigned, "open": ids(q.open), "period": q.Period, "after": q.After, "limit": q.Limit,
	})
	return rows, err
}

// listedAccount is an account and how many there are.
type listedAccount struct {
	Row   accountRow `gorm:"embedded"`
	Total int64
}

// openParts is currentParts of lines that nobody answers for. Accounts that one
// assignment holds in all their months are left out at once: they are nearly
// all.
const openParts = `
	FROM (
		SELECT x.id FROM usage_accounts x
		WHERE NOT EXISTS (SELECT FROM usage_assignments a WHERE a.account_id = x.id AND a.months @> x.months)
		OFFSET 0) acc
	CROSS JOIN LATERAL (SELECT * FROM usage_segment_accounts p WHERE p.account_id = acc.id OFFSET 0) sa
	JOIN usage_segments s ON s.id = sa.segment_id
	JOIN usage_deliveries d ON d.id = s.delivery_id AND d.state = 'current'
	WHERE NOT EXISTS (SELECT FROM usage_assignments a WHERE a.account_id = sa.account_id AND a.months @> sa.service_month)`

// openSum is an UnassignedSum with the accounts in it.
type openSum struct {
	UnassignedSum `gorm:"embedded"`
	List          []byte // their ids, as id.Accounts reads them
}

// unassigned adds up the lines that nobody answers for, by currency.
func (s store) unassigned(ctx context.Context, p period.Month) ([]openSum, error) {
	var rows []openSum
	err := s.query(ctx, &rows, `
		SELECT sa.currency, count(DISTINCT sa.account_id) AS accounts, sum(sa.rows)::bigint AS rows, sum(sa.billed) AS billed,
			string_agg(DISTINCT uuid_send(sa.account_id), '') AS list
		`+openParts+` AND (?::date IS NULL OR sa.period = ?)
		GROUP BY sa.currency ORDER BY sa.currency`, p, p)
	return rows, err
}

// unassignedIn is unassigned for the lines of deliveries.
func (s store) unassignedIn(ctx context.Context, deliveries array) ([]UnassignedSum, error) {
	var rows []UnassignedSum
	err := s.query(ctx, &rows, `
		SELECT sa.currency, count(DISTINCT sa.account_id) AS accounts, sum(sa.rows)::bigint AS rows, sum(sa.billed) AS billed
		`+openParts+` AND s.delivery_id = ANY (?::uuid[])
		GROUP BY sa.currency ORDER BY sa.currency`, deliveries)
	return rows, err
}

// newestMonth returns the newest month that the scope has lines of.
func (s store) newestMonth(ctx context.Context) (m period.Month, err error) {
	var rows []struct{ Month period.Month }
	err = s.query(ctx, &rows, `SELECT max(d.month) AS month FROM usage_deliveries d WHERE d.state = 'current'`)
	if len(rows) > 0 {
		m = rows[0].Month
	}
	return m, err
}

// searchAccounts finds accounts whose identifier or name holds text; those that
// begin with it come first.
func (s store) searchAccounts(ctx context.Context, text string, limit int) ([]accountRow, error) {
	var rows []accountRow
	err := s.query(ctx, &rows, `
		SELECT id, tree_id, owner_id, provider, account, name, first_seen
		FROM usage_accounts
		WHERE account ILIKE ? OR name ILIKE ?
		ORDER BY NOT (account ILIKE ? OR name ILIKE ?), name, account, id
		LIMIT ?`, like(text), like(text), like(text)[1:], like(text)[1:], limit)
	return rows, err
}

// choices returns what there is to filter by: of deliveries, or where the scope
// sees none, of accounts.
func (s store) choices(ctx context.Context) (owners []id.Tenant, providers []string, months []period.Month, err error) {
	var rows []struct {
		Owner    id.Tenant
		Provider string
		Month    period.Month
	}
	err = s.query(ctx, &rows, `
		SELECT DISTINCT owner_id AS owner, provider, month FROM usage_deliveries WHERE state <> 'staged'
		ORDER BY month DESC, provider, owner_id`)
	if err == nil && len(rows) == 0 {
		err = s.query(ctx, &rows, `SELECT DISTINCT owner_id AS owner, provider FROM usage_accounts ORDER BY provider, owner_id`)
	}
	for _, r := range rows {
		if !slices.Contains(owners, r.Owner) {
			owners = append(owners, r.Owner)
		}
		if !slices.Contains(providers, r.Provider) {
			providers = append(providers, r.Provider)
		}
		if !r.Month.IsZero() && !slices.Contains(months, r.Month) {
			months = append(months, r.Month)
		}
	}
	slices.Sort(providers)
	return owners, providers, months, err
}
