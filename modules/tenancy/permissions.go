package tenancy

// Permissions of this module.
const (
	// PermRead allows to see tenants in scope and who is above whom.
	PermRead = "tenancy.read"
	// PermWrite allows to create tenants and to place them under a parent.
	PermWrite = "tenancy.write"
	// PermUsersRead allows to see the users of tenants in scope and their roles.
	PermUsersRead = "tenancy.users_read"
	// PermUsersWrite allows to create users of tenants in scope.
	PermUsersWrite = "tenancy.users_write"
	// PermRolesWrite allows to give and take roles at tenants in scope.
	PermRolesWrite = "tenancy.roles_write"
)
