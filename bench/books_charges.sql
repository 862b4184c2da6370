-- Synthetic books, second part: what was agreed, delivered and charged. The
-- contracts of the first reseller, as seller and as buyer, are there already;
-- all others are copies of them.
CREATE TEMPORARY TABLE edges AS
SELECT t.n, u.id AS seller_id, t.id AS buyer_id, u.slug AS seller, t.slug AS buyer, u.name AS seller_name, t.name AS buyer_name, pg_temp.uid(2, t.n) AS contract_id, u.n = 0 AS is_first
FROM tenants t JOIN tenants u ON u.n = t.up;
CREATE TEMPORARY TABLE terms AS
SELECT DISTINCT ON (is_first) c.seller_id = c.tree_id AS is_first, v.terms, v.terms_hash
FROM contracts_contracts c JOIN contracts_versions v ON v.contract_id = c.id
WHERE c.tree_id = pg_temp.uid(1, 0) AND c.buyer_id IS NOT NULL ORDER BY is_first, v.number DESC;

INSERT INTO contracts_contracts (id, tree_id, seller_id, buyer_id, name, currency, months, created_at)
SELECT contract_id, pg_temp.uid(1, 0), seller_id, buyer_id, 'Agreement with ' || buyer, 'USD', daterange((SELECT min(month) FROM months), NULL), now()
FROM edges e WHERE NOT EXISTS (SELECT FROM contracts_contracts c WHERE c.seller_id = e.seller_id AND c.buyer_id = e.buyer_id);
UPDATE edges e SET contract_id = c.id FROM contracts_contracts c WHERE c.seller_id = e.seller_id AND c.buyer_id = e.buyer_id;
INSERT INTO contracts_versions (id, contract_id, tree_id, seller_id, number, from_month, terms, terms_hash, saved_at, saved_by)
SELECT pg_temp.uid(3, e.n * 2 + x.number), e.contract_id, pg_temp.uid(1, 0), e.seller_id, x.number, m.month, t.terms, t.terms_hash, now(), 'cli:bench'
FROM edges e JOIN terms t USING (is_first)
CROSS JOIN (VALUES (1, 0), (2, 6)) x (number, k) JOIN months m USING (k)
WHERE NOT EXISTS (SELECT FROM contracts_versions v WHERE v.contract_id = e.contract_id AND v.number = x.number);

-- Lines: ten customers of the first reseller have a tenth of all charges, the
-- others a few each.
CREATE TEMPORARY TABLE customers AS
SELECT t.*, r.id AS reseller_id, CASE WHEN r.n IS NULL THEN 1 ELSE 2 END AS edges, t.up = 1 AND row_number() OVER (PARTITION BY t.up ORDER BY t.n) <= 10 AS is_large
FROM tenants t LEFT JOIN tenants r ON r.n = t.up AND r.n > 0 WHERE t.tier = 3;
CREATE TEMPORARY TABLE lines AS
SELECT c.n, c.id AS assignee_id, c.reseller_id, m.k, m.month, l,
    pg_temp.uid(4, c.n, m.month + interval '1 month 2 days' + c.n * interval '10 milliseconds') AS run_id,
    ('{Amazon Elastic Compute Cloud,Amazon Simple Storage Service,Amazon Relational Database Service,AWS Lambda,Amazon CloudFront,AmazonCloudWatch,'
        || 'Amazon DynamoDB,AWS Key Management Service,Amazon Virtual Private Cloud,Elastic Load Balancing,Amazon OpenSearch Service,AWS Support (Business)}')::text[] AS names,
    1 + (c.n + l) % 12 AS service, ('{us-east-1,eu-central-1,ap-southeast-2}'::text[])[1 + (c.n * 7 + l) % 3] AS region,
    ((c.n::bigint * 7919 + l * 104729 + m.k * 31) % 1000003)::numeric / 1000 AS cost
FROM (SELECT *, current_setting('bench.charges')::numeric AS wanted, sum(edges) FILTER (WHERE is_large) OVER () AS large,
        sum(edges) FILTER (WHERE NOT is_large) OVER () AS small FROM customers) c
