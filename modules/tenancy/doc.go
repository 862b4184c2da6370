// Package tenancy owns who there is in the channel: tenants, who was above
// whom in which month, users and their roles.
//
// Tables: tenancy_tenants, tenancy_parents, tenancy_closure, tenancy_users,
// tenancy_user_roles. Permissions: see permissions.go. It has no jobs.
//
// # Invariants
//
//  1. A tenant sees itself and the tenants that are or were below it, nobody
//     else: a parent, a sibling and a tenant of another tree are NotFound, with
//     the same answer as an id that nobody has.
//  2. For every month, the closure is the transitive closure of the parents of
//     that month.
//  3. A slug names one tenant of its tree, and a distributor's slug one
//     distributor of the installation.
//  4. A tenant's parent in a month is at least one tier above it, and there is
//     at most one.
//  5. A password is stored as an argon2id hash only; an unknown e-mail address
//     and a wrong password get the same answer in the same time.
//  6. Every change leaves an audit event with before and after.
//  7. A session gives what its user's roles are at the acting tenant at this
//     moment: whoever has none there, is disabled, or whose tenant is no longer
//     above the acting one, is signed out.
//  8. Who gives a role, or has power over a user, could be given as much.
package tenancy
