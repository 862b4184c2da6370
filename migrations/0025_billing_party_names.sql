-- +goose Up
-- A document states its parties. A buyer sees no tenant above itself, so that
-- it reads here what its supplier is called, and of nobody further up. Workers
-- of the version before, which are replaced while they work, write no names.
ALTER TABLE billing_period_published ADD COLUMN seller_name text NOT NULL DEFAULT '', ADD COLUMN buyer_name text NOT NULL DEFAULT '';
COMMENT ON COLUMN billing_period_published.seller IS 'slug';
COMMENT ON COLUMN billing_period_published.seller_name IS 'as it was when this was published, empty: the slug stands for it; a buyer reads its supplier''s name here and nowhere else';
COMMENT ON COLUMN billing_period_published.buyer_name IS 'as it was when this was published, empty: the slug stands for it';

-- FORCE would hide from its owner what was published before this migration. No
-- sum changes, so the trigger that keeps them need not look.
ALTER TABLE tenancy_tenants NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_period_published NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_period_published DISABLE TRIGGER billing_period_published_changed;
UPDATE billing_period_published p SET seller_name = s.name, buyer_name = b.name
FROM tenancy_tenants s, tenancy_tenants b WHERE s.id = p.seller_id AND b.id = p.buyer_id;
ALTER TABLE billing_period_published ENABLE TRIGGER billing_period_published_changed;

-- What documents call their parties: whoever looks for a name that is not in
-- use any more must not read all documents for it.
CREATE TABLE billing_party_names (
    tree_id   uuid NOT NULL,
    seller_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    name      text NOT NULL,
    PRIMARY KEY (tree_id, seller_id, tenant_id, name)
);
COMMENT ON TABLE billing_party_names IS 'every name that a tenant has had in a seller''s documents, its own or its buyers'', also where none has it any more';
INSERT INTO billing_party_names (tree_id, seller_id, tenant_id, name)
SELECT tree_id, seller_id, seller_id, seller_name FROM billing_period_published
UNION SELECT tree_id, seller_id, buyer_id, buyer_name FROM billing_period_published;
ALTER TABLE billing_party_names ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_party_names FORCE ROW LEVEL SECURITY;
CREATE POLICY party_names_seller ON billing_party_names FOR SELECT
    USING (seller_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));
ALTER TABLE billing_period_published FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_tenants FORCE ROW LEVEL SECURITY;

-- +goose Down
DROP TABLE billing_party_names;
ALTER TABLE billing_period_published DROP COLUMN buyer_name, DROP COLUMN seller_name;
COMMENT ON COLUMN billing_period_published.seller IS 'slug: a buyer reads its supplier''s name here and nowhere else';
