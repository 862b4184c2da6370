-- +goose Up
-- The line charges beside fees and rounding: a list of invoices reads one row
-- of each. Who publishes lines writes it, too, so that it is never out of date.
ALTER TABLE billing_period_published ADD COLUMN lines numeric NOT NULL DEFAULT 0;
COMMENT ON COLUMN billing_period_published.lines IS 'published line charges in currency';

CREATE INDEX billing_edge_totals_own_use ON billing_edge_totals (tree_id, month) WHERE own_use;
CREATE INDEX billing_bearer_totals_sold ON billing_bearer_totals (tree_id, month) WHERE is_sold;
CREATE INDEX billing_period_published_seller ON billing_period_published (seller_id, month);
CREATE INDEX billing_period_published_list ON billing_period_published (tree_id, month DESC, seller, buyer);
CREATE INDEX billing_findings_seller ON billing_findings (seller_id, month, buyer_id);
CREATE INDEX billing_runs_failed ON billing_runs (tree_id, month) WHERE state = 'failed';

ALTER TABLE billing_edge_totals NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_period_published NO FORCE ROW LEVEL SECURITY;
UPDATE billing_period_published p SET lines = t.price
FROM (
    SELECT bearer_id, sold_to, month, currency, sum(price) AS price FROM billing_edge_totals
    WHERE sold_to IS NOT NULL GROUP BY bearer_id, sold_to, month, currency
) t WHERE t.bearer_id = p.seller_id AND t.sold_to = p.buyer_id AND t.month = p.month AND t.currency = p.currency;
ALTER TABLE billing_edge_totals FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_period_published FORCE ROW LEVEL SECURITY;

-- As in 0008: what is certain is asked first.
ALTER POLICY runs_acting ON billing_runs
    USING (acting_tenant = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR acting_tenant IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY published_bearer ON billing_published
    USING (sold_to = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR bearer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));
ALTER POLICY period_published_parties ON billing_period_published
    USING (buyer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR seller_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
ALTER POLICY period_charges_parties ON billing_period_charges
    USING (buyer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR seller_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
ALTER POLICY findings_seller ON billing_findings
    USING (seller_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));

-- +goose Down
ALTER POLICY runs_acting ON billing_runs
    USING (acting_tenant IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY published_bearer ON billing_published
    USING (sold_to = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));
ALTER POLICY period_published_parties ON billing_period_published
    USING (buyer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
ALTER POLICY period_charges_parties ON billing_period_charges
    USING (buyer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
ALTER POLICY findings_seller ON billing_findings
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
DROP INDEX billing_runs_failed, billing_findings_seller, billing_period_published_list, billing_period_published_seller, billing_bearer_totals_sold, billing_edge_totals_own_use;
ALTER TABLE billing_period_published DROP COLUMN lines;
