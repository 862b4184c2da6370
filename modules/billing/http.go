package billing

import (
	"context"
	"io"
	"slices"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	"tierbook/app/platform/web"
	"tierbook/rules"
	view "tierbook/views/billing"
	"tierbook/views/layout"
	"tierbook/views/ui"
)

// Routes mounts the module's pages. An invoice and the steps of a price read
// more than a request's transaction may: contracts and usage lines.
func (m *Module) Routes(r *web.Router) {
	const invoice = routes.Invoices + "/:month/:seller/:buyer"
	r.Get(routes.Invoices, PermRead, m.invoices)
	r.GetLive(invoice+".csv", PermRead, m.invoiceCSV)
	r.GetLive(invoice, PermRead, m.invoice)
	r.Post(invoice+"/acknowledge", PermAcknowledge, m.acknowledge)
	r.GetLive(routes.Why, PermRead, m.why)
	r.Get(routes.Reconciliation, PermReconcile, m.reconciliation)
	r.Post(routes.Reconciliation, PermReconcile, m.checkNow)
}

// Nav is what the module adds to the main menu.
func (m *Module) Nav() []web.NavItem {
	item := func(text, help, url string) layout.Item {
		return layout.Item{Section: "Billing", Group: "Billing", Text: text, Help: help, URL: url}
	}
	return []web.NavItem{
		{Item: item("Invoices", "What was charged, line by line", routes.Invoices), Permission: PermRead},
		{Item: item("Reconciliation", "That every month adds up", routes.Reconciliation), Permission: PermReconcile},
	}
}

// Search finds invoices by the names of seller and buyer.
func (m *Module) Search(ctx context.Context, text string, limit int) ([]layout.Hit, error) {
	found, err := m.Service.Documents(ctx, DocumentFilter{Text: text, Size: limit})
	hits := make([]layout.Hit, len(found.List))
	for i, d := range found.List {
		hits[i] = layout.Hit{
			Kind: "Invoice", Title: d.SellerParty.Name + " → " + d.BuyerParty.Name, Sub: d.Month.String(),
			URL: routes.Invoice(d.Month, d.SellerParty.Slug, d.BuyerParty.Slug),
		}
	}
	return hits, err
}

// permContracts allows to open a contract's page, which is another module's.
const permContracts = "contracts.read"

func (m *Module) invoices(c *fiber.Ctx) error {
	sc, err := scope.From(c.UserContext())
	if err != nil {
		return err
	}
	months, err := m.Service.Months(c.UserContext())
	if err != nil {
		return err
	}
	q := bindList(c, sc, months)
	found, err := m.Service.Documents(c.UserContext(), q.filter)
	if err != nil {
		return err
	}
	head := layout.Head{Title: "Invoices", Crumbs: []ui.Link{{Text: "Billing", URL: routes.Invoices}, {Text: "Invoices"}}}
	if sc.Tier == scope.Customer {
		head.Crumbs = nil
	}
	return web.Page(c, head, view.Invoices(presentList(sc, q, months, found)))
}

// bindList reads the list's address.
func bindList(c *fiber.Ctx, sc scope.Scope, months []period.Month) listQuery {
	q := listQuery{month: c.Query("month"), side: c.Query("side"), state: c.Query("status"), text: c.Query("q")}
	q.filter = DocumentFilter{Text: q.text, Page: max(c.QueryInt("page"), 1)}
	if month, err := period.ParseMonth(q.month); err == nil {
		q.filter.Month = month
	} else if q.month != allMonths && sc.Tier != scope.Customer && len(months) > 0 {
		q.month, q.filter.Month = "", months[0]
	}
	if s := DocumentState(q.state); slices.Contains(documentStates, s) && sc.Tier != scope.Customer {
		q.filter.State = s
	} else {
		q.state = ""
	}
	switch {
	case sc.Tier == scope.Distributor && q.side == sideOwn:
		q.filter.Tier = scope.Distributor
	case sc.Tier == scope.Distributor && q.side == sideBelow:
		q.filter.Tier = scope.Reseller
	case sc.Tier == scope.Reseller && q.side == sideSold:
		q.filter.Seller = sc.Tenant
	case sc.Tier == scope.Reseller && q.side == sideBought:
		q.filter.Buyer = sc.Tenant
	default:
		q.side = ""
	}
	return q
}

// document reads an invoice by its address.
func (m *Module) document(c *fiber.Ctx) (DocumentPage, error) {
	month, err := period.ParseMonth(c.Params("month"))
	if err != nil {
		return DocumentPage{}, errInvoiceNotFound
	}
	return m.Service.Document(c.UserContext(), month, c.Params("seller"), c.Params("buyer"))
}

func (m *Module) invoice(c *fiber.Ctx) error {
	d, err := m.document(c)
	if err != nil {
		return err
	}
	head, p := m.invoicePage(c, d)
	return web.Page(c, head, view.Show(p))
}

func (m *Module) invoicePage(c *fiber.Ctx, d DocumentPage) (layout.Head, view.Invoice) {
	p := presentInvoice(d, web.Can(c, permContracts), web.Can(c, PermAcknowledge))
	name := p.Seller + " → " + p.Buyer
	head := layout.Head{
		Title: "Invoice " + p.Month.String(), Sub: name + ", " + p.State.Text,
		Crumbs: []ui.Link{{Text: "Invoices", URL: routes.Invoices}, {Text: p.Month.String(), URL: routes.With(routes.Invoices, "month", p.Month.String())}, {Text: name}},
		Action: ui.Secondary(ui.Link{Text: "Download CSV", URL: p.CSV}),
	}
	return head, p
}

