-- +goose Up
-- «Is it below me?» is what every policy asks: of a B-tree, not of the GiST index
-- that keeps months apart.
CREATE INDEX tenancy_closure_pair ON tenancy_closure (ancestor_id, descendant_id) INCLUDE (months);

-- +goose Down
DROP INDEX tenancy_closure_pair;
