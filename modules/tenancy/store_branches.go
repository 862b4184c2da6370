package tenancy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// branchRow is a tenantRow with its place in the tree.
type branchRow struct {
	T        tenantRow `gorm:"embedded"`
	ParentID id.Tenant
	Children int64
	IsMatch  bool
}

func branchesOf(rows []branchRow) []Branch {
	out := make([]Branch, len(rows))
	for i, r := range rows {
		out[i] = Branch{Tenant: r.T.tenant(), Parent: r.ParentID, Children: r.Children, IsMatch: r.IsMatch}
	}
	return out
}

// childrenOf counts who stands directly below t in month @month.
const childrenOf = `(SELECT count(*) FROM tenancy_parents k WHERE k.parent_id = t.id AND k.months @> CAST(@month AS date)) AS children`

// inScopeThen is inScope in month @month; the acting tenant is below itself in
// all months. Two conditions that OR joins: what is below is hashed, not joined.
const inScopeThen = ` (t.id = @acting OR t.id IN (
	SELECT c.descendant_id FROM tenancy_closure c WHERE c.ancestor_id = @acting AND c.months @> CAST(@month AS date)))`

// inOrder is how siblings follow each other.
const inOrder = ` t.tier, lower(t.name), t.slug`

func (s store) branches(ctx context.Context, sql string, args map[string]any) ([]Branch, error) {
	rows, err := find[branchRow](ctx, s, sql, args)
	if err != nil {
		return nil, fmt.Errorf("read the tree: %w", err)
	}
	return branchesOf(rows), nil
}

func (s store) branch(ctx context.Context, m period.Month, t id.Tenant) ([]Branch, error) {
	return s.branches(ctx, `SELECT `+tenantColumns+`, `+childrenOf+tenantsFrom+` WHERE`+inScope+` AND t.id = coalesce(CAST(@id AS uuid), @acting)`,
		map[string]any{"month": m, "id": t})
}

// children reads a page of each parent. Row-level security shows parents in
// scope only.
func (s store) children(ctx context.Context, f ChildrenFilter) ([]Branch, error) {
	return s.branches(ctx, `
		WITH page AS (
			SELECT * FROM (
				SELECT p.parent_id, p.tenant_id, row_number() OVER (PARTITION BY p.parent_id ORDER BY`+inOrder+`) AS place
				FROM tenancy_parents p JOIN tenancy_tenants t ON t.id = p.tenant_id
				WHERE p.parent_id = ANY (CAST(@parents AS uuid[])) AND p.months @> CAST(@month AS date)) x
			WHERE place > @skip AND place <= @last)
		SELECT `+tenantColumns+`, page.parent_id, true AS is_match, `+childrenOf+`
		FROM page JOIN tenancy_tenants t ON t.id = page.tenant_id LEFT JOIN tenancy_tenants d ON d.id = t.tree_id
		ORDER BY page.parent_id, page.place`,
		map[string]any{"parents": id.Array(f.Parents), "month": f.Month, "skip": f.Skip, "last": f.Skip + f.Limit})
}

// parentOf begins a query for who stands directly above in month @month. With
// OFFSET 0 it is asked for one tenant after the other, where the planner would
// read everybody's parents for each step up.
const parentOf = `SELECT p.parent_id FROM tenancy_parents p WHERE p.months @> CAST(@month AS date) AND p.tenant_id = `

// matching reads the ids of everybody in order, and then the rows of the few
// that are shown: f.Is may know what no query does.
func (s store) matching(ctx context.Context, f MatchFilter) ([]Branch, int64, error) {
	condition, args := inScopeThen, map[string]any{"month": f.Month}
	if strings.TrimSpace(f.Text) != "" {
		condition, args["like"] = condition+` AND (lower(t.name) LIKE @like OR t.slug LIKE @like)`, likeOf(f.Text)
	}
	if f.Among != nil {
		condition, args["among"] = condition+` AND t.id IN (SELECT unnest(CAST(@among AS uuid[])))`, id.Array(f.Among)
	}
	list, err := find[id.Tenants](ctx, s, `SELECT string_agg(uuid_send(t.id), '' ORDER BY`+inOrder+`) FROM tenancy_tenants t WHERE`+condition, args)
	if err != nil {
		return nil, 0, fmt.Errorf("search the tree: %w", err)
	}
	hits := list[0]
	if f.Is != nil {
		hits = slices.DeleteFunc(hits, func(t id.Tenant) bool { return !f.Is(t) })
	}
	if len(hits) == 0 {
		return nil, 0, nil
	}
	found, err := s.branches(ctx, `
		WITH RECURSIVE up (id, parent_id) AS (
			SELECT h.id, p.parent_id FROM unnest(CAST(@hits AS uuid[])) h (id)
			LEFT JOIN LATERAL (`+parentOf+`h.id AND h.id <> @acting OFFSET 0) p ON true
			UNION
			SELECT up.parent_id, p.parent_id FROM up
			LEFT JOIN LATERAL (`+parentOf+`up.parent_id AND up.parent_id <> @acting OFFSET 0) p ON true
			WHERE up.parent_id IS NOT NULL)
		SELECT `+tenantColumns+`, up.parent_id, t.id IN (SELECT unnest(CAST(@hits AS uuid[]))) AS is_match, `+childrenOf+`
		FROM up CROSS JOIN LATERAL (SELECT t.* FROM tenancy_tenants t WHERE t.id = up.id OFFSET 0) t LEFT JOIN tenancy_tenants d ON d.id = t.tree_id
		ORDER BY`+inOrder, map[string]any{"month": f.Month, "hits": id.Array(hits[:min(len(hits), f.Limit)])})
	return found, int64(len(hits)), err
}

func (s store) containing(ctx context.Context, m period.Month, tenants []id.Tenant) (map[id.Tenant][]id.Tenant, error) {
	type row struct{ OfID, ID id.Tenant }
	rows, err := find[row](ctx, s, `
		WITH RECURSIVE up (of_id, id, depth) AS (
			SELECT t.id, t.id, 0 FROM tenancy_tenants t WHERE t.id = ANY (CAST(@tenants AS uuid[])) AND`+inScope+`
			UNION ALL
			SELECT up.of_id, p.parent_id, up.depth + 1 FROM up
			CROSS JOIN LATERAL (`+parentOf+`up.id OFFSET 0) p
			WHERE up.id <> @acting)
		SELECT of_id, id FROM up WHERE of_id IN (SELECT u.of_id FROM up u WHERE u.id = @acting) ORDER BY of_id, depth`, map[string]any{"month": m, "tenants": id.Array(tenants)})
	if err != nil {
		return nil, fmt.Errorf("read who stands above: %w", err)
	}
	out := map[id.Tenant][]id.Tenant{}
	for _, r := range rows {
		out[r.OfID] = append(out[r.OfID], r.ID)
	}
	return out, nil
}

func (s store) search(ctx context.Context, like string, limit int) ([]Tenant, error) {
	rows, err := find[tenantRow](ctx, s, `SELECT `+tenantColumns+tenantsFrom+` WHERE`+inScope+`
		AND (lower(t.name) LIKE @like OR t.slug LIKE @like)
		ORDER BY NOT (lower(t.name) LIKE substr(@like, 2) OR t.slug LIKE substr(@like, 2)),`+inOrder+` LIMIT @limit`,
		map[string]any{"like": like, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("search tenants: %w", err)
	}
	return tenantsOf(rows), nil
}
