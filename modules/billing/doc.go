// Package billing owns what usage costs and what it is sold for: runs, charges,
// costs, invoices and their reconciliation. Tables: billing_*. Jobs:
// billing.line_run, billing.period_run.
//
// A line run rates one assignee's month: every usage line on every edge of its
// chain, top down. What it publishes replaces all that was published for the
// same edges, assignee and month, in one transaction, which also asks for a
// period run of each contract whose edge it published: fees and rounding.
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
package billing