// acknowledge takes note of usage without a price that an invoice is blocked by.
func (m *Module) acknowledge(c *fiber.Ctx) error {
	d, err := m.document(c)
	if err != nil {
		return err
	}
	if !d.IsSeller {
		return errInvoiceNotFound
	}
	in := AcknowledgeInput{Edge: d.Edge, Month: d.Month, Code: rules.FindingZeroBasis, Reason: c.FormValue("reason")}
	if customer := c.FormValue("customer"); customer != "" {
		if in.Assignee, err = m.Service.assignee(c.UserContext(), customer); err != nil {
			return err
		}
	}
	_, err = m.Service.AcknowledgeFinding(c.UserContext(), in)
	if err == nil {
		web.Toast(c, "Acknowledged. This usage without a price does not block the invoice any more.")
		return web.SeeOther(c, routes.Invoice(d.Month, d.SellerParty.Slug, d.BuyerParty.Slug))
	}
	problem, ok := web.Problem(err)
	head, p := m.invoicePage(c, d)
	if !ok || p.Acknowledge == nil {
		return err
	}
	p.Acknowledge.Problem, p.Acknowledge.Reason = problem, in.Reason
	return web.FormAgain(c, err, head, view.Show(p))
}

func (m *Module) invoiceCSV(c *fiber.Ctx) error {
	d, err := m.document(c)
	if err != nil {
		return err
	}
	name := "invoice-" + d.Month.String() + "-" + d.SellerParty.Slug + "-" + d.BuyerParty.Slug + ".csv"
	return web.CSV(c, name, func(w io.Writer) error { return d.Invoice.WriteCSV(w) })
}

func (m *Module) why(c *fiber.Ctx) error {
	month, err := period.ParseMonth(c.Query("month"))
	if err != nil {
		return errInvoiceNotFound
	}
	edge, err := m.Service.EdgeOf(c.UserContext(), month, c.Query("seller"), c.Query("buyer"))
	if err != nil {
		return err
	}
	of, err := m.bindAmount(c)
	if err != nil {
		return err
	}
	x, err := m.Service.Explain(c.UserContext(), edge, month, of)
	problem := ""
	if errs.KindOf(err) == errs.FailedPrecondition && len(x.Parts) > 0 {
		problem, _ = errs.Message(err)
	} else if err != nil {
		return err
	}
	p := presentWhy(x, web.Can(c, permContracts))
	p.Problem, p.InDialog = problem, web.IsHTMX(c)
	head := layout.Head{
		Title: p.Title, Sub: p.Invoice.Text,
		Crumbs: []ui.Link{{Text: "Invoices", URL: routes.Invoices}, p.Invoice, {Text: "Why"}},
	}
	return web.Page(c, head, view.Steps(p), web.Part{ID: view.WhyID, View: view.Steps(p)})
}

// bindAmount reads which amount is meant.
func (m *Module) bindAmount(c *fiber.Ctx) (Amount, error) {
	switch {
	case c.Query("fee") != "":
		return Amount{Fee: c.QueryInt("fee")}, nil
	case c.Query("rounding") != "":
		return Amount{IsRounding: true}, nil
	}
	of := Amount{
		IsUsage: true, Label: c.Query("label"), Service: c.Query("service"), Unit: c.Query("unit"),
		Account: c.Query("account"), SKU: c.Query("sku"), Region: c.Query("region"),
	}
	if slug := c.Query("customer"); slug != "" {
		t, err := m.Service.assignee(c.UserContext(), slug)
		if err != nil {
			return Amount{}, err
		}
		of.Assignee = t
	}
	return of, nil
}

func (m *Module) reconciliation(c *fiber.Ctx) error {
	p, err := m.readChecks(c)
	if err != nil {
		return err
	}
	title := "Reconciliation"
	if !p.Month.IsZero() {
		title += " " + p.Month.String()
	}
	head := layout.Head{
		Title: title, Sub: "What was imported, against what was charged on every sale",
		Crumbs: []ui.Link{{Text: "Billing", URL: routes.Invoices}, {Text: "Reconciliation"}},
	}
	return web.Page(c, head, view.Check(p), web.Part{ID: view.CheckID, View: view.Check(p)})
}

func (m *Module) readChecks(c *fiber.Ctx) (view.Reconciliation, error) {
	months, err := m.Service.CheckedMonths(c.UserContext(), healthMonths)
	if err != nil {
		return view.Reconciliation{}, err
	}
	month, err := period.ParseMonth(c.Query("month"))
	if err != nil && len(months) > 0 {
		month = months[len(months)-1].Month
	}
	if month.IsZero() {
		return view.Reconciliation{HasNothing: true}, nil
	}
	newest, complete, _, err := m.Service.LastCheck(c.UserContext(), month)
	return presentChecks(month, months, newest, complete), err
}

// healthMonths is how long the strip is.
const healthMonths = 12

func (m *Module) checkNow(c *fiber.Ctx) error {
	month, err := period.ParseMonth(c.FormValue("month"))
	if err != nil {
		return errCheckMonth
	}
	if _, err := m.Service.CheckNow(c.UserContext(), month); err != nil {
		return err
	}
	return web.SeeOther(c, routes.ReconciliationOf(month))
}
