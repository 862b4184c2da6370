// Package contracts owns what is agreed on each edge of the channel:
// contracts, their versions and the rules in them, written as code.
//
// Tables: contracts_contracts, contracts_versions. Permissions: see
// permissions.go. It has no jobs.
//
// # Invariants
//
//  1. There is at most one contract per edge and month, and one base contract
//     per distributor and month.
//  2. A saved version never changes. In force in month M is the newest saved
//     version with from ≤ M, and every month of a contract has one.
//  3. A contract is visible to its seller and the tenants above it, to nobody
//     else: for its buyer, a sibling and another tree it does not exist.
//  4. Applying the same document again changes nothing.
//  5. Nothing that does not compile is saved; every problem of a file is
//     reported at once, with its place.
//  6. A preview shows a tier nothing of the tier above: no billed, effective
//     or contracted amount, no rule, finding or error of an edge above.
//  7. Every change leaves an audit event with before and after.
package contracts