CROSS JOIN months m
CROSS JOIN LATERAL (SELECT CASE WHEN is_large THEN 0.1 * wanted / (12 * large) ELSE 0.9 * wanted / (12 * coalesce(small, 1)) END AS share) s
CROSS JOIN generate_series(1, greatest(floor(share + (c.n * 13 + m.k * 7) % 100 / 100.0), 1)::int) l;
-- One row per line and tenant that bears it.
CREATE TEMPORARY TABLE steps AS
SELECT l.run_id, l.assignee_id, l.n, l.k, l.month, l.l, l.names[l.service] AS service, l.region, s.*
FROM lines l CROSS JOIN LATERAL (
    SELECT 0 AS depth, pg_temp.uid(1, 0) AS bearer_id, NULL::uuid AS supplier, coalesce(l.reseller_id, l.assignee_id) AS sold_to, l.cost, l.cost * 1.05 AS price
    UNION ALL SELECT 1, l.reseller_id, pg_temp.uid(1, 0), l.assignee_id, l.cost * 1.05, l.cost * 1.05 * 1.12 WHERE l.reseller_id IS NOT NULL
    UNION ALL SELECT 2, l.assignee_id, coalesce(l.reseller_id, pg_temp.uid(1, 0)), NULL, l.cost * 1.05 * CASE WHEN l.reseller_id IS NULL THEN 1 ELSE 1.12 END, NULL
) s;
CREATE INDEX ON steps (k);
ANALYZE edges, customers, lines, steps;

-- Usage: an account of each customer below twenty payer accounts, and a few
-- that nobody answers for.
INSERT INTO usage_accounts (id, tree_id, owner_id, provider, account, name, first_seen)
SELECT pg_temp.uid(5, n), pg_temp.uid(1, 0), pg_temp.uid(1, 0), 'aws', lpad(n::text, 12, '0'), 'account of ' || slug, now() FROM customers
UNION ALL SELECT pg_temp.uid(5, 1000000 + x), pg_temp.uid(1, 0), pg_temp.uid(1, 0), 'aws', (900000000000 + x)::text, 'unknown ' || x, now()
FROM generate_series(1, current_setting('bench.tenants')::int / 50) x;
INSERT INTO usage_assignments (id, tree_id, owner_id, account_id, assignee_id, own_use, months, created_at)
SELECT pg_temp.uid(6, n), pg_temp.uid(1, 0), pg_temp.uid(1, 0), pg_temp.uid(5, n), id, false, daterange((SELECT min(month) FROM months), NULL), now() FROM customers;
CREATE TEMPORARY TABLE deliveries AS
SELECT p, k, k * 20 + p AS d, month, month + interval '1 month' + p * interval '1 minute' AS at, '6170000' || lpad(p::text, 5, '0') AS payer
FROM months, generate_series(0, 19) p;
INSERT INTO usage_imports (id, tree_id, owner_id, url, format, state, requested_at, started_at, finished_at, rows_read, rows_stored, actor, actor_name)
SELECT pg_temp.uid(7, d, at), pg_temp.uid(1, 0), pg_temp.uid(1, 0), 's3://exports/' || payer || '/' || month, 'cur', 'complete', at, at, at + interval '40 seconds', 100000, 100000, 'cli:bench', '' FROM deliveries;
INSERT INTO usage_deliveries (id, tree_id, owner_id, import_id, provider, payer, month, manifest_at, content_hash, rows_read, rows_quarantined, state, staged_at, published_at)
SELECT pg_temp.uid(8, d, at), pg_temp.uid(1, 0), pg_temp.uid(1, 0), pg_temp.uid(7, d, at), 'aws', payer, month, at, md5(d::text) || md5(payer), 100000, 0, 'current', at, at FROM deliveries;
INSERT INTO usage_segments (id, tree_id, owner_id, delivery_id, ordinal, object, sha256, bytes, rows, staged_at)
SELECT pg_temp.uid(9, d, at), pg_temp.uid(1, 0), pg_temp.uid(1, 0), pg_temp.uid(8, d, at), 0, 'segments/bench/' || d || '.parquet', md5(d::text) || md5(payer), 1000000, 100000, at FROM deliveries;
INSERT INTO usage_segment_accounts (segment_id, row_group, account_id, tree_id, owner_id, payer, period, service_month, currency, rows, billed, effective, list, contracted)
SELECT pg_temp.uid(9, d.d, d.at), 0, pg_temp.uid(5, x.n), pg_temp.uid(1, 0), pg_temp.uid(1, 0), d.payer, d.month, d.month, 'USD', x.rows, x.cost, x.cost, x.cost * 1.1, x.cost
FROM deliveries d JOIN (
    SELECT n, k, count(*) * 720 AS rows, sum(cost) AS cost FROM lines GROUP BY n, k
    UNION ALL SELECT 1000000 + x, k, 720, x + k FROM generate_series(1, current_setting('bench.tenants')::int / 50) x, months WHERE k > 9
) x ON x.k = d.k AND x.n % 20 = d.p;
-- As an import does.
UPDATE usage_accounts a SET months = m.months
FROM (SELECT account_id, daterange(min(service_month), max(service_month), '[]') AS months FROM usage_segment_accounts GROUP BY account_id) m
WHERE m.account_id = a.id;
INSERT INTO usage_quarantine (id, tree_id, owner_id, import_id, delivery_id, period, file, row_number, column_name, value, reason)
SELECT pg_temp.uid(10, x), pg_temp.uid(1, 0), pg_temp.uid(1, 0), pg_temp.uid(7, d.d, d.at), pg_temp.uid(8, d.d, d.at), d.month, 'part-1.csv.gz', x, 'BilledCost', 'n/a', 'this is not a number'
FROM generate_series(1, 500) x, deliveries d WHERE d.k = 11 AND d.p = x % 2;

