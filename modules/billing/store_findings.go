package billing

import (
	"context"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

// edgeFinding is a finding with the edge that it is about.
type edgeFinding struct {
	edge    Edge
	finding Finding
}

// bare returns the findings without their edges.
func bare(list []edgeFinding) []Finding {
	out := make([]Finding, len(list))
	for i, f := range list {
		out[i] = f.finding
	}
	return out
}

// isPublished is the condition that a run speaks for the edge of its finding f.
const isPublished = `(
	EXISTS (SELECT FROM billing_published p WHERE p.run_id = f.run_id AND p.bearer_id = f.seller_id
		AND p.sold_to = f.buyer_id AND p.assignee_id = f.assignee_id AND p.month = f.month)
	OR EXISTS (SELECT FROM billing_period_published p WHERE p.run_id = f.run_id AND p.seller_id = f.seller_id
		AND p.buyer_id = f.buyer_id AND p.month = f.month))`

// acknowledges is the condition that the acknowledgement k is of the finding f:
// with the same sum. Another one is another finding.
const acknowledges = `k.seller_id = f.seller_id AND k.month = f.month AND k.buyer_id = f.buyer_id AND k.assignee_id = f.assignee_id
	AND k.code = f.code AND k.rule = f.rule AND k.currency = f.currency AND k.sum = f.sum`

// isBlocking is the condition that the finding f stops issuing.
const isBlocking = `(f.blocking AND NOT EXISTS (SELECT FROM billing_acknowledgements k WHERE ` + acknowledges + `))`

// stands is the condition that a finding f of some runs stops issuing now.
const stands = "f.run_id = ANY (?) AND " + isBlocking + " AND " + isPublished

// countStanding counts, of each of runs that has some, the findings that stop
// issuing now.
func (s store) countStanding(ctx context.Context, runs []id.Run) (map[id.Run]int, error) {
	var rows []struct {
		RunID id.Run
		Count int
	}
	err := s.q(ctx).Raw("SELECT f.run_id, count(*) AS count FROM billing_findings f WHERE "+stands+" GROUP BY f.run_id", id.Array(runs)).Scan(&rows).Error
	out := make(map[id.Run]int, len(rows))
	for _, r := range rows {
		out[r.RunID] = r.Count
	}
	return out, err
}

// edgeFindings returns what the published runs of an edge found, blocking ones
// first.
func (s store) edgeFindings(ctx context.Context, edge Edge, month period.Month) ([]Finding, error) {
	found, err := s.findings(ctx, "f.seller_id = ? AND f.buyer_id = ? AND f.month = ? AND "+isPublished, edge.Seller, edge.Buyer, month)
	return bare(found), err
}

// findings returns the findings f that fulfil a condition, blocking ones
// first.
func (s store) findings(ctx context.Context, where string, args ...any) ([]edgeFinding, error) {
	var rows []struct {
		RunID      id.Run
		SellerID   id.Tenant
		BuyerID    id.Tenant
		AssigneeID id.Tenant
		Code       string
		Blocking   bool
		Rule       string
		Lines      int64
		Currency   string
		Sum        decimal.Decimal
		Message    string

		AcknowledgedAt *time.Time
		Actor          *string
		Reason         *string
	}
	err := s.q(ctx).Raw(`
		SELECT f.run_id, f.seller_id, f.buyer_id, f.assignee_id, f.code, f.blocking AND k.sum IS NULL AS blocking, f.rule, f.lines,
			f.currency, f.sum, f.message, k.acknowledged_at, k.actor, k.reason
		FROM billing_findings f LEFT JOIN billing_acknowledgements k ON `+acknowledges+`
		WHERE `+where+`
		ORDER BY 6 DESC, f.code, f.rule, f.assignee_id, f.currency, f.message, f.sum`, args...).Scan(&rows).Error
	out := make([]edgeFinding, len(rows))
	for i, r := range rows {
		out[i] = edgeFinding{Edge{Seller: r.SellerID, Buyer: r.BuyerID}, Finding{
			Code: r.Code, Message: Text(r.Message), Sum: r.Sum, Currency: money.Currency(r.Currency), Blocking: r.Blocking,
			Rule: r.Rule, Lines: r.Lines, Assignee: r.AssigneeID, Run: r.RunID,
		}}
		if r.AcknowledgedAt != nil {
			out[i].finding.Acknowledged = &Acknowledgement{By: *r.Actor, At: r.AcknowledgedAt.UTC(), Reason: *r.Reason}
		}
	}
	return out, err
}

// usedTerms is the contract version that a published run applied on an edge.
type usedTerms struct {
	SellerID   id.Tenant
	BuyerID    id.Tenant // zero: the seller's base contract
	AssigneeID id.Tenant // whose lines; zero: the fees of the edge
	VersionID  id.Version
	TermsHash  string // empty: there was no contract
}

func (u usedTerms) edge() Edge { return Edge{Seller: u.SellerID, Buyer: u.BuyerID} }

// usedTerms returns what the runs applied that speak for the edges of a tree's
// month: first for lines, then for fees. Runs that have not recorded what they
// read are left out.
func (s store) usedTerms(ctx context.Context, tree id.Tenant, month period.Month) ([]usedTerms, error) {
	return s.applied(ctx, []string{`tree_id = ? AND month = ?`}, `p.tree_id = ? AND p.month = ?`, tree, month)
}

// otherTerms is usedTerms of one edge, with the base contract of its seller's
// lines on it, without the lines that were rated with the given terms. Nearly
// all were: other terms are ranges of an index that holds them in order.
func (s store) otherTerms(ctx context.Context, edge Edge, month period.Month, terms, base string) ([]usedTerms, error) {
	const (
		onEdge = `seller_id = @seller AND buyer_id = @buyer AND month = @month AND terms_hash `
		onBase = `EXISTS (SELECT FROM billing_applied e
			WHERE e.assignee_id = a.assignee_id AND e.month = a.month AND e.seller_id = a.seller_id AND e.buyer_id = @buyer)
			AND seller_id = @seller AND buyer_id IS NULL AND month = @month AND terms_hash `
	)
	return s.applied(ctx, []string{onEdge + `< @terms`, onEdge + `> @terms`, onBase + `< @base`, onBase + `> @base`},
		`p.seller_id = @seller AND p.buyer_id = @buyer AND p.month = @month`,
		map[string]any{"seller": edge.Seller, "buyer": edge.Buyer, "month": month, "terms": terms, "base": base})
}

// applied returns what was applied to lines that fulfil one of conditions, no
// two of which hold for the same, and to fees. All take the same arguments.
func (s store) applied(ctx context.Context, lines []string, fees string, args ...any) ([]usedTerms, error) {
	if len(args) > 1 {
		args = append(args, args...)
	}
	const line = `SELECT seller_id, buyer_id, assignee_id, version_id, terms_hash FROM billing_applied a WHERE `
	var rows []usedTerms
	err := s.q(ctx).Raw(`
		(SELECT * FROM (`+line+strings.Join(lines, ` UNION ALL `+line)+`) a ORDER BY assignee_id)
		UNION ALL
		SELECT p.seller_id, p.buyer_id, NULL, (r.inputs -> 'contract' ->> 'version')::uuid,
			coalesce(r.inputs -> 'contract' ->> 'terms_hash', '')
		FROM billing_period_published p JOIN billing_runs r ON r.id = p.run_id WHERE `+fees, args...).Scan(&rows).Error
	return rows, err
}

// failedLines returns, of each assignee, the newest line run that has ended,
// if it failed and nothing has been published for the assignee since.
func (s store) failedLines(ctx context.Context, tree id.Tenant, month period.Month) ([]Run, error) {
	return s.runs(ctx, `
		WHERE state = 'failed' AND id IN (
			SELECT DISTINCT ON (assignee_id) id FROM billing_runs
			WHERE kind = 'line' AND tree_id = ? AND month = ? AND state IN ('complete', 'failed') ORDER BY assignee_id, id DESC)
		AND NOT EXISTS (SELECT FROM billing_published p
			WHERE p.assignee_id = billing_runs.assignee_id AND p.month = billing_runs.month AND p.run_id > billing_runs.id)
		ORDER BY id`, tree, month)
}
