-- +goose Up
CREATE SEQUENCE billing_fence;

CREATE TABLE billing_runs (
    id            uuid PRIMARY KEY,
    tree_id       uuid NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('line', 'period')),
    acting_tenant uuid NOT NULL REFERENCES tenancy_tenants (id),
    assignee_id   uuid REFERENCES tenancy_tenants (id),
    contract_id   uuid,
    seller_id     uuid REFERENCES tenancy_tenants (id),
    buyer_id      uuid REFERENCES tenancy_tenants (id),
    month         date NOT NULL CHECK (extract(day FROM month) = 1),
    state         text NOT NULL CHECK (state IN ('requested', 'waiting', 'running', 'complete', 'failed', 'cancelled', 'review')),
    reason        text NOT NULL,
    actor         text NOT NULL,
    cause_id      uuid REFERENCES billing_runs (id),
    requested_at  timestamptz NOT NULL,
    started_at    timestamptz,
    finished_at   timestamptz,
    fence         bigint NOT NULL DEFAULT 0,
    attempts      int NOT NULL DEFAULT 0,
    engine        text NOT NULL DEFAULT '',
    inputs        jsonb,
    input_hash    text,
    result_hash   text,
    lines         bigint NOT NULL DEFAULT 0,
    classes       bigint NOT NULL DEFAULT 0,
    tuples        bigint NOT NULL DEFAULT 0,
    charges       bigint NOT NULL DEFAULT 0,
    seconds       numeric NOT NULL DEFAULT 0,
    error         text,
    CHECK ((kind = 'line') = (assignee_id IS NOT NULL)),
    CHECK ((kind = 'period') = (seller_id IS NOT NULL)),
    CHECK ((kind = 'period') = (buyer_id IS NOT NULL)),
    CHECK (kind = 'period' OR contract_id IS NULL)
);
COMMENT ON TABLE billing_runs IS 'queue and log of ratings, kept for ever; the id is the Job ID';
COMMENT ON COLUMN billing_runs.assignee_id IS 'line run: whose month is rated';
COMMENT ON COLUMN billing_runs.contract_id IS 'period run: whose fees were computed; NULL: not started yet, or no contract in force';
COMMENT ON COLUMN billing_runs.cause_id IS 'period run: the line run whose publishing asked for it';
COMMENT ON COLUMN billing_runs.fence IS 'drawn from billing_fence at each start: a run that was taken over publishes nothing';
COMMENT ON COLUMN billing_runs.attempts IS 'starts that ended in an error worth trying again; a killed worker''s does not count';
COMMENT ON COLUMN billing_runs.inputs IS 'what was read: segments, assignments, contract versions of each edge';
COMMENT ON COLUMN billing_runs.error IS 'fit for everyone who sees the run; the seller''s own detail is in billing_run_errors';
CREATE INDEX billing_runs_log ON billing_runs (acting_tenant, requested_at DESC);
CREATE INDEX billing_runs_open ON billing_runs (month) WHERE state IN ('requested', 'waiting', 'running');
CREATE INDEX billing_runs_period ON billing_runs (month, seller_id, buyer_id) WHERE kind = 'period';

