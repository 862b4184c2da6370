// Package rules prices usage lines by contract: it knows the words of the rule
// language, compiles contracts, and evaluates a chain of them over usage lines,
// exactly. It knows no database and no HTTP.
//
// # Words
//
// A line of usage has dimensions (text: service, account, …) and measures
// (exact decimals: quantity, list, contracted, billed, effective). Its currency
// is part of the grain that everything is summed by, so that no two currencies
// are ever added; what is charged on an edge has the edge's currency. A Contract
// is the compiled form of its Terms and belongs to one edge, seller → buyer. A
// Chain is the edges from the owner of a payer account down to the tenant that
// a line's account is assigned to. Bearer i sells on edge i; the last bearer
// (number len(edges)) is the chain's end.
//
// # Meaning
//
// Every rule is evaluated on every line, exactly. Chain.Plain does just that.
// Scan gets to the same numbers faster, in four steps:
//
//   - Conditions are cut into atoms, parts that read one dimension or tag, a
//     facet (cond.go). An atom is evaluated once per text of a facet; texts
//     that no atom tells apart are one value (facet.go).
//   - Lines with the same value in every facet form a class (class.go). A line
//     finds its class by one number of mixed radix (keys.go, table.go), and its
//     measures are added up (sums.go).
//   - For each class everything is decided that its values decide (plan.go),
//     and the amounts become forms: a constant, plus factors of the measures
//     (form.go, former.go). Those of most classes follow from their sums.
//   - Roundings and the like are curves (curve.go): they are computed for each
//     distinct tuple of measures (tuples.go). Only where a condition needs a
//     line's numbers are whole lines priced by the machine (pricer.go).
//
// # Functions
//
// A function of the rule language is one file, fn_NAME.go, with its types, doc
// and examples, listed in functions.
//
// # Invariants
//
//  1. Scan and Plain give equal outcomes, errors included, to the last digit.
//  2. An outcome depends neither on the number of workers nor on how lines are
//     cut into batches.
//  3. Number literals are the decimals that the source text shows; no float64
//     touches an amount.
//  4. Below the first edge of a chain nothing of the tier above can be read:
//     billed, effective and contracted are unknown names there, or read as the
//     edge's cost where the seller owns other payer accounts, and list is only
//     what a provider publishes.
//  5. A compiled expression cannot loop, read a clock, a file or the network,
//     and its size, numbers, texts and time are bounded.
package rules

// EngineVersion names the meaning of this package. It enters the input hash of
// every run, and changes whenever equal inputs could give other results.
const EngineVersion = "2"
