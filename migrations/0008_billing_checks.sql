-- +goose Up
-- What is published now, added up: for pages, which must not add up charges.
-- Written with what a run publishes, replaced with it.
CREATE TABLE billing_edge_totals (
    tree_id     uuid NOT NULL,
    month       date NOT NULL,
    bearer_id   uuid NOT NULL,
    sold_to     uuid,
    assignee_id uuid NOT NULL,
    currency    text NOT NULL,
    own_use     boolean NOT NULL,
    price       numeric NOT NULL,
    cost        numeric NOT NULL,
    supplied    numeric NOT NULL,
    UNIQUE NULLS NOT DISTINCT (assignee_id, month, bearer_id, sold_to, currency)
);
COMMENT ON TABLE billing_edge_totals IS 'published line charges and costs by edge and assignee';
COMMENT ON COLUMN billing_edge_totals.price IS 'what bearer charges sold_to; 0 at a chain''s end';
COMMENT ON COLUMN billing_edge_totals.supplied IS 'the part of cost that the bearer''s supplier charges; the rest is the provider''s';
COMMENT ON COLUMN billing_edge_totals.own_use IS 'the assignee is no customer';
CREATE INDEX billing_edge_totals_month ON billing_edge_totals (tree_id, month);
CREATE INDEX billing_edge_totals_bearer ON billing_edge_totals (bearer_id, month);

CREATE TABLE billing_service_totals (
    tree_id     uuid NOT NULL,
    month       date NOT NULL,
    bearer_id   uuid NOT NULL,
    sold_to     uuid,
    assignee_id uuid NOT NULL,
    currency    text NOT NULL,
    service     text NOT NULL,
    price       numeric NOT NULL,
    cost        numeric NOT NULL,
    supplied    numeric NOT NULL,
    UNIQUE NULLS NOT DISTINCT (assignee_id, month, bearer_id, sold_to, currency, service)
);
COMMENT ON TABLE billing_service_totals IS 'billing_edge_totals by service';
CREATE INDEX billing_service_totals_bearer ON billing_service_totals (bearer_id, month);

-- What a period run came to, beside the run that speaks.
ALTER TABLE billing_period_published
    ADD COLUMN currency text NOT NULL DEFAULT '',
    ADD COLUMN fees numeric NOT NULL DEFAULT 0,
    ADD COLUMN rounding numeric NOT NULL DEFAULT 0;

-- Runs of an assignee's month exclude each other, so the order of their starts
-- is that of their results. Who sees a result may not see its run.
ALTER TABLE billing_run_results ADD COLUMN started_at timestamptz;
COMMENT ON COLUMN billing_run_results.started_at IS 'the run''s';

CREATE TABLE billing_checks (
    id           uuid PRIMARY KEY,
    tree_id      uuid NOT NULL REFERENCES tenancy_tenants (id),
    month        date NOT NULL CHECK (extract(day FROM month) = 1),
    state        text NOT NULL CHECK (state IN ('requested', 'running', 'complete', 'failed')),
    step         text NOT NULL DEFAULT '',
    actor        text NOT NULL,
    requested_at timestamptz NOT NULL,
    started_at   timestamptz,
    finished_at  timestamptz,
    ok           boolean,
    result       jsonb,
    error        text,
    CHECK ((state = 'complete') = (ok IS NOT NULL)),
    CHECK ((state = 'complete') = (result IS NOT NULL))
);
COMMENT ON TABLE billing_checks IS 'reconciliations of a distributor''s month that somebody asked for, kept for ever';
COMMENT ON COLUMN billing_checks.step IS 'what it does at present, for people';
CREATE INDEX billing_checks_month ON billing_checks (tree_id, month, id DESC);
-- Two who press the button at once ask for one check.
CREATE UNIQUE INDEX billing_checks_open ON billing_checks (tree_id, month) WHERE state IN ('requested', 'running');

-- Pages read a month of a tree at a time.
CREATE INDEX billing_period_charges_month ON billing_period_charges (tree_id, month);
CREATE INDEX billing_period_costs_month ON billing_period_costs (tree_id, month);
CREATE INDEX billing_period_published_buyer ON billing_period_published (buyer_id, month);
CREATE INDEX billing_findings_month ON billing_findings (tree_id, month);
CREATE INDEX billing_runs_month ON billing_runs (tree_id, month);
CREATE INDEX billing_run_results_place ON billing_run_results (assignee_id, month, bearer_id);

-- What was published before this migration. FORCE would hide it from its owner.
ALTER TABLE billing_published NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_charges NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_charge_costs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_period_published NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_period_charges NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_run_results NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_runs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_tenants NO FORCE ROW LEVEL SECURITY;

