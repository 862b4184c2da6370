package rules

import (
	"errors"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
)

// FeeCharge is a published line charge of the contract's edge and month.
type FeeCharge struct {
	Customer string // slug of the assignee
	Grain
	Rule     string
	Quantity decimal.Decimal
	Amount   decimal.Decimal
	List     decimal.NullDecimal
}

// FeeCost is what lines that were sold on this edge cost its seller.
type FeeCost struct {
	Customer string // slug of the assignee
	Grain
	Cost decimal.Decimal
}

// FeeInput is a contract's month.
type FeeInput struct {
	Month      period.Month
	Charges    []FeeCharge     // of all assignees at or below the buyer, in any order
	Costs      []FeeCost       // the seller's cost rows sold on this edge, in any order
	Customers  []string        // assignees that fees per customer are due for even without usage; those in Charges count anyway
	PeriodCost decimal.Decimal // what the seller itself was charged in fees by its supplier this month; 0 for a distributor
}

// Fee is one computed fee, in the contract's currency, exact. Fees of 0 are
// reported too.
type Fee struct {
	Rule     string
	Label    string              // the rule's label, else its name
	Customer string              // per customer and per account
	Account  string              // per account
	Base     decimal.NullDecimal // what the rate was applied to; NULL where the amount has no rate
	Rate     string              // in words: «10 %»; "" where the amount has no rate
	Amount   decimal.Decimal
}

// Fees computes the contract's fee rules in order: per contract once, also
// where nothing is selected; per customer for every customer of in; per
// account for every account with a selected charge. Customers and accounts
// are in alphabetical order.
//
// Errors: *FeeError (FailedPrecondition), naming rule and place.
func (c *Contract) Fees(in FeeInput) ([]Fee, error) {
	return nil, errors.New("rules: fees are not computed yet")
}
