-- Synthetic books, first part: who there is. Sizes are settings of the session:
-- bench.tenants, bench.charges and bench.last, the newest of twelve months.
-- Ids and amounts depend on numbers alone: equal sizes, equal books.
SET synchronous_commit = off;

-- A version 7 id of a kind of record, its number, and a time.
CREATE FUNCTION pg_temp.uid(kind int, n bigint, at timestamptz DEFAULT '2025-01-01') RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8000'
        || lpad(to_hex(n), 12, '0'))::uuid
$$;

-- The tables' owner, too, is under row-level security; this lasts until the
-- books are written.
CREATE TEMPORARY TABLE forced AS SELECT oid::regclass AS name FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relforcerowsecurity AND relowner = current_user::regrole;
DO $$ DECLARE x regclass; BEGIN
    FOR x IN SELECT name FROM forced LOOP EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', x); END LOOP;
END $$;

-- Tenant 0 is the distributor, one in fifty is a reseller, the rest are
-- customers: one in twenty buys from the distributor, one in five from the
-- first reseller, which is the large one.
CREATE TEMPORARY TABLE tenants AS
SELECT n, pg_temp.uid(1, n) AS id, tier, up, pg_temp.uid(1, up) AS up_id, slug, initcap(replace(slug, '-', ' ')) AS name
FROM (
    SELECT n, CASE WHEN n = 0 THEN 1 WHEN n <= resellers THEN 2 ELSE 3 END AS tier,
        CASE WHEN n = 0 THEN NULL WHEN n <= resellers OR n % 20 = 0 THEN 0 WHEN n % 5 = 1 THEN 1 ELSE 1 + n % resellers END AS up,
        CASE WHEN n = 0 THEN 'bench' WHEN n <= resellers THEN 'reseller-' || lpad(n::text, 4, '0') ELSE 'customer-' || lpad(n::text, 6, '0') END AS slug
    FROM (SELECT greatest(current_setting('bench.tenants')::int / 50, 1) AS resellers) r,
        generate_series(0, current_setting('bench.tenants')::int - 1) n
) t;
CREATE UNIQUE INDEX ON tenants (n);
CREATE TEMPORARY TABLE months AS
SELECT k, (current_setting('bench.last')::date - make_interval(months => 11 - k))::date AS month FROM generate_series(0, 11) k;
ANALYZE tenants, months;

BEGIN;
INSERT INTO tenancy_tenants (id, tree_id, tier, slug, name, created_at)
SELECT id, pg_temp.uid(1, 0), tier, slug, name, now() FROM tenants ORDER BY n;
INSERT INTO tenancy_parents (tenant_id, parent_id, tree_id, months)
SELECT id, up_id, pg_temp.uid(1, 0), daterange((SELECT min(month) FROM months), NULL) FROM tenants WHERE n > 0;
INSERT INTO tenancy_closure (ancestor_id, descendant_id, tree_id, depth, months)
SELECT id, id, pg_temp.uid(1, 0), 0, '(,)'::daterange FROM tenants
UNION ALL SELECT up_id, id, pg_temp.uid(1, 0), 1, daterange((SELECT min(month) FROM months), NULL) FROM tenants WHERE n > 0
UNION ALL SELECT pg_temp.uid(1, 0), id, pg_temp.uid(1, 0), 2, daterange((SELECT min(month) FROM months), NULL) FROM tenants WHERE up > 0;
COMMIT;
ANALYZE;
