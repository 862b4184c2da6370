-- Every page counts the jobs in progress: few, among all imports there ever
-- were. A tenant's log is read by id, as its pages follow each other: two
-- workers' clocks may disagree about what was asked for first.
-- +goose Up
CREATE INDEX usage_imports_open ON usage_imports (requested_at DESC) WHERE state IN ('requested', 'running');
DROP INDEX billing_runs_log;
CREATE INDEX billing_runs_log ON billing_runs (acting_tenant, id DESC);

-- +goose Down
DROP INDEX billing_runs_log;
CREATE INDEX billing_runs_log ON billing_runs (acting_tenant, requested_at DESC);
DROP INDEX usage_imports_open;
