package billing

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// InvoiceStatus says how binding a document is.
type InvoiceStatus string

// StatusProForma marks a document that shows what is charged now and binds
// nobody: the next recalculation may change it.
const StatusProForma InvoiceStatus = "pro-forma"

// InvoiceKind tells a line of usage from a fee.
type InvoiceKind string

const (
	KindUsage InvoiceKind = "usage" // line charges of one label, service and unit
	KindFee   InvoiceKind = "fee"   // one fee of the period, for the contract, a customer or an account
)

// InvoiceLine is one line of a document.
type InvoiceLine struct {
	Kind     InvoiceKind
	Label    string              // the rule's label; else «Adjustment 2026-02», the charge category, or the fee's name
	Service  string              // empty for fees
	Unit     string              // of Quantity; empty where the provider gave none
	Quantity decimal.NullDecimal // not valid where there is no unit to count in
	Amount   decimal.Decimal     // rounded to the currency's minor unit
	Detail   Text                // how a fee came about: «10 % of 190»; empty for usage
	Brief    Text                // Detail for people, with the base rounded to the minor unit; empty: Detail
	Assignee id.Tenant           // whose fee; zero: of the contract, and for usage
	IsIdle   bool                // a fee of exactly 0: a text for people leaves it out
}

// Invoice is what one seller charges one buyer for one month.
//
// Total is the exact net rounded once, so it does not depend on how lines are
// grouped; Subtotal adds up the rounded lines; Rounding is the difference.
// Tax is not part of it yet.
type Invoice struct {
	Seller, Buyer string // slugs
	Period        period.Month
	Currency      money.Currency
	Status        InvoiceStatus
	Lines         []InvoiceLine
	Subtotal      decimal.Decimal
	Rounding      decimal.Decimal
	Total         decimal.Decimal
	Findings      []Finding // what blocks issuing, then what is out of date; empty for everyone but the seller and the tenants above it

	net    decimal.Decimal // exact, without rounding
	booked decimal.Decimal // the rounding as the period run charged it
	stale  []id.Tenant     // who was rated with other terms than those in force
}

// usageGroup is the sum of line charges that agree in what a document's line
// is made from.
type usageGroup struct {
	Currency       string
	Label          string
	ServiceMonth   string
	ChargeCategory string
	Service        string
	Unit           string
	Quantity       decimal.Decimal
	Amount         decimal.Decimal
}

// documentLabel returns the label that the group's charges bear on documents.
func (g usageGroup) documentLabel() string {
	switch {
	case g.Label != "":
		return g.Label
	case g.ServiceMonth != "":
		return "Adjustment " + g.ServiceMonth
	}
	return g.ChargeCategory
}

type usageKey struct{ label, service, unit string }

// usageLines folds groups into lines by (label, service, unit), ordered by
// these. Amounts are exact still.
func usageLines(groups []usageGroup) []InvoiceLine {
	byKey := map[usageKey]*InvoiceLine{}
	for _, g := range groups {
		k := usageKey{g.documentLabel(), g.Service, g.Unit}
		line, ok := byKey[k]
		if !ok {
			line = &InvoiceLine{Kind: KindUsage, Label: k.label, Service: k.service, Unit: k.unit}
			line.Quantity.Valid = k.unit != ""
			byKey[k] = line
		}
		line.Amount = line.Amount.Add(g.Amount)
		if line.Quantity.Valid {
			line.Quantity.Decimal = line.Quantity.Decimal.Add(g.Quantity)
		}
	}
	lines := make([]InvoiceLine, 0, len(byKey))
	for _, line := range byKey {
		lines = append(lines, *line)
	}
	slices.SortFunc(lines, func(a, b InvoiceLine) int {
		return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Unit, b.Unit))
	})
	return lines
}

