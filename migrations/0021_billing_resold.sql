-- +goose Up
-- Of an edge whose buyer sells on, ten thousand assignees may have lines. What
-- they come to together is kept by service, for pages over time, and by what a
-- line of a document is made from. Where the buyer is the assignee there is
-- nothing to add up, and no row here.
CREATE TABLE billing_edges (
    tree_id   uuid NOT NULL,
    bearer_id uuid NOT NULL,
    sold_to   uuid NOT NULL,
    month     date NOT NULL,
    currency  text NOT NULL,
    entries   bigint NOT NULL,
    price     numeric NOT NULL,
    cost      numeric NOT NULL,
    PRIMARY KEY (bearer_id, sold_to, month, currency)
);
COMMENT ON TABLE billing_edges IS 'billing_edge_totals without assignees, of what is sold';
COMMENT ON COLUMN billing_edges.entries IS 'how many rows are added up: without any left, the sum goes too';
CREATE INDEX billing_edges_buyer ON billing_edges (sold_to, month);

CREATE TABLE billing_resold_services (
    tree_id   uuid NOT NULL,
    bearer_id uuid NOT NULL,
    sold_to   uuid NOT NULL,
    month     date NOT NULL,
    currency  text NOT NULL,
    service   text NOT NULL,
    entries   bigint NOT NULL,
    price     numeric NOT NULL,
    cost      numeric NOT NULL,
    supplied  numeric NOT NULL,
    PRIMARY KEY (bearer_id, sold_to, month, currency, service)
);
COMMENT ON TABLE billing_resold_services IS 'billing_service_totals without assignees, where they are not the buyer';
COMMENT ON COLUMN billing_resold_services.entries IS 'how many rows are added up: without any left, the sum goes too';

CREATE TABLE billing_resold_lines (
    tree_id         uuid NOT NULL,
    seller_id       uuid NOT NULL,
    buyer_id        uuid NOT NULL,
    month           date NOT NULL,
    currency        text NOT NULL,
    label           text NOT NULL,
    service_month   text NOT NULL,
    charge_category text NOT NULL,
    service         text NOT NULL,
    unit            text NOT NULL,
    entries         bigint NOT NULL,
    quantity        numeric NOT NULL,
    amount          numeric NOT NULL,
    PRIMARY KEY (seller_id, buyer_id, month, currency, label, service_month, charge_category, service, unit)
);
COMMENT ON TABLE billing_resold_lines IS 'published charges by what a document''s line is made from, of assignees that are not the buyer';
COMMENT ON COLUMN billing_resold_lines.entries IS 'how many charges are added up: without any left, the sum goes too';

-- Which terms speak for an edge: of ten thousand assignees those are read that
-- were rated with others than the ones in force.
CREATE TABLE billing_applied (
    tree_id     uuid NOT NULL,
    seller_id   uuid NOT NULL,
    buyer_id    uuid,
    month       date NOT NULL,
    assignee_id uuid NOT NULL,
    version_id  uuid,
    terms_hash  text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (seller_id, buyer_id, month, terms_hash, assignee_id, version_id)
);
COMMENT ON TABLE billing_applied IS 'the contract version that a published line run applied; written with what is published, replaced with it';
COMMENT ON COLUMN billing_applied.buyer_id IS 'NULL: the seller''s base contract';
COMMENT ON COLUMN billing_applied.terms_hash IS 'empty: there was no contract';
CREATE INDEX billing_applied_assignee ON billing_applied (assignee_id, month);
CREATE INDEX billing_applied_month ON billing_applied (tree_id, month);

