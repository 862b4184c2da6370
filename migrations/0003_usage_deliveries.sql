-- +goose Up
CREATE TABLE usage_imports (
    id               uuid PRIMARY KEY,
    tree_id          uuid NOT NULL,
    owner_id         uuid NOT NULL REFERENCES tenancy_tenants (id),
    url              text NOT NULL,
    format           text NOT NULL,
    state            text NOT NULL CHECK (state IN ('running', 'complete', 'failed')),
    started_at       timestamptz NOT NULL,
    finished_at      timestamptz,
    rows_read        bigint NOT NULL DEFAULT 0,
    rows_stored      bigint NOT NULL DEFAULT 0,
    rows_quarantined bigint NOT NULL DEFAULT 0,
    error            text
);
CREATE INDEX usage_imports_owner ON usage_imports (owner_id, started_at DESC);

CREATE TABLE usage_deliveries (
    id               uuid PRIMARY KEY,
    tree_id          uuid NOT NULL,
    owner_id         uuid NOT NULL REFERENCES tenancy_tenants (id),
    import_id        uuid NOT NULL REFERENCES usage_imports (id),
    provider         text NOT NULL,
    payer            text NOT NULL,
    month            date NOT NULL CHECK (extract(day FROM month) = 1),
    manifest_at      timestamptz,
    content_hash     text NOT NULL,
    rows_read        bigint NOT NULL,
    rows_quarantined bigint NOT NULL,
    state            text NOT NULL CHECK (state IN ('staged', 'current', 'superseded', 'older')),
    staged_at        timestamptz NOT NULL,
    published_at     timestamptz
);
COMMENT ON COLUMN usage_deliveries.month IS 'delivery month: the manifest''s billing period, else the month of the rows'' BillingPeriodStart';
COMMENT ON COLUMN usage_deliveries.manifest_at IS 'when the provider wrote the manifest; NULL counts as newest';
COMMENT ON COLUMN usage_deliveries.content_hash IS 'SHA-256 over the canonical rows in total order: equal content, equal hash, whatever the files looked like';
COMMENT ON COLUMN usage_deliveries.state IS 'older: kept, but a newer manifest was already current when it came';
CREATE UNIQUE INDEX usage_deliveries_current ON usage_deliveries (owner_id, provider, payer, month) WHERE state = 'current';
CREATE INDEX usage_deliveries_import ON usage_deliveries (import_id);

CREATE TABLE usage_segments (
    id          uuid PRIMARY KEY,
    tree_id     uuid NOT NULL,
    owner_id    uuid NOT NULL REFERENCES tenancy_tenants (id),
    delivery_id uuid NOT NULL REFERENCES usage_deliveries (id),
    ordinal     int NOT NULL,
    object      text NOT NULL,
    sha256      text NOT NULL,
    bytes       bigint NOT NULL,
    rows        bigint NOT NULL,
    staged_at   timestamptz NOT NULL,
    UNIQUE (delivery_id, ordinal)
);
COMMENT ON COLUMN usage_segments.object IS 'key in the object store: segments/<owner id>/<sha256>.parquet';

CREATE TABLE usage_accounts (
    id         uuid PRIMARY KEY,
    tree_id    uuid NOT NULL,
    owner_id   uuid NOT NULL REFERENCES tenancy_tenants (id),
    provider   text NOT NULL,
    account    text NOT NULL,
    name       text NOT NULL DEFAULT '',
    first_seen timestamptz NOT NULL,
    UNIQUE (owner_id, provider, account),
    UNIQUE (id, owner_id)
);
COMMENT ON COLUMN usage_accounts.account IS 'SubAccountId, or BillingAccountId where that is empty';