// total rounds the exact net of inv's lines once, then each line, and books
// what that makes of difference in inv.Rounding.
func (inv *Invoice) total() {
	minor := inv.Currency.MinorUnit()
	inv.net, inv.Subtotal = decimal.Zero, decimal.Zero
	for i := range inv.Lines {
		line := &inv.Lines[i]
		inv.net = inv.net.Add(line.Amount)
		line.Amount = line.Amount.Round(minor)
		inv.Subtotal = inv.Subtotal.Add(line.Amount)
	}
	inv.Total = inv.net.Round(minor)
	inv.Rounding = inv.Total.Sub(inv.Subtotal)
}

var errInvoiceNotFound = errs.New(errs.NotFound, "billing.invoice_not_found", "There is no such contract or charge in that month.")

// Invoice returns the pro-forma of an edge's month: what its published line
// charges, fees and rounding come to.
//
// Needs billing.read. It is for the buyer, the seller, and the tenants above
// the seller in that month; for anybody else, and where the edge has neither a
// contract in force nor charges, it is NotFound. The seller's findings are
// shown to the seller and the tenants above it only.
//
// Whoever may see seller and buyer reads in the error which of them, and how
// many lines wait for a contract.
//
// A contract in force whose month is not computed yet gives a document without
// lines and a finding that says so, to those who may know of the contract.
func (s *Service) Invoice(ctx context.Context, edge Edge, month period.Month) (Invoice, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return Invoice{}, err
	}
	isSeller, err := s.isParty(ctx, edge, month)
	if err != nil {
		return Invoice{}, err
	}
	return s.invoiceOf(ctx, edge, month, isSeller)
}

// invoiceOf is Invoice for a reader who is a party.
func (s *Service) invoiceOf(ctx context.Context, edge Edge, month period.Month, isSeller bool) (Invoice, error) {
	var inv Invoice
	var ok bool
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		inv, ok, err = s.readInvoice(ctx, edge, month)
		if err == nil && ok && isSeller {
			err = s.addFindings(ctx, edge, month, &inv)
		}
		return err
	})
	switch {
	case err != nil:
		return Invoice{}, err
	case !ok && !isSeller:
		return Invoice{}, errInvoiceNotFound
	case !ok:
		inv, err = s.pendingInvoice(ctx, edge, month)
	case isSeller:
		err = s.addOutdated(ctx, edge, month, &inv)
	}
	if err != nil {
		return Invoice{}, err
	}
	inv.Period, inv.Status = month, StatusProForma
	return inv, nil
}

// isParty reports whether the acting tenant is the edge's seller or was above
// it in month; if not, it has to be the buyer. Errors: errInvoiceNotFound.
func (s *Service) isParty(ctx context.Context, edge Edge, month period.Month) (isSeller bool, err error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return false, err
	}
	if sc.Tenant == edge.Buyer {
		return false, nil
	}
	_, err = s.tenants.Chain(ctx, sc.Tenant, edge.Seller, month)
	if errs.KindOf(err) == errs.NotFound {
		return false, errInvoiceNotFound
	}
	return err == nil, err
}

// slugs names tenants, as far as the scope sees them.
func (s *Service) slugs(ctx context.Context, tenants ...id.Tenant) (map[id.Tenant]string, error) {
	out := map[id.Tenant]string{}
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		known, err := s.directory.ByID(ctx, tenants...)
		for t, x := range known {
			out[t] = x.Slug
		}
		return err
	})
	return out, err
}

