package billing

// Permissions of this module.
const (
	// PermRecalculate allows to ask for a recalculation of an assignee's month.
	PermRecalculate = "billing.recalculate"
	// PermReadRuns allows to read the run queue and log.
	PermReadRuns = "billing.read_runs"
	// PermRead allows to read invoices, findings and what a month came to.
	PermRead = "billing.read"
	// PermAcknowledge allows to acknowledge findings of what one sells.
	PermAcknowledge = "billing.acknowledge"
	// PermReconcile allows to reconcile a distributor's tree.
	PermReconcile = "billing.reconcile"
)
