-- Every page counts the jobs in progress: few, among all imports there ever were.
-- +goose Up
CREATE INDEX usage_imports_open ON usage_imports (requested_at DESC) WHERE state IN ('requested', 'running');

-- +goose Down
DROP INDEX usage_imports_open;
