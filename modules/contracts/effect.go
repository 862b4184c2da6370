package contracts

import (
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// EffectInput asks what a draft would change in money.
type EffectInput struct {
	Draft Document
	// Before is the version to compare with; nil: what is in force in the
	// month.
	Before *Version
	// Customer is whose usage is priced; zero: of everybody who buys through
	// the contract.
	Customer id.Tenant
	Month    period.Month // zero: the last month in which something was sold
	Lines    int          // real lines to show; 0: none, at most 200
}

// Effect is what a draft would change on real lines of a month, on its own
// edge. It holds what the acting tenant may see, nothing else.
type Effect struct {
	Currency    money.Currency
	Month       period.Month
	Before      EffectSum
	After       EffectSum
	BeforeError string           // why there are no prices before; the sums before are 0 then
	Customers   []CustomerEffect // largest price after first
	LeftOut     int              // customers beyond those that were priced
	Rules       []Change         // what each rule comes to on lines, in the order of the draft; "" is the basis, an adjustment is what it changes
	Services    []Change         // line charges by service, largest first
	Fees        []Change         // by rule, in the order of the draft
	FeesLeftOut bool             // fees are not computed: not all customers of the contract are priced
	Lines       []PreviewLine
	Findings    []EffectFinding
}

// EffectFinding is one kind of finding on the lines of all customers that have
// it: Lines and Sum are theirs together.
type EffectFinding struct {
	rules.Finding
	Customers []Tenant // in the order in which they were priced
}

// EffectSum adds up the edge.
type EffectSum struct {
	Contract string // "": none is in force
	Version  int    // 0 for a draft
	Cost     decimal.Decimal
	Lines    decimal.Decimal // line charges
	Fees     decimal.Decimal // fees, where they are known
}

// Price is what the buyer is charged, before rounding and tax.
func (s EffectSum) Price() decimal.Decimal { return s.Lines.Add(s.Fees) }

// CustomerEffect is the part of one customer, without fees.
type CustomerEffect struct {
	Customer Tenant
	Cost     decimal.Decimal
	Before   decimal.Decimal
	After    decimal.Decimal
}

// Change is an amount before and after.
type Change struct {
	Name   string
	Label  string
	Before decimal.NullDecimal // NULL: no such charge before
	After  decimal.NullDecimal // NULL: no such charge after
}

// Difference is After − Before; what is not there counts as 0.
func (c Change) Difference() decimal.Decimal { return c.After.Decimal.Sub(c.Before.Decimal) }

// mostCustomers bounds how many customers' months are priced at once.
const mostCustomers = 25

var errNobody = errs.New(errs.FailedPrecondition, "contracts.nobody", "Nobody buys through this contract yet, so there is no usage to price.")

// Effect prices real lines by a draft and by what stood before. It saves
// nothing, and must be called outside of a transaction, as Preview.
//
// Needs contracts.preview. Errors: those of Preview; FailedPrecondition if
// nobody buys through the draft's edge.
func (s *Service) Effect(ctx context.Context, in EffectInput) (Effect, error) {
	in.Draft = in.Draft.withDefaults()
	in.Lines = min(in.Lines, maxLines)
	x, err := read(ctx, s, PermPreview, func(ctx context.Context) (*effect, error) { return s.newEffect(ctx, in) })
	if err != nil {
		return Effect{}, err
	}
	for _, chain := range x.chains {
		if err := s.effectOn(ctx, x, chain); err != nil {
			return Effect{}, err
		}
	}
	if err := s.addFees(ctx, x); err != nil {
		return Effect{}, err
	}
	return x.effect(), nil
}

// newEffect checks the draft as the acting tenant and reads whose usage is to
// be priced.
func (s *Service) newEffect(ctx context.Context, in EffectInput) (*effect, error) {
	draft, err := s.effectDraft(ctx, in.Draft)
	if err != nil {
		return nil, err
	}
	buyers, err := s.BuyersOf(ctx, draft.edge, mostCustomers)
	if err != nil {
		return nil, err
	}
	if in.Month.IsZero() {
		in.Month = buyers.Month
	}
	x := emptyEffect(draft, in)
	x.buyers = buyers
	if !in.Customer.IsZero() {
		chain, err := s.buysThrough(ctx, draft, in.Customer, in.Month)
		x.chains = [][]Tenant{chain}
		return x, err
	}
	if len(buyers.Largest) == 0 {
		return nil, errNobody
	}
	if x.out.LeftOut, err = s.Others(ctx, buyers); err != nil {
		return nil, err
	}
	ids := make([]id.Tenant, len(buyers.Largest))
	for i, b := range buyers.Largest {
		ids[i] = b.ID
	}
	chains, err := s.tenants.Chains(ctx, draft.edge.Seller, in.Month, ids...)
	for _, t := range ids {
		if chain := chains[t]; draft.isOn(chain) { // else it stood elsewhere in that month
			x.chains = append(x.chains, chain)
		}
	}
	return x, err
}

// effectDraft checks the draft as the acting tenant.
func (s *Service) effectDraft(ctx context.Context, d Document) (draft, error) {
	return read(ctx, s, PermPreview, func(ctx context.Context) (draft, error) {
		out, problems, err := s.validate(ctx, d)
		if err == nil {
			err = problems.err()
		}
		return out, err
	})
}

// effectOn prices the month of the customer at the end of a chain that begins
// with the draft's seller.
func (s *Service) effectOn(ctx context.Context, x *effect, chain []Tenant) error {
	d, customer := x.draft, chain[len(chain)-1]
	above, err := inDistributorsName(ctx)
	if err != nil {
		return err
	}
	selections, err := s.lines.Select(above, customer.ID, x.in.Month)
	if err != nil {
		return err
	}
	part := CustomerEffect{Customer: customer}
	for _, sel := range selections {
		p, err := s.pass(above, d, sel, x.terms, chain)
		if err == nil && p != nil {
			if err = s.replaceBefore(p, x.in.Before, d); err == nil {
				err = s.scan(above, sel, p)
			}
		}
		if err != nil {
			return s.masked(ctx, sel.Owner, err)
		}
		if p == nil {
			continue // a chain that does not pass the draft's edge
		}
		if err := x.add(p, &part); err != nil {
			return s.masked(ctx, p.blame(err), err)
		}
	}
	x.out.Customers = append(x.out.Customers, part)
	return nil
}

// replaceBefore puts a saved version where the chain had what is in force.
func (s *Service) replaceBefore(p *pass, v *Version, d draft) error {
	if v == nil {
		return nil
	}
	old := InForce{Contract: Contract{Tree: d.tree, Edge: d.edge, Name: d.Name, Currency: v.Terms.Currency}, Version: *v}
	if err := s.compiled(&old); err != nil {
		return err
	}
	p.standing = EdgeTerms{InForce: &old, Missing: v.Terms.Missing}
	if p.isBase {
		p.before.Base = old.Compiled
		return nil
	}
	p.before.Edges = slices.Clone(p.before.Edges)
	p.before.Edges[p.edge] = rules.Edge{Contract: old.Compiled, Missing: v.Terms.Missing}
	return nil
}

// addFees computes the fees before and after, where the priced customers are
// all that the contract has.
func (s *Service) addFees(ctx context.Context, x *effect) error {
	if !x.hasFees() {
		return nil
	}
	if x.draft.IsBase() || x.buyers.boughtBeside(x.out.Customers) {
		x.out.FeesLeftOut = true
		return nil
	}
	paid, err := s.feesPaid(ctx, x)
	if err != nil {
		return err
	}
	return x.fees(paid)
}

// feesPaid returns what period_cost reads.
func (s *Service) feesPaid(ctx context.Context, x *effect) (decimal.Decimal, error) {
	reads := x.draft.compiled.ReadsPeriodCost() || (x.before != nil && x.before.ReadsPeriodCost())
	if !reads || x.draft.seller.Tier == scope.Distributor {
		return decimal.Decimal{}, nil
	}
	return read(ctx, s, PermPreview, func(ctx context.Context) (decimal.Decimal, error) {
		return s.sales.FeesPaid(ctx, x.draft.edge.Seller, x.in.Month, x.draft.Terms.Currency)
	})
}
