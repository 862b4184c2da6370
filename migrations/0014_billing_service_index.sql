-- +goose Up
-- What one tenant sells to another by service: without this, the page of a
-- reseller looked at all lines that the distributor bears.
CREATE INDEX billing_service_totals_edge ON billing_service_totals (bearer_id, sold_to, month);

-- +goose Down
DROP INDEX billing_service_totals_edge;