-- FORCE would hide from its owner what was published before this migration.
ALTER TABLE billing_edge_totals NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_service_totals NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_published NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_charges NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_runs NO FORCE ROW LEVEL SECURITY;
INSERT INTO billing_edges (tree_id, bearer_id, sold_to, month, currency, entries, price, cost)
SELECT tree_id, bearer_id, sold_to, month, currency, count(*), sum(price), sum(cost)
FROM billing_edge_totals WHERE sold_to IS NOT NULL GROUP BY tree_id, bearer_id, sold_to, month, currency;
INSERT INTO billing_resold_services (tree_id, bearer_id, sold_to, month, currency, service, entries, price, cost, supplied)
SELECT tree_id, bearer_id, sold_to, month, currency, service, count(*), sum(price), sum(cost), sum(supplied)
FROM billing_service_totals WHERE sold_to <> assignee_id GROUP BY tree_id, bearer_id, sold_to, month, currency, service;
INSERT INTO billing_resold_lines (tree_id, seller_id, buyer_id, month, currency, label, service_month, charge_category, service, unit, entries, quantity, amount)
SELECT c.tree_id, c.seller_id, c.buyer_id, c.month, c.currency, c.label, c.service_month, c.charge_category, c.service, c.unit,
    count(*), sum(c.quantity), sum(c.amount)
FROM (SELECT DISTINCT run_id, bearer_id, sold_to, assignee_id, month FROM billing_published WHERE sold_to <> assignee_id) p
JOIN billing_charges c ON c.run_id = p.run_id AND c.month = p.month AND c.seller_id = p.bearer_id AND c.buyer_id = p.sold_to AND c.assignee_id = p.assignee_id
GROUP BY c.tree_id, c.seller_id, c.buyer_id, c.month, c.currency, c.label, c.service_month, c.charge_category, c.service, c.unit;
WITH applied AS (
    SELECT p.*, e.n, c.chain -> 'base' AS base, e.edge -> 'contract' AS contract
    FROM (SELECT DISTINCT tree_id, bearer_id, sold_to, assignee_id, month, run_id FROM billing_published WHERE sold_to IS NOT NULL) p
    JOIN billing_runs r ON r.id = p.run_id
    CROSS JOIN LATERAL jsonb_path_query(r.inputs, '$.chains[*]') AS c(chain)
    CROSS JOIN LATERAL jsonb_path_query(c.chain, '$.edges[*]') WITH ORDINALITY AS e(edge, n)
    WHERE (c.chain ->> 'assignee')::uuid = p.assignee_id AND c.chain -> 'parted' IS NULL
        AND (c.chain -> 'tenants' ->> (e.n::int - 1))::uuid = p.bearer_id
        AND (c.chain -> 'tenants' ->> e.n::int)::uuid = p.sold_to
)
INSERT INTO billing_applied (tree_id, seller_id, buyer_id, month, assignee_id, version_id, terms_hash)
SELECT tree_id, bearer_id, sold_to, month, assignee_id, (contract ->> 'version')::uuid, coalesce(contract ->> 'terms_hash', '') FROM applied
UNION
SELECT tree_id, bearer_id, NULL, month, assignee_id, (base ->> 'version')::uuid, coalesce(base ->> 'terms_hash', '')
FROM applied WHERE n = 1 AND bearer_id = tree_id;
ALTER TABLE billing_edge_totals FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_service_totals FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_published FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_charges FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_runs FORCE ROW LEVEL SECURITY;
ANALYZE billing_edges, billing_resold_services, billing_resold_lines, billing_applied;

ALTER TABLE billing_edges ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_edges FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_resold_services ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_resold_services FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_resold_lines ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_resold_lines FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_applied ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_applied FORCE ROW LEVEL SECURITY;
-- As on the tables that they are made from.
CREATE POLICY edges_bearer ON billing_edges FOR SELECT
    USING (bearer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));
CREATE POLICY resold_services_bearer ON billing_resold_services FOR SELECT
    USING (bearer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));
CREATE POLICY resold_lines_parties ON billing_resold_lines FOR SELECT
    USING (buyer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR seller_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
CREATE POLICY applied_seller ON billing_applied FOR SELECT
    USING (seller_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));

