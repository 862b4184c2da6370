// Package customers shows and grows the tenant tree: who there is below the
// acting tenant, how their billing data came through, what they agreed on, what
// they cost and bring. It owns no table; who there is belongs to tenancy, the
// rest to usage, contracts and billing, stated in ports.go. Permissions: see
// permissions.go.
//
// # Invariants
//
//  1. A page shows the acting tenant and those below it, nobody else: a foreign
//     slug is NotFound with the answer of an unknown one.
//  2. A page takes a number of queries that does not grow with the tree.
//  3. A matching tenant is shown with everybody between it and the acting one.
//  4. A status is the worst of a tenant and all below it; «not available» only
//     where nobody of them has billing data.
//  5. Whoever may not see a cost gets no column for it.
package customers
