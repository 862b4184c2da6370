package billing

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
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
	Currency      string
	Fees          decimal.Decimal // without rounding
	Rounding      decimal.Decimal
}

// add sums up what the period run charges.
func (p *periodPublication) add(rows []periodRow) {
	for _, r := range rows {
		p.Currency = r.Currency
		if r.Stage == "fee" {
			p.Fees = p.Fees.Add(r.Amount)
		} else {
			p.Rounding = p.Rounding.Add(r.Amount)
		}
	}
}

// periodPublication returns what is published for an edge's month; ok is false
// if nothing is, or not for the scope.
func (s store) periodPublication(ctx context.Context, edge Edge, month period.Month) (p periodPublication, ok bool, err error) {
	var rows []periodPublication
	err = s.q(ctx).Raw(`
		SELECT contract_id, seller, buyer, run_id, currency, fees, rounding FROM billing_period_published
		WHERE seller_id = ? AND buyer_id = ? AND month = ?`, edge.Seller, edge.Buyer, month).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return periodPublication{}, false, err
	}
	return rows[0], true, nil
}
