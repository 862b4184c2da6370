-- +goose Up
-- Who has billing data in a month is read for a whole tree, from indexes alone.
-- The index on tree and month by themselves is the beginning of two others.
DROP INDEX billing_edges_month, billing_period_published_month;
CREATE INDEX billing_edges_month ON billing_edges (tree_id, month) INCLUDE (bearer_id, sold_to);
CREATE INDEX billing_period_published_charged ON billing_period_published (tree_id, month) INCLUDE (seller_id, buyer_id)
    WHERE fees + rounding <> 0;

-- The steps up the tree, too: the planner took the GiST index that keeps months
-- apart, in which a step is forty times as long.
DROP INDEX tenancy_parents_tenant;
CREATE INDEX tenancy_parents_tenant ON tenancy_parents (tenant_id) INCLUDE (parent_id, tree_id, months);

-- +goose Down
DROP INDEX tenancy_parents_tenant;
CREATE INDEX tenancy_parents_tenant ON tenancy_parents (tenant_id);
DROP INDEX billing_period_published_charged, billing_edges_month;
CREATE INDEX billing_period_published_month ON billing_period_published (tree_id, month);
CREATE INDEX billing_edges_month ON billing_edges (tree_id, month);
