-- +goose Up
-- The first to the last month that an account ever had lines of. Where one
-- assignment contains all of it, nothing of the account is unassigned, and its
-- lines need not be looked at.
ALTER TABLE usage_accounts ADD COLUMN months daterange;
COMMENT ON COLUMN usage_accounts.months IS 'the service months of all its lines, those of past deliveries too; NULL: it had none yet';
ALTER TABLE usage_accounts NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_segment_accounts NO FORCE ROW LEVEL SECURITY;
UPDATE usage_accounts a SET months = m.months
FROM (
    SELECT account_id, daterange(min(service_month), max(service_month), '[]') AS months
    FROM usage_segment_accounts GROUP BY account_id) m
WHERE m.account_id = a.id;
ALTER TABLE usage_segment_accounts FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_accounts FORCE ROW LEVEL SECURITY;

-- +goose Down
ALTER TABLE usage_accounts DROP COLUMN months;
