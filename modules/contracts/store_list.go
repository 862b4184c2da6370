package contracts

import (
	"context"
	"strings"
	"time"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// listQuery is a Filter whose tenants are known.
type listQuery struct {
	Filter
	month   period.Month // that states are told by
	seller  id.Tenant
	buyer   id.Tenant
	tenants []id.Tenant // whose name fits the text
}

// listedRow is a contract with the head of its newest version.
type listedRow struct {
	C         contractRow `gorm:"embedded"`
	VersionID id.Version
	Number    int
	FromMonth period.Month
	SavedAt   time.Time
	SavedBy   string
	Versions  int
}

func (r listedRow) listed() Listed {
	return Listed{Contract: r.C.contract(), Versions: r.Versions, Newest: Version{
		ID: r.VersionID, Contract: r.C.ID, Number: r.Number, From: r.FromMonth, SavedAt: r.SavedAt.UTC(), SavedBy: r.SavedBy,
	}}
}

var orders = map[string]string{
	"":        "c.seller_id, c.buyer_id NULLS FIRST, lower(c.months) DESC, c.id",
	"name":    "lower(c.name), c.id",
	"from":    "lower(c.months) DESC, c.id",
	"changed": "v.saved_at DESC, c.id",
}

var states = map[State]string{
	StateActive:    "c.months @> CAST(@month AS date)",
	StateScheduled: "lower(c.months) > CAST(@month AS date)",
	StateExpired:   "upper(c.months) <= CAST(@month AS date)",
}

// list returns one contract more than asked for, where there is one.
func (s store) list(ctx context.Context, q listQuery) ([]listedRow, error) {
	with, where, args := q.where()
	order, ok := orders[q.Sort]
	if !ok {
		order = orders[""]
	}
	args["limit"], args["offset"] = q.Limit+1, q.Offset
	return query[listedRow](ctx, s, with+` SELECT `+contractColumns+`, v.id AS version_id, v.number, v.from_month, v.saved_at, v.saved_by,
			(SELECT count(*) FROM contracts_versions k WHERE k.contract_id = c.id) AS versions
		FROM contracts_contracts c
		JOIN LATERAL (SELECT n.id, n.number, n.from_month, n.saved_at, n.saved_by FROM contracts_versions n
			WHERE n.contract_id = c.id ORDER BY n.number DESC LIMIT 1) v ON true
		WHERE c.tree_id = @tree`+where+`
		ORDER BY `+order+` LIMIT @limit OFFSET @offset`, args)
}

// where writes a WITH clause, or nothing, and the filter's conditions, each
// behind an AND.
func (q listQuery) where() (with, where string, args map[string]any) {
	var out strings.Builder
	args = map[string]any{"month": q.month}
	add := func(condition, name string, value any) {
		out.WriteString(" AND " + condition)
		args[name] = value
	}
	if !q.seller.IsZero() {
		add("c.seller_id = @seller", "seller", q.seller)
	}
	if !q.buyer.IsZero() {
		add("c.buyer_id = @buyer", "buyer", q.buyer)
	}
	if condition, ok := states[q.State]; ok {
		out.WriteString(" AND " + condition)
	}
	if text := strings.TrimSpace(q.Text); text != "" {
		condition := "strpos(lower(c.name), lower(@text)) > 0"
		if len(q.tenants) > 0 {
			args["tenants"] = id.Array(q.tenants)
			with = `WITH called AS MATERIALIZED (SELECT unnest(CAST(@tenants AS uuid[])) AS id)`
			condition += ` OR c.seller_id IN (SELECT id FROM called) OR c.buyer_id IN (SELECT id FROM called)`
		}
		add("("+condition+")", "text", text)
	}
	return with, out.String(), args
}

// contract returns one contract. Errors: ErrNotFound.
func (s store) contract(ctx context.Context, c id.Contract) (Contract, error) {
	rows, err := query[contractRow](ctx, s, `SELECT `+contractColumns+` FROM contracts_contracts c
		WHERE c.tree_id = @tree AND c.id = @contract`, map[string]any{"contract": c})
	if err != nil {
		return Contract{}, err
	}
	if len(rows) == 0 {
		return Contract{}, ErrNotFound
	}
	return rows[0].contract(), nil
}
