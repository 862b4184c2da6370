package reports

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Money tells what months came to, as far as the scope may know. Satisfied by
// app with the billing module. Every method may be called inside a read
// transaction.
type Money interface {
	// Months returns the months that have documents, the newest first.
	Months(ctx context.Context) ([]period.Month, error)
	// Figures returns what months came to, by month and currency; months without
	// anything are left out.
	Figures(ctx context.Context, months ...period.Month) ([]Figures, error)
	// ByService returns the acting tenant's months by service: what it sold, or,
	// for a customer, what it was charged.
	ByService(ctx context.Context, months ...period.Month) ([]ServiceMonth, error)
	// SalesTo returns what the acting tenant sold to some buyers, by month; the
	// names of buyers are not said.
	SalesTo(ctx context.Context, buyers []id.Tenant, months ...period.Month) ([]BuyerMonth, error)
	// Troubles returns what needs somebody in a month.
	Troubles(ctx context.Context, month period.Month) (Troubles, error)
	// Books returns what is known of a month's reconciliation, of a distributor.
	Books(ctx context.Context, month period.Month) (Books, error)
	// Invoices returns the newest documents that the acting tenant was charged with.
	Invoices(ctx context.Context, limit int) ([]Invoice, error)
}

// Usage tells what was imported and is not billed to anybody. Satisfied by app
// with the usage module.
type Usage interface {
	// Unassigned adds up the accounts of a month that nobody answers for.
	Unassigned(ctx context.Context, month period.Month) ([]Unassigned, error)
	// Quarantined counts the rows of a month that could not be read.
	Quarantined(ctx context.Context, month period.Month) (int64, error)
	// Newest returns the newest month with a delivery; zero for none.
	Newest(ctx context.Context) (period.Month, error)
}

// Party is a tenant, as the reader may name it.
type Party struct {
	ID   id.Tenant
	Slug string
	Name string
	Tier scope.Tier // 0: above the reader
}

// Amounts are what something cost whoever sold it, what it was sold for, and
// what remained. They are exact.
type Amounts struct {
	Cost, Price, Margin decimal.Decimal
}

// Add returns the sum of both.
func (a Amounts) Add(b Amounts) Amounts {
	return Amounts{a.Cost.Add(b.Cost), a.Price.Add(b.Price), a.Margin.Add(b.Margin)}
}

// Sub returns what remains without b.
func (a Amounts) Sub(b Amounts) Amounts {
	return Amounts{a.Cost.Sub(b.Cost), a.Price.Sub(b.Price), a.Margin.Sub(b.Margin)}
}

// IsZero reports whether there is nothing in it.
func (a Amounts) IsZero() bool { return a.Cost.IsZero() && a.Price.IsZero() && a.Margin.IsZero() }

// Figures is a month in one currency.
type Figures struct {
	Month    period.Month
	Currency money.Currency
	Tiers    []TierFigures // of tiers that sell, the acting one first
	Sales    []Sale        // the largest of the acting tenant itself, by buyer
	Spend    decimal.Decimal
	Flow     []Flow
	Unlisted int // how many small sales to customers Flow adds up in one node
}

// TierFigures adds up what the tenants of one tier bought and sold.
type TierFigures struct {
	Tier scope.Tier
	Fees decimal.Decimal // part of the cost that belongs to no line: fees and rounding that the tier was charged
	Amounts
}

// Sale is what the acting tenant sold to one buyer.
type Sale struct {
	Buyer Party
	Amounts
}

// BuyerMonth is what the acting tenant sold to one buyer in a month and currency.
type BuyerMonth struct {
	Month    period.Month
	Buyer    id.Tenant
	Currency money.Currency
	Amounts
}

// NodeKind says what a Node is.
type NodeKind string

// Kinds of nodes.
const (
	NodeProvider NodeKind = "provider"
	NodeSupplier NodeKind = "supplier"
	NodeTenant   NodeKind = "tenant"
	NodeOwnUse   NodeKind = "own_use"
	NodeOthers   NodeKind = "others" // tenants of one tier, too small for a picture
)

// Node is one end of a Flow. Party is zero for providers.
type Node struct {
	Kind  NodeKind
	Party Party
}

// Flow is an amount that runs from one node to another; negative where credits
// outweigh charges.
type Flow struct {
	From, To Node
	Amount   decimal.Decimal
}

// ServiceMonth is what one service came to in a month and currency. Fees belong
// to no service. For a customer there is only a price: what it was charged.
type ServiceMonth struct {
	Month    period.Month
	Currency money.Currency
	Service  string
	IsFee    bool
	Amounts
}

// Troubles is what somebody has to look at.
type Troubles struct {
	Findings []Finding
	Blocked  int // documents that cannot be issued because of them
	Failed   []FailedRun
	Waiting  int
	Running  int
}

// Finding is what one kind of surprise adds up to.
type Finding struct {
	Code    string
	Message string // of one of them
	Count   int
	Sum     money.Money // currency empty: not about money
	Seller  Party       // of that one
	Buyer   Party
}

// FailedRun is a run whose result is missing.
type FailedRun struct {
	ID       id.Run
	Customer Party
	IsFees   bool
	Message  string
}

// Books is what is known of a month's reconciliation.
type Books struct {
	IsChecked bool
	IsOpen    bool // a check is under way
	OK        bool
	IsStale   bool // something was published since
}

// Invoice is a document that the acting tenant was charged with.
type Invoice struct {
	Month    period.Month
	Seller   Party
	Buyer    Party
	Currency money.Currency
	Total    decimal.Decimal
}

// Unassigned is what nobody answers for, in one currency.
type Unassigned struct {
	Currency money.Currency
	Accounts int64
	Billed   decimal.Decimal
}
