package billing

// Permissions of this module.
const (
	// PermRecalculate allows to ask for a recalculation of an assignee's month.
	PermRecalculate = "billing.recalculate"
	// PermReadRuns allows to read the run queue and log.
	PermReadRuns = "billing.read_runs"
)
