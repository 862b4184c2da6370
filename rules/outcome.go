package rules

import (
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
)

// Grain is what charges and costs are summed by.
type Grain struct {
	Payer          string
	Provider       string
	Account        string
	Service        string
	SKU            string
	Region         string
	ChargeCategory string
	ChargeClass    string
	Marketplace    bool
	CommitmentRole string
	Unit           string
	Currency       money.Currency // of the line, and of everything that is summed: no two are ever added
	ServiceMonth   string         // "" unless late: then the earlier month that the line is for
}

// Charge is what the seller of an edge charges for the lines of a grain under
// one rule. Amounts are exact and in the grain's currency.
type Charge struct {
	Edge int
	Grain
	Rule     string // the price rule that matched, or the labelled adjust rule; "": the basis
	Label    string // that rule's label; "" if it has none
	Quantity decimal.Decimal
	Amount   decimal.Decimal
	List     decimal.NullDecimal // NULL if for any of its lines no list price was delivered
}

// Cost is what the lines of a grain cost a bearer: for bearer 0, the owner, the
// stored billed cost; for others the price on the edge above. Bearer i sells
// on edge i; the last one is the chain's end.
type Cost struct {
	Bearer int
	Grain
	Reason string // "" where the lines were sold on, or end here; else the exclude rule's name, or ReasonNoContract
	Cost   decimal.Decimal
}

// ReasonNoContract is the Reason of costs that were blocked on an edge because
// no contract covers them. No rule can have this name.
const ReasonNoContract = "(no contract)"

// The codes of findings.
const (
	FindingNoContract  = "no_contract"  // blocked: no contract covers the lines; Sum is their cost
	FindingPassThrough = "pass_through" // sold at cost: no contract covers the lines; Sum is their cost
	FindingNullMeasure = "null_measure" // a measure that was read is missing; Sum is the cost that stood in for it
	FindingZeroBasis   = "zero_basis"   // cost without price: the basis is 0 and no rule gave another one; Sum is the cost
)

// Finding is what would surprise somebody on an edge, with its sum.
type Finding struct {
	Edge     int
	Code     string
	Rule     string // the rule at fault; "" where no single one is
	Measure  string // null_measure: its name; zero_basis: the basis
	Blocking bool   // stops issuing, never rating
	Lines    int64
	Currency money.Currency // of Sum: lines in two currencies are two findings
	Sum      decimal.Decimal
}

// Outcome is a priced chain, in as many currencies as its lines have. Charges, Costs and Findings are sorted; amounts
// have no trailing zeros.
type Outcome struct {
	Charges  []Charge
	Costs    []Cost
	Findings []Finding
	Lines    int64 // usage lines read
	Classes  int64 // groups of lines that no rule distinguishes; 0 from Plain
	Tuples   int64 // distinct combinations of measures that had to be priced one by one; 0 from Plain. May vary with the number of workers
}