-- Runs with what they read; the newest month has a few that failed.
SELECT billing_ensure_month(month) FROM months;
CREATE TEMPORARY TABLE records AS
SELECT e.n, k, jsonb_build_object('contract', jsonb_build_object('contract', e.contract_id,
    'version', pg_temp.uid(3, e.n * 2 + CASE WHEN k < 6 THEN 1 ELSE 2 END), 'terms_hash', t.terms_hash)) AS record
FROM edges e JOIN terms t USING (is_first) CROSS JOIN months;
ANALYZE records;
INSERT INTO billing_runs (id, tree_id, kind, acting_tenant, assignee_id, month, state, reason, actor, requested_at, started_at, finished_at,
    fence, engine, inputs, input_hash, result_hash, lines, classes, tuples, charges, seconds)
SELECT x.run_id, pg_temp.uid(1, 0), 'line', pg_temp.uid(1, 0), c.id, x.month, 'complete', 'bench', 'cli:bench', x.at, x.at, x.at + interval '300 milliseconds',
    1, 'bench', jsonb_build_object('chains', jsonb_build_array(jsonb_build_object('assignee', c.id,
        'tenants', CASE WHEN c.edges = 1 THEN jsonb_build_array(pg_temp.uid(1, 0), c.id) ELSE jsonb_build_array(pg_temp.uid(1, 0), c.reseller_id, c.id) END,
        'edges', CASE WHEN c.edges = 1 THEN jsonb_build_array(low.record) ELSE jsonb_build_array(high.record, low.record) END,
        'accounts', '[]'::jsonb, 'contents', '[]'::jsonb, 'rows', x.lines * 720, 'lines', NULL))),
    md5(x.run_id::text), md5(x.run_id::text), x.lines * 720, x.lines, 0, x.lines * c.edges, 0.3
FROM (SELECT n, k, month, run_id, count(*) AS lines, month + interval '1 month 2 days' + n * interval '10 milliseconds' AS at
    FROM lines GROUP BY n, k, month, run_id) x
JOIN customers c ON c.n = x.n
JOIN records low ON low.n = c.n AND low.k = x.k
LEFT JOIN records high ON high.n = c.up AND high.k = x.k
ORDER BY x.run_id;
INSERT INTO billing_runs (id, tree_id, kind, acting_tenant, assignee_id, month, state, reason, actor, requested_at, started_at, finished_at, error)
SELECT pg_temp.uid(11, n, at), pg_temp.uid(1, 0), 'line', pg_temp.uid(1, 0), id, month, 'failed', 'bench', 'cli:bench', at, at, at, 'There is no contract in force.'
FROM customers, (SELECT month, month + interval '1 month 3 days' AS at FROM months WHERE k = 11) m WHERE n % 1000 = 7;

INSERT INTO billing_published (tree_id, bearer_id, sold_to, assignee_id, account_id, month, run_id)
SELECT DISTINCT pg_temp.uid(1, 0), bearer_id, sold_to, assignee_id, pg_temp.uid(5, n), month, run_id FROM steps;
INSERT INTO billing_applied (tree_id, seller_id, buyer_id, month, assignee_id, version_id, terms_hash)
SELECT p.tree_id, p.bearer_id, p.sold_to, p.month, p.assignee_id, (e.edge -> 'contract' ->> 'version')::uuid, coalesce(e.edge -> 'contract' ->> 'terms_hash', '')
FROM (SELECT DISTINCT tree_id, bearer_id, sold_to, assignee_id, month, run_id FROM billing_published WHERE sold_to IS NOT NULL) p
JOIN billing_runs r ON r.id = p.run_id
CROSS JOIN LATERAL jsonb_path_query(r.inputs, '$.chains[*]') AS c(chain)
CROSS JOIN LATERAL jsonb_path_query(c.chain, '$.edges[*]') WITH ORDINALITY AS e(edge, n)
WHERE (c.chain -> 'tenants' ->> (e.n::int - 1))::uuid = p.bearer_id
UNION SELECT DISTINCT tree_id, tree_id, NULL::uuid, month, assignee_id, NULL::uuid, '' FROM billing_published WHERE bearer_id = tree_id;
INSERT INTO billing_charges (run_id, tree_id, seller_id, buyer_id, assignee_id, account_id, month, currency, payer, provider, account, service, sku, region,
    charge_category, charge_class, marketplace, commitment_role, unit, service_month, rule, label, quantity, list, amount)
