package billing

import (
	"strconv"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	"tierbook/rules"
	view "tierbook/views/billing"
	"tierbook/views/ui"
)

// What the list's address may say.
const (
	allMonths  = "all"
	sideOwn    = "own"    // of a distributor: what it sells itself
	sideBelow  = "below"  // what resellers sell
	sideSold   = "sold"   // of a reseller
	sideBought = "bought" // what its supplier charges
)

var documentStates = []DocumentState{DocumentReady, DocumentBlocked, DocumentComputing, DocumentFailed}

// listQuery is the list's address.
type listQuery struct {
	month, side, state, text string
	filter                   DocumentFilter
}

// url returns the address with one value changed.
func (q listQuery) url(name, value string) string {
	values := map[string]string{"month": q.month, "side": q.side, "status": q.state, "q": q.text}
	values[name] = value
	return routes.With(routes.Invoices, "month", values["month"], "side", values["side"], "status", values["status"], "q", values["q"], "page", values["page"])
}

func presentList(sc scope.Scope, q listQuery, months []period.Month, found Documents) view.List {
	out := view.List{
		Sums: found.Sums, Count: found.Count, HasSellers: sc.Tier != scope.Customer, HasStates: sc.Tier != scope.Customer,
		Filter: presentFilter(sc, q, months), Here: routes.Invoices,
	}
	if len(found.Sums) == 1 {
		out.Currency = found.Sums[0].Currency
	}
	if found.Page < found.Pages {
		out.Next = q.url("page", strconv.Itoa(found.Page+1))
	}
	for _, d := range found.List {
		out.Rows = append(out.Rows, view.Row{
			Month: d.Month, Seller: d.SellerParty.Name, Buyer: d.BuyerParty.Name, IsBought: d.IsBought,
			URL:   routes.Invoice(d.Month, d.SellerParty.Slug, d.BuyerParty.Slug),
			CSV:   routes.InvoiceCSV(d.Month, d.SellerParty.Slug, d.BuyerParty.Slug),
			State: presentState(d), Findings: d.Findings, Total: money.New(d.Total, d.Currency),
		})
	}
	return out
}

func presentFilter(sc scope.Scope, q listQuery, months []period.Month) view.Filter {
	f := view.Filter{Text: q.text}
	for _, m := range months {
		f.Months = append(f.Months, ui.Option{Value: m.String(), Text: m.String(), Selected: m == q.filter.Month})
	}
	f.Months = append(f.Months, ui.Option{Value: allMonths, Text: "All months", Selected: q.filter.Month.IsZero()})
	chip := func(name, value, text string) {
		if value != "" {
			f.Chips = append(f.Chips, ui.Chip{Text: text, URL: q.url(name, "")})
		}
	}
	monthText := q.month
	if q.month == allMonths {
		monthText = "All months"
	}
	chip("month", q.month, monthText)
	options := func(current string, pairs ...string) (out []ui.Option) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, ui.Option{Value: pairs[i], Text: pairs[i+1], Selected: pairs[i] == current})
		}
		return out
	}
	switch sc.Tier {
	case scope.Distributor:
		f.Sides = options(q.side, "", "All", sideOwn, "Ours", sideBelow, "Of resellers")
	case scope.Reseller:
		f.Sides = options(q.side, "", "All", sideSold, "Sent", sideBought, "Received")
	}
	chip("side", q.side, textOf(f.Sides, q.side))
	if sc.Tier != scope.Customer {
		f.States = options(q.state, "", "Any", string(DocumentReady), "Ready", string(DocumentBlocked), "Blocked",
			string(DocumentComputing), "Being computed", string(DocumentFailed), "Failed")
		chip("status", q.state, textOf(f.States, q.state))
		chip("q", q.text, "«"+q.text+"»")
	}
	f.IsSet = len(f.Chips) > 0
	return f
}

func textOf(options []ui.Option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Text
		}
	}
	return value
}

func presentState(d Document) view.State {
	switch d.State {
	case DocumentBlocked:
		return view.State{Tone: ui.ToneWarn, Text: "Blocked by " + ui.FormatCounted(int64(d.Findings), "finding", "findings")}
	case DocumentComputing:
		return view.State{Tone: ui.ToneRun, Text: "Being computed"}
	case DocumentFailed:
		return view.State{Tone: ui.ToneError, Text: "Failed"}
	}
	return view.State{Tone: ui.ToneOK, Text: "Pro-forma"}
}

// whyURL is where the steps of an amount of d are.
func whyURL(month period.Month, seller, buyer string, pairs ...string) string {
	return routes.With(routes.Why, append([]string{"month", month.String(), "seller", seller, "buyer", buyer}, pairs...)...)
}

