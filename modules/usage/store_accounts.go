package usage

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// accountRow is a row of usage_accounts.
type accountRow struct {
	ID        id.Account
	TreeID    id.Tenant
	OwnerID   id.Tenant
	Provider  string
	Account   string
	Name      string
	FirstSeen time.Time
}

// metAccount is an account that a delivery has lines of.
type metAccount struct {
	Number      string
	Name        string       // empty: the provider does not say
	First, Last period.Month // of its service months
}

// upsertAccounts makes accounts of one provider known, with the names that they
// have and the months that they have lines of, and returns their ids by number.
func (s store) upsertAccounts(ctx context.Context, d deliveryRow, met []metAccount) (map[string]id.Account, error) {
	fresh, numbers, names, first, last := make([]id.Account, len(met)), array{}, array{}, array{}, array{}
	for i, m := range met {
		fresh[i] = id.New[id.Account]()
		numbers, names = append(numbers, m.Number), append(names, m.Name)
		first, last = append(first, m.First.String()+"-01"), append(last, m.Last.String()+"-01")
	}
	var rows []accountRow
	err := s.query(ctx, &rows, `
		INSERT INTO usage_accounts AS a (id, tree_id, owner_id, provider, account, name, first_seen, months)
		SELECT x.id, ?, ?, ?, x.account, x.name, ?, daterange(x.first, x.last, '[]')
		FROM unnest(?::uuid[], ?::text[], ?::text[], ?::date[], ?::date[]) AS x (id, account, name, first, last)
		ON CONFLICT (owner_id, provider, account) DO UPDATE SET
			name = CASE WHEN excluded.name = '' THEN a.name ELSE excluded.name END,
			months = range_merge(coalesce(a.months, excluded.months), excluded.months)
		RETURNING a.id, a.account`,
		d.TreeID, d.OwnerID, d.Provider, d.StagedAt, ids(fresh), numbers, names, first, last)
	out := make(map[string]id.Account, len(rows))
	for _, r := range rows {
		out[r.Account] = r.ID
	}
	return out, err
}

func (s store) listAccounts(ctx context.Context, f AccountFilter) ([]accountRow, error) {
	var rows []accountRow
	err := s.query(ctx, &rows, `
		SELECT id, tree_id, owner_id, provider, account, name, first_seen
		FROM usage_accounts
		WHERE (?::uuid IS NULL OR owner_id = ?) AND (? = '' OR provider = ?)
		ORDER BY owner_id, provider, account`,
		f.Owner, f.Owner, f.Provider, f.Provider)
	return rows, err
}

func (s store) accountsByID(ctx context.Context, list array) ([]accountRow, error) {
	var rows []accountRow
	err := s.query(ctx, &rows, `
		SELECT id, tree_id, owner_id, provider, account, name, first_seen FROM usage_accounts WHERE id = ANY (?::uuid[])`, list)
	return rows, err
}

// findAccounts returns the accounts with that number.
func (s store) findAccounts(ctx context.Context, in AssignInput) ([]accountRow, error) {
	var rows []accountRow
	err := s.query(ctx, &rows, `
		SELECT id, tree_id, owner_id, provider, account, name, first_seen
		FROM usage_accounts
		WHERE account = ? AND (?::uuid IS NULL OR owner_id = ?) AND (? = '' OR provider = ?)
		ORDER BY owner_id, provider`,
		in.Account, in.Owner, in.Owner, in.Provider, in.Provider)
	return rows, err
}

// assignmentRow is a row of usage_assignments.
type assignmentRow struct {
	ID         id.Assignment
	TreeID     id.Tenant
	OwnerID    id.Tenant
	AccountID  id.Account
	AssigneeID id.Tenant
	OwnUse     bool
	Months     period.Months
	CreatedAt  time.Time
}

func (r assignmentRow) assignment() Assignment {
	return Assignment{ID: r.ID, Account: r.AccountID, Owner: r.OwnerID, Assignee: r.AssigneeID, OwnUse: r.OwnUse, Months: r.Months}
}

const assignmentColumns = `a.id, a.tree_id, a.owner_id, a.account_id, a.assignee_id, a.own_use, a.months, a.created_at`

func (s store) listAssignments(ctx context.Context) ([]assignmentRow, error) {
	var rows []assignmentRow
	err := s.query(ctx, &rows, `SELECT `+assignmentColumns+` FROM usage_assignments a ORDER BY a.account_id, a.months`)
	return rows, err
}

