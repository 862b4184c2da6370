-- +goose Up
-- What some tenants buy: a page of the list of customers asks for fifty of them.
CREATE INDEX billing_edge_totals_buyer ON billing_edge_totals (sold_to, month);

-- +goose Down
DROP INDEX billing_edge_totals_buyer;
