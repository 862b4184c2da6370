package billing

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// newestRun joins the newest period run of p as r, and the blocking findings of
// p as f.
const (
	newestRun = `
	LEFT JOIN LATERAL (
		SELECT r.state, r.finished_at FROM billing_runs r
		WHERE r.kind = 'period' AND r.month = p.month AND r.seller_id = p.seller_id AND r.buyer_id = p.buyer_id
		ORDER BY r.id DESC LIMIT 1
	) r ON true `
	countedFindings = `
	LEFT JOIN LATERAL (
		SELECT count(*) AS n FROM billing_findings f
		WHERE f.seller_id = p.seller_id AND f.month = p.month AND f.buyer_id = p.buyer_id AND ` + isBlocking + ` AND ` + isPublished + `
	) f ON true `
)

// own is the condition that the rows of alias, with the columns tree_id, seller
// and bought, are of the scope's business. Row-level security says the same,
// but asks every row of the tree. Who buys from a reseller sells to nobody.
func own(sc scope.Scope, alias, seller, bought string) (string, []any) {
	switch sc.Tier {
	case scope.Distributor:
		return alias + ".tree_id = ?", []any{sc.Tree}
	case scope.Reseller:
		return "(" + alias + "." + seller + " = ? OR " + alias + "." + bought + " = ?)", []any{sc.Tenant, sc.Tenant}
	default:
		return alias + "." + bought + " = ?", []any{sc.Tenant}
	}
}

// documentPart is a condition on documents p.
type documentPart struct {
	where string
	args  []any
	// isWhole holds if it leaves out no document of a seller's month that it
	// has one of, so that billing_seller_totals answers it as well.
	isWhole bool
}

func (p documentPart) and(condition string, values ...any) documentPart {
	p.where, p.args = p.where+" AND "+condition, append(slices.Clone(p.args), values...)
	return p
}

func (p documentPart) part(condition string, values ...any) documentPart {
	p = p.and(condition, values...)
	p.isWhole = false
	return p
}

// documentParts returns conditions each of which finds its documents along an
// index, and that together find f's. No document is in two of them: nobody buys
// from itself.
func documentParts(sc scope.Scope, f DocumentFilter) []documentPart {
	sold := func(t id.Tenant) documentPart { return documentPart{"p.seller_id = ?", []any{t}, true} }
	bought := func(t id.Tenant) documentPart { return documentPart{"p.buyer_id = ?", []any{t}, false} }
	var parts []documentPart
	switch {
	case sc.Tier == scope.Distributor && f.Party.IsZero():
		parts = []documentPart{{"p.tree_id = ?", []any{sc.Tree}, true}}
	case sc.Tier == scope.Distributor:
		parts = []documentPart{sold(f.Party).and("p.tree_id = ?", sc.Tree), bought(f.Party).and("p.tree_id = ?", sc.Tree)}
	case sc.Tier == scope.Reseller:
		parts = []documentPart{sold(sc.Tenant), bought(sc.Tenant)}
	default:
		parts = []documentPart{bought(sc.Tenant)}
	}
	for i, p := range parts {
		if sc.Tier != scope.Distributor && !f.Party.IsZero() && f.Party != sc.Tenant {
			p = p.part("(p.seller_id = ? OR p.buyer_id = ?)", f.Party, f.Party)
		}
		parts[i] = p.filtered(f)
	}
	if f.Text == "" {
		return parts
	}
	var called []documentPart
	for i, p := range parts {
		// A supplier is no party that is known, and its documents are few.
		isBought := sc.Tier != scope.Distributor && i == len(parts)-1
		called = append(called, p.called(f, isBought)...)
	}
	return called
}

// likeOf returns the pattern of what text occurs in, in lower case.
func likeOf(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(text)) + "%"
}

// calledInDocuments returns the first limit tenants in whose name text occurs on
// any document that the acting tenant sells, or that is sold below a
// distributor.
func (s store) calledInDocuments(ctx context.Context, sc scope.Scope, text string, limit int) ([]id.Tenant, error) {
	where, args := `tree_id = ?`, []any{sc.Tree}
	if sc.Tier != scope.Distributor {
		where, args = where+` AND seller_id = ?`, append(args, sc.Tenant)
	}
	var rows []struct{ TenantID id.Tenant }
	err := s.q(ctx).Raw(`
		SELECT DISTINCT tenant_id FROM billing_party_names WHERE `+where+` AND lower(name) LIKE ? LIMIT ?`,
		append(args, likeOf(text), limit)...).Scan(&rows).Error
	out := make([]id.Tenant, len(rows))
	for i, r := range rows {
		out[i] = r.TenantID
	}
	return out, err
}