CREATE TABLE usage_segment_accounts (
    segment_id    uuid NOT NULL REFERENCES usage_segments (id),
    row_group     int NOT NULL,
    account_id    uuid NOT NULL REFERENCES usage_accounts (id),
    tree_id       uuid NOT NULL,
    owner_id      uuid NOT NULL REFERENCES tenancy_tenants (id),
    payer         text NOT NULL,
    period        date NOT NULL,
    service_month date NOT NULL,
    currency      text NOT NULL,
    rows          bigint NOT NULL,
    billed        numeric NOT NULL,
    effective     numeric NOT NULL,
    list          numeric NOT NULL,
    contracted    numeric NOT NULL,
    PRIMARY KEY (segment_id, row_group, account_id, payer, period, service_month, currency)
);
COMMENT ON TABLE usage_segment_accounts IS 'what each row group holds, with exact sums of the stored measures (a missing one counts as 0)';
COMMENT ON COLUMN usage_segment_accounts.period IS 'the provider''s billing month, as the rows state it';
COMMENT ON COLUMN usage_segment_accounts.service_month IS 'whose assignment counts: the period, or the earlier month in which the charge period wholly lies';
CREATE INDEX usage_segment_accounts_account ON usage_segment_accounts (account_id, period);
CREATE INDEX usage_segment_accounts_owner ON usage_segment_accounts (owner_id, period);

CREATE TABLE usage_assignments (
    id          uuid PRIMARY KEY,
    tree_id     uuid NOT NULL,
    owner_id    uuid NOT NULL REFERENCES tenancy_tenants (id),
    account_id  uuid NOT NULL,
    assignee_id uuid NOT NULL REFERENCES tenancy_tenants (id),
    own_use     boolean NOT NULL,
    months      daterange NOT NULL CHECK (NOT isempty(months)),
    condition   text NOT NULL DEFAULT '',
    rank        int NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    FOREIGN KEY (account_id, owner_id) REFERENCES usage_accounts (id, owner_id),
    EXCLUDE USING gist (account_id WITH =, condition WITH =, months WITH &&)
);
COMMENT ON COLUMN usage_assignments.own_use IS 'the assignee is no customer: the chain ends at a distributor or reseller';
COMMENT ON COLUMN usage_assignments.condition IS 'reserved: which of the account''s lines; empty means all';
COMMENT ON COLUMN usage_assignments.rank IS 'reserved: order of the conditions of one account';
CREATE INDEX usage_assignments_assignee ON usage_assignments (assignee_id);

CREATE TABLE usage_quarantine (
    id              uuid PRIMARY KEY,
    tree_id         uuid NOT NULL,
    owner_id        uuid NOT NULL REFERENCES tenancy_tenants (id),
    import_id       uuid NOT NULL REFERENCES usage_imports (id),
    delivery_id     uuid REFERENCES usage_deliveries (id),
    period          date,
    file            text NOT NULL,
    row_number      bigint NOT NULL,
    column_name     text NOT NULL,
    value           text NOT NULL,
    reason          text NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    acknowledged_for text,
    CHECK ((acknowledged_at IS NULL) = (acknowledged_for IS NULL))
);
COMMENT ON COLUMN usage_quarantine.delivery_id IS 'the delivery that the row would have been part of; NULL if the file gave none';
COMMENT ON COLUMN usage_quarantine.period IS 'NULL: unknown, the row counts against every month';
COMMENT ON COLUMN usage_quarantine.row_number IS 'data row in the file, from 1; the header is row 0';
CREATE INDEX usage_quarantine_open ON usage_quarantine (owner_id, period) WHERE acknowledged_at IS NULL;
CREATE INDEX usage_quarantine_delivery ON usage_quarantine (delivery_id);

-- Provider data belong to the owner: seen by it and by the tenants above it.
-- Accounts and assignments are also seen by the assignee and those above it,
-- up to but not beyond their own rights: nobody below the owner sees sums.
ALTER TABLE usage_imports ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_imports FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_deliveries FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_segments ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_segments FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_segment_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_segment_accounts FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_accounts FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_assignments ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_assignments FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_quarantine ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_quarantine FORCE ROW LEVEL SECURITY;

CREATE POLICY imports_owner ON usage_imports USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY deliveries_owner ON usage_deliveries USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY segments_owner ON usage_segments USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY segment_accounts_owner ON usage_segment_accounts USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY quarantine_owner ON usage_quarantine USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY assignments_owner ON usage_assignments USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY assignments_assignee ON usage_assignments FOR SELECT
    USING (assignee_id IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY accounts_owner ON usage_accounts USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY accounts_assignee ON usage_accounts FOR SELECT
    USING (id IN (SELECT a.account_id FROM usage_assignments a));

-- +goose Down
DROP TABLE usage_quarantine, usage_assignments, usage_segment_accounts, usage_accounts, usage_segments, usage_deliveries, usage_imports;
