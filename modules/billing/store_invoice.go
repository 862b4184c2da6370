package billing

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// usageGroups adds up an edge's published line charges by what a document's
// line is made from: those of the buyer itself from charges, all others from
// sums that publishing keeps.
func (s store) usageGroups(ctx context.Context, edge Edge, month period.Month) ([]usageGroup, error) {
	var rows []usageGroup
	err := s.q(ctx).Raw(`
		SELECT currency, label, service_month, charge_category, service, unit, sum(quantity) AS quantity, sum(amount) AS amount FROM (
			SELECT currency, label, service_month, charge_category, service, unit, quantity, amount
			FROM billing_resold_lines WHERE seller_id = ? AND buyer_id = ? AND month = ?
			UNION ALL
			SELECT c.currency, c.label, c.service_month, c.charge_category, c.service, c.unit, c.quantity, c.amount
			FROM `+publishedIn+`bearer_id = ? AND sold_to = ? AND assignee_id = ? AND month = ?`+chargesOfRun+`
		) x GROUP BY currency, label, service_month, charge_category, service, unit`,
		edge.Seller, edge.Buyer, month, edge.Seller, edge.Buyer, edge.Buyer, month, month).Scan(&rows).Error
	return rows, err
}

// periodPublication is which period run speaks for an edge.
type periodPublication struct {
	ContractID            id.Contract
	Seller, Buyer         string // slugs
	SellerName, BuyerName string
	RunID                 id.Run
	Currency              string
	Fees                  decimal.Decimal // without rounding
	Rounding              decimal.Decimal
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
		SELECT contract_id, seller, buyer, seller_name, buyer_name, run_id, currency, fees, rounding FROM billing_period_published
		WHERE seller_id = ? AND buyer_id = ? AND month = ?`, edge.Seller, edge.Buyer, month).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return periodPublication{}, false, err
	}
	return rows[0], true, nil
}

// feeVersion returns the contract version that the period run which speaks for
// an edge has applied; zero: none.
func (s store) feeVersion(ctx context.Context, edge Edge, month period.Month) (id.Version, error) {
	var rows []struct{ VersionID id.Version }
	err := s.q(ctx).Raw(`
		SELECT (r.inputs -> 'contract' ->> 'version')::uuid AS version_id
		FROM billing_period_published p JOIN billing_runs r ON r.id = p.run_id
		WHERE p.seller_id = ? AND p.buyer_id = ? AND p.month = ?`, edge.Seller, edge.Buyer, month).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return id.Version{}, err
	}
	return rows[0].VersionID, nil
}
