// Package billing owns what usage costs and what it is sold for: runs, charges,
// costs, invoices and their reconciliation. Tables: billing_*. Jobs:
// billing.line_run, billing.period_run.
//
// A line run rates one assignee's month: every usage line on every edge of its
// chain, top down. What it publishes replaces all that was published for the
// same edges, assignee and month, in one transaction, which also asks for a
// period run of each contract whose edge it published: fees and rounding.
//
// A period run belongs to an edge and month. It is due for every contract in
// force, usage or not, and for every edge with charges: lines that are passed
// through without a contract bear no fees, but their net is rounded as on every
// document. What it charges, the buyer bears as cost that belongs to no line.
//
// A reconciliation re-adds imported money from the stored lines and holds it
// against the owners' costs, and every edge's charges against its buyer's
// costs.
//
// Invariants
//
//  1. A run that was taken over publishes nothing: publishing checks the fence
//     token that its start drew.
//  2. Equal inputs give equal result hashes, across runs, worker counts,
//     processes and data directories.
//  3. For every edge, assignee and month exactly one run speaks; accounts that
//     have left are not billed twice, and not forgotten.
//  4. A recalculation changes no edge whose seller is above the acting tenant.
//  5. Nobody reads in a run what only the seller of an edge above may know.
//  6. A failed run publishes nothing.
//  7. Everything that a seller charges on an edge is what its buyer books as
//     cost, fees and rounding included.
//  8. A document's total is the exact net rounded once, however its lines are
//     grouped; lines and rounding add up to it.
package billing
