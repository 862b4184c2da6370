package usage

// Permissions of this module.
const (
	// PermRead allows to read totals, accounts, imports and quarantined rows.
	PermRead = "usage.read"
	// PermImport allows to import provider exports for an owner.
	PermImport = "usage.import"
	// PermAssign allows to assign accounts to tenants.
	PermAssign = "usage.assign"
	// PermAcknowledge allows to acknowledge quarantined rows.
	PermAcknowledge = "usage.acknowledge"
)
