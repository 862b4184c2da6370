package customers

import "tierbook/app/platform/authz"

const (
	// PermRead allows to open the Customers pages: for who sells, not for end
	// customers.
	PermRead authz.Permission = "customers.read"
	// PermCreate allows to add resellers and customers: tenancy's own.
	PermCreate authz.Permission = "tenancy.write"

	permBilling      authz.Permission = "billing.read"
	permRecalculate  authz.Permission = "billing.recalculate"
	permContracts    authz.Permission = "contracts.read"
	permContractEdit authz.Permission = "contracts.write"
	permUsage        authz.Permission = "usage.read"
	permBrowse       authz.Permission = "usage.browse"
	permAssign       authz.Permission = "usage.assign"
)
