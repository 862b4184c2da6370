-- +goose Up
-- The largest sales of one seller, and sales without a price: for figures.
DROP INDEX billing_period_published_seller;
CREATE INDEX billing_period_published_seller ON billing_period_published (seller_id, month, (lines + fees + rounding) DESC);
CREATE INDEX billing_edge_totals_unpriced ON billing_edge_totals (tree_id, month) WHERE price = 0 AND sold_to IS NOT NULL;

-- +goose Down
DROP INDEX billing_edge_totals_unpriced;
DROP INDEX billing_period_published_seller;
CREATE INDEX billing_period_published_seller ON billing_period_published (seller_id, month);