// readInvoice makes the document of what is published for an edge. ok is false
// if nothing is, or not for the scope.
func (s *Service) readInvoice(ctx context.Context, edge Edge, month period.Month) (inv Invoice, ok bool, err error) {
	publication, ok, err := s.web.periodPublication(ctx, edge, month)
	if err != nil || !ok {
		return Invoice{}, false, err
	}
	groups, err := s.web.usageGroups(ctx, edge, month)
	if err != nil {
		return Invoice{}, false, err
	}
	charges, err := s.web.periodRows(ctx, publication.RunID)
	if err != nil {
		return Invoice{}, false, err
	}
	slugs, err := s.slugs(ctx, feeAssignees(charges)...)
	if err != nil {
		return Invoice{}, false, err
	}
	inv = Invoice{Seller: publication.Seller, Buyer: publication.Buyer, Lines: usageLines(groups)}
	for _, c := range charges {
		inv.Currency = money.Currency(c.Currency) // of the rounding at least, which is always there
		if c.Stage == "fee" {
			inv.Lines = append(inv.Lines, c.invoiceLine(slugs))
		} else {
			inv.booked = c.Amount
		}
	}
	for _, g := range groups {
		if money.Currency(g.Currency) != inv.Currency {
			return Invoice{}, false, errs.Newf(errs.FailedPrecondition, "billing.currencies",
				"%s charges %s in %s and in %s: an edge has one currency.", inv.Seller, inv.Buyer, inv.Currency, g.Currency)
		}
	}
	inv.total()
	return inv, true, nil
}

// feeAssignees returns for whom there are fees of their own.
func feeAssignees(rows []periodRow) []id.Tenant {
	var out []id.Tenant
	for _, r := range rows {
		if !r.AssigneeID.IsZero() {
			out = append(out, r.AssigneeID)
		}
	}
	slices.SortFunc(out, id.Tenant.Compare)
	return slices.Compact(out)
}

// invoiceLine returns a fee as a line of a document.
func (r periodRow) invoiceLine(slugs map[id.Tenant]string) InvoiceLine {
	var parts []string
	if slug := slugs[r.AssigneeID]; slug != "" {
		parts = append(parts, mark(slug))
	}
	if r.Account != "" {
		parts = append(parts, r.Account)
	}
	line := InvoiceLine{Kind: KindFee, Label: r.Label, Amount: r.Amount, Assignee: r.AssigneeID, IsIdle: r.Amount.IsZero()}
	exact, brief := parts, parts
	if r.Rate != "" && r.Base.Valid {
		exact = append(slices.Clone(parts), formula(r.Rate, money.Plain(r.Base.Decimal)))
		brief = append(slices.Clone(parts), formula(r.Rate, inShort(r.Base.Decimal, money.Currency(r.Currency))))
	}
	line.Detail, line.Brief = Text(strings.Join(exact, ", ")), Text(strings.Join(brief, ", "))
	return line
}

// formula says how a fee's amount comes from base.
func formula(rate, base string) string {
	switch {
	case strings.HasSuffix(rate, "%"):
		return rate + " of " + base
	case strings.HasPrefix(rate, "×"):
		return base + " " + rate
	}
	return rate + " on " + base
}

// addFindings adds what will stop the edge's seller from issuing inv, and what
// would if nobody had acknowledged it.
func (s *Service) addFindings(ctx context.Context, edge Edge, month period.Month, inv *Invoice) error {
	all, err := s.web.edgeFindings(ctx, edge, month)
	if err != nil {
		return err
	}
	inv.Findings = slices.DeleteFunc(all, func(f Finding) bool { return !f.Blocking && f.Acknowledged == nil })
	trouble, ok, err := s.unsettled(ctx, edge, month)
	if ok {
		inv.Findings = append(inv.Findings, trouble)
	} else if off := inv.net.Add(inv.booked).Sub(inv.Total); !off.IsZero() {
		inv.Findings = append(inv.Findings, finding("period", inv.Currency, off, "Usage has changed since fees and rounding were computed."))
	}
	return err
}

