package billing

import (
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// Amount names an amount of an edge's month that somebody wants explained: a
// line of its document, or a part of one. Exactly one of Fee, IsRounding and
// IsUsage is set.
type Amount struct {
	IsUsage    bool
	IsRounding bool
	Fee        int // which fee of the document, from 1

	// Of usage: Label, Service and Unit name the document's line.
	Label, Service, Unit string
	// They narrow it down; empty: all.
	Assignee id.Tenant
	Account  string
	SKU      string
	Region   string
}

// Explanation is how an amount came about, as the reader may know it.
type Explanation struct {
	Edge          Edge
	Seller, Buyer Party
	Month         period.Month
	Currency      money.Currency
	Of            Amount
	Amount        decimal.Decimal     // exact: Σ of the charges behind it
	Quantity      decimal.NullDecimal // where all have one unit
	Unit          string
	List          decimal.NullDecimal // the provider's list price; not valid where it delivered none

	// IsSeller holds for the seller and the tenants above it; the buyer has no
	// Contract, Lines, Left and Rule, and steps from its own charges.
	IsSeller bool
	Contract *ContractVersion // what was applied; nil: several, none, or not for the reader
	Lines    int64            // usage lines behind the amount
	Steps    []ExplainedStep  // in order; the last one's Total is Amount, or, of a whole line for the buyer, what the invoice says
	Left     []ExplainedLines // lines of the same service that have no price here
	Parts    []ExplainedPart  // what the amount is made of: by account and SKU, the largest first
	More     int              // parts that are not listed

	// Of a fee: Base × Rate, in words Rate.
	Base     decimal.NullDecimal
	Rate     string
	Rule     *rules.Rule // of a fee, for the seller
	Sentence string      // Rule in words
}

// StepKind says what a step of a price is.
type StepKind string

const (
	StepBasis    StepKind = "basis"    // the measure that the price starts from
	StepPass     StepKind = "pass"     // no contract covers the lines: sold at cost
	StepPrice    StepKind = "price"    // a price rule set it
	StepAdjust   StepKind = "adjust"   // an adjust rule changed it
	StepSeparate StepKind = "separate" // an adjust rule's change is a charge of its own
	StepNet      StepKind = "net"      // rounding: the exact net of lines and fees
	StepRound    StepKind = "round"    // rounding: the net rounded once, which is the total
	StepLines    StepKind = "lines"    // rounding: without the lines as they are rounded on the document

	// To the buyer, from charges by their labels.
	StepList    StepKind = "list"    // the provider's list price
	StepCharged StepKind = "charged" // the price under a label
	StepAdded   StepKind = "added"   // a labelled adjustment of it
	StepOwn     StepKind = "own"     // what the adjustment changed is a line of its own
	StepInvoice StepKind = "invoice" // as the document's line is rounded
)

// ExplainedStep is one step of a price, added up over the lines that took it.
type ExplainedStep struct {
	Kind     StepKind
	Basis    string          // of a basis: list, cost …
	Label    string          // to the buyer: as on the document
	Rule     *rules.Rule     // nil for steps without a rule
	Sentence string          // Rule in words
	Lines    int64           // that took it; 0 to the buyer
	Before   decimal.Decimal // of these lines; 0 for the first step
	After    decimal.Decimal // of these lines
	Total    decimal.Decimal // of all lines behind the amount, after this step
}

// ExplainedLines are lines that were not charged here, and why.
type ExplainedLines struct {
	Rule     *rules.Rule // the exclude rule; nil: no contract covers them
	IsBase   bool        // a rule of the base contract
	Sentence string      // Rule in words
	Lines    int64
	Cost     decimal.Decimal // to the seller
}

// ExplainedPart is a part of the amount.
type ExplainedPart struct {
	Assignee Party
	Account  string
	SKU      string
	Region   string
	Quantity decimal.Decimal
	Amount   decimal.Decimal
}

// Explain returns the steps of an amount: the basis, each rule that applied in
// order with what it made of the lines, fees with base and rate. Steps come
// from the usage lines themselves, which it reads and prices again as the
// published runs did; the last step is exactly what the edge's charges add up
// to.
//
// Needs billing.read. The seller and the tenants above it in that month see
// rules and steps of this edge, and of no other; the buyer sees what its own
// charges say: the provider's list price where they hold one, what is charged
// under which label, quantity and parts. Anybody else, and who asks for what is
// not on the document, gets NotFound.
//
// It must be called outside of a transaction. For the seller its cost grows with
// the usage lines of the edge's assignees.
//
// FailedPrecondition if the lines cannot be priced again, or not within
// explainTime; what the charges themselves say, without steps, comes back all
// the same.
func (s *Service) Explain(ctx context.Context, edge Edge, month period.Month, of Amount) (Explanation, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return Explanation{}, err
	}
	isSeller, err := s.isParty(ctx, edge, month)
	if err != nil {
		return Explanation{}, err
	}
	x := explainer{s: s, edge: edge, month: month, of: of}
	x.out = Explanation{Edge: edge, Month: month, Of: of, IsSeller: isSeller}
	if err := x.place(ctx); err != nil {
		return Explanation{}, err
	}
	switch {
	case of.IsUsage:
		err = x.usage(ctx)
	case of.IsRounding:
		err = x.rounding(ctx)
	default:
		err = x.fee(ctx)
	}
	return x.out, err
}

