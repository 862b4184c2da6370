package utilities

import "tierbook/app/platform/authz"

// Permissions of the pages: billing's own, in this module's words.
const (
	// PermReadRuns allows to read the run queue and log.
	PermReadRuns authz.Permission = "billing.read_runs"
	// PermRecalculate allows to ask for a recalculation and to withdraw one.
	PermRecalculate authz.Permission = "billing.recalculate"

	permCustomers authz.Permission = "customers.read" // to link to a customer's page
	permContracts authz.Permission = "contracts.read" // to link to the contracts
)
