package billing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// A document's total is its exact net rounded once, as Invoice does it: line
// charges and fees, without the rounding that was booked. The seller's side
// reads lines from its own totals, the buyer from what it bears.
const documentsFrom = `
	FROM billing_period_published p
	LEFT JOIN LATERAL (
		SELECT sum(t.price) AS amount FROM billing_edge_totals t
		WHERE t.bearer_id = p.seller_id AND t.sold_to = p.buyer_id AND t.month = p.month AND t.currency = p.currency
	) sold ON true
	LEFT JOIN LATERAL (
		SELECT sum(t.supplied) AS amount FROM billing_edge_totals t
		WHERE p.buyer_id = ? AND t.bearer_id = p.buyer_id AND t.month = p.month AND t.currency = p.currency
	) bought ON true `

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
		WHERE f.tree_id = p.tree_id AND f.month = p.month AND f.seller_id = p.seller_id AND f.buyer_id = p.buyer_id AND ` + isBlocking + ` AND ` + isPublished + `
	) f ON true `
)

// documentWhere returns the conditions of f.
func documentWhere(sc scope.Scope, f DocumentFilter) (string, []any) {
	where, args := []string{"p.tree_id = ?"}, []any{sc.Tree}
	and := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if !f.Month.IsZero() {
		and("p.month = ?", f.Month)
	}
	if !f.Seller.IsZero() {
		and("p.seller_id = ?", f.Seller)
	}
	if !f.Buyer.IsZero() {
		and("p.buyer_id = ?", f.Buyer)
	}
	if !f.Party.IsZero() {
		and("(p.seller_id = ? OR p.buyer_id = ?)", f.Party, f.Party)
	}
	switch f.Tier {
	case scope.Distributor:
		and("p.seller_id = p.tree_id")
	case scope.Reseller, scope.Customer:
		and("p.seller_id <> p.tree_id")
	}
	if f.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(f.Text)) + "%"
		and("(p.seller LIKE ? OR p.buyer LIKE ?)", like, like)
	}
	return " WHERE " + strings.Join(where, " AND "), args
}

// stateWhere returns the condition of f.State, which needs newestRun and
// countedFindings.
func stateWhere(sc scope.Scope, f DocumentFilter) (string, []any) {
	const state = `CASE WHEN p.buyer_id = ? THEN 'ready' WHEN r.state IN ('requested', 'waiting', 'running') THEN 'computing'
		WHEN r.state = 'failed' THEN 'failed' WHEN f.n > 0 THEN 'blocked' ELSE 'ready' END = ?`
	return " AND " + state, []any{sc.Tenant, string(f.State)}
}

// documentQuery returns FROM and WHERE of f's documents; of those that fulfil
// its state too, if there is one.
func documentQuery(sc scope.Scope, f DocumentFilter) (string, []any) {
	where, args := documentWhere(sc, f)
	from, args := documentsFrom, append([]any{sc.Tenant}, args...)
	if f.State != "" {
		condition, more := stateWhere(sc, f)
		from, where, args = from+newestRun+countedFindings, where+condition, append(args, more...)
	}
	return from + where, args
}

// documentSum is the foot of the list in one currency.
type documentSum struct {
	Currency string
	Count    int
	Total    decimal.Decimal
}

// documentNet is the exact net of p.
const documentNet = `(CASE WHEN p.buyer_id = ? THEN coalesce(bought.amount, 0) ELSE coalesce(sold.amount, 0) END + p.fees)`

// documentSums adds up the totals of all f's documents by currency. Each is
// rounded before it is added.
func (s store) documentSums(ctx context.Context, sc scope.Scope, f DocumentFilter) ([]documentSum, error) {
	minor, err := s.minorUnits(ctx, sc)
	if err != nil {
		return nil, err
	}
	query, args := documentQuery(sc, f)
	var rows []documentSum
	err = s.q(ctx).Raw(`SELECT p.currency, count(*) AS count, sum(round(`+documentNet+`, `+minor+`)) AS total `+query+`
		GROUP BY p.currency ORDER BY p.currency`, append([]any{sc.Tenant}, args...)...).Scan(&rows).Error
	return rows, err
}

// minorUnits returns an expression for the minor unit of p.currency.
func (s store) minorUnits(ctx context.Context, sc scope.Scope) (string, error) {
	var currencies []string
	err := s.q(ctx).Raw(`SELECT DISTINCT currency FROM billing_period_published WHERE tree_id = ?`, sc.Tree).Scan(&currencies).Error
	slices.Sort(currencies)
	out := "CASE "
	for _, c := range currencies {
		if n := money.Currency(c).MinorUnit(); n != 2 {
			out += fmt.Sprintf("WHEN p.currency = '%s' THEN %d ", c, n)
		}
	}
	if out == "CASE " {
		return "2", err
	}
	return out + "ELSE 2 END", err
}

// documents returns the page of f.
func (s store) documents(ctx context.Context, sc scope.Scope, f DocumentFilter) ([]documentRow, error) {
	query, args := documentQuery(sc, f)
	args = append([]any{sc.Tenant}, args...)
	args = append(args, f.Size, (f.Page-1)*f.Size)
	var rows []documentRow
	err := s.q(ctx).Raw(`
		WITH page AS (
			SELECT p.*, `+documentNet+` AS total `+query+`
			ORDER BY p.month DESC, p.seller, p.buyer LIMIT ? OFFSET ?)
		SELECT p.month, p.seller_id, p.buyer_id, p.seller, p.buyer, p.contract_id, p.currency, p.total,
			f.n AS findings, coalesce(r.state, '') AS state, r.finished_at
		FROM page p `+newestRun+countedFindings+`
		ORDER BY p.month DESC, p.seller, p.buyer`, args...).Scan(&rows).Error
	for i := range rows {
		rows[i].Total = rows[i].Total.Round(money.Currency(rows[i].Currency).MinorUnit())
	}
	return rows, err
}

// edgeBySlugs finds the edge of a document.
func (s store) edgeBySlugs(ctx context.Context, month period.Month, seller, buyer string) (Edge, bool, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return Edge{}, false, err
	}
	var rows []struct{ SellerID, BuyerID id.Tenant }
	err = s.q(ctx).Raw(`
		SELECT seller_id, buyer_id FROM billing_period_published
		WHERE tree_id = ? AND month = ? AND seller = ? AND buyer = ?`, sc.Tree, month, seller, buyer).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return Edge{}, false, err
	}
	return Edge{Seller: rows[0].SellerID, Buyer: rows[0].BuyerID}, true, nil
}

// edgeCost adds up what the lines that are sold on an edge cost its seller.
func (s store) edgeCost(ctx context.Context, edge Edge, month period.Month, currency money.Currency) (decimal.NullDecimal, error) {
	var sums []decimal.Decimal
	err := s.q(ctx).Raw(`
		SELECT coalesce(sum(cost), 0) FROM billing_edge_totals
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