SELECT run_id, pg_temp.uid(1, 0), bearer_id, sold_to, assignee_id, pg_temp.uid(5, n), month, 'USD', '6170000' || lpad((n % 20)::text, 5, '0'), 'aws', lpad(n::text, 12, '0'), service,
    'SKU' || l, region, 'Usage', '', false, '', 'Hours', '', '', '', 720, cost * 1.1, price
FROM steps WHERE sold_to IS NOT NULL ORDER BY k, run_id, depth;
INSERT INTO billing_charge_costs (run_id, tree_id, bearer_id, supplier, sold_to, assignee_id, account_id, month, currency, payer, provider, account, service, sku, region,
    charge_category, charge_class, marketplace, commitment_role, unit, service_month, reason, cost)
SELECT run_id, pg_temp.uid(1, 0), bearer_id, supplier, sold_to, assignee_id, pg_temp.uid(5, n), month, 'USD', '6170000' || lpad((n % 20)::text, 5, '0'), 'aws', lpad(n::text, 12, '0'), service,
    'SKU' || l, region, 'Usage', '', false, '', 'Hours', '', '', cost
FROM steps ORDER BY k, run_id, depth;
INSERT INTO billing_run_results (run_id, tree_id, bearer_id, sold_to, assignee_id, month, currency, charges, amount, cost, hash, started_at)
SELECT run_id, pg_temp.uid(1, 0), bearer_id, sold_to, assignee_id, month, 'USD', count(price), coalesce(sum(price), 0), sum(cost), md5(run_id::text), month + interval '1 month 2 days'
FROM steps GROUP BY run_id, bearer_id, sold_to, assignee_id, month;
INSERT INTO billing_service_totals (tree_id, month, bearer_id, sold_to, assignee_id, currency, service, price, cost, supplied)
SELECT pg_temp.uid(1, 0), month, bearer_id, sold_to, assignee_id, 'USD', service, coalesce(sum(price), 0), sum(cost), coalesce(sum(cost) FILTER (WHERE supplier IS NOT NULL), 0)
FROM steps GROUP BY k, run_id, month, bearer_id, sold_to, assignee_id, service ORDER BY k, run_id;
INSERT INTO billing_edge_totals (tree_id, month, bearer_id, sold_to, assignee_id, currency, own_use, price, cost, supplied)
SELECT pg_temp.uid(1, 0), month, bearer_id, sold_to, assignee_id, 'USD', false, coalesce(sum(price), 0), sum(cost), coalesce(sum(cost) FILTER (WHERE supplier IS NOT NULL), 0)
FROM steps GROUP BY k, run_id, month, bearer_id, sold_to, assignee_id ORDER BY k, run_id;

-- Fees of three percent, and the rounding.
CREATE TEMPORARY TABLE periods AS
SELECT e.*, m.k, m.month, at, pg_temp.uid(12, e.n, at) AS run_id, coalesce(s.price, 0) AS price, coalesce(s.price, 0) * 0.03 AS fee
FROM edges e CROSS JOIN months m CROSS JOIN LATERAL (SELECT m.month + interval '1 month 2 days 6 hours' + e.n * interval '10 milliseconds' AS at) t
LEFT JOIN (SELECT bearer_id, sold_to, month, sum(price) AS price FROM steps WHERE sold_to IS NOT NULL GROUP BY bearer_id, sold_to, month) s
    ON s.bearer_id = e.seller_id AND s.sold_to = e.buyer_id AND s.month = m.month;
ANALYZE periods;
INSERT INTO billing_runs (id, tree_id, kind, acting_tenant, contract_id, seller_id, buyer_id, month, state, reason, actor, requested_at, started_at, finished_at,
    fence, engine, inputs, input_hash, result_hash, charges, seconds)
