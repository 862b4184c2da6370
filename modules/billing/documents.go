package billing

import (
	"context"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// DocumentState says what keeps a document from being issued. Only the seller
// and the tenants above it learn it; a buyer's documents are all DocumentReady.
type DocumentState string

const (
	DocumentReady     DocumentState = "ready"     // nothing is known against it
	DocumentBlocked   DocumentState = "blocked"   // by findings of its lines
	DocumentComputing DocumentState = "computing" // fees and rounding are on their way
	DocumentFailed    DocumentState = "failed"    // fees and rounding could not be computed
)

// Document is an entry of the list of invoices.
type Document struct {
	Edge
	Month       period.Month
	SellerParty Party
	BuyerParty  Party
	Contract    id.Contract // zero for a buyer, and where none is in force
	Currency    money.Currency
	Total       decimal.Decimal // Invoice.Total
	Status      InvoiceStatus
	State       DocumentState
	Findings    int       // blocking ones; 0 for a buyer
	IsBought    bool      // the acting tenant is the buyer
	ComputedAt  time.Time // when fees and rounding were; zero where unknown to the reader
}

// DocumentFilter chooses documents. The zero filter is all that the scope sees.
type DocumentFilter struct {
	Month  period.Month  // zero: any
	Seller id.Tenant     // zero: any
	Buyer  id.Tenant     // zero: any
	Party  id.Tenant     // seller or buyer; zero: any
	Tier   scope.Tier    // of the seller: Distributor, or Reseller for everybody below; 0: any
	State  DocumentState // empty: any
	Text   string        // in the slug of seller or buyer, or in its name, that on the document or today's; empty: any
	Page   int           // from 1; 0: 1
	Size   int           // documents of a page, up to 500; 0: 50

	called  []id.Tenant // whom Text calls today, below the acting tenant and itself
	parties []id.Tenant // whom it calls today or on some document; nil: too many, or not asked
}

// Documents is a page of the list of invoices.
type Documents struct {
	List  []Document    // the newest month first, then by seller and buyer
	Count int           // of all pages
	Sums  []money.Money // of all pages, by currency
	Page  int           // from 1
	Pages int           // at least 1
}

// Documents lists the pro-formas of the edges that the scope may see: as the
// seller, the buyer, or above the seller in that month. Totals are Invoice's,
// from sums that publishing keeps. It may be called inside a read transaction
// of the web role.
//
// Needs billing.read.
func (s *Service) Documents(ctx context.Context, f DocumentFilter) (Documents, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return Documents{}, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return Documents{}, err
	}
	f = f.normal()
	var out Documents
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		out, err = s.documents(ctx, sc, f)
		return err
	})
	return out, err
}

const (
	documentsPage    = 50
	maxDocumentsPage = 500
	maxPage          = 1 << 30 // no list is that long, and numbers around it fit
	// manyCalled is from how many parties on reading all documents is quicker
	// than looking theirs up.
	manyCalled = 300
)

// normal puts the defaults in.
func (f DocumentFilter) normal() DocumentFilter {
	f.Page, f.Text = min(max(f.Page, 1), maxPage), strings.TrimSpace(f.Text)
	if f.Size <= 0 {
		f.Size = documentsPage
	}
	f.Size = min(f.Size, maxDocumentsPage)
	return f
}

func (s *Service) documents(ctx context.Context, sc scope.Scope, f DocumentFilter) (Documents, error) {
	rows, sums, err := s.readDocuments(ctx, sc, f)
	if err != nil {
		return Documents{}, err
	}
	out := Documents{Page: f.Page, Pages: 1}
	for _, x := range sums {
		out.Count += x.Count
		out.Sums = append(out.Sums, money.New(x.Total, money.Currency(x.Currency)))
	}
	out.Pages = max(1, (out.Count+f.Size-1)/f.Size)
	for _, r := range rows {
		out.List = append(out.List, r.document(sc))
	}
	return out, nil
}

func (s *Service) readDocuments(ctx context.Context, sc scope.Scope, f DocumentFilter) ([]documentRow, []documentSum, error) {
	if f.Text != "" {
		var err error
		if f.called, f.parties, err = s.called(ctx, sc, f.Text); err != nil {
			return nil, nil, err
		}
	}
	if f.Text != "" || f.State != "" {
		return s.web.foundDocuments(ctx, sc, f)
	}
	parts := documentParts(sc, f)
	sums, err := s.web.documentSums(ctx, parts)
	if err != nil || len(sums) == 0 {
		return nil, nil, err
	}
	rows, err := s.web.documents(ctx, parts, f)
	return rows, sums, err
}

// called returns whom text calls today, and the parties of the documents that it
// finds, but for the acting tenant's supplier: nil where they are too many, and
// for a customer, who has few documents.
func (s *Service) called(ctx context.Context, sc scope.Scope, text string) (today, parties []id.Tenant, err error) {
	if today, err = s.directory.Called(ctx, text); err != nil || sc.Tier == scope.Customer || len(today) > s.manyCalled {
		return today, nil, err
	}
	printed, err := s.web.calledInDocuments(ctx, sc, text, s.manyCalled+1)
	if err != nil || len(today)+len(printed) > s.manyCalled {
		return today, nil, err
	}
	return today, append(append([]id.Tenant{}, today...), printed...), nil
}

// documentRow is what the store knows of a document.
type documentRow struct {
	Month                 period.Month
	SellerID              id.Tenant
	BuyerID               id.Tenant
	Seller, Buyer         string // slugs
	SellerName, BuyerName string
	ContractID            id.Contract
	Currency              string
	Total                 decimal.Decimal
	Findings              int
	State                 string // of the newest period run; empty where the reader may not know
	FinishedAt            *time.Time
}

func (r documentRow) document(sc scope.Scope) Document {
	d := Document{
		Edge: Edge{Seller: r.SellerID, Buyer: r.BuyerID}, Month: r.Month,
		SellerParty: printed(r.SellerID, r.Seller, r.SellerName), BuyerParty: printed(r.BuyerID, r.Buyer, r.BuyerName),
		Currency: money.Currency(r.Currency), Total: r.Total, Status: StatusProForma, State: DocumentReady,
		IsBought: r.BuyerID == sc.Tenant,
	}
	if d.IsBought {
		return d
	}
	d.Contract, d.Findings, d.ComputedAt = r.ContractID, r.Findings, instant(r.FinishedAt)
	switch {
	case RunState(r.State).IsOpen():
		d.State = DocumentComputing
	case RunState(r.State) == StateFailed:
		d.State = DocumentFailed
	case d.Findings > 0:
		d.State = DocumentBlocked
	}
	return d
}