-- +goose StatementBegin
-- As billing_add_up, whose lock these take.
CREATE FUNCTION billing_add_edges() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('billing_bearer_totals:' || x.tree_id || x.month, 0))
    FROM (SELECT DISTINCT tree_id, month FROM changed ORDER BY tree_id, month) x;
    INSERT INTO billing_edges AS t (tree_id, bearer_id, sold_to, month, currency, entries, price, cost)
    SELECT c.tree_id, c.bearer_id, c.sold_to, c.month, c.currency, sign * count(*), sign * sum(c.price), sign * sum(c.cost)
    FROM changed c WHERE c.sold_to IS NOT NULL GROUP BY c.tree_id, c.bearer_id, c.sold_to, c.month, c.currency
    ON CONFLICT (bearer_id, sold_to, month, currency) DO UPDATE SET
        entries = t.entries + excluded.entries, price = t.price + excluded.price, cost = t.cost + excluded.cost;
    IF sign < 0 THEN
        DELETE FROM billing_edges t USING (SELECT DISTINCT bearer_id, sold_to, month FROM changed WHERE sold_to IS NOT NULL) c
        WHERE t.bearer_id = c.bearer_id AND t.sold_to = c.sold_to AND t.month = c.month AND t.entries = 0;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION billing_add_resold_services() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('billing_bearer_totals:' || x.tree_id || x.month, 0))
    FROM (SELECT DISTINCT tree_id, month FROM changed ORDER BY tree_id, month) x;
    INSERT INTO billing_resold_services AS t (tree_id, bearer_id, sold_to, month, currency, service, entries, price, cost, supplied)
    SELECT c.tree_id, c.bearer_id, c.sold_to, c.month, c.currency, c.service,
        sign * count(*), sign * sum(c.price), sign * sum(c.cost), sign * sum(c.supplied)
    FROM changed c WHERE c.sold_to <> c.assignee_id GROUP BY c.tree_id, c.bearer_id, c.sold_to, c.month, c.currency, c.service
    ON CONFLICT (bearer_id, sold_to, month, currency, service) DO UPDATE SET
        entries = t.entries + excluded.entries, price = t.price + excluded.price, cost = t.cost + excluded.cost, supplied = t.supplied + excluded.supplied;
    IF sign < 0 THEN
        DELETE FROM billing_resold_services t USING (SELECT DISTINCT bearer_id, sold_to, month FROM changed WHERE sold_to <> assignee_id) c
        WHERE t.bearer_id = c.bearer_id AND t.sold_to = c.sold_to AND t.month = c.month AND t.entries = 0;
    END IF;
    RETURN NULL;
END $$;

-- Adds the charges of what is published now, or takes away those of what no
-- longer is: they are there until the next recalculation. One run speaks for all
-- accounts of an edge, assignee and month, and is switched as a whole.
CREATE FUNCTION billing_add_resold_lines() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('billing_bearer_totals:' || x.tree_id || x.month, 0))
    FROM (SELECT DISTINCT tree_id, month FROM changed ORDER BY tree_id, month) x;
    -- OFFSET 0: charges are looked up run by run.
    INSERT INTO billing_resold_lines AS t
        (tree_id, seller_id, buyer_id, month, currency, label, service_month, charge_category, service, unit, entries, quantity, amount)
    SELECT p.tree_id, p.bearer_id, p.sold_to, p.month, c.currency, c.label, c.service_month, c.charge_category, c.service, c.unit,
        sign * count(*), sign * sum(c.quantity), sign * sum(c.amount)
    FROM (SELECT DISTINCT tree_id, run_id, bearer_id, sold_to, assignee_id, month FROM changed WHERE sold_to <> assignee_id) p
    CROSS JOIN LATERAL (SELECT * FROM billing_charges x WHERE x.run_id = p.run_id AND x.month = p.month
        AND x.seller_id = p.bearer_id AND x.buyer_id = p.sold_to AND x.assignee_id = p.assignee_id OFFSET 0) c
    GROUP BY p.tree_id, p.bearer_id, p.sold_to, p.month, c.currency, c.label, c.service_month, c.charge_category, c.service, c.unit
    ON CONFLICT (seller_id, buyer_id, month, currency, label, service_month, charge_category, service, unit) DO UPDATE SET
        entries = t.entries + excluded.entries, quantity = t.quantity + excluded.quantity, amount = t.amount + excluded.amount;
    IF sign < 0 THEN
        DELETE FROM billing_resold_lines t USING (SELECT DISTINCT bearer_id, sold_to, month FROM changed WHERE sold_to <> assignee_id) c
        WHERE t.seller_id = c.bearer_id AND t.buyer_id = c.sold_to AND t.month = c.month AND t.entries = 0;
    END IF;
    RETURN NULL;