func presentInvoice(d DocumentPage, canContracts, canAcknowledge bool) view.Invoice {
	seller, buyer := d.SellerParty.Slug, d.BuyerParty.Slug
	out := view.Invoice{
		Month: d.Month, Seller: d.SellerParty.Name, Buyer: d.BuyerParty.Name, Currency: d.Currency, State: presentState(d.Document),
		IsSeller: d.IsSeller, ComputedAt: d.ComputedAt, Findings: presentFindings(d.Invoice.Findings, contractLink(d, canContracts)),
		Subtotal: d.Invoice.Subtotal, Rounding: d.Invoice.Rounding, Total: d.Invoice.Total,
		RoundingWhy: whyURL(d.Month, seller, buyer, "rounding", "1"), CSV: routes.InvoiceCSV(d.Month, seller, buyer),
	}
	for link, month := range map[*ui.Link]period.Month{&out.Previous: d.Previous, &out.Next: d.Next} {
		if !month.IsZero() {
			*link = ui.Link{Text: month.String(), URL: routes.Invoice(month, seller, buyer)}
		}
	}
	if d.ContractName != "" {
		out.Contract.Text = d.ContractName + ", version " + strconv.Itoa(d.ContractVersion)
		if canContracts {
			out.Contract.URL = routes.Contract(d.Contract)
		}
	}
	if d.IsSeller && d.Cost.Valid {
		out.Figures = presentMargin(d.Cost.Decimal, d.Invoice.Total, d.Currency)
	}
	if canAcknowledge && len(d.Unpriced) > 0 {
		out.Acknowledge = presentUnpriced(d)
	}
	fees := 0
	for _, l := range d.Invoice.Lines {
		if l.Kind == KindFee {
			fees++
			out.Fees = append(out.Fees, view.Line{
				Name: l.Label, Detail: l.Brief.String(), Amount: l.Amount, Why: whyURL(d.Month, seller, buyer, "fee", strconv.Itoa(fees)),
			})
			continue
		}
		if n := len(out.Groups); n == 0 || out.Groups[n-1].Label != l.Label {
			out.Groups = append(out.Groups, view.Group{Label: l.Label})
		}
		g := &out.Groups[len(out.Groups)-1]
		g.Sum = g.Sum.Add(l.Amount)
		g.Lines = append(g.Lines, view.Line{
			Name: l.Service, Quantity: l.Quantity, Unit: l.Unit, Amount: l.Amount,
			Why: whyURL(d.Month, seller, buyer, "label", l.Label, "service", l.Service, "unit", l.Unit),
		})
	}
	return out
}

// presentUnpriced asks to take note of usage that is sold for nothing.
func presentUnpriced(d DocumentPage) *view.Acknowledge {
	out := &view.Acknowledge{Action: routes.InvoiceAcknowledge(d.Month, d.SellerParty.Slug, d.BuyerParty.Slug)}
	if len(d.Unpriced) > 1 {
		out.Customers = append(out.Customers, ui.Option{Text: "all of them"})
		for _, t := range d.Unpriced {
			out.Customers = append(out.Customers, ui.Option{Value: t.Slug, Text: t.Name})
		}
	}
	return out
}

// presentMargin shows cost, price and margin, in this order as everywhere.
func presentMargin(cost, price decimal.Decimal, c money.Currency) []ui.Figure {
	margin := price.Sub(cost)
	note := ""
	if share := ui.FormatPercent(margin, price); share != "" {
		note = share + " of price"
	}
	return []ui.Figure{
		{Label: "Cost", Kind: "cost", Amount: cost, Money: c, Note: "what these lines cost the seller"},
		{Label: "Price", Kind: "price", Amount: price, Money: c, Note: "the total of this invoice"},
		{Label: "Margin", Kind: "margin", Amount: margin, Money: c, Note: note},
	}
}

// contractLink leads to the contract of d's edge, or to where one is made.
func contractLink(d DocumentPage, canContracts bool) ui.Link {
	switch {
	case !canContracts:
		return ui.Link{}
	case d.ContractName == "":
		return ui.Link{Text: "Look for a contract", URL: routes.ContractsOf(d.SellerParty.Slug, d.BuyerParty.Slug)}
	}
	return ui.Link{Text: "Open the contract", URL: routes.Contract(d.Contract)}
}

// presentFindings presents findings; contracts leads to those that may be at
// fault.
func presentFindings(list []Finding, contracts ui.Link) []view.Finding {
	out := make([]view.Finding, len(list))
	for i, f := range list {
		out[i] = view.Finding{Tone: ui.ToneInfo, Text: f.Text(), Link: findingLink(f, contracts)}
		if f.Blocking {
			out[i].Tone = ui.ToneWarn
		}
	}
	return out
}

// findingLink is where somebody can do something about f.
func findingLink(f Finding, contracts ui.Link) ui.Link {
	switch f.Code {
	case "outdated", "reassigned", "unrated":
		return ui.Link{Text: "Recalculate", URL: routes.Recalculate}
	case rules.FindingNoContract, rules.FindingPassThrough, rules.FindingZeroBasis, rules.FindingNullMeasure:
		return contracts
	case "quarantine":
		return ui.Link{Text: "See the rows", URL: routes.Quarantine}
	case "failed_run":
		return ui.Link{Text: "Open the job", URL: routes.Run(f.Run)}
	}
	return ui.Link{}
}
