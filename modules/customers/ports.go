package customers

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Tenants tells who there is, and adds to it. Satisfied by app with the tenancy
// module. Every method sees the acting tenant and those below it; months say
// when somebody stood below somebody.
type Tenants interface {
	// Node returns a tenant; the zero id asks for the acting one. Errors: NotFound.
	Node(ctx context.Context, m period.Month, t id.Tenant) (Node, error)
	// Children returns a page of the children of each of parents.
	Children(ctx context.Context, m period.Month, parents []id.Tenant, skip, limit int) ([]Node, error)
	// Matching returns the first tenants that f chooses, with everybody between
	// them and the acting tenant, parents first, and how many f chooses without
	// its limit.
	Matching(ctx context.Context, m period.Month, f Match) ([]Node, int64, error)
	// Containing returns for each of tenants itself and everybody between it and
	// the acting tenant, that included, from below upwards.
	Containing(ctx context.Context, m period.Month, tenants ...id.Tenant) (map[id.Tenant][]id.Tenant, error)
	// Search returns tenants whose name or slug contains text, in any month.
	Search(ctx context.Context, text string, limit int) ([]Tenant, error)
	// BySlug returns one tenant. Errors: NotFound.
	BySlug(ctx context.Context, slug string) (Tenant, error)
	// ByID returns those of tenants that the scope sees.
	ByID(ctx context.Context, tenants ...id.Tenant) (map[id.Tenant]Tenant, error)
	// Create adds a tenant below parent. Errors: Invalid, Conflict.
	Create(ctx context.Context, in NewTenant) (Tenant, error)
}

// Match chooses tenants of the tree.
type Match struct {
	Text  string               // part of the name or slug; empty: any
	Among []id.Tenant          // only these, for few; nil: anybody
	Is    func(id.Tenant) bool // asked of each of them with such a text; nil: anybody
	Limit int
}

// Money tells what tenants cost and bring. Satisfied by app with the billing
// module.
type Money interface {
	// Months returns the months that have documents, the newest first.
	Months(ctx context.Context) ([]period.Month, error)
	// Billed returns whoever Buying has figures of in a month, in no order, some
	// of them twice.
	Billed(ctx context.Context, month period.Month) ([]id.Tenant, error)
	// Buying returns what tenants buy in a month, and what the acting tenant sells.
	Buying(ctx context.Context, month period.Month, tenants ...id.Tenant) ([]Figures, error)
	// Troubled returns whose billing data of a month did not come through well.
	Troubled(ctx context.Context, month period.Month) ([]Trouble, error)
	// ByService returns a tenant's months by service, as the acting tenant sees
	// them.
	ByService(ctx context.Context, tenant id.Tenant, months ...period.Month) (Services, error)
	// Invoices returns a page of the documents that a tenant sells or buys on.
	Invoices(ctx context.Context, tenant id.Tenant, page int) (Invoices, error)
}

// Contracts tells what was agreed. Satisfied by app with the contracts module.
type Contracts interface {
	// Standing returns the contracts under which tenants buy.
	Standing(ctx context.Context, buyers ...id.Tenant) ([]Contract, error)
}

// Accounts tells whose usage is whose. Satisfied by app with the usage module.
type Accounts interface {
	// Counts returns how many accounts tenants have in a month.
	Counts(ctx context.Context, m period.Month, tenants ...id.Tenant) (map[id.Tenant]int64, error)
	// Of returns the accounts of a tenant, at most limit, and how many there are.
	Of(ctx context.Context, tenant id.Tenant, limit int) ([]Account, int64, error)
}

// Tenant is an organisation in the channel.
type Tenant struct {
	ID        id.Tenant
	Slug      string
	Name      string
	Path      string // distributor/slug; the slug alone below a distributor
	Tier      scope.Tier
	CreatedAt time.Time
}

// Node is a tenant in the tree of a month.
type Node struct {
	Tenant
	Parent   id.Tenant // zero for the acting tenant
	Children int64     // directly below it
	IsMatch  bool      // what was searched for
}

// NewTenant describes somebody to add.
type NewTenant struct {
	Tier   scope.Tier
	Name   string
	Slug   string // empty: made from the name
	Parent id.Tenant
}

// Figures are a tenant's month in one currency. Seller is zero for the acting
// tenant's own figures.
type Figures struct {
	Tenant   id.Tenant
	Seller   id.Tenant
	Currency money.Currency
	Amounts
}

// Amounts are what somebody's usage costs their seller, what they pay, and what
// remains. They are exact.
type Amounts struct {
	Cost, Price, Margin decimal.Decimal
}

// Add returns the sum of both.
func (a Amounts) Add(b Amounts) Amounts {
	return Amounts{a.Cost.Add(b.Cost), a.Price.Add(b.Price), a.Margin.Add(b.Margin)}
}

// Trouble is why a tenant's billing data need somebody.
type Trouble struct {
	Tenant   id.Tenant
	IsFailed bool
	Findings int64
}

// Services is a tenant's months by service.
type Services struct {
	IsSpend       bool // there is only a price: the acting tenant looks at itself
	LeavesOutFees bool // fees cannot be told apart by this tenant
	Rows          []ServiceMonth
}

// ServiceMonth is one service in one month and currency. Fees belong to no
// service.
type ServiceMonth struct {
	Month    period.Month
	Currency money.Currency
	Service  string
	IsFee    bool
	Amounts
}

// Contract is an agreement under which a tenant buys.
type Contract struct {
	ID       id.Contract
	Seller   id.Tenant
	Buyer    id.Tenant
	Name     string
	Currency money.Currency
	Months   period.Months
}

// Account is a provider's account that a tenant answers for.
type Account struct {
	Provider string
	Number   string
	Name     string
	Months   []period.Months // of its assignments to the tenant
}

// Invoices is a page of documents.
type Invoices struct {
	List  []Invoice
	Count int
	Page  int
	Pages int
}

// Invoice is a document of an edge's month.
type Invoice struct {
	Month         period.Month
	Seller, Buyer string // slugs
	SellerName    string
	BuyerName     string
	Currency      money.Currency
	Total         decimal.Decimal
	State         string // ready, blocked, computing, failed
}
