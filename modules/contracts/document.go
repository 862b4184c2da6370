package contracts

import (
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// Document is a contract as code: what a contract file says, with defaults
// filled in.
type Document struct {
	Seller string        // slug
	Buyer  string        // slug; "" for a distributor's base contract
	Name   string        // identifies the contract on its edge
	Months period.Months // starts and ends; an open end where the file names none
	From   period.Month  // first month of this version; the contract's first month where the file names none
	Terms  rules.Terms

	source *source // where everything stands in the file; nil if there is none
}

// source remembers the places of a document's values.
type source struct {
	file string
}

var errDocument = errs.New(errs.Invalid, "contracts.document", "The contract file is not valid.")

// Parse reads a contract file in YAML. file names it in messages.
//
// The keys are seller, buyer, name, starts, ends, from, basis, currency,
// covers, missing and rules, those of a rule name, stage, when, then, label,
// stop and per. Unknown keys, wrong types and missing required keys are
// refused. Expressions are not compiled: see Check and Service.Apply.
//
// Errors: Problems (Invalid) with everything that is wrong.
func Parse(file string, data []byte) (Document, error) { return Document{}, errDocument }

// Format writes d as a contract file that Parse reads back to the same.
func Format(d Document) ([]byte, error) { return nil, errDocument }

// Check reads a contract file and compiles its rules without looking at
// tenants and without saving anything. seller says what its rules may read:
// rules.EdgeFirst for a distributor's contract, rules.EdgeBelow for a
// reseller's; a contract without buyer is a base contract whatever seller is.
//
// Errors: Problems (Invalid) with everything that is wrong.
func Check(engine *rules.Engine, seller rules.EdgeKind, file string, data []byte) (Document, error) {
	return Document{}, errDocument
}