// called returns what together finds those of p's documents that f's text calls:
// by what they say, or by what their parties are called today. It goes along the
// indexes of the parties where these are known.
func (p documentPart) called(f DocumentFilter, isBought bool) []documentPart {
	like, today := likeOf(f.Text), id.Array(f.called)
	p = p.part(`(p.seller LIKE ? OR p.buyer LIKE ? OR lower(p.seller_name) LIKE ? OR lower(p.buyer_name) LIKE ?
		OR p.seller_id = ANY (?::uuid[]) OR p.buyer_id = ANY (?::uuid[]))`, like, like, like, like, today, today)
	if f.parties == nil || isBought {
		return []documentPart{p}
	}
	tenants := id.Array(f.parties)
	return []documentPart{
		p.part("p.buyer_id = ANY (?::uuid[])", tenants),
		p.part("p.seller_id = ANY (?::uuid[]) AND p.buyer_id <> ALL (?::uuid[])", tenants, tenants),
	}
}

// filtered adds the rest of f, but for its text and state.
func (p documentPart) filtered(f DocumentFilter) documentPart {
	if !f.Month.IsZero() {
		p = p.and("p.month = ?", f.Month)
	}
	if !f.Seller.IsZero() {
		p = p.and("p.seller_id = ?", f.Seller)
	}
	if !f.Buyer.IsZero() {
		p = p.part("p.buyer_id = ?", f.Buyer)
	}
	switch f.Tier {
	case scope.Distributor:
		p = p.and("p.seller_id = p.tree_id")
	case scope.Reseller, scope.Customer:
		p = p.and("p.seller_id <> p.tree_id")
	}
	return p
}

// documentUnion adds up a query of each of parts.
func documentUnion(parts []documentPart, query func(documentPart) (string, []any)) (string, []any) {
	var queries []string
	var args []any
	for _, p := range parts {
		q, values := query(p)
		queries, args = append(queries, "("+q+")"), append(args, values...)
	}
	return "(" + strings.Join(queries, " UNION ALL ") + ") p", args
}

// documentState joins, to documents p of f's month, what decides on their states:
// few have a finding, or a period run that has not completed. A buyer learns
// neither.
func documentState(sc scope.Scope, f DocumentFilter) (string, []any) {
	found, finders := own(sc, "f", "seller_id", "seller_id")
	asked, askers := own(sc, "r", "seller_id", "seller_id")
	return `
	LEFT JOIN (
		SELECT f.seller_id, f.buyer_id, f.month, count(*) AS n FROM billing_findings f
		WHERE ` + found + ` AND (?::date IS NULL OR f.month = ?) AND ` + isBlocking + ` AND ` + isPublished + `
		GROUP BY f.seller_id, f.buyer_id, f.month
	) f ON f.seller_id = p.seller_id AND f.buyer_id = p.buyer_id AND f.month = p.month
	LEFT JOIN (
		SELECT r.seller_id, r.buyer_id, r.month, r.state FROM billing_runs r
		WHERE r.kind = 'period' AND ` + asked + ` AND (?::date IS NULL OR r.month = ?)
			AND r.state IN ('requested', 'waiting', 'running', 'failed') AND NOT EXISTS (
				SELECT FROM billing_runs n WHERE n.kind = 'period' AND n.month = r.month AND n.seller_id = r.seller_id
					AND n.buyer_id = r.buyer_id AND n.id > r.id)
	) r ON r.seller_id = p.seller_id AND r.buyer_id = p.buyer_id AND r.month = p.month`,
		slices.Concat(finders, []any{f.Month, f.Month}, askers, []any{f.Month, f.Month})
}

// hasState is the condition that p, with documentState, has a state as the
// acting tenant sees it.
const hasState = ` WHERE CASE WHEN p.buyer_id = ? THEN 'ready' WHEN r.state = 'failed' THEN 'failed'
	WHEN r.state IS NOT NULL THEN 'computing' WHEN f.n > 0 THEN 'blocked' ELSE 'ready' END = ?`

// stateNeeds is part of what hasState says already, in words that let the
// planner begin with the few documents that may have a state.
var stateNeeds = map[DocumentState]string{
	DocumentBlocked: " AND f.n > 0", DocumentFailed: " AND r.state IS NOT NULL", DocumentComputing: " AND r.state IS NOT NULL",
}

// documentSum is the foot of the list in one currency.
type documentSum struct {
	Currency string
	Count    int
	Total    decimal.Decimal
}

// documentSums adds up the totals of all documents of parts by currency.
func (s store) documentSums(ctx context.Context, parts []documentPart) ([]documentSum, error) {
	from, args := documentUnion(parts, func(p documentPart) (string, []any) {
		if p.isWhole {
			return `SELECT p.currency, p.documents, p.total FROM billing_seller_totals p WHERE ` + p.where, p.args
		}
		return `SELECT p.currency, 1 AS documents, p.total FROM billing_period_published p WHERE ` + p.where, p.args
	})
	var rows []documentSum
	err := s.q(ctx).Raw(`
		SELECT p.currency, sum(p.documents)::bigint AS count, sum(p.total) AS total FROM `+from+`
		GROUP BY p.currency ORDER BY p.currency`, args...).Scan(&rows).Error
	return rows, err
}

