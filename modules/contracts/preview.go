package contracts

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// PreviewInput asks what a draft would change.
type PreviewInput struct {
	Draft    Document
	Customer id.Tenant // whose usage: a customer, or a tenant with own use
	Month    period.Month
	Limit    int // lines to show at most; 0: 20, more than 200 counts as 200
}

// Preview is what a draft would change for a customer's month on the draft's
// edge, before fees. It holds what the acting tenant may see, nothing else.
type Preview struct {
	Currency money.Currency
	Before   PreviewTotal
	After    PreviewTotal
	// BeforeError says why there are no prices before: the contract in force
	// fails on a line. Empty where it does not.
	BeforeError string
	Rows        []PreviewRow  // by service and rule
	Lines       []PreviewLine // real ones, those whose price changes most first
	Findings    []rules.Finding
}

// PreviewTotal adds up the edge.
type PreviewTotal struct {
	Contract string          // name of the contract; "" if none is in force
	Version  int             // 0 for a draft
	Cost     decimal.Decimal // the seller's, of lines that it does not sell on too
	Price    decimal.Decimal // the sum of the edge's line charges
}

// PreviewRow compares one service under one rule. Rule is "" for the basis.
type PreviewRow struct {
	Service string
	Rule    string
	Before  decimal.NullDecimal // NULL: no such charge before
	After   decimal.NullDecimal // NULL: no such charge after
}

// PreviewLine is a usage line with what rules of this edge may read of it.
type PreviewLine struct {
	Fields      []PreviewField
	PriceBefore decimal.NullDecimal // NULL: not sold
	PriceAfter  decimal.NullDecimal
	RuleBefore  string // those that made the price, or excluded the line; "" for the basis alone
	RuleAfter   string
}

// PreviewField is one field of a line. Numbers are plain decimals.
type PreviewField struct {
	Name  string
	Value string
}

const (
	defaultLines = 20
	maxLines     = 200
)

// ErrSupplier is all that a tenant learns of a failure on an edge above it.
var ErrSupplier = errs.New(errs.FailedPrecondition, "contracts.supplier", "Your supplier's pricing could not be applied.")

// Preview evaluates a draft on real lines of a customer's month, next to what
// is in force. It saves nothing, and must be called outside of a transaction:
// the edges above are read in the distributor's name.
//
// Needs contracts.preview. Errors: Problems (Invalid) as Apply; ErrNotAnEdge if
// the customer's chain of that month does not pass the draft's edge; NotFound
// for a customer outside the scope; FailedPrecondition with rule, place and
// line if the draft fails on a line; ErrSupplier, with a reference, if an edge
// fails that the acting tenant may not see.
func (s *Service) Preview(ctx context.Context, in PreviewInput) (Preview, error) {
	if err := s.authz.Need(ctx, PermPreview); err != nil {
		return Preview{}, err
	}
	in.Draft = in.Draft.withDefaults()
	if in.Limit <= 0 {
		in.Limit = defaultLines
	}
	in.Limit = min(in.Limit, maxLines)
	d, chain, err := s.previewDraft(ctx, in)
	if err != nil {
		return Preview{}, err
	}
	above, err := inDistributorsName(ctx)
	if err != nil {
		return Preview{}, err
	}
	selections, err := s.lines.Select(above, in.Customer, in.Month)
	if err != nil {
		return Preview{}, err
	}
	report, known := newReport(d, in.Limit), newTerms(in.Month)
	for _, sel := range selections {
		p, err := s.priced(above, d, sel, known, chain)
		if err != nil {
			return Preview{}, s.masked(ctx, sel.Owner, err)
		}
		if p == nil {
			continue // a chain that does not pass the draft's edge
		}
		if err := report.add(p); err != nil {
			return Preview{}, s.masked(ctx, p.blame(err), err)
		}
	}
	return report.preview(), nil
}

// previewDraft checks, as the acting tenant, the draft and that the customer
// buys through its edge; it returns the customer's chain too.
func (s *Service) previewDraft(ctx context.Context, in PreviewInput) (out draft, chain []Tenant, err error) {
	err = s.db.ReadTx(ctx, func(ctx context.Context) error {
		var problems Problems
		if out, problems, err = s.validate(ctx, in.Draft); err != nil {
			return err
		}
		if err := problems.err(); err != nil {
			return err
		}
		chain, err = s.buysThrough(ctx, out, in.Customer, in.Month)
		return err
	})
	return out, chain, err
}

// buysThrough returns a customer's chain of a month, from the draft's seller
// down. Errors: NotFound; ErrNotAnEdge if it does not pass the draft's edge.
func (s *Service) buysThrough(ctx context.Context, d draft, customer id.Tenant, month period.Month) ([]Tenant, error) {
	chain, err := s.tenants.Chain(ctx, d.edge.Seller, customer, month)
	if err == nil && !d.isOn(chain) {
		err = errs.Newf(ErrNotAnEdge.Kind, ErrNotAnEdge.Code, "The customer did not buy through this contract's edge in %s.", month)
	}
	return chain, err
}

// isOn reports whether a chain that begins with the draft's seller passes its
// edge.
func (d draft) isOn(chain []Tenant) bool {
	return len(chain) > 1 && (d.IsBase() || chain[1].ID == d.edge.Buyer)
}

// inDistributorsName returns a context that acts as the tree's distributor:
// what the chain above charges has to be computed to know a cost, and nothing
// of it is shown.
func inDistributorsName(ctx context.Context) (context.Context, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	above := scope.System(sc.Tree, sc.Tree, scope.Distributor, "contracts.preview for "+sc.Actor.String())
	above.Request = sc.Request
	return scope.With(ctx, above), nil
}

// masked turns a failure on an edge whose seller the acting tenant may not see
// into a reference, under which the log has the whole of it.
func (s *Service) masked(ctx context.Context, seller id.Tenant, err error) error {
	seen, lookup := s.tenants.ByID(ctx, []id.Tenant{seller})
	if lookup != nil {
		return lookup
	}
	if !seen[seller].ID.IsZero() || ctx.Err() != nil {
		return err
	}
	fresh := id.New[id.Event]().String()
	reference := "R-" + fresh[len(fresh)-8:]
	s.log.WarnContext(ctx, "preview failed above the acting tenant", "reference", reference, "seller", seller.String(), "error", err.Error())
	return errs.Newf(ErrSupplier.Kind, ErrSupplier.Code, "Your supplier's pricing could not be applied (reference %s).", reference)
}
