-- +goose Up
CREATE TABLE audit_events (
    id            uuid PRIMARY KEY,
    at            timestamptz NOT NULL,
    tree_id       uuid NOT NULL,
    owner_tenant  uuid NOT NULL REFERENCES tenancy_tenants (id),
    actor         text NOT NULL,
    acting_tenant uuid NOT NULL,
    request_id    text NOT NULL,
    action        text NOT NULL,
    subject       text NOT NULL,
    before        jsonb,
    after         jsonb
);
COMMENT ON COLUMN audit_events.owner_tenant IS 'whose record was changed: the event is visible to it and to the tenants above it';
COMMENT ON COLUMN audit_events.actor IS 'user:<id>, or a named part of the system such as job:billing.line_run or cli:<user>';
COMMENT ON COLUMN audit_events.subject IS 'what was changed, as people name it: a slug, a contract''s name, a Job ID';
COMMENT ON COLUMN audit_events.before IS 'NULL where the action created the subject';
COMMENT ON COLUMN audit_events.after IS 'NULL where the action removed the subject';
CREATE INDEX audit_events_owner_at ON audit_events (owner_tenant, at DESC);

ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_events FORCE ROW LEVEL SECURITY;
CREATE POLICY events_read ON audit_events FOR SELECT
    USING (owner_tenant IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY events_append ON audit_events FOR INSERT
    WITH CHECK (owner_tenant IN (SELECT c.descendant_id FROM tenancy_closure c)
        AND acting_tenant = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));

-- +goose Down
DROP TABLE audit_events;
