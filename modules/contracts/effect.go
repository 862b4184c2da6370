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

// Buyer is a customer whose usage can be priced.
type Buyer struct {
	Tenant
	Month  period.Month    // the last in which something was sold to it on the edge; else the last full one
	Amount decimal.Decimal // line charges of that month; 0 where nothing was sold
}

// mostCustomers bounds how many customers' months are priced at once.
const mostCustomers = 25

var errNobody = errs.New(errs.FailedPrecondition, "contracts.nobody", "Nobody buys through this contract yet, so there is no usage to price.")

// BuyersOf returns the customers at or below the buyer of an edge, those with
// the largest charges of the edge's last month first. A zero buyer asks for
// everybody below the seller.
//
// Needs contracts.preview.
func (s *Service) BuyersOf(ctx context.Context, e Edge) ([]Buyer, error) {
	return read(ctx, s, PermPreview, func(ctx context.Context) ([]Buyer, error) {
		sold, err := s.sales.LastSales(ctx, e.Seller, e.Buyer)
		if err != nil {
			return nil, err
		}
		month := s.thisMonth().Add(-1)
		if len(sold) > 0 {
			month = sold[0].Month
		}
		list, err := s.directory.Below(ctx, month)
		if err != nil {
			return nil, err
		}
		return buyersAmong(list, sold, e, month), nil
	})
}

// buyersAmong puts the tenants below an edge in order: by what they bought.
func buyersAmong(list []Placed, sold []Sale, e Edge, month period.Month) []Buyer {
	amounts := map[id.Tenant]decimal.Decimal{}
	for _, o := range sold {
		amounts[o.Customer] = amounts[o.Customer].Add(o.Amount)
	}
	top := e.Buyer
	if top.IsZero() {
		top = e.Seller
	}
	var out []Buyer
	for _, t := range belowOf(list, top) {
		if t.ID == e.Seller {
			continue
		}
		amount, bought := amounts[t.ID]
		if bought || t.Tier == scope.Customer {
			out = append(out, Buyer{Tenant: t.Tenant, Month: month, Amount: amount})
		}
	}
	slices.SortStableFunc(out, func(a, b Buyer) int { return b.Amount.Cmp(a.Amount) })
	return out
}

// belowOf returns top and those below it; list is ordered by depth.
func belowOf(list []Placed, top id.Tenant) []Placed {
	in := map[id.Tenant]bool{top: true}
	var out []Placed
	for _, t := range list {
		if in[t.ID] || in[t.Parent] {
			in[t.ID] = true
			out = append(out, t)
		}
	}
	return out
}

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
	everybody, err := s.BuyersOf(ctx, draft.edge)
	if err != nil {
		return Effect{}, err
	}
	chosen, month := chosenOf(everybody, in)
	if len(chosen) == 0 && in.Customer.IsZero() {
		return Effect{}, errNobody
	}
	in.Month = month
	x := newEffect(draft, in)
	x.out.LeftOut = max(0, len(chosen)-mostCustomers)
	for _, c := range chosen[:min(len(chosen), mostCustomers)] {
		if err := s.effectOn(ctx, x, c.Tenant); err != nil {
			return Effect{}, err
		}
	}
	if err := s.addFees(ctx, x, everybody); err != nil {
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

// chosenOf returns whose usage is priced, and which month's. A customer that
// buys nothing through the edge is taken at its word: previewDraft refuses it.
func chosenOf(everybody []Buyer, in EffectInput) ([]Buyer, period.Month) {
	month := in.Month
	if month.IsZero() && len(everybody) > 0 {
		month = everybody[0].Month
	}
	if in.Customer.IsZero() {
		return everybody, month
	}
	i := slices.IndexFunc(everybody, func(b Buyer) bool { return b.ID == in.Customer })
	if i < 0 {
		return []Buyer{{Tenant: Tenant{ID: in.Customer}, Month: month}}, month
	}
	return everybody[i : i+1], month
}

// effectOn prices one customer's month.
func (s *Service) effectOn(ctx context.Context, x *effect, customer Tenant) error {
	in := PreviewInput{Draft: x.in.Draft, Customer: customer.ID, Month: x.in.Month}
	d, err := s.previewDraft(ctx, in)
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
func (s *Service) addFees(ctx context.Context, x *effect, everybody []Buyer) error {
	if !x.hasFees() {
		return nil
	}
	bought := 0
	for _, b := range everybody {
		if !b.Amount.IsZero() && !slices.ContainsFunc(x.out.Customers, func(c CustomerEffect) bool { return c.Customer.ID == b.ID }) {
			bought++
		}
	}
	if bought > 0 || x.draft.IsBase() {
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
