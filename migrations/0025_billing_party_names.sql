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
ALTER TABLE billing_period_published FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_tenants FORCE ROW LEVEL SECURITY;

-- +goose Down
ALTER TABLE billing_period_published DROP COLUMN buyer_name, DROP COLUMN seller_name;
COMMENT ON COLUMN billing_period_published.seller IS 'slug: a buyer reads its supplier''s name here and nowhere else';
