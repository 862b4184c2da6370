package billing

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

// lastSales returns the newest month of an edge, or of all that seller sells.
func (s store) lastSales(ctx context.Context, seller, buyer id.Tenant, limit int) ([]Sale, error) {
	var rows []struct {
		SoldTo     id.Tenant
		AssigneeID id.Tenant
		Month      period.Month
		Currency   money.Currency
		Amount     decimal.Decimal
	}
	edge, args := "bearer_id = @seller AND sold_to IS NOT NULL", map[string]any{"seller": seller, "limit": limit}
	if !buyer.IsZero() {
		edge, args["buyer"] = "bearer_id = @seller AND sold_to = @buyer", buyer
	}
	err := s.q(ctx).Raw(`
		SELECT sold_to, assignee_id, month, currency, sum(price) AS amount FROM billing_edge_totals
		WHERE `+edge+` AND month = (SELECT max(month) FROM billing_edge_totals WHERE `+edge+`)
		GROUP BY sold_to, assignee_id, month, currency ORDER BY sum(price) = 0, sum(price) DESC, assignee_id LIMIT @limit`, args).Scan(&rows).Error
	out := make([]Sale, len(rows))
	for i, r := range rows {
		out[i] = Sale{Edge{Seller: seller, Buyer: r.SoldTo}, r.AssigneeID, r.Month, r.Currency, r.Amount}
	}
	return out, err
}
