package usage

// Permissions of this module.
const (
	// PermBrowse allows to open the usage pages: for who buys and sells, not for
	// end customers.
	PermBrowse = "usage.browse"
	// PermRead allows to read totals, accounts, imports and quarantined rows.
	PermRead = "usage.read"
	// PermImport allows to import provider exports for an owner.
	PermImport = "usage.import"
	// PermAssign allows to assign accounts to tenants.
	PermAssign = "usage.assign"
	// PermAcknowledge allows to acknowledge quarantined rows.
	PermAcknowledge = "usage.acknowledge"
)
