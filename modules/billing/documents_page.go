package billing

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// DocumentPage is an invoice with what its page shows around it.
type DocumentPage struct {
	Document
	Invoice  Invoice
	IsSeller bool // the reader is the seller, or was above it in that month
	// Cost is what the lines cost the seller; not valid for the buyer.
	Cost            decimal.NullDecimal
	ContractName    string // of the version that was applied; empty for a buyer, and where there was none
	ContractVersion int
	Previous, Next  period.Month // of the same seller and buyer; zero: none
	// Unpriced is whose usage blocks the invoice because it costs something and
	// is sold for nothing, by name: AcknowledgeFinding takes note of that.
	Unpriced []Tenant
}

// Document returns the invoice of an edge's month, whose parties are named by
// their slugs.
//
// Its texts have names where Invoice's have slugs.
//
// Needs billing.read. Errors: NotFound as Invoice, also where a slug is unknown
// to the reader. It must be called outside of a transaction.
func (s *Service) Document(ctx context.Context, month period.Month, seller, buyer string) (DocumentPage, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return DocumentPage{}, err
	}
	edge, err := s.EdgeOf(ctx, month, seller, buyer)
	if err != nil {
		return DocumentPage{}, err
	}
	var out DocumentPage
	if out.IsSeller, err = s.isParty(ctx, edge, month); err != nil {
		return DocumentPage{}, err
	}
	if out.Invoice, err = s.invoiceOf(ctx, edge, month, out.IsSeller); err != nil {
		return DocumentPage{}, err
	}
	if err := s.web.db.ReadTx(ctx, func(ctx context.Context) error { return s.surround(ctx, edge, month, &out) }); err != nil {
		return DocumentPage{}, err
	}
	if out.IsSeller {
		x := explainer{s: s, edge: edge, month: month}
		terms, err := x.feeTerms(ctx)
		if err != nil {
			return DocumentPage{}, err
		}
		if terms != nil {
			out.Contract, out.ContractName, out.ContractVersion = terms.Contract, terms.Name, terms.Number
		}
	}
	if err := s.nameTenants(ctx, &out); err != nil {
		return DocumentPage{}, err
	}
	return out, s.nameFindings(ctx, &out)
}

// nameTenants puts names into the texts of an invoice.
func (s *Service) nameTenants(ctx context.Context, out *DocumentPage) error {
	about := append([]id.Tenant{out.Seller, out.Buyer}, out.Invoice.stale...)
	for _, f := range out.Invoice.Findings {
		about = append(about, f.Assignee)
	}
	for _, l := range out.Invoice.Lines {
		about = append(about, l.Assignee)
	}
	about = slices.DeleteFunc(about, id.Tenant.IsZero)
	if len(about) == 2 && len(out.Invoice.Findings) == 0 {
		return nil // no text that would name anybody
	}
	var called names
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		called, err = s.names(ctx, about...)
		return err
	})
	for i := range out.Invoice.Findings {
		f := &out.Invoice.Findings[i]
		f.Message = called.in(f.Message)
	}
	for i := range out.Invoice.Lines {
		l := &out.Invoice.Lines[i]
		l.Detail, l.Brief = called.in(l.Detail), called.in(l.Brief)
	}
	return err
}

// nameFindings says who acknowledged the findings of an invoice, and whom those
// are about that can be acknowledged.
func (s *Service) nameFindings(ctx context.Context, out *DocumentPage) error {
	var unpriced []id.Tenant
	for _, f := range out.Invoice.Findings {
		if f.Acknowledged == nil && f.Code == rules.FindingZeroBasis {
			unpriced = append(unpriced, f.Assignee)
		}
	}
	actors := acknowledgers(out.Invoice.Findings)
	if len(unpriced)+len(actors) == 0 {
		return nil
	}
	return s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		known, err := s.directory.ByID(ctx, unpriced...)
		if err != nil {
			return err
		}
		out.Unpriced = slices.SortedFunc(maps.Values(known), func(a, b Tenant) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Slug, b.Slug))
		})
		return s.nameActors(ctx, actors...)
	})
}

// surround fills in what stands around an invoice.
func (s *Service) surround(ctx context.Context, edge Edge, month period.Month, out *DocumentPage) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	f := DocumentFilter{Month: month, Seller: edge.Seller, Buyer: edge.Buyer}.normal()
	rows, err := s.web.documents(ctx, documentParts(sc, f), f)
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		out.Document = rows[0].document(sc)
	} else { // Not computed yet: only who sees both parties has got here.
		known, err := s.parties(ctx, []id.Tenant{edge.Seller, edge.Buyer})
		if err != nil {
			return err
		}
		out.Document = Document{
			Edge: edge, Month: month, SellerParty: party(known, edge.Seller), BuyerParty: party(known, edge.Buyer),
			Currency: out.Invoice.Currency, Status: StatusProForma, State: DocumentComputing,
		}
	}
	if out.IsSeller {
		if out.Cost, err = s.web.edgeCost(ctx, edge, month, out.Currency); err != nil {
			return err
		}
	}
	out.Previous, out.Next, err = s.web.neighbours(ctx, edge, month)
	return err
}

// EdgeOf finds an edge by the slugs of its parties, as documents and addresses
// of pages have them: a buyer knows its supplier by these only. It may be called
// inside a read transaction of the web role.
//
// Needs billing.read. Errors: NotFound where the reader sees no such document,
// nor both tenants.
func (s *Service) EdgeOf(ctx context.Context, month period.Month, seller, buyer string) (Edge, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return Edge{}, err
	}
	var edge Edge
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		found, ok, err := s.web.edgeBySlugs(ctx, month, seller, buyer)
		if err != nil || ok {
			edge = found
			return err
		}
		var both []Tenant
		for _, slug := range []string{seller, buyer} {
			t, err := s.directory.BySlug(ctx, slug)
			if errs.KindOf(err) == errs.NotFound {
				return errInvoiceNotFound
			}
			if err != nil {
				return err
			}
			both = append(both, t)
		}
		edge = Edge{Seller: both[0].ID, Buyer: both[1].ID}
		return nil
	})
	return edge, err
}

// assignee finds a tenant by its slug. Errors: errInvoiceNotFound.
func (s *Service) assignee(ctx context.Context, slug string) (out id.Tenant, err error) {
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		t, err := s.directory.BySlug(ctx, slug)
		if errs.KindOf(err) == errs.NotFound {
			err = errInvoiceNotFound
		}
		out = t.ID
		return err
	})
	return out, err
}
