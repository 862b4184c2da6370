-- +goose Up
-- As in 0008: what is certain is asked first. A distributor sees its whole tree,
-- and need not gather everybody below it for each table of a statement. Nobody
-- sees more than before, and nobody writes for an owner that is not below it.
ALTER POLICY tenants_read ON tenancy_tenants
    USING (id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR id IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY parents_all ON tenancy_parents
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR parent_id IN (SELECT c.descendant_id FROM tenancy_closure c))
    WITH CHECK (parent_id IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY imports_owner ON usage_imports
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR owner_id IN (SELECT c.descendant_id FROM tenancy_closure c))
    WITH CHECK (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY deliveries_owner ON usage_deliveries
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR owner_id IN (SELECT c.descendant_id FROM tenancy_closure c))
    WITH CHECK (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY segments_owner ON usage_segments
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR owner_id IN (SELECT c.descendant_id FROM tenancy_closure c))
    WITH CHECK (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY segment_accounts_owner ON usage_segment_accounts
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR owner_id IN (SELECT c.descendant_id FROM tenancy_closure c))
    WITH CHECK (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY quarantine_owner ON usage_quarantine
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR owner_id IN (SELECT c.descendant_id FROM tenancy_closure c))
    WITH CHECK (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY assignments_owner ON usage_assignments
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR owner_id IN (SELECT c.descendant_id FROM tenancy_closure c))
    WITH CHECK (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY accounts_owner ON usage_accounts
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR owner_id IN (SELECT c.descendant_id FROM tenancy_closure c))
    WITH CHECK (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY assignments_assignee ON usage_assignments
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR assignee_id IN (SELECT c.descendant_id FROM tenancy_closure c));

-- A few tenants' parents and a few accounts' assignments are found in a B-tree,
-- not in the GiST indexes that keep months apart.
CREATE INDEX tenancy_parents_tenant ON tenancy_parents (tenant_id);
CREATE INDEX usage_assignments_account ON usage_assignments (account_id);

-- +goose Down
DROP INDEX usage_assignments_account, tenancy_parents_tenant;
ALTER POLICY tenants_read ON tenancy_tenants
    USING (id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR id IN (SELECT c.descendant_id FROM tenancy_closure c));
DROP POLICY parents_all ON tenancy_parents;
CREATE POLICY parents_all ON tenancy_parents USING (parent_id IN (SELECT c.descendant_id FROM tenancy_closure c));
DROP POLICY imports_owner ON usage_imports;
CREATE POLICY imports_owner ON usage_imports USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
DROP POLICY deliveries_owner ON usage_deliveries;
CREATE POLICY deliveries_owner ON usage_deliveries USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
DROP POLICY segments_owner ON usage_segments;
CREATE POLICY segments_owner ON usage_segments USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
DROP POLICY segment_accounts_owner ON usage_segment_accounts;
CREATE POLICY segment_accounts_owner ON usage_segment_accounts USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
DROP POLICY quarantine_owner ON usage_quarantine;
CREATE POLICY quarantine_owner ON usage_quarantine USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
DROP POLICY assignments_owner ON usage_assignments;
CREATE POLICY assignments_owner ON usage_assignments USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
DROP POLICY accounts_owner ON usage_accounts;
CREATE POLICY accounts_owner ON usage_accounts USING (owner_id IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY assignments_assignee ON usage_assignments USING (assignee_id IN (SELECT c.descendant_id FROM tenancy_closure c));
