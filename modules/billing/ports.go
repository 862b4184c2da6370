package billing

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// Tenant is what billing needs to know of a tenant.
type Tenant struct {
	ID   id.Tenant
	Tree id.Tenant // the distributor of its tree; itself for a distributor
	Tier scope.Tier
	Slug string
	Name string
}

// Tenants tells about tenants and who was above whom. Satisfied by app with
// the tenancy module.
//
// Every method sees the scope's tenant and the tenants that are or were below
// it; any other tenant is NotFound.
type Tenants interface {
	// Tenant returns one tenant. Errors: NotFound.
	Tenant(ctx context.Context, t id.Tenant) (Tenant, error)
	// Tenants returns the scope's tenant and all tenants that are or were below
	// it, in any order.
	Tenants(ctx context.Context) ([]Tenant, error)
	// Chain returns the tenants from top down to bottom in month, both
	// included; one tenant where they are the same. Errors: NotFound if bottom
	// was neither top nor below it in that month.
	Chain(ctx context.Context, top, bottom id.Tenant, month period.Month) ([]Tenant, error)
}

// ContractVersion is a contract as one of its saved versions has it.
type ContractVersion struct {
	Contract  id.Contract
	Version   id.Version
	Number    int
	Edge      // Buyer is zero for a base contract
	Name      string
	Currency  money.Currency
	Pricing   *rules.Contract // the compiled terms
	TermsHash string          // SHA-256 over the canonical terms: equal terms, equal hash
}

// EdgeTerms is what holds on an edge in a month.
type EdgeTerms struct {
	Contract *ContractVersion // nil: none in force
	Missing  rules.Missing    // without a contract: what becomes of the lines
	Currency money.Currency   // of the edge; empty: no contract is or was in force on it
}

// hash is that of the contract's terms; empty without one.
func (t EdgeTerms) hash() string {
	if t.Contract == nil {
		return ""
	}
	return t.Contract.TermsHash
}

// Contracts tells which contracts are in force. Satisfied by app with the
// contracts module. Every method sees contracts whose seller is the scope's
// tenant or below it.
type Contracts interface {
	// InForce returns what holds on each of edges in month. An Edge without
	// Buyer asks for a base contract. Errors: those of rules, where a saved
	// version cannot be compiled.
	InForce(ctx context.Context, month period.Month, edges ...Edge) (map[Edge]EdgeTerms, error)
	// ForMonth returns the contracts in force in month, base contracts included.
	ForMonth(ctx context.Context, month period.Month) ([]ContractVersion, error)
	// Versions returns saved versions by id. Errors: NotFound if one is missing.
	Versions(ctx context.Context, versions ...id.Version) (map[id.Version]ContractVersion, error)
}

// Selection names the usage lines that one assignee answers for in one billing
// month, out of one owner's deliveries.
type Selection struct {
	Owner    id.Tenant
	Assignee id.Tenant
	OwnUse   bool // the assignee is no customer
	Accounts []SelectedAccount
	Contents []string // content hashes of the deliveries that hold the lines, sorted, once each
	Rows     int64
	// Handle is what the usage module needs to read the lines, also after
	// deliveries or assignments have changed. Billing keeps its JSON as the
	// record of what a run read.
	Handle any
}

// SelectedAccount is an account of a selection with the months whose
// assignment makes the assignee answer for it: the billing month, and earlier
// ones for late lines.
type SelectedAccount struct {
	ID            id.Account     `json:"id"`
	Provider      string         `json:"provider"`
	Account       string         `json:"account"` // the provider's identifier
	ServiceMonths []period.Month `json:"service_months"`
}

// Usage hands out usage lines. Satisfied by app with the usage module. Every
// method sees the owners that are the scope's tenant or below it.
type Usage interface {
	// Select returns which lines of billing month month assignee answers for,
	// one selection per owner, from the current deliveries and assignments.
	// Owners without such a line are left out.
	Select(ctx context.Context, assignee id.Tenant, month period.Month) ([]Selection, error)
	// Holders returns which tenants answer in serviceMonth for accounts.
	// Accounts that nobody answers for are left out.
	Holders(ctx context.Context, serviceMonth period.Month, accounts ...id.Account) (map[id.Account]id.Tenant, error)
	// Scan calls fn with every selected line, in batches, from up to workers
	// goroutines at once, each with a number of its own below workers. A batch
	// is fn's until it returns. The first error of fn ends the scan and comes
	// back.
	Scan(ctx context.Context, sel Selection, need rules.Need, workers int, fn func(worker int, b *rules.Batch) error) error
}

// Imported is what the current segments say of one billing month, re-added
// from their bytes. Sums in the database have no part in it.
type Imported struct {
	Sums        []ImportedSum
	Problems    []SegmentProblem
	Quarantined int64 // rows that count against the month and that nobody has acknowledged
}

// ImportedSum adds up BilledCost of one (owner, provider, payer, currency,
// account, service month) from the stored lines themselves.
type ImportedSum struct {
	Owner     id.Tenant
	Provider  string
	Payer     string
	Currency  money.Currency
	AccountID id.Account // zero if the account is not known
	Account   string     // the provider's identifier
	Rows      int64
	Billed    decimal.Decimal
	Assignee  id.Tenant // who answers for it in its service month; zero: unassigned
}

// SegmentProblem is a stored segment that is not what was published: gone,
// altered, or not adding up to what the database says.
type SegmentProblem struct {
	Code    string // such as "segment.missing"
	Message string
}

// Recount adds up imported money again. Satisfied by app with the usage
// module.
type Recount interface {
	// Imported reads every current segment with lines of billing month month,
	// of all owners that the scope sees.
	Imported(ctx context.Context, month period.Month) (Imported, error)
}
