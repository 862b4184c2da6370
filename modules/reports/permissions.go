package reports

import "tierbook/app/platform/authz"

// Permissions of other modules that parts of a page need.
const (
	permBilling   authz.Permission = "billing.read"
	permRuns      authz.Permission = "billing.read_runs"
	permReconcile authz.Permission = "billing.reconcile"
	permUsage     authz.Permission = "usage.read"
	permBrowse    authz.Permission = "usage.browse"
	permImport    authz.Permission = "usage.import"
	permAssign    authz.Permission = "usage.assign"
	permContracts authz.Permission = "contracts.write"
	permTenants   authz.Permission = "tenancy.write"
	permCustomers authz.Permission = "customers.read"
)
