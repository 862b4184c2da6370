package contracts

import (
	"cmp"
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
	Rules       []Change         // line charges by rule, in the order of the draft; "" is the basis
	Services    []Change         // line charges by service, largest first
	Fees        []Change         // by rule, in the order of the draft
	FeesLeftOut bool             // fees are not computed: not all customers of the contract are priced
	Lines       []PreviewLine
	Findings    []rules.Finding
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
	draft, err := s.effectDraft(ctx, in.Draft)
	if err != nil {
		return Effect{}, err
	}
	buyers, err := s.BuyersOf(ctx, draft.edge, mostCustomers)
	if err != nil {
		return Effect{}, err
	}
	chosen, leftOut, err := s.chosenOf(ctx, buyers, in.Customer)
	if err != nil {
		return Effect{}, err
	}
	if in.Month.IsZero() {
		in.Month = buyers.Month
	}
	x := newEffect(draft, in)
	x.out.LeftOut = leftOut
	for _, c := range chosen {
		if err := s.effectOn(ctx, x, c); err != nil {
			return Effect{}, err
		}
	}
	if err := s.addFees(ctx, x, buyers); err != nil {
		return Effect{}, err
	}
	return x.effect(), nil
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

// chosenOf returns whose usage is priced, and how many others' is not. A
// customer that buys nothing through the edge is taken at its word: buysThrough
// refuses it.
func (s *Service) chosenOf(ctx context.Context, buyers Buyers, customer id.Tenant) ([]Tenant, int, error) {
	if !customer.IsZero() {
		found, err := read(ctx, s, PermPreview, func(ctx context.Context) (map[id.Tenant]Tenant, error) {
			return s.tenants.ByID(ctx, []id.Tenant{customer})
		})
		return []Tenant{cmp.Or(found[customer], Tenant{ID: customer})}, 0, err
	}
	if len(buyers.Largest) == 0 {
		return nil, 0, errNobody
	}
	out := make([]Tenant, len(buyers.Largest))
	for i, b := range buyers.Largest {
		out[i] = b.Tenant
	}
	return out, buyers.Others, nil
}

// effectOn prices one customer's month.
func (s *Service) effectOn(ctx context.Context, x *effect, customer Tenant) error {
	d, in := x.draft, PreviewInput{Draft: x.in.Draft, Customer: customer.ID, Month: x.in.Month}
	err := s.db.ReadTx(ctx, func(ctx context.Context) error { return s.buysThrough(ctx, d, customer.ID, x.in.Month) })
	if errs.KindOf(err) == errs.NotFound || errs.KindOf(err) == errs.FailedPrecondition {
		if x.in.Customer.IsZero() {
			return nil // it stood elsewhere in that month
		}
	}
	if err != nil {
		return err
	}
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
		p, err := s.pass(above, d, sel, in)
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
func (s *Service) addFees(ctx context.Context, x *effect, buyers Buyers) error {
	if !x.hasFees() {
		return nil
	}
	if x.draft.IsBase() || buyers.boughtBeside(x.out.Customers) {
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
