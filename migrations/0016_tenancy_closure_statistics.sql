-- +goose Up
-- Whoever asks for many asks as a distributor. On the average of all tenants,
-- most of which stand above nobody, a prepared statement expects three rows
-- below the one who asks, and compares ten thousand with ten thousand.
ALTER TABLE tenancy_closure ALTER COLUMN ancestor_id SET (n_distinct = 20);
ANALYZE tenancy_closure;

-- +goose Down
ALTER TABLE tenancy_closure ALTER COLUMN ancestor_id RESET (n_distinct);
ANALYZE tenancy_closure;