INSERT INTO billing_service_totals (tree_id, month, bearer_id, sold_to, assignee_id, currency, service, price, cost, supplied)
SELECT p.tree_id, p.month, p.bearer_id, p.sold_to, p.assignee_id, x.currency, x.service, sum(x.price), sum(x.cost), sum(x.supplied)
FROM (SELECT DISTINCT tree_id, month, bearer_id, sold_to, assignee_id, run_id FROM billing_published) p
JOIN LATERAL (
    SELECT c.currency, c.service, c.amount AS price, 0 AS cost, 0 AS supplied FROM billing_charges c
    WHERE c.run_id = p.run_id AND c.month = p.month AND c.seller_id = p.bearer_id AND c.buyer_id = p.sold_to AND c.assignee_id = p.assignee_id
    UNION ALL
    SELECT c.currency, c.service, 0, c.cost, CASE WHEN c.supplier IS NULL THEN 0 ELSE c.cost END FROM billing_charge_costs c
    WHERE c.run_id = p.run_id AND c.month = p.month AND c.bearer_id = p.bearer_id
        AND c.sold_to IS NOT DISTINCT FROM p.sold_to AND c.assignee_id = p.assignee_id
) x ON true
GROUP BY p.tree_id, p.month, p.bearer_id, p.sold_to, p.assignee_id, x.currency, x.service;

INSERT INTO billing_edge_totals (tree_id, month, bearer_id, sold_to, assignee_id, currency, own_use, price, cost, supplied)
SELECT s.tree_id, s.month, s.bearer_id, s.sold_to, s.assignee_id, s.currency, t.tier < 3, sum(s.price), sum(s.cost), sum(s.supplied)
FROM billing_service_totals s JOIN tenancy_tenants t ON t.id = s.assignee_id
GROUP BY s.tree_id, s.month, s.bearer_id, s.sold_to, s.assignee_id, s.currency, t.tier;

UPDATE billing_period_published p SET currency = c.currency, fees = c.fees, rounding = c.rounding
FROM (
    SELECT run_id, max(currency) AS currency, coalesce(sum(amount) FILTER (WHERE stage = 'fee'), 0) AS fees,
        coalesce(sum(amount) FILTER (WHERE stage = 'rounding'), 0) AS rounding
    FROM billing_period_charges GROUP BY run_id
) c WHERE c.run_id = p.run_id;

UPDATE billing_run_results e SET started_at = r.started_at FROM billing_runs r WHERE r.id = e.run_id;
ALTER TABLE billing_run_results ALTER COLUMN started_at SET NOT NULL;

ALTER TABLE billing_published FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_charges FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_charge_costs FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_period_published FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_period_charges FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_run_results FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_runs FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_tenants FORCE ROW LEVEL SECURITY;

ALTER TABLE billing_edge_totals ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_edge_totals FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_service_totals ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_service_totals FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_checks ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_checks FORCE ROW LEVEL SECURITY;

-- A tenant is at or above itself in every month, and a distributor at or above
-- everybody whose rows its tree holds. Saying so first spares most rows the
-- question who was above whom then, at no other answer.
CREATE POLICY edge_totals_bearer ON billing_edge_totals FOR SELECT
    USING (bearer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));
CREATE POLICY service_totals_bearer ON billing_service_totals FOR SELECT
    USING (bearer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));
ALTER POLICY charges_parties ON billing_charges
    USING (buyer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR seller_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
ALTER POLICY charge_costs_bearer ON billing_charge_costs
    USING (bearer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));
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

-- What was imported is known at the top of a tree only.
CREATE POLICY checks_distributor ON billing_checks
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));

-- +goose Down
ALTER POLICY charges_parties ON billing_charges
    USING (buyer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
ALTER POLICY charge_costs_bearer ON billing_charge_costs
    USING (EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));
ALTER POLICY published_bearer ON billing_published
    USING (sold_to = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));
ALTER POLICY period_published_parties ON billing_period_published
    USING (buyer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
ALTER POLICY period_charges_parties ON billing_period_charges
    USING (buyer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
ALTER POLICY findings_seller ON billing_findings
    USING (EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
DROP INDEX billing_period_charges_month, billing_period_costs_month, billing_period_published_buyer, billing_findings_month,
    billing_runs_month, billing_run_results_place;
ALTER TABLE billing_period_published DROP COLUMN currency, DROP COLUMN fees, DROP COLUMN rounding;
ALTER TABLE billing_run_results DROP COLUMN started_at;
DROP TABLE billing_checks, billing_service_totals, billing_edge_totals;
