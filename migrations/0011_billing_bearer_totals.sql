-- +goose Up
-- What a tenant's lines come to by service, of all its buyers and assignees
-- together: the start page of a distributor with ten thousand customers must
-- not add up a row of each of them and service. It follows
-- billing_service_totals by triggers, so that nothing else has to know it.
CREATE TABLE billing_bearer_totals (
    tree_id   uuid NOT NULL,
    bearer_id uuid NOT NULL,
    month     date NOT NULL,
    is_sold   boolean NOT NULL,
    currency  text NOT NULL,
    service   text NOT NULL,
    entries   bigint NOT NULL,
    price     numeric NOT NULL,
    cost      numeric NOT NULL,
    supplied  numeric NOT NULL,
    PRIMARY KEY (bearer_id, month, is_sold, currency, service)
);
COMMENT ON TABLE billing_bearer_totals IS 'billing_service_totals without buyers and assignees';
COMMENT ON COLUMN billing_bearer_totals.is_sold IS 'the lines are sold on; else the bearer is their chain''s end';
COMMENT ON COLUMN billing_bearer_totals.entries IS 'how many rows are added up: without any left, the sum goes too';

ALTER TABLE billing_bearer_totals ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_bearer_totals FORCE ROW LEVEL SECURITY;
CREATE POLICY bearer_totals_bearer ON billing_bearer_totals FOR SELECT
    USING (bearer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));

-- +goose StatementBegin
-- Adds what a statement has changed. Two that publish a month of a tree change
-- the same sums: the second waits here until the first has committed, so that
-- they never wait for each other. Sums are exact, so taking away what was added
-- leaves no trace.
CREATE FUNCTION billing_add_up() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    sign integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('billing_bearer_totals:' || x.tree_id || x.month, 0))
    FROM (SELECT DISTINCT tree_id, month FROM changed ORDER BY tree_id, month) x;
    INSERT INTO billing_bearer_totals AS t (tree_id, bearer_id, month, is_sold, currency, service, entries, price, cost, supplied)
    SELECT c.tree_id, c.bearer_id, c.month, c.sold_to IS NOT NULL, c.currency, c.service,
        sign * count(*), sign * sum(c.price), sign * sum(c.cost), sign * sum(c.supplied)
    FROM changed c GROUP BY c.tree_id, c.bearer_id, c.month, c.sold_to IS NOT NULL, c.currency, c.service
    ON CONFLICT (bearer_id, month, is_sold, currency, service) DO UPDATE SET
        entries = t.entries + excluded.entries, price = t.price + excluded.price, cost = t.cost + excluded.cost, supplied = t.supplied + excluded.supplied;
    IF sign < 0 THEN
        DELETE FROM billing_bearer_totals t USING (SELECT DISTINCT bearer_id, month FROM changed) c
        WHERE t.bearer_id = c.bearer_id AND t.month = c.month AND t.entries = 0;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER billing_service_totals_added AFTER INSERT ON billing_service_totals
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing_add_up();
CREATE TRIGGER billing_service_totals_removed AFTER DELETE ON billing_service_totals
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing_add_up();

-- What was published before this migration. FORCE would hide it from its owner.
ALTER TABLE billing_service_totals NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_bearer_totals NO FORCE ROW LEVEL SECURITY;
INSERT INTO billing_bearer_totals (tree_id, bearer_id, month, is_sold, currency, service, entries, price, cost, supplied)
SELECT tree_id, bearer_id, month, sold_to IS NOT NULL, currency, service, count(*), sum(price), sum(cost), sum(supplied)
FROM billing_service_totals GROUP BY tree_id, bearer_id, month, sold_to IS NOT NULL, currency, service;
ALTER TABLE billing_service_totals FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_bearer_totals FORCE ROW LEVEL SECURITY;

-- +goose Down
DROP TRIGGER billing_service_totals_added ON billing_service_totals;
DROP TRIGGER billing_service_totals_removed ON billing_service_totals;
DROP FUNCTION billing_add_up();
DROP TABLE billing_bearer_totals;