SELECT run_id, pg_temp.uid(1, 0), 'period', pg_temp.uid(1, 0), contract_id, seller_id, buyer_id, month, 'complete', 'bench', 'cli:bench', at, at, at + interval '20 milliseconds',
    1, 'bench', record, md5(run_id::text), md5(run_id::text), 2, 0.02
FROM periods JOIN records USING (n, k) ORDER BY run_id;
INSERT INTO billing_period_published (tree_id, seller_id, buyer_id, month, contract_id, seller, buyer, seller_name, buyer_name, run_id, currency, lines, fees, rounding)
SELECT pg_temp.uid(1, 0), seller_id, buyer_id, month, contract_id, seller, buyer, seller_name, buyer_name, run_id, 'USD', price, fee, round(price + fee, 2) - price - fee FROM periods ORDER BY run_id;
INSERT INTO billing_party_names (tree_id, seller_id, tenant_id, name)
SELECT pg_temp.uid(1, 0), seller_id, seller_id, seller_name FROM edges UNION SELECT pg_temp.uid(1, 0), seller_id, buyer_id, buyer_name FROM edges ON CONFLICT DO NOTHING;
INSERT INTO billing_period_charges (run_id, tree_id, seller_id, buyer_id, contract_id, month, ordinal, stage, rule, label, currency, base, rate, amount)
SELECT run_id, pg_temp.uid(1, 0), seller_id, buyer_id, contract_id, month, x.ordinal, x.stage, x.rule, x.rule, 'USD', x.base, x.rate, x.amount
FROM periods CROSS JOIN LATERAL (VALUES (1, 'fee', 'Management', price, '3 %', fee), (2, 'rounding', 'Rounding', NULL, '', round(price + fee, 2) - price - fee)) x (ordinal, stage, rule, base, rate, amount)
ORDER BY run_id;
INSERT INTO billing_period_costs (run_id, tree_id, buyer_id, supplier, contract_id, month, ordinal, rule, currency, amount)
SELECT c.run_id, c.tree_id, c.buyer_id, c.seller_id, c.contract_id, c.month, c.ordinal, c.rule, c.currency, c.amount
FROM billing_period_charges c WHERE c.tree_id = pg_temp.uid(1, 0);
INSERT INTO billing_findings (run_id, tree_id, seller_id, buyer_id, assignee_id, month, code, blocking, rule, lines, currency, sum, message)
SELECT DISTINCT run_id, pg_temp.uid(1, 0), bearer_id, sold_to, assignee_id, month, 'negative_margin', n % 200 = 3, '', 720, 'USD', 1.5, 'Sold below cost.'
FROM steps WHERE sold_to IS NOT NULL AND n % 100 = 3;

-- A check of the newest month, as its page shows it.
INSERT INTO billing_checks (id, tree_id, month, state, actor, requested_at, started_at, finished_at, ok, result)
SELECT pg_temp.uid(13, 1, month + interval '1 month 4 days'), pg_temp.uid(1, 0), month, 'complete', 'cli:bench', at, at, at, true, jsonb_build_object('ok', true, 'nothing', false,
    'trees', jsonb_build_array(jsonb_build_object('Distributor', 'bench', 'Currency', 'USD', 'Imported', imported, 'Assigned', imported, 'OwnUse', '0', 'Unassigned', '0',
        'Difference', '0', 'RowsQuarantined', 0, 'Edges', edges, 'MoreEdges', greatest(sales - 200, 0), 'Findings', NULL, 'Notices', NULL)))
FROM (SELECT month, month + interval '1 month 4 days' AS at FROM months WHERE k = 11) m, (SELECT sum(cost)::text AS imported FROM lines WHERE k = 11) l,
    (SELECT count(*) AS sales FROM periods WHERE k = 11) c, (SELECT jsonb_agg(jsonb_build_object('Seller', seller, 'Buyer', buyer, 'SellerName', seller, 'BuyerName', buyer,
        'SellerCharges', charged, 'BuyerCosts', charged, 'Cost', cost, 'Price', charged, 'Margin', margin) ORDER BY seller, buyer) AS edges
        FROM (SELECT seller, buyer, round(price + fee, 2)::text AS charged, price::text AS cost, (round(price + fee, 2) - price)::text AS margin
            FROM periods WHERE k = 11 ORDER BY price DESC LIMIT 200) e) x;

SET CONSTRAINTS ALL IMMEDIATE; -- sums of documents follow when a transaction ends
DO $$ DECLARE x regclass; BEGIN
    FOR x IN SELECT name FROM forced LOOP EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', x); END LOOP;
END $$;
ANALYZE;