// explainer explains one amount.
type explainer struct {
	s           *Service
	edge        Edge
	month       period.Month
	of          Amount
	publication periodPublication
	out         Explanation
}

// place finds the document, and who its parties are. Errors:
// errInvoiceNotFound.
func (x *explainer) place(ctx context.Context) error {
	return x.s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		var ok bool
		var err error
		if x.publication, ok, err = x.s.web.periodPublication(ctx, x.edge, x.month); err != nil {
			return err
		}
		if !ok {
			return errInvoiceNotFound
		}
		p := x.publication
		x.out.Seller = printed(x.edge.Seller, p.Seller, p.SellerName)
		x.out.Buyer = printed(x.edge.Buyer, p.Buyer, p.BuyerName)
		x.out.Currency = money.Currency(p.Currency)
		return nil
	})
}

// fee explains one fee of the document.
func (x *explainer) fee(ctx context.Context) error {
	var rows []periodRow
	err := x.s.web.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		rows, err = x.s.web.periodRows(ctx, x.publication.RunID)
		return err
	})
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(r periodRow) bool { return r.Stage != "fee" })
	if x.of.Fee < 1 || x.of.Fee > len(rows) {
		return errInvoiceNotFound
	}
	r := rows[x.of.Fee-1]
	x.of.Label, x.of.Account, x.of.Assignee = r.Label, r.Account, r.AssigneeID
	x.out.Of, x.out.Amount, x.out.Base, x.out.Rate = x.of, r.Amount, r.Base, r.Rate
	if !x.out.IsSeller {
		x.onInvoice()
		return nil
	}
	terms, err := x.feeTerms(ctx)
	if err != nil || terms == nil {
		return err
	}
	x.out.Contract = terms
	for _, rule := range terms.Pricing.Terms().Rules {
		if rule.Name == r.Rule {
			x.out.Rule, x.out.Sentence = &rule, terms.Pricing.Sentence(rule.Name)
		}
	}
	return nil
}

// feeTerms returns the contract version that the document's period run applied;
// nil: none.
func (x *explainer) feeTerms(ctx context.Context) (*ContractVersion, error) {
	ctx, err := x.aside(ctx)
	if err != nil {
		return nil, err
	}
	var version id.Version
	err = x.s.work.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		version, err = x.s.work.feeVersion(ctx, x.edge, x.month)
		return err
	})
	if err != nil || version.IsZero() {
		return nil, err
	}
	found, err := x.s.contracts.Versions(ctx, version)
	v := found[version]
	return &v, err
}

// aside returns a context that reads what the published runs have read: in the
// distributor's name, because a chain begins above the seller. Only this edge's
// part is shown.
func (x *explainer) aside(ctx context.Context) (context.Context, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	above := scope.System(sc.Tree, sc.Tree, scope.Distributor, "billing.explain for "+sc.Actor.String())
	above.Request = sc.Request
	return scope.With(ctx, above), nil
}

// rounding explains the document's rounding line.
func (x *explainer) rounding(ctx context.Context) error {
	inv, err := x.s.invoiceOf(ctx, x.edge, x.month, x.out.IsSeller)
	if err != nil {
		return err
	}
	x.out.Amount = inv.Rounding
	total := decimal.Zero
	step := func(kind StepKind, before, after decimal.Decimal) {
		total = total.Add(after.Sub(before))
		x.out.Steps = append(x.out.Steps, ExplainedStep{Kind: kind, Before: before, After: after, Total: total})
	}
	step(StepNet, decimal.Zero, inv.net)
	step(StepRound, inv.net, inv.Total)
	step(StepLines, inv.Subtotal, decimal.Zero)
	return nil
}
