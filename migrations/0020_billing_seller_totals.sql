-- +goose Up
-- +goose StatementBegin
-- How many decimals a currency's documents are rounded to: as the program has
-- it, which a test compares.
CREATE FUNCTION billing_minor_unit(currency text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE
        WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 0
        WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
        WHEN currency IN ('CLF', 'UYW') THEN 4
        ELSE 2 END $$;
-- +goose StatementEnd
ALTER TABLE billing_period_published ADD COLUMN total numeric NOT NULL
    GENERATED ALWAYS AS (round(lines + fees, billing_minor_unit(currency))) STORED;
COMMENT ON COLUMN billing_period_published.total IS 'of the document: the exact net rounded once, without the rounding that was booked';

-- The documents of a reseller in the order of their list.
CREATE INDEX billing_period_published_sold ON billing_period_published (seller_id, month DESC, seller, buyer);

-- What a seller's documents of a month come to: the foot of a list of a hundred
-- thousand invoices must not add up each of them, nor the start page the fees of
-- every buyer and month.
CREATE TABLE billing_seller_totals (
    tree_id   uuid NOT NULL,
    seller_id uuid NOT NULL,
    month     date NOT NULL,
    currency  text NOT NULL,
    documents bigint NOT NULL,
    charged   numeric NOT NULL,
    total     numeric NOT NULL,
    PRIMARY KEY (seller_id, month, currency)
);
COMMENT ON TABLE billing_seller_totals IS 'billing_period_published without buyers';
COMMENT ON COLUMN billing_seller_totals.documents IS 'how many are added up: without any left, the sum goes too';
COMMENT ON COLUMN billing_seller_totals.charged IS 'fees and rounding';
CREATE INDEX billing_seller_totals_month ON billing_seller_totals (tree_id, month);

-- FORCE would hide from its owner what was published before this migration.
ALTER TABLE billing_period_published NO FORCE ROW LEVEL SECURITY;
INSERT INTO billing_seller_totals (tree_id, seller_id, month, currency, documents, charged, total)
SELECT tree_id, seller_id, month, currency, count(*), sum(fees + rounding), sum(total)
FROM billing_period_published GROUP BY tree_id, seller_id, month, currency;
ALTER TABLE billing_period_published FORCE ROW LEVEL SECURITY;
ANALYZE billing_period_published, billing_seller_totals;

ALTER TABLE billing_seller_totals ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_seller_totals FORCE ROW LEVEL SECURITY;
CREATE POLICY seller_totals_seller ON billing_seller_totals FOR SELECT
    USING (seller_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR tree_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid)
        OR EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = seller_id AND c.months @> month));

-- +goose StatementBegin
-- Adds what has become of a document. Sums are exact, so taking away what was
-- added leaves no trace.
CREATE FUNCTION billing_add_document() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing_seller_totals AS t (tree_id, seller_id, month, currency, documents, charged, total)
    SELECT x.tree_id, x.seller_id, x.month, x.currency, sum(x.sign), sum(x.sign * (x.fees + x.rounding)), sum(x.sign * x.total)
    FROM (
        SELECT -1 AS sign, OLD.tree_id, OLD.seller_id, OLD.month, OLD.currency, OLD.fees, OLD.rounding, OLD.total WHERE TG_OP <> 'INSERT'
        UNION ALL
        SELECT 1, NEW.tree_id, NEW.seller_id, NEW.month, NEW.currency, NEW.fees, NEW.rounding, NEW.total WHERE TG_OP <> 'DELETE'
    ) x
    GROUP BY x.tree_id, x.seller_id, x.month, x.currency
    HAVING sum(x.sign) <> 0 OR sum(x.sign * (x.fees + x.rounding)) <> 0 OR sum(x.sign * x.total) <> 0
    ORDER BY x.currency
    ON CONFLICT (seller_id, month, currency) DO UPDATE SET
        documents = t.documents + excluded.documents, charged = t.charged + excluded.charged, total = t.total + excluded.total;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM billing_seller_totals t
        WHERE t.seller_id = OLD.seller_id AND t.month = OLD.month AND t.currency = OLD.currency AND t.documents = 0;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- Deferred: whoever publishes holds a seller's sum for the moment of its commit
-- only, and never while it waits for one of the seller's documents.
CREATE CONSTRAINT TRIGGER billing_period_published_changed AFTER INSERT OR UPDATE OR DELETE ON billing_period_published
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_add_document();

-- +goose Down
DROP TRIGGER billing_period_published_changed ON billing_period_published;
DROP FUNCTION billing_add_document();
DROP TABLE billing_seller_totals;
DROP INDEX billing_period_published_sold;
ALTER TABLE billing_period_published DROP COLUMN total;
DROP FUNCTION billing_minor_unit(text);
