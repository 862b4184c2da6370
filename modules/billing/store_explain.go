package billing

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// chargeParts adds up an edge's published line charges of one service and unit
// by all that an explanation tells apart.
func (s store) chargeParts(ctx context.Context, edge Edge, month period.Month, service, unit string) ([]chargePart, error) {
	var rows []chargePart
	err := s.q(ctx).Raw(`
		SELECT c.assignee_id, c.account, c.sku, c.region, c.charge_class, c.marketplace, c.commitment_role,
			CASE c.label WHEN '' THEN '' ELSE c.rule END AS rule, c.currency, c.label, c.service_month, c.charge_category, c.service, c.unit,
			sum(c.quantity) AS quantity, sum(c.amount) AS amount, coalesce(sum(c.list), 0) AS list, bool_or(c.list IS NULL) AS is_unlisted
		FROM `+chargesOfEdge+`
		WHERE c.service = ? AND c.unit = ?
		GROUP BY c.assignee_id, c.account, c.sku, c.region, c.charge_class, c.marketplace, c.commitment_role,
			CASE c.label WHEN '' THEN '' ELSE c.rule END, c.currency, c.label, c.service_month, c.charge_category, c.service, c.unit`,
		edge.Seller, edge.Buyer, month, month, service, unit).Scan(&rows).Error
	return rows, err
}

// appliedVersion is the contract version by which an assignee's lines were
// priced on an edge.
type appliedVersion struct {
	AssigneeID id.Tenant
	VersionID  id.Version
}

// appliedVersions returns the contract versions that speak for an edge, those
// saved first before the others: their ids grow with time.
func (s store) appliedVersions(ctx context.Context, edge Edge, month period.Month) ([]appliedVersion, error) {
	var rows []appliedVersion
	err := s.q(ctx).Raw(`
		SELECT assignee_id, version_id FROM billing_applied
		WHERE seller_id = ? AND buyer_id = ? AND month = ? AND version_id IS NOT NULL
		ORDER BY version_id, assignee_id`, edge.Seller, edge.Buyer, month).Scan(&rows).Error
	return rows, err
}

// speakers returns the runs that speak for an edge, with the assignees for
// whose lines they do.
func (s store) speakers(ctx context.Context, edge Edge, month period.Month) ([]publishedRow, error) {
	var rows []publishedRow
	err := s.q(ctx).Raw(`
		SELECT DISTINCT bearer_id, sold_to, assignee_id, run_id FROM billing_published
		WHERE bearer_id = ? AND sold_to = ? AND month = ? ORDER BY assignee_id`, edge.Seller, edge.Buyer, month).Scan(&rows).Error
	return rows, err
}