CREATE TABLE billing_run_errors (
    run_id    uuid PRIMARY KEY REFERENCES billing_runs (id),
    tree_id   uuid NOT NULL,
    seller_id uuid NOT NULL REFERENCES tenancy_tenants (id),
    message   text NOT NULL,
    detail    jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE billing_run_errors IS 'what went wrong on an edge, for its seller and the tenants above it';

CREATE TABLE billing_published (
    tree_id     uuid NOT NULL,
    bearer_id   uuid NOT NULL REFERENCES tenancy_tenants (id),
    sold_to     uuid REFERENCES tenancy_tenants (id),
    assignee_id uuid NOT NULL REFERENCES tenancy_tenants (id),
    account_id  uuid NOT NULL,
    month       date NOT NULL,
    run_id      uuid NOT NULL REFERENCES billing_runs (id),
    UNIQUE NULLS NOT DISTINCT (bearer_id, sold_to, assignee_id, account_id, month)
);
COMMENT ON TABLE billing_published IS 'which run speaks for an edge, assignee, account and month';
COMMENT ON COLUMN billing_published.bearer_id IS 'the edge''s seller, or the chain''s last tenant: who bears the cost of these lines';
COMMENT ON COLUMN billing_published.sold_to IS 'the edge''s buyer; NULL at the chain''s end';
CREATE INDEX billing_published_month ON billing_published (tree_id, month);
CREATE INDEX billing_published_assignee ON billing_published (assignee_id, month);
CREATE INDEX billing_published_account ON billing_published (account_id, month);
CREATE INDEX billing_published_run ON billing_published (run_id);

CREATE TABLE billing_run_results (
    run_id      uuid NOT NULL REFERENCES billing_runs (id),
    tree_id     uuid NOT NULL,
    bearer_id   uuid NOT NULL REFERENCES tenancy_tenants (id),
    sold_to     uuid REFERENCES tenancy_tenants (id),
    assignee_id uuid NOT NULL REFERENCES tenancy_tenants (id),
    month       date NOT NULL,
    currency    text NOT NULL,
    charges     bigint NOT NULL,
    amount      numeric NOT NULL,
    cost        numeric NOT NULL,
    hash        text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (run_id, bearer_id, sold_to, assignee_id, currency)
);
COMMENT ON TABLE billing_run_results IS 'totals and hash of what a run said of an edge and assignee; kept when its charges are not';
COMMENT ON COLUMN billing_run_results.currency IS 'empty: there was nothing to say';
CREATE INDEX billing_run_results_assignee ON billing_run_results (assignee_id, month);

CREATE TABLE billing_charges (
    run_id          uuid NOT NULL,
    tree_id         uuid NOT NULL,
    seller_id       uuid NOT NULL,
    buyer_id        uuid NOT NULL,
    assignee_id     uuid NOT NULL,
    account_id      uuid NOT NULL,
    month           date NOT NULL,
    currency        text NOT NULL,
    payer           text NOT NULL,
    provider        text NOT NULL,
    account         text NOT NULL,
    service         text NOT NULL,
    sku             text NOT NULL,
    region          text NOT NULL,
    charge_category text NOT NULL,
    charge_class    text NOT NULL,
    marketplace     boolean NOT NULL,
    commitment_role text NOT NULL,
    unit            text NOT NULL,
    service_month   text NOT NULL,
    rule            text NOT NULL,
    label           text NOT NULL,
    quantity        numeric NOT NULL,
    list            numeric,
    amount          numeric NOT NULL
) PARTITION BY RANGE (month);
COMMENT ON TABLE billing_charges IS 'what a seller charges its buyer for usage lines, summed at this grain; exact, never rounded';
COMMENT ON COLUMN billing_charges.service_month IS 'empty, or the earlier month that a late line corrects';
COMMENT ON COLUMN billing_charges.rule IS 'the price rule that matched, or the labelled adjust rule; empty: the contract''s basis';
COMMENT ON COLUMN billing_charges.list IS 'NULL where the provider delivered no list price and the buyer may not know another';
-- Charges and costs are found through the run that speaks for an edge.
CREATE INDEX billing_charges_run ON billing_charges (run_id, seller_id, buyer_id, assignee_id);

CREATE TABLE billing_charge_costs (
    run_id          uuid NOT NULL,
    tree_id         uuid NOT NULL,
    bearer_id       uuid NOT NULL,
    supplier        uuid,
    sold_to         uuid,
    assignee_id     uuid NOT NULL,
    account_id      uuid NOT NULL,
    month           date NOT NULL,
    currency        text NOT NULL,
    payer           text NOT NULL,
    provider        text NOT NULL,
    account         text NOT NULL,
    service         text NOT NULL,
    sku             text NOT NULL,
    region          text NOT NULL,
    charge_category text NOT NULL,
    charge_class    text NOT NULL,
    marketplace     boolean NOT NULL,
    commitment_role text NOT NULL,
    unit            text NOT NULL,
    service_month   text NOT NULL,
    reason          text NOT NULL,
    cost            numeric NOT NULL
) PARTITION BY RANGE (month);
COMMENT ON TABLE billing_charge_costs IS 'what lines cost a tenant of their chain: the provider''s billed cost for the owner, the supplier''s charge for the others';
COMMENT ON COLUMN billing_charge_costs.supplier IS 'NULL: the tenant owns the payer account';
COMMENT ON COLUMN billing_charge_costs.sold_to IS 'the next tenant of the chain; NULL at its end';
COMMENT ON COLUMN billing_charge_costs.reason IS 'empty where the line was sold on; else why not: the exclude rule''s name, or that no contract covers it';
CREATE INDEX billing_charge_costs_run ON billing_charge_costs (run_id, bearer_id, sold_to, assignee_id);

CREATE TABLE billing_period_published (
    tree_id     uuid NOT NULL,
    seller_id   uuid NOT NULL REFERENCES tenancy_tenants (id),
    buyer_id    uuid NOT NULL REFERENCES tenancy_tenants (id),
    month       date NOT NULL,
    contract_id uuid,
    seller      text NOT NULL,
    buyer       text NOT NULL,
    run_id      uuid NOT NULL REFERENCES billing_runs (id),
    PRIMARY KEY (seller_id, buyer_id, month)
);
COMMENT ON TABLE billing_period_published IS 'which period run speaks for an edge and month: every edge with a contract in force or with charges has one';
COMMENT ON COLUMN billing_period_published.seller IS 'slug: a buyer reads its supplier''s name here and nowhere else';
COMMENT ON COLUMN billing_period_published.contract_id IS 'NULL: no contract in force; lines passed through are rounded all the same';
CREATE INDEX billing_period_published_month ON billing_period_published (tree_id, month);
CREATE INDEX billing_period_published_run ON billing_period_published (run_id);

CREATE TABLE billing_period_charges (
    run_id      uuid NOT NULL REFERENCES billing_runs (id),
    tree_id     uuid NOT NULL,
    seller_id   uuid NOT NULL REFERENCES tenancy_tenants (id),
    buyer_id    uuid NOT NULL REFERENCES tenancy_tenants (id),
    contract_id uuid,
    month       date NOT NULL,
    ordinal     int NOT NULL,
    stage       text NOT NULL CHECK (stage IN ('fee', 'rounding')),
    rule        text NOT NULL,
    label       text NOT NULL,
    currency    text NOT NULL,
    assignee_id uuid REFERENCES tenancy_tenants (id),
    account     text NOT NULL DEFAULT '',
    base        numeric,
    rate        text NOT NULL DEFAULT '',
    amount      numeric NOT NULL,
    PRIMARY KEY (run_id, ordinal),
    CHECK (stage = 'rounding' OR contract_id IS NOT NULL)
);
COMMENT ON COLUMN billing_period_charges.assignee_id IS 'set where the fee is per customer or per account';
COMMENT ON COLUMN billing_period_charges.rate IS 'how the amount comes from base, in words: «10 %»';

CREATE TABLE billing_period_costs (
    run_id      uuid NOT NULL REFERENCES billing_runs (id),
    tree_id     uuid NOT NULL,
    buyer_id    uuid NOT NULL REFERENCES tenancy_tenants (id),
    supplier    uuid NOT NULL REFERENCES tenancy_tenants (id),
    contract_id uuid,
    month       date NOT NULL,
    ordinal     int NOT NULL,
    rule        text NOT NULL,
    currency    text NOT NULL,
    amount      numeric NOT NULL,
    PRIMARY KEY (run_id, ordinal)
);
COMMENT ON TABLE billing_period_costs IS 'the buyer''s side of period charges: cost that belongs to no line';

CREATE TABLE billing_findings (
    run_id      uuid NOT NULL REFERENCES billing_runs (id),
    tree_id     uuid NOT NULL,
    seller_id   uuid NOT NULL REFERENCES tenancy_tenants (id),
    buyer_id    uuid REFERENCES tenancy_tenants (id),
    assignee_id uuid REFERENCES tenancy_tenants (id),
    month       date NOT NULL,
    code        text NOT NULL,
    blocking    boolean NOT NULL,
    rule        text NOT NULL DEFAULT '',
    lines       bigint NOT NULL DEFAULT 0,
    currency    text NOT NULL,
    sum         numeric NOT NULL DEFAULT 0,
    message     text NOT NULL
);
COMMENT ON TABLE billing_findings IS 'what would surprise somebody on this edge, with its sum; blocking ones stop issuing, never rating';
CREATE INDEX billing_findings_run ON billing_findings (run_id);

-- +goose StatementBegin
-- Creates the partitions of month unless they are there. Runs with its owner's
-- rights: workers write rows, they do not define tables. The lock keeps two
-- workers from creating the same partition.
CREATE FUNCTION billing_ensure_month(month date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    suffix text := to_char(first, 'YYYYMM');
    parent text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['billing_charges', 'billing_charge_costs'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relname = parent || '_' || suffix);
        PERFORM pg_advisory_xact_lock(hashtext('billing_ensure_month'));
        -- Asked of the catalogue again: to_regclass would answer from a cache
        -- that waiting for the lock does not refresh.
        CONTINUE WHEN EXISTS (SELECT FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relname = parent || '_' || suffix);
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', parent || '_' || suffix, parent);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', parent || '_' || suffix);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', parent || '_' || suffix);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            parent, parent || '_' || suffix, first, (first + interval '1 month')::date);
    END LOOP;
END $$;
-- +goose StatementEnd

ALTER TABLE billing_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_runs FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_run_errors ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_run_errors FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_published ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_published FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_run_results ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_run_results FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_charges ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_charges FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_charge_costs ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_charge_costs FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_period_published ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_period_published FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_period_charges ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_period_charges FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_period_costs ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_period_costs FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_findings ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_findings FORCE ROW LEVEL SECURITY;

CREATE POLICY runs_acting ON billing_runs
    USING (acting_tenant IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY run_errors_seller ON billing_run_errors FOR SELECT
    USING (seller_id IN (SELECT c.descendant_id FROM tenancy_closure c));
-- Money of an edge: its two parties, and whoever was above the seller in that
-- month. A cost: its bearer, and whoever was above it then. These ask per row,
-- because the answer depends on the row's month: EXISTS finds it by index.
CREATE POLICY published_bearer ON billing_published FOR SELECT
    USING (sold_to = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));
CREATE POLICY run_results_bearer ON billing_run_results FOR SELECT
    USING (EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));
CREATE POLICY charges_parties ON billing_charges FOR SELECT
    USING (buyer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
CREATE POLICY charge_costs_bearer ON billing_charge_costs FOR SELECT
    USING (EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = bearer_id AND c.months @> month));
CREATE POLICY period_published_parties ON billing_period_published FOR SELECT
    USING (buyer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
CREATE POLICY period_charges_parties ON billing_period_charges FOR SELECT
    USING (buyer_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
CREATE POLICY period_costs_buyer ON billing_period_costs FOR SELECT
    USING (EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = buyer_id AND c.months @> month));
CREATE POLICY findings_seller ON billing_findings FOR SELECT
    USING (EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));

-- +goose Down
DROP FUNCTION billing_ensure_month(date);
DROP TABLE billing_findings, billing_period_costs, billing_period_charges, billing_period_published,
    billing_charge_costs, billing_charges, billing_run_results, billing_published, billing_run_errors, billing_runs;
DROP SEQUENCE billing_fence;
