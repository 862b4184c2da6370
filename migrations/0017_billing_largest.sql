-- +goose Up
-- The largest sales of a month, for its figures.
CREATE INDEX billing_period_published_largest ON billing_period_published (tree_id, month, (lines + fees + rounding) DESC);

-- +goose Down
DROP INDEX billing_period_published_largest;
