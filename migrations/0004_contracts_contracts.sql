-- +goose Up
CREATE TABLE contracts_contracts (
    id         uuid PRIMARY KEY,
    tree_id    uuid NOT NULL,
    seller_id  uuid NOT NULL,
    buyer_id   uuid,
    name       text NOT NULL CHECK (name <> ''),
    currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    months     daterange NOT NULL CHECK (NOT isempty(months) AND lower(months) IS NOT NULL),
    created_at timestamptz NOT NULL,
    FOREIGN KEY (seller_id, tree_id) REFERENCES tenancy_tenants (id, tree_id),
    FOREIGN KEY (buyer_id, tree_id) REFERENCES tenancy_tenants (id, tree_id),
    CHECK (buyer_id IS NOT NULL OR seller_id = tree_id),
    UNIQUE (id, tree_id),
    EXCLUDE USING gist (seller_id WITH =, (coalesce(buyer_id, '00000000-0000-0000-0000-000000000000'::uuid)) WITH =, months WITH &&)
);
COMMENT ON COLUMN contracts_contracts.buyer_id IS 'NULL: the distributor''s base contract';
CREATE UNIQUE INDEX contracts_contracts_name ON contracts_contracts (seller_id, coalesce(buyer_id, '00000000-0000-0000-0000-000000000000'::uuid), name);

CREATE TABLE contracts_versions (
    id          uuid PRIMARY KEY,
    contract_id uuid NOT NULL,
    tree_id     uuid NOT NULL,
    seller_id   uuid NOT NULL REFERENCES tenancy_tenants (id),
    number      int NOT NULL CHECK (number > 0),
    from_month  date NOT NULL CHECK (extract(day FROM from_month) = 1),
    terms       jsonb NOT NULL,
    terms_hash  text NOT NULL,
    saved_at    timestamptz NOT NULL,
    saved_by    text NOT NULL,
    FOREIGN KEY (contract_id, tree_id) REFERENCES contracts_contracts (id, tree_id),
    UNIQUE (contract_id, number)
);
COMMENT ON TABLE contracts_versions IS 'saved states, never changed; in force in month M is the newest with from_month <= M';
COMMENT ON COLUMN contracts_versions.terms_hash IS 'SHA-256 over the canonical terms, without ids, names of people or times';

-- Terms are the seller's: what the buyer may see of them is on its documents.
ALTER TABLE contracts_contracts ENABLE ROW LEVEL SECURITY;
ALTER TABLE contracts_contracts FORCE ROW LEVEL SECURITY;
ALTER TABLE contracts_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE contracts_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY contracts_seller ON contracts_contracts USING (seller_id IN (SELECT c.descendant_id FROM tenancy_closure c));
CREATE POLICY versions_seller ON contracts_versions USING (seller_id IN (SELECT c.descendant_id FROM tenancy_closure c));

-- +goose Down
DROP TABLE contracts_versions, contracts_contracts;
