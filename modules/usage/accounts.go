package usage

import (
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// Account is a provider's sub account (or payer account, for rows without a
// sub account) within one owner.
type Account struct {
	ID          id.Account
	Owner       id.Tenant
	Provider    string
	Account     string // the provider's identifier, as text: leading zeros count
	Name        string // the provider's newest name for it; may be empty
	FirstSeen   time.Time
	Assignments []Assignment   // by month; those that the scope may see
	Months      []AccountMonth // by month; empty for who may not see the owner's sums
}

// AccountMonth adds up an account's lines whose assignment counts by Month.
type AccountMonth struct {
	Month      period.Month // service month: whose assignment decides
	Period     period.Month // billing month
	Payer      string
	Currency   string
	Rows       int64
	Billed     decimal.Decimal
	IsAssigned bool // an assignment contains Month
}

// AccountFilter chooses accounts. The zero filter is all that the scope sees.
type AccountFilter struct {
	Unassigned bool         // only accounts with lines in a month that no assignment contains
	Owner      id.Tenant    // zero: any
	Provider   string       // empty: any
	Period     period.Month // zero: any; else only months of this billing month
}

// Assignment gives an account to a tenant for a range of whole months.
type Assignment struct {
	ID       id.Assignment
	Account  id.Account
	Owner    id.Tenant
	Assignee id.Tenant
	OwnUse   bool // the assignee is no customer: the chain ends with it
	Months   period.Months
}

// AssignInput gives the account named Account to Assignee from From on.
type AssignInput struct {
	Account  string       // the provider's identifier
	Provider string       // needed only where the identifier is not unique
	Owner    id.Tenant    // needed only where the identifier is not unique
	Assignee id.Tenant    // a customer, or a distributor or reseller for its own use
	From     period.Month // first month
	To       period.Month // last month; zero: open
	Replace  bool         // whoever has the account in these months gives them up
}

// AssignResult is what an assignment changed.
type AssignResult struct {
	Assignment Assignment
	Ended      []Assignment // as they were: assignments that gave the months up
	Touched    []id.Tenant  // assignees whose months may need rating again, the new one first
}

// AssignManyInput gives accounts to Assignee from From on.
type AssignManyInput struct {
	Accounts []id.Account
	Assignee id.Tenant    // a customer, or a distributor or reseller for its own use
	From     period.Month // first month
	To       period.Month // last month; zero: open
	Replace  bool         // whoever has them in these months gives them up
}

// AssignManyResult is what the assignments changed.
type AssignManyResult struct {
	Results []AssignResult // in the order of the accounts
	Stale   []Stale        // months that are being rated again, by month
}
