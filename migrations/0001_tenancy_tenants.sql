-- +goose Up
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Row-level security asks «who acts?» through this setting, which db.InTx sets
-- for one transaction. Policies write the expression out, inside a scalar
-- subquery, so that it is evaluated once per statement; unset means no rows.

CREATE TABLE tenancy_tenants (
    id         uuid PRIMARY KEY,
    tree_id    uuid NOT NULL,
    tier       smallint NOT NULL CHECK (tier BETWEEN 1 AND 3),
    slug       text NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    name       text NOT NULL CHECK (name <> ''),
    created_at timestamptz NOT NULL,
    UNIQUE (id, tree_id),
    CHECK ((tier = 1) = (id = tree_id))
);
COMMENT ON COLUMN tenancy_tenants.tree_id IS 'the distributor at the top';
COMMENT ON COLUMN tenancy_tenants.tier IS '1 distributor, 2 reseller, 3 customer';
CREATE UNIQUE INDEX tenancy_tenants_tree_slug ON tenancy_tenants (tree_id, slug);
CREATE UNIQUE INDEX tenancy_tenants_distributor_slug ON tenancy_tenants (slug) WHERE tier = 1;

CREATE TABLE tenancy_parents (
    tenant_id uuid NOT NULL,
    parent_id uuid NOT NULL,
    tree_id   uuid NOT NULL,
    months    daterange NOT NULL CHECK (NOT isempty(months)),
    FOREIGN KEY (tenant_id, tree_id) REFERENCES tenancy_tenants (id, tree_id),
    FOREIGN KEY (parent_id, tree_id) REFERENCES tenancy_tenants (id, tree_id),
    CHECK (tenant_id <> parent_id),
    EXCLUDE USING gist (tenant_id WITH =, months WITH &&)
);
CREATE INDEX tenancy_parents_parent ON tenancy_parents (parent_id);

CREATE TABLE tenancy_closure (
    ancestor_id   uuid NOT NULL REFERENCES tenancy_tenants (id),
    descendant_id uuid NOT NULL REFERENCES tenancy_tenants (id),
    tree_id       uuid NOT NULL,
    depth         smallint NOT NULL CHECK (depth >= 0),
    months        daterange NOT NULL CHECK (NOT isempty(months)),
    EXCLUDE USING gist (ancestor_id WITH =, descendant_id WITH =, months WITH &&)
);
COMMENT ON TABLE tenancy_closure IS 'who was above whom in which months; every tenant is above itself at depth 0';
CREATE INDEX tenancy_closure_descendant ON tenancy_closure (descendant_id);

CREATE TABLE tenancy_users (
    id            uuid PRIMARY KEY,
    tenant_id     uuid NOT NULL REFERENCES tenancy_tenants (id),
    email         text NOT NULL CHECK (email = lower(email) AND email LIKE '%_@_%'),
    name          text NOT NULL,
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    disabled_at   timestamptz,
    created_at    timestamptz NOT NULL
);
CREATE UNIQUE INDEX tenancy_users_email ON tenancy_users (email);
CREATE INDEX tenancy_users_tenant ON tenancy_users (tenant_id);

CREATE TABLE tenancy_user_roles (
    user_id    uuid NOT NULL REFERENCES tenancy_users (id) ON DELETE CASCADE,
    tenant_id  uuid NOT NULL REFERENCES tenancy_tenants (id),
    role       text NOT NULL,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, tenant_id, role)
);

ALTER TABLE tenancy_tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy_tenants FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_parents ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy_parents FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_closure ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy_closure FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_users ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy_users FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_user_roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy_user_roles FORCE ROW LEVEL SECURITY;

CREATE POLICY closure_read ON tenancy_closure FOR SELECT
    USING (ancestor_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));
-- Rows above the acting tenant are written by tenancy_extend_closure alone,
-- which runs as this migration's role and turns app.maintain on for itself.
CREATE POLICY closure_maintain ON tenancy_closure TO CURRENT_USER
    USING (current_setting('app.maintain', true) = 'on')
    WITH CHECK (current_setting('app.maintain', true) = 'on');