// addOutdated adds to inv that its charges come from terms that are no longer in
// force. The records of the runs are read past row-level security, because a
// tenant above the seller may have asked for them: of this edge only, whose
// seller's side the caller is on.
func (s *Service) addOutdated(ctx context.Context, edge Edge, month period.Month, inv *Invoice) error {
	base := Edge{Seller: edge.Seller}
	terms, ok, err := s.inForce(ctx, month, edge, base)
	if err != nil || !ok {
		return err
	}
	var used []usedTerms
	err = s.work.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		used, err = s.work.otherTerms(ctx, edge, month, terms[edge].hash(), terms[base].hash())
		return err
	})
	if err != nil {
		return err
	}
	groups := staleGroups(used, terms)
	if len(groups) == 0 {
		return nil
	}
	named := []id.Tenant{edge.Seller, edge.Buyer}
	for _, g := range groups {
		named = append(named, g.named()...)
	}
	inv.stale = named
	slugs, err := s.slugs(ctx, named...)
	if err != nil {
		return err
	}
	found, err := s.staleFindings(ctx, groups, func(t id.Tenant) string { return slugs[t] })
	inv.Findings = append(inv.Findings, bare(found)...)
	return err
}

// unsettled returns a finding if the newest period run of an edge is under way
// or has failed.
func (s *Service) unsettled(ctx context.Context, edge Edge, month period.Month) (Finding, bool, error) {
	r, ok, err := s.web.newestPeriod(ctx, edge, month)
	switch {
	case err != nil || !ok:
		return Finding{}, false, err
	case r.State.IsOpen():
		return finding("period", "", decimal.Zero, "Fees and rounding of this month are being computed."), true, nil
	case r.State == StateFailed:
		return finding("period", "", decimal.Zero, "Fees and rounding of this month could not be computed: %s", string(r.Error)), true, nil
	}
	return Finding{}, false, nil
}

// pendingInvoice returns an empty document for a contract in force whose month
// is not computed.
func (s *Service) pendingInvoice(ctx context.Context, edge Edge, month period.Month) (Invoice, error) {
	slugs, err := s.slugs(ctx, edge.Seller, edge.Buyer)
	if err != nil {
		return Invoice{}, err
	}
	terms, err := s.contracts.InForce(ctx, month, edge)
	if err != nil {
		return Invoice{}, err
	}
	c := terms[edge].Contract
	if c == nil || edge.Buyer.IsZero() {
		return Invoice{}, s.noInvoice(ctx, edge, month, slugs)
	}
	inv := Invoice{Seller: slugs[edge.Seller], Buyer: slugs[edge.Buyer], Currency: c.Currency}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		trouble, ok, err := s.unsettled(ctx, edge, month)
		if !ok {
			trouble = finding("period", "", decimal.Zero, "Fees and rounding of this month are not computed yet: recalculate it.")
		}
		inv.Findings = []Finding{trouble}
		return err
	})
	return inv, err
}

// noInvoice returns why there is no document, to a reader on the seller's side.
// Tenants that the reader does not see, or that never were a buyer of the
// seller, are not named.
func (s *Service) noInvoice(ctx context.Context, edge Edge, month period.Month, slugs map[id.Tenant]string) error {
	chain, err := s.tenants.Chain(ctx, edge.Seller, edge.Buyer, month)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return err
	}
	if slugs[edge.Seller] == "" || len(chain) != 2 {
		return errInvoiceNotFound
	}
	var found []Finding
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		found, err = s.web.edgeFindings(ctx, edge, month)
		return err
	})
	if err != nil {
		return err
	}
	var lines int64
	for _, f := range found {
		if f.Code == rules.FindingNoContract {
			lines += f.Lines
		}
	}
	seller, buyer := slugs[edge.Seller], slugs[edge.Buyer]
	switch lines {
	case 0:
		return errs.Newf(errs.NotFound, errInvoiceNotFound.Code, "There is no contract of %s with %s in %s, and no charge.", seller, buyer, month)
	case 1:
		return errs.Newf(errs.NotFound, errInvoiceNotFound.Code, "There is no contract of %s with %s in %s; 1 line waits for one.", seller, buyer, month)
	}
	return errs.Newf(errs.NotFound, errInvoiceNotFound.Code, "There is no contract of %s with %s in %s; %d lines wait for one.", seller, buyer, month, lines)
}
