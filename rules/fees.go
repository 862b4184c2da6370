package rules

import (
	"cmp"
	"slices"
	"strings"

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
// where nothing is selected; per customer for every customer of in, likewise;
// per account for every account with a selected charge. Customers and accounts
// are in alphabetical order.
//
// Errors: *FeeError (FailedPrecondition), naming rule and place.
func (c *Contract) Fees(in FeeInput) ([]Fee, error) {
	m := newMachine()
	var fees []Fee
	for _, r := range c.fees {
		selected, err := r.selection(m, in)
		if err != nil {
			return nil, err
		}
		for _, s := range r.scopes(in, selected) {
			fee, err := c.fee(m, r, in, selected.only(s), s, fees)
			if err != nil {
				return nil, err
			}
			fees = append(fees, fee)
		}
	}
	return fees, nil
}

// feeScope is what one fee is computed for.
type feeScope struct {
	per               Per
	customer, account string
}

// holds reports whether what belongs to customer and account belongs to s.
func (s feeScope) holds(customer, account string) bool {
	return (s.per != PerCustomer && s.per != PerAccount || s.customer == customer) &&
		(s.per != PerAccount || s.account == account)
}

// selection is the charges that a fee's condition selects, and their costs.
type selection struct {
	charges []FeeCharge
	costs   []FeeCost
}

func (s selection) only(scope feeScope) selection {
	var out selection
	for _, c := range s.charges {
		if scope.holds(c.Customer, c.Account) {
			out.charges = append(out.charges, c)
		}
	}
	for _, c := range s.costs {
		if scope.holds(c.Customer, c.Account) {
			out.costs = append(out.costs, c)
		}
	}
	return out
}

func (r *feeRule) selection(m *machine, in FeeInput) (selection, error) {
	if r.when == nil {
		return selection{in.Charges, in.Costs}, nil
	}
	var out selection
	for _, c := range in.Charges {
		match, err := r.selects(m, &c.Grain)
		if err != nil {
			return out, err
		}
		if match {
			out.charges = append(out.charges, c)
		}
	}
	for _, c := range in.Costs {
		match, err := r.selects(m, &c.Grain)
		if err != nil {
			return out, err
		}
		if match {
			out.costs = append(out.costs, c)
		}
	}
	return out, nil
}

// selects evaluates the condition on a grain.
func (r *feeRule) selects(m *machine, g *Grain) (bool, error) {
	for d, value := range map[Dim]any{
		DimPayer: g.Payer, DimProvider: g.Provider, DimAccount: g.Account, DimService: g.Service, DimSKU: g.SKU,
		DimRegion: g.Region, DimChargeCategory: g.ChargeCategory, DimChargeClass: g.ChargeClass,
		DimMarketplace: g.Marketplace, DimCommitmentRole: g.CommitmentRole, DimUnit: g.Unit,
	} {
		m.values[d.String()] = value
	}
	match, fail := m.test(r.when)
	if fail != nil {
		return false, r.fail(feeScope{}, "when", fail)
	}
	return match, nil
}

// scopes returns what r is computed for.
func (r *feeRule) scopes(in FeeInput, selected selection) []feeScope {
	var out []feeScope
	switch r.Per {
	case PerCustomer:
		for _, customer := range in.Customers {
			out = append(out, feeScope{r.Per, customer, ""})
		}
		for _, c := range in.Charges {
			out = append(out, feeScope{r.Per, c.Customer, ""})
		}
	case PerAccount:
		for _, c := range selected.charges {
			out = append(out, feeScope{r.Per, c.Customer, c.Account})
		}
	default:
		return []feeScope{{per: PerContract}}
	}
	slices.SortFunc(out, func(a, b feeScope) int {
		return cmp.Or(strings.Compare(a.customer, b.customer), strings.Compare(a.account, b.account))
	})
	return slices.Compact(out)
}

func (c *Contract) fee(m *machine, r *feeRule, in FeeInput, s selection, scope feeScope, earlier []Fee) (Fee, error) {
	if units := s.units(); len(units) > 1 && r.then.reads(totalQuantity) {
		return Fee{}, r.fail(scope, "then", &failure{
			message: "quantity cannot be added: the selected charges have the units " + strings.Join(units, ", "),
		})
	}
	c.showTotals(m, in, s)
	for _, name := range r.then.fees {
		sum := decimal.Decimal{}
		for _, f := range earlier {
			if f.Rule == name && scope.holds(f.Customer, f.Account) {
				sum = sum.Add(f.Amount)
			}
		}
		m.values[feeName(name)] = sum
	}
	amount, fail := m.amount(r.then)
	if fail != nil {
		return Fee{}, r.fail(scope, "then", fail)
	}
	fee := Fee{
		Rule: r.Name, Label: cmp.Or(r.Label, r.Name), Customer: scope.customer, Account: scope.account, Amount: amount.Normalize(),
	}
	if base, rate, ok := r.rate.of(m); ok {
		fee.Base, fee.Rate = decimal.NewNullDecimal(base.Normalize()), rate
	}
	return fee, nil
}

func (r *feeRule) fail(scope feeScope, field string, f *failure) error {
	return &FeeError{
		Rule: r.Name, Field: field, Line: f.line, Column: f.column,
		Customer: scope.customer, Account: scope.account, Message: f.message,
	}
}

// units returns the distinct units of charges with a quantity.
func (s selection) units() []string {
	var units []string
	for _, c := range s.charges {
		if !c.Quantity.IsZero() {
			units = append(units, c.Unit)
		}
	}
	return sortedSet(units)
}

// showTotals puts the totals of a selection where expressions find them.
func (c *Contract) showTotals(m *machine, in FeeInput, s selection) {
	var spend, base, quantity, cost decimal.Decimal
	accounts := map[[2]string]bool{}
	for _, charge := range s.charges {
		spend = spend.Add(charge.Amount)
		quantity = quantity.Add(charge.Quantity)
		if c.inFeeBase(&charge.Grain) {
			base = base.Add(charge.Amount)
		}
		accounts[[2]string{charge.Provider, charge.Account}] = true
	}
	for _, row := range s.costs {
		cost = cost.Add(row.Cost)
	}
	for name, value := range map[string]decimal.Decimal{
		totalSpend: spend, totalFeeBase: base, totalQuantity: quantity, totalCost: cost, totalList: s.list(),
		totalAccounts: decimal.NewFromInt(int64(len(accounts))), totalDays: decimal.NewFromInt(int64(in.Month.Days())),
		totalPeriodCost: in.PeriodCost,
	} {
		m.values[name] = value
	}
}

// list returns the list price of the selection. Charges of a customer and
// grain of which one has no list price read as what that grain costs.
func (s selection) list() decimal.Decimal {
	type key struct {
		customer string
		grain    Grain
	}
	lists, unlisted := map[key]decimal.Decimal{}, map[key]bool{}
	for _, c := range s.charges {
		k := key{c.Customer, c.Grain}
		lists[k] = lists[k].Add(c.List.Decimal)
		unlisted[k] = unlisted[k] || !c.List.Valid
	}
	var sum decimal.Decimal
	for k, list := range lists {
		if !unlisted[k] {
			sum = sum.Add(list)
		}
	}
	for _, c := range s.costs {
		if unlisted[key{c.Customer, c.Grain}] {
			sum = sum.Add(c.Cost)
		}
	}
	return sum
}

// inFeeBase reports whether charges of g count for fees: usage and purchases
// of this month, without marketplace, provider support and commitment fees.
func (c *Contract) inFeeBase(g *Grain) bool {
	return (g.ChargeCategory == "Usage" || g.ChargeCategory == "Purchase") &&
		g.ChargeClass != "Correction" && g.ServiceMonth == "" && !g.Marketplace && g.CommitmentRole != "fee" &&
		!slices.ContainsFunc(c.support, func(name string) bool { return named(name, g.Service) })
}

// named matches a service with a name that may end in *.
func named(name, service string) bool {
	if prefix, ok := strings.CutSuffix(name, "*"); ok {
		return strings.HasPrefix(service, prefix)
	}
	return name == service
}