END $$;

-- The tenants whose runs the acting one sees: itself and who is or was below it.
CREATE FUNCTION billing_actors() RETURNS SETOF uuid
    LANGUAGE sql STABLE AS $$
    SELECT DISTINCT c.descendant_id FROM tenancy_closure c
    WHERE c.ancestor_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
$$;
-- +goose StatementEnd
CREATE TRIGGER billing_edge_totals_added AFTER INSERT ON billing_edge_totals
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing_add_edges();
CREATE TRIGGER billing_edge_totals_removed AFTER DELETE ON billing_edge_totals
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing_add_edges();
CREATE TRIGGER billing_service_totals_resold AFTER INSERT ON billing_service_totals
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing_add_resold_services();
CREATE TRIGGER billing_service_totals_unsold AFTER DELETE ON billing_service_totals
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing_add_resold_services();
CREATE TRIGGER billing_published_added AFTER INSERT ON billing_published
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing_add_resold_lines();
CREATE TRIGGER billing_published_removed AFTER DELETE ON billing_published
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing_add_resold_lines();

-- What was read by edge is kept by edge now; a plan that is made for any tenant
-- would take these for lines of one assignee, too.
DROP INDEX billing_service_totals_edge, billing_service_totals_bearer, billing_edge_totals_buyer;

-- Sellers' sums lie among those of all customers: the start page reads them from
-- the index alone.
DROP INDEX billing_bearer_totals_sold;
CREATE INDEX billing_bearer_totals_sold ON billing_bearer_totals (tree_id, month) INCLUDE (bearer_id, currency, price, cost, supplied) WHERE is_sold;

-- The runs of one assignee: whether a failed one was the last.
CREATE INDEX billing_runs_line ON billing_runs (assignee_id, month, id) WHERE kind = 'line';
-- Whether something was published after a check began.
CREATE INDEX billing_runs_finished ON billing_runs (tree_id, month, finished_at) WHERE state = 'complete';

-- +goose Down
DROP INDEX billing_runs_finished, billing_runs_line, billing_bearer_totals_sold;
CREATE INDEX billing_bearer_totals_sold ON billing_bearer_totals (tree_id, month) WHERE is_sold;
CREATE INDEX billing_service_totals_edge ON billing_service_totals (bearer_id, sold_to, month);
CREATE INDEX billing_service_totals_bearer ON billing_service_totals (bearer_id, month);
CREATE INDEX billing_edge_totals_buyer ON billing_edge_totals (sold_to, month);
DROP TRIGGER billing_edge_totals_added ON billing_edge_totals;
DROP TRIGGER billing_edge_totals_removed ON billing_edge_totals;
DROP FUNCTION billing_add_edges();
DROP TRIGGER billing_published_added ON billing_published;
DROP TRIGGER billing_published_removed ON billing_published;
DROP TRIGGER billing_service_totals_resold ON billing_service_totals;
DROP TRIGGER billing_service_totals_unsold ON billing_service_totals;
DROP FUNCTION billing_add_resold_services();
DROP FUNCTION billing_add_resold_lines();
DROP FUNCTION billing_actors();
DROP TABLE billing_edges, billing_applied, billing_resold_lines, billing_resold_services;
