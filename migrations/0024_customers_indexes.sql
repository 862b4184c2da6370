-- +goose Up
-- Who has billing data in a month is asked for a whole tree at once.
CREATE INDEX billing_edges_month ON billing_edges (tree_id, month);

-- How many stand directly below each tenant of a page is counted in the index
-- alone.
DROP INDEX tenancy_parents_parent;
CREATE INDEX tenancy_parents_parent ON tenancy_parents (parent_id) INCLUDE (tree_id, months);

-- +goose Down
DROP INDEX tenancy_parents_parent;
CREATE INDEX tenancy_parents_parent ON tenancy_parents (parent_id);
DROP INDEX billing_edges_month;
