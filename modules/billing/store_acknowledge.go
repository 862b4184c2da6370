package billing

import (
	"context"

	"tierbook/app/platform/scope"
)

// insertAcknowledgement writes that a is of f, unless somebody was first.
func (s store) insertAcknowledgement(ctx context.Context, sc scope.Scope, in AcknowledgeInput, f Finding, a Acknowledgement) error {
	return s.q(ctx).Exec(`
		INSERT INTO billing_acknowledgements (tree_id, seller_id, buyer_id, assignee_id, month, code, rule, currency, sum,
			reason, acting_tenant, actor, acknowledged_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		sc.Tree, in.Seller, in.Buyer, f.Assignee, in.Month, f.Code, f.Rule, string(f.Currency), f.Sum,
		a.Reason, sc.Tenant, a.By, a.At).Error
}
