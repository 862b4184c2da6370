package contracts

// Permissions of this module.
const (
	// PermRead allows to see contracts, their versions and rules.
	PermRead = "contracts.read"
	// PermWrite allows to save contracts.
	PermWrite = "contracts.write"
	// PermPreview allows to evaluate a draft on a customer's usage.
	PermPreview = "contracts.preview"
)
