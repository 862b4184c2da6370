-- +goose Up
-- As in 0008: what is certain is asked first. A distributor sees the contracts
-- of its whole tree, and need not gather everybody below it for each table of a
-- statement. Nobody sees more than before, and nobody writes for a seller that
-- is not below it.
ALTER POLICY contracts_seller ON contracts_contracts
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR seller_id IN (SELECT c.descendant_id FROM tenancy_closure c))
    WITH CHECK (seller_id IN (SELECT c.descendant_id FROM tenancy_closure c));
ALTER POLICY versions_seller ON contracts_versions
    USING (tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR seller_id IN (SELECT c.descendant_id FROM tenancy_closure c))
    WITH CHECK (seller_id IN (SELECT c.descendant_id FROM tenancy_closure c));

-- +goose Down
DROP POLICY contracts_seller ON contracts_contracts;
DROP POLICY versions_seller ON contracts_versions;
CREATE POLICY contracts_seller ON contracts_contracts USING (seller_id IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY versions_seller ON contracts_versions USING (seller_id IN (SELECT c.descendant_id FROM tenancy_closure c));
