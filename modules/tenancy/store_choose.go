package tenancy

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

// choiceSQL writes a WITH clause, or nothing, and the FROM and WHERE clauses
// over t of the tenants that c stands for. Each way takes the same time however
// few a prepared statement expects; OFFSET 0 has parents looked up, one tenant
// after the other, where the planner would read those of all for each step.
func choiceSQL(sc scope.Scope, c Choice) (with, from string, args map[string]any) {
	top := cmp.Or(c.Under, sc.Tenant)
	args = map[string]any{"month": c.Month, "top": top}
	switch {
	case c.Direct:
		from = ` FROM tenancy_parents p JOIN tenancy_tenants t ON t.id = p.tenant_id
			WHERE p.parent_id = @top AND p.months @> CAST(@month AS date) AND EXISTS (SELECT FROM tenancy_closure c
				WHERE c.ancestor_id = @acting AND c.descendant_id = @top AND c.months @> CAST(@month AS date))`
	case top == sc.Tenant:
		from = ` FROM tenancy_tenants t WHERE` + inScopeThen
	default:
		with = `WITH RECURSIVE below (id) AS (
			SELECT c.descendant_id FROM tenancy_closure c
			WHERE c.ancestor_id = @acting AND c.descendant_id = @top AND c.months @> CAST(@month AS date)
			UNION ALL
			SELECT p.tenant_id FROM below CROSS JOIN LATERAL (
				SELECT p.tenant_id FROM tenancy_parents p WHERE p.parent_id = below.id AND p.months @> CAST(@month AS date) OFFSET 0) p)`
		from = ` FROM below JOIN tenancy_tenants t ON t.id = below.id WHERE true`
	}
	if c.Tier != 0 {
		from, args["tier"] = from+` AND t.tier = @tier`, c.Tier
	}
	if strings.TrimSpace(c.Text) != "" {
		from, args["like"] = from+` AND (lower(t.name) LIKE @like OR t.slug LIKE @like)`, likeOf(c.Text)
	}
	return with, from, args
}

func (s store) choose(ctx context.Context, c Choice, limit int) ([]Tenant, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	with, from, args := choiceSQL(sc, c)
	args["limit"] = limit
	rows, err := find[tenantRow](ctx, s, with+` SELECT `+tenantColumns+`
		FROM (SELECT t.*`+from+` ORDER BY`+inOrder+` LIMIT @limit) t LEFT JOIN tenancy_tenants d ON d.id = t.tree_id
		ORDER BY`+inOrder, args)
	if err != nil {
		return nil, fmt.Errorf("read tenants to choose from: %w", err)
	}
	return tenantsOf(rows), nil
}

func (s store) countChoices(ctx context.Context, c Choice) (int, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return 0, err
	}
	with, from, args := choiceSQL(sc, c)
	n, err := find[int](ctx, s, with+` SELECT count(*)`+from, args)
	if err != nil {
		return 0, fmt.Errorf("count tenants to choose from: %w", err)
	}
	return n[0], nil
}

func (s store) called(ctx context.Context, like string) ([]id.Tenant, error) {
	out, err := find[id.Tenant](ctx, s, `SELECT t.id FROM tenancy_tenants t WHERE`+inScope+`
		AND (lower(t.name) LIKE @like OR t.slug LIKE @like)`, map[string]any{"like": like})
	if err != nil {
		return nil, fmt.Errorf("find tenants by name: %w", err)
	}
	return out, nil
}
