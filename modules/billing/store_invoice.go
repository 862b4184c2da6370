package billing

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

// usageGroups adds up an edge's published line charges by what a document's
// line is made from.
func (s store) usageGroups(ctx context.Context, edge Edge, month period.Month) ([]usageGroup, error) {
	var rows []usageGroup
	err := s.q(ctx).Raw(`
		SELECT c.currency, c.label, c.service_month, c.charge_category, c.service, c.unit,
			sum(c.quantity) AS quantity, sum(c.amount) AS amount
		FROM `+chargesOfEdge+`
		GROUP BY c.currency, c.label, c.service_month, c.charge_category, c.service, c.unit`,
		edge.Seller, edge.Buyer, month, month).Scan(&rows).Error
	return rows, err
}

// periodPublication is which period run speaks for an edge.
type periodPublication struct {
	ContractID    id.Contract
	Seller, Buyer string // slugs
	RunID         id.Run
}

// periodPublication returns what is published for an edge's month; ok is false
// if nothing is, or not for the scope.
func (s store) periodPublication(ctx context.Context, edge Edge, month period.Month) (p periodPublication, ok bool, err error) {
	var rows []periodPublication
	err = s.q(ctx).Raw(`
		SELECT contract_id, seller, buyer, run_id FROM billing_period_published
		WHERE seller_id = ? AND buyer_id = ? AND month = ?`, edge.Seller, edge.Buyer, month).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return periodPublication{}, false, err
	}
	return rows[0], true, nil
}

// findings returns what the published runs of an edge found, blocking ones
// first.
func (s store) findings(ctx context.Context, edge Edge, month period.Month) ([]Finding, error) {
	var rows []struct {
		RunID      id.Run
		AssigneeID id.Tenant
		Code       string
		Blocking   bool
		Rule       string
		Lines      int64
		Currency   string
		Sum        decimal.Decimal
		Message    string
	}
	err := s.q(ctx).Raw(`
		SELECT f.run_id, f.assignee_id, f.code, f.blocking, f.rule, f.lines, f.currency, f.sum, f.message
		FROM billing_findings f
		WHERE f.seller_id = ? AND f.buyer_id = ? AND f.month = ? AND (
			EXISTS (SELECT FROM billing_published p WHERE p.run_id = f.run_id AND p.bearer_id = f.seller_id
				AND p.sold_to = f.buyer_id AND p.assignee_id = f.assignee_id AND p.month = f.month)
			OR EXISTS (SELECT FROM billing_period_published p WHERE p.run_id = f.run_id AND p.seller_id = f.seller_id
				AND p.buyer_id = f.buyer_id AND p.month = f.month))
		ORDER BY f.blocking DESC, f.code, f.rule, f.assignee_id, f.currency, f.message, f.sum`,
		edge.Seller, edge.Buyer, month).Scan(&rows).Error
	out := make([]Finding, len(rows))
	for i, r := range rows {
		out[i] = Finding{
			Code: r.Code, Message: r.Message, Sum: r.Sum, Currency: money.Currency(r.Currency), Blocking: r.Blocking,
			Rule: r.Rule, Lines: r.Lines, Assignee: r.AssigneeID, Run: r.RunID,
		}
	}
	return out, err
}
