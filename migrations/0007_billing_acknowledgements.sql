-- +goose Up
CREATE TABLE billing_acknowledgements (
    tree_id         uuid NOT NULL,
    seller_id       uuid NOT NULL REFERENCES tenancy_tenants (id),
    buyer_id        uuid NOT NULL REFERENCES tenancy_tenants (id),
    assignee_id     uuid NOT NULL REFERENCES tenancy_tenants (id),
    month           date NOT NULL CHECK (extract(day FROM month) = 1),
    code            text NOT NULL,
    rule            text NOT NULL DEFAULT '',
    currency        text NOT NULL,
    sum             numeric NOT NULL,
    reason          text NOT NULL CHECK (reason <> ''),
    acting_tenant   uuid NOT NULL REFERENCES tenancy_tenants (id),
    actor           text NOT NULL,
    acknowledged_at timestamptz NOT NULL,
    PRIMARY KEY (seller_id, month, buyer_id, assignee_id, code, rule, currency, sum)
);
COMMENT ON TABLE billing_acknowledgements IS 'findings that somebody has taken note of, so that they do not stop issuing any more';
COMMENT ON COLUMN billing_acknowledgements.sum IS 'part of what is acknowledged: it holds for every run that finds the same sum, and for no other';

ALTER TABLE billing_acknowledgements ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_acknowledgements FORCE ROW LEVEL SECURITY;

-- As for findings: the seller, and whoever was above it in that month.
CREATE POLICY acknowledgements_read ON billing_acknowledgements FOR SELECT
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));
CREATE POLICY acknowledgements_insert ON billing_acknowledgements FOR INSERT
    WITH CHECK (acting_tenant = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        AND (tree_id = acting_tenant
            OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month)));

-- +goose Down
DROP TABLE billing_acknowledgements;
