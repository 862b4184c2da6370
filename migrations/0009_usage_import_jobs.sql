-- +goose Up
-- Imports that are asked for in the browser are carried out by workers.
ALTER TABLE usage_imports
    DROP CONSTRAINT usage_imports_state_check,
    ADD CONSTRAINT usage_imports_state_check CHECK (state IN ('requested', 'running', 'complete', 'failed')),
    ALTER COLUMN started_at DROP NOT NULL,
    ADD COLUMN requested_at timestamptz,
    ADD COLUMN by_job boolean NOT NULL DEFAULT false,
    ADD COLUMN acting_id uuid REFERENCES tenancy_tenants (id),
    ADD COLUMN actor text NOT NULL DEFAULT '',
    ADD COLUMN actor_name text NOT NULL DEFAULT '',
    ADD COLUMN rerate boolean NOT NULL DEFAULT false,
    ADD COLUMN url_query text NOT NULL DEFAULT '',
    ADD COLUMN uploads jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN attempt int NOT NULL DEFAULT 0,
    ADD COLUMN progress jsonb,
    ADD COLUMN result jsonb;
COMMENT ON COLUMN usage_imports.by_job IS 'a worker carries it out, and another one goes on if that dies; else the process that asked for it';
COMMENT ON COLUMN usage_imports.acting_id IS 'in whose perspective it was asked for; NULL: before this was kept';
COMMENT ON COLUMN usage_imports.rerate IS 'what it changes is rated again afterwards';
COMMENT ON COLUMN usage_imports.url_query IS 'options of the URL, such as region=eu-west-1: how to read it, not what it is';
COMMENT ON COLUMN usage_imports.uploads IS 'files that were uploaded for it: name, object, bytes; the objects go when it ends';
COMMENT ON COLUMN usage_imports.attempt IS 'counts its starts; what was taken over can no longer write';
COMMENT ON COLUMN usage_imports.progress IS 'how far it is, a few times a second';
COMMENT ON COLUMN usage_imports.result IS 'what it read and what became of each delivery, once complete';

ALTER TABLE usage_deliveries
    ADD COLUMN superseded_at timestamptz,
    ADD COLUMN superseded_by uuid REFERENCES usage_deliveries (id),
    ADD COLUMN withdrawn_by text,
    ADD COLUMN withdrawn_for text,
    ADD CHECK ((withdrawn_by IS NULL) = (withdrawn_for IS NULL)),
    ADD CHECK (withdrawn_by IS NULL OR state = 'superseded' AND superseded_by IS NULL);
COMMENT ON COLUMN usage_deliveries.superseded_by IS 'the delivery that took its place; NULL if it was withdrawn';
COMMENT ON COLUMN usage_deliveries.withdrawn_for IS 'why it was taken out, with nothing in its place';
CREATE INDEX usage_deliveries_superseded_by ON usage_deliveries (superseded_by);
CREATE INDEX usage_deliveries_newest ON usage_deliveries (month DESC, published_at DESC);
CREATE INDEX usage_imports_newest ON usage_imports (requested_at DESC);

-- The owner of the tables, too, is under row-level security: what is there
-- already needs a moment without.
ALTER TABLE usage_imports NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_deliveries NO FORCE ROW LEVEL SECURITY;
UPDATE usage_imports SET requested_at = started_at;
ALTER TABLE usage_imports ALTER COLUMN requested_at SET NOT NULL;
UPDATE usage_deliveries d
SET superseded_at = n.published_at, superseded_by = n.id
FROM (
    SELECT id, lead(id) OVER w AS next
    FROM usage_deliveries WHERE state IN ('current', 'superseded')
    WINDOW w AS (PARTITION BY owner_id, provider, payer, month ORDER BY published_at, id)) o
JOIN usage_deliveries n ON n.id = o.next
WHERE d.id = o.id AND d.state = 'superseded';
ALTER TABLE usage_imports FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_deliveries FORCE ROW LEVEL SECURITY;

-- +goose Down
DROP INDEX usage_imports_newest, usage_deliveries_newest, usage_deliveries_superseded_by;
ALTER TABLE usage_deliveries
    DROP COLUMN withdrawn_for, DROP COLUMN withdrawn_by, DROP COLUMN superseded_by, DROP COLUMN superseded_at;
ALTER TABLE usage_imports NO FORCE ROW LEVEL SECURITY;
UPDATE usage_imports SET state = 'failed' WHERE state = 'requested';
UPDATE usage_imports SET started_at = requested_at WHERE started_at IS NULL;
ALTER TABLE usage_imports FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_imports
    DROP CONSTRAINT usage_imports_state_check,
    ADD CONSTRAINT usage_imports_state_check CHECK (state IN ('running', 'complete', 'failed')),
    ALTER COLUMN started_at SET NOT NULL,
    DROP COLUMN result, DROP COLUMN progress, DROP COLUMN attempt, DROP COLUMN uploads, DROP COLUMN url_query, DROP COLUMN rerate,
    DROP COLUMN actor_name, DROP COLUMN actor, DROP COLUMN acting_id, DROP COLUMN by_job, DROP COLUMN requested_at;
