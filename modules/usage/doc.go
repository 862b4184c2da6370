// Package usage owns what providers say was used and billed: imports,
// deliveries, segments, accounts and who they are assigned to.
//
// Provider exports are read once, turned into FOCUS terms, and stored as
// immutable segments in the object store; the database holds what each segment
// contains, with exact sums. Nothing here prices anything.
//
// Tables: usage_*. Objects: segments/<owner id>/<sha256>.parquet, and
// uploads/<id>-<name> until their import has ended.
// Jobs: usage.import, usage.rerate.
// Permissions: usage.browse, usage.read, usage.import, usage.assign,
// usage.acknowledge.
//
// # Words
//
// A delivery is everything that one import says about one (provider, payer,
// delivery month) of one owner. The delivery month is the manifest's billing
// period, else the month of each row's BillingPeriodStart. The period of a row
// is always its own BillingPeriodStart. The service month of a row is the month
// whose assignment counts: its period, unless its charge period lies wholly
// before that month; then the month in which the charge period starts.
//
// # Invariants
//
//  1. At most one delivery of an (owner, provider, payer, delivery month) is
//     current, and reads see whole deliveries or nothing of them.
//  2. Importing the same content again changes nothing.
//  3. No row is dropped in silence: rows read = rows stored + rows quarantined,
//     and the sums of what is stored are the provider's to the last digit.
//  4. A crash at any moment leaves what was published as it was.
//  5. The months of one account's assignments never overlap.
//  6. Nobody beside or below an owner sees its imports, sums or quarantine; an
//     assignee sees the accounts assigned to it, without sums.
//  7. An import that a worker carries out ends once, as an undisturbed one
//     would have, however often its workers die.
//  8. What changes lines in the browser asks for the months that it touched to
//     be rated again if and only if it is committed.
package usage