CREATE POLICY tenants_read ON tenancy_tenants FOR SELECT
    USING (id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR id IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY tenants_insert ON tenancy_tenants FOR INSERT
    WITH CHECK (id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id IN (SELECT c.tree_id FROM tenancy_closure c));
CREATE POLICY tenants_update ON tenancy_tenants FOR UPDATE
    USING (id IN (SELECT c.descendant_id FROM tenancy_closure c));

CREATE POLICY parents_all ON tenancy_parents
    USING (parent_id IN (SELECT c.descendant_id FROM tenancy_closure c));

CREATE POLICY users_all ON tenancy_users
    USING (tenant_id IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY user_roles_all ON tenancy_user_roles
    USING (tenant_id IN (SELECT c.descendant_id FROM tenancy_closure c));

-- +goose StatementBegin
-- Puts child, and whatever is below it, under parent in the closure for months
-- that tenancy_parents already says: one row for every tenant at or above
-- parent, every tenant at or below child and each part of months, cut to that
-- part. A child without parent is a distributor and its own scope.
-- Runs with its owner's rights because the acting tenant sees nobody above
-- itself. It refuses a parent that is not the acting tenant or below it, a
-- child that others have already, and a child that is not below its parent's
-- tier.
CREATE FUNCTION tenancy_extend_closure(child uuid, parent uuid, during daterange) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    acting uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    tree uuid := child;
    fresh boolean;
BEGIN
    -- Not a SET clause of the function: only superusers may write one.
    PERFORM set_config('app.maintain', 'on', true);
    fresh := NOT EXISTS (SELECT FROM tenancy_closure c WHERE c.ancestor_id = child);
    IF acting IS NULL
        OR NOT (coalesce(parent, child) = acting OR EXISTS (
            SELECT FROM tenancy_closure c WHERE c.ancestor_id = acting AND c.descendant_id = parent))
        OR NOT (fresh OR child = acting OR EXISTS (
            SELECT FROM tenancy_closure c WHERE c.ancestor_id = acting AND c.descendant_id = child))
    THEN
        RAISE EXCEPTION 'the tenant and its parent are not both the acting tenant or below it' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF parent IS NOT NULL THEN
        SELECT c.tree_id INTO tree FROM tenancy_closure c WHERE c.ancestor_id = parent AND c.descendant_id = parent;
    END IF;
    -- One at a time per tree: two would each miss what the other adds.
    PERFORM pg_advisory_xact_lock(hashtextextended('tenancy_closure:' || tree, 0));
    IF fresh THEN
        INSERT INTO tenancy_closure (ancestor_id, descendant_id, tree_id, depth, months)
        VALUES (child, child, tree, 0, '(,)');
    END IF;
    IF NOT EXISTS (SELECT FROM tenancy_tenants t WHERE t.id = child AND t.tree_id = tree AND CASE WHEN parent IS NULL THEN t.tier = 1
        ELSE t.tier > (SELECT p.tier FROM tenancy_tenants p WHERE p.id = parent)
            AND EXISTS (SELECT FROM tenancy_parents p WHERE p.tenant_id = child AND p.parent_id = parent AND p.months @> during) END)
    THEN
        RAISE EXCEPTION 'tenancy_parents does not say so' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO tenancy_closure (ancestor_id, descendant_id, tree_id, depth, months)
    SELECT above.ancestor_id, below.descendant_id, tree, above.depth + 1 + below.depth, above.months * during * below.months
    FROM tenancy_closure above, tenancy_closure below
    WHERE above.descendant_id = parent AND below.ancestor_id = child AND NOT isempty(above.months * during * below.months);
    PERFORM set_config('app.maintain', 'off', true);
END $$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION tenancy_extend_closure(uuid, uuid, daterange);
DROP TABLE tenancy_user_roles, tenancy_users, tenancy_closure, tenancy_parents, tenancy_tenants;
