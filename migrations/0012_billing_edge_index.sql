-- +goose Up
-- A document's total is the sum of its edge: without these, each document of a
-- month looked at all lines that its seller bears.
CREATE INDEX billing_edge_totals_edge ON billing_edge_totals (bearer_id, sold_to, month);
CREATE INDEX billing_service_totals_edge ON billing_service_totals (bearer_id, sold_to, month);

-- +goose Down
DROP INDEX billing_edge_totals_edge, billing_service_totals_edge;
