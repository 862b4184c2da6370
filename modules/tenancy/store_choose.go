package tenancy

import (
	"context"
	"fmt"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

// choiceSQL writes «WITH below», the tenants that c stands for by their place,
// and the condition over below and t that is left.
func choiceSQL(sc scope.Scope, c Choice) (with, where string, args map[string]any) {
	args = map[string]any{"month": c.Month}
	with = `WITH below AS (SELECT c.descendant_id AS id, c.depth FROM tenancy_closure c
		WHERE c.ancestor_id = @acting AND c.months @> CAST(@month AS date))`
	if !c.Under.IsZero() && c.Under != sc.Tenant {
		args["under"] = c.Under
		with = `WITH RECURSIVE below (id, depth) AS (
			SELECT c.descendant_id, 0 FROM tenancy_closure c
			WHERE c.ancestor_id = @acting AND c.descendant_id = @under AND c.months @> CAST(@month AS date)
			UNION ALL
			SELECT p.tenant_id, below.depth + 1 FROM below
			JOIN tenancy_parents p ON p.parent_id = below.id AND p.months @> CAST(@month AS date))`
	}
	conditions := []string{"true"}
	if c.Direct {
		conditions = append(conditions, "below.depth = 1")
	}
	if c.Tier != 0 {
		conditions, args["tier"] = append(conditions, "t.tier = @tier"), c.Tier
	}
	if strings.TrimSpace(c.Text) != "" {
		conditions, args["like"] = append(conditions, "(lower(t.name) LIKE @like OR t.slug LIKE @like)"), likeOf(c.Text)
	}
	return with, strings.Join(conditions, " AND "), args
}

func (s store) choose(ctx context.Context, c Choice, limit int) ([]Tenant, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	with, where, args := choiceSQL(sc, c)
	args["limit"] = limit
	rows, err := find[tenantRow](ctx, s, with+`,
		page AS (SELECT t.* FROM below JOIN tenancy_tenants t ON t.id = below.id WHERE `+where+` ORDER BY`+inOrder+` LIMIT @limit)
		SELECT `+tenantColumns+` FROM page t LEFT JOIN tenancy_tenants d ON d.id = t.tree_id ORDER BY`+inOrder, args)
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
	with, where, args := choiceSQL(sc, c)
	n, err := find[int](ctx, s, with+` SELECT count(*) FROM below JOIN tenancy_tenants t ON t.id = below.id WHERE `+where, args)
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