// overlapping returns an account's assignments in any of months, by month, and
// keeps them from changing until the transaction ends.
func (s store) overlapping(ctx context.Context, account id.Account, months period.Months) ([]assignmentRow, error) {
	var rows []assignmentRow
	err := s.query(ctx, &rows, `
		SELECT `+assignmentColumns+` FROM usage_assignments a
		WHERE a.account_id = ? AND a.months && ?::daterange ORDER BY a.months FOR UPDATE`, account, months)
	return rows, err
}

func (s store) insertAssignment(ctx context.Context, r assignmentRow) error {
	return s.exec(ctx, `
		INSERT INTO usage_assignments (id, tree_id, owner_id, account_id, assignee_id, own_use, months, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?::daterange, ?)`,
		r.ID, r.TreeID, r.OwnerID, r.AccountID, r.AssigneeID, r.OwnUse, r.Months, r.CreatedAt)
}

func (s store) deleteAssignment(ctx context.Context, a id.Assignment) error {
	return s.exec(ctx, `DELETE FROM usage_assignments WHERE id = ?`, a)
}

// currentParts joins what current segments hold (sa) with their segment (s),
// delivery (d) and account (acc).
const currentParts = `
	FROM usage_segment_accounts sa
	JOIN usage_segments s ON s.id = sa.segment_id
	JOIN usage_deliveries d ON d.id = s.delivery_id AND d.state = 'current'
	JOIN usage_accounts acc ON acc.id = sa.account_id`

// totalRow adds up one (owner, provider, payer, currency) of a month.
type totalRow struct {
	OwnerID                             id.Tenant
	Provider, Payer, Currency           string
	Rows                                int64
	Billed, Effective, List, Contracted decimal.Decimal
}

func (s store) totals(ctx context.Context, p period.Month) ([]totalRow, error) {
	var rows []totalRow
	err := s.query(ctx, &rows, `
		SELECT sa.owner_id, acc.provider, sa.payer, sa.currency, sum(sa.rows)::bigint AS rows,
			sum(sa.billed) AS billed, sum(sa.effective) AS effective, sum(sa.list) AS list, sum(sa.contracted) AS contracted
		`+currentParts+`
		WHERE sa.period = ?
		GROUP BY sa.owner_id, acc.provider, sa.payer, sa.currency
		ORDER BY sa.owner_id, acc.provider, sa.payer, sa.currency`, p)
	return rows, err
}

// accountMonthRow adds up one account's lines by service month and period.
type accountMonthRow struct {
	AccountID    id.Account
	ServiceMonth period.Month
	Period       period.Month
	Payer        string
	Currency     string
	Rows         int64
	Billed       decimal.Decimal
}

// month returns the sum as one of an account with assignments.
func (r accountMonthRow) month(assignments []Assignment) AccountMonth {
	return AccountMonth{
		Month: r.ServiceMonth, Period: r.Period, Payer: r.Payer, Currency: r.Currency, Rows: r.Rows, Billed: r.Billed,
		IsAssigned: slices.ContainsFunc(assignments, func(a Assignment) bool { return a.Months.Contains(r.ServiceMonth) }),
	}
}

func (s store) accountMonths(ctx context.Context, p period.Month) ([]accountMonthRow, error) {
	return s.months(ctx, `(?::date IS NULL OR sa.period = ?)`, p, p)
}

// monthsByAccount is accountMonths for some accounts.
func (s store) monthsByAccount(ctx context.Context, accounts array, p period.Month) ([]accountMonthRow, error) {
	return s.months(ctx, `sa.account_id = ANY (?::uuid[]) AND (?::date IS NULL OR sa.period = ?)`, accounts, p, p)
}

func (s store) months(ctx context.Context, condition string, args ...any) ([]accountMonthRow, error) {
	var rows []accountMonthRow
	err := s.query(ctx, &rows, `
		SELECT sa.account_id, sa.service_month, sa.period, sa.payer, sa.currency, sum(sa.rows)::bigint AS rows, sum(sa.billed) AS billed
		FROM usage_segment_accounts sa
		WHERE `+condition+` AND sa.segment_id IN (
			SELECT s.id FROM usage_segments s JOIN usage_deliveries d ON d.id = s.delivery_id WHERE d.state = 'current')
		GROUP BY sa.account_id, sa.service_month, sa.period, sa.payer, sa.currency
		ORDER BY sa.account_id, sa.service_month, sa.period, sa.payer, sa.currency`, args...)
	return rows, err
}

// assignmentsByAccount is listAssignments for some accounts.
func (s store) assignmentsByAccount(ctx context.Context, accounts array) ([]assignmentRow, error) {
	var rows []assignmentRow
	err := s.query(ctx, &rows, `
		SELECT `+assignmentColumns+` FROM usage_assignments a WHERE a.account_id = ANY (?::uuid[]) ORDER BY a.account_id, a.months`, accounts)
	return rows, err
}