const (
	inOrder       = ` ORDER BY p.month DESC, p.seller, p.buyer`
	documentPages = `
		SELECT p.month, p.seller_id, p.buyer_id, p.seller, p.buyer, p.seller_name, p.buyer_name, p.contract_id, p.currency, p.total,
			f.n AS findings, coalesce(r.state, '') AS state, r.finished_at
		FROM page p ` + newestRun + countedFindings + inOrder
)

// documents returns a page of parts.
func (s store) documents(ctx context.Context, parts []documentPart, f DocumentFilter) ([]documentRow, error) {
	skip := (f.Page - 1) * f.Size
	from, args := documentUnion(parts, func(p documentPart) (string, []any) {
		return `SELECT p.* FROM billing_period_published p WHERE ` + p.where + inOrder + ` LIMIT ?`, append(slices.Clone(p.args), skip+f.Size)
	})
	var rows []documentRow
	err := s.q(ctx).Raw(`
		WITH page AS (SELECT p.* FROM `+from+inOrder+` LIMIT ? OFFSET ?)`+documentPages, append(args, f.Size, skip)...).Scan(&rows).Error
	return rows, err
}

// foundDocuments is documents and documentSums at once, for filters that leave
// few documents but have to look at all.
func (s store) foundDocuments(ctx context.Context, sc scope.Scope, f DocumentFilter) ([]documentRow, []documentSum, error) {
	from, args := documentUnion(documentParts(sc, f), func(p documentPart) (string, []any) {
		return `SELECT p.* FROM billing_period_published p WHERE ` + p.where, p.args
	})
	if f.State != "" {
		joined, values := documentState(sc, f)
		from += joined + hasState + stateNeeds[f.State]
		args = slices.Concat(args, values, []any{sc.Tenant, string(f.State)})
	}
	var rows []struct {
		DocumentRow
		Sums string
	}
	err := s.q(ctx).Raw(`
		WITH hits AS MATERIALIZED (SELECT p.* FROM `+from+`),
		page AS (SELECT p.* FROM hits p`+inOrder+` LIMIT ? OFFSET ?)
		SELECT d.*, (SELECT json_agg(x) FROM (
			SELECT currency AS "Currency", count(*) AS "Count", sum(total)::text AS "Total" FROM hits GROUP BY currency ORDER BY currency
		) x)::text AS sums FROM (`+documentPages+`) d ORDER BY d.month DESC, d.seller, d.buyer`,
		append(args, f.Size, (f.Page-1)*f.Size)...).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, nil, err
	}
	page := make([]documentRow, len(rows))
	for i, r := range rows {
		page[i] = r.DocumentRow
	}
	var sums []documentSum
	err = json.Unmarshal([]byte(rows[0].Sums), &sums)
	return page, sums, err
}

// DocumentRow is documentRow under a name with which GORM reads embedded
// structs.
type DocumentRow = documentRow

// edgeBySlugs finds the edge of a document.
func (s store) edgeBySlugs(ctx context.Context, month period.Month, seller, buyer string) (Edge, bool, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return Edge{}, false, err
	}
	mine, args := own(sc, "p", "seller_id", "buyer_id")
	var rows []struct{ SellerID, BuyerID id.Tenant }
	err = s.q(ctx).Raw(`
		SELECT p.seller_id, p.buyer_id FROM billing_period_published p
		WHERE `+mine+` AND p.month = ? AND p.seller = ? AND p.buyer = ?`, append(args, month, seller, buyer)...).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return Edge{}, false, err
	}
	return Edge{Seller: rows[0].SellerID, Buyer: rows[0].BuyerID}, true, nil
}

// edgeCost adds up what the lines that are sold on an edge cost its seller.
func (s store) edgeCost(ctx context.Context, edge Edge, month period.Month, currency money.Currency) (decimal.NullDecimal, error) {
	var sums []decimal.Decimal
	err := s.q(ctx).Raw(`
		SELECT coalesce(sum(cost), 0) FROM billing_edges
		WHERE bearer_id = ? AND sold_to = ? AND month = ? AND currency = ?`, edge.Seller, edge.Buyer, month, string(currency)).Scan(&sums).Error
	if err != nil || len(sums) == 0 {
		return decimal.NullDecimal{}, err
	}
	return decimal.NewNullDecimal(sums[0]), nil
}

// neighbours returns the months before and after in which an edge has a
// document.
func (s store) neighbours(ctx context.Context, edge Edge, month period.Month) (before, after period.Month, err error) {
	var row struct{ Before, After period.Month }
	err = s.q(ctx).Raw(`
		SELECT max(month) FILTER (WHERE month < ?) AS before, min(month) FILTER (WHERE month > ?) AS after
		FROM billing_period_published WHERE seller_id = ? AND buyer_id = ?`, month, month, edge.Seller, edge.Buyer).Scan(&row).Error
	return row.Before, row.After, err
}
