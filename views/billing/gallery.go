package billing

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/views/ui"
)

// Gallery shows the pages in their states.
func Gallery() []ui.State {
	return slices.Concat(listStates(), invoiceStates(), whyStates(), checkStates())
}

func listStates() []ui.State {
	d := decimal.RequireFromString
	march := period.NewMonth(2026, 3)
	row := func(seller, buyer, total string, s State) Row {
		return Row{Month: march, Seller: seller, Buyer: buyer, URL: "/dev/gallery", CSV: "/dev/gallery", State: s, Total: money.New(d(total), "USD")}
	}
	list := List{
		Rows: []Row{
			row("Dee", "Arr IT", "7044.1", State{ui.ToneOK, "Pro-forma"}),
			row("Dee", "Bee & Sons Systems of the Northern Harbour", "-12", State{ui.ToneWarn, "Blocked by 1 finding"}),
			row("Arr IT", "Cee Foods", "0", State{ui.ToneRun, "Being computed"}),
			row("Arr IT", "Cee Games", "1204.335", State{ui.ToneError, "Failed"}),
		},
		Sums: []money.Money{money.New(d("8236.44"), "USD")}, Count: 4, Currency: "USD", HasSellers: true, HasStates: true, Here: "/dev/gallery",
		Filter: Filter{Chips: []ui.Chip{{Text: "2026-03", URL: "/dev/gallery"}}},
	}
	none, nothing := list, list
	none.Rows, none.Filter.IsSet = nil, true
	nothing.Rows, nothing.Filter = nil, Filter{}
	return []ui.State{
		{Name: "invoices", View: Invoices(list)},
		{Name: "invoices, none fits", View: Invoices(none)},
		{Name: "invoices, none yet", View: Invoices(nothing)},
	}
}

func invoiceStates() []ui.State {
	d := decimal.RequireFromString
	march := period.NewMonth(2026, 3)
	inv := Invoice{
		Month: march, Seller: "Arr IT", Buyer: "Cee Foods", Currency: "USD", State: State{ui.ToneOK, "Pro-forma"}, IsSeller: true,
		Figures: []ui.Figure{
			{Label: "Cost", Kind: "cost", Amount: d("100"), Money: "USD", Note: "what these lines cost the seller"},
			{Label: "Price", Kind: "price", Amount: d("125.5"), Money: "USD", Note: "the total of this invoice"},
			{Label: "Margin", Kind: "margin", Amount: d("25.5"), Money: "USD", Note: "20.3 % of price"},
		},
		Contract: ui.Link{Text: "Managed cloud, version 2", URL: "/dev/gallery"}, Previous: ui.Link{Text: "2026-02", URL: "/dev/gallery"},
		ComputedAt: time.Date(2026, 4, 2, 6, 0, 0, 0, time.UTC),
		Groups: []Group{
			{Label: "Compute", Lines: []Line{{Name: "Amazon Elastic Compute Cloud", Quantity: decimal.NewNullDecimal(d("744.5")), Unit: "Hrs", Amount: d("99.99500001"), Why: "/dev/gallery"}}},
			{Label: "Corrections", Lines: []Line{{Name: "Amazon Elastic Compute Cloud", Amount: d("-4.5"), Why: "/dev/gallery"}}},
		},
		Fees:     []Line{{Name: "Cloud management, 3.5 %", Detail: "3.5 % of 95.50 USD", Amount: d("30.01"), Why: "/dev/gallery"}},
		Subtotal: d("125.505"), Rounding: d("-0.005"), RoundingWhy: "/dev/gallery", Total: d("125.5"),
	}
	bought := inv
	bought.IsSeller, bought.Figures, bought.Contract = false, nil, ui.Link{}
	blocked := inv
	blocked.State = State{ui.ToneWarn, "Blocked by 1 finding"}
	blocked.Findings = []Finding{
		{ui.ToneWarn, "2 lines of cee have no contract on arr → cee: not charged there or further down, at a cost of 99.45 USD.", ui.Link{Text: "Open the contract", URL: "/dev/gallery"}},
		{ui.ToneInfo, "1 line of cee on arr → cee came without list: the cost of 3.00 USD stood in for it.", ui.Link{}},
	}
	blocked.Acknowledge = &Acknowledge{Action: "/dev/gallery", Problem: ui.Problem{Message: "A reason is needed.", Fields: map[string]string{"reason": "Say why."}}}
	empty := Invoice{Month: march, Seller: "Arr IT", Buyer: "Cee Foods", Currency: "USD", State: State{ui.ToneOK, "Pro-forma"}}
	return []ui.State{
		{Name: "invoice, of the seller", View: Show(inv)},
		{Name: "invoice, of the buyer", View: Show(bought)},
		{Name: "invoice, blocked", View: Show(blocked)},
		{Name: "invoice, nothing charged", View: Show(empty)},
	}
}

func whyStates() []ui.State {
	d := decimal.RequireFromString
	return []ui.State{
		{Name: "why", View: Steps(Why{
			Title: "Compute", Amount: money.New(d("99.99500001"), "USD"), Lead: "Cee Foods pays this for 12 usage lines in 2026-03.",
			Contract: ui.Link{Text: "Managed cloud, version 2", URL: "/dev/gallery"}, Facts: []Fact{{"Month", "2026-03"}},
			Steps: []ui.Step{
				{Name: "Basis", Text: "starts with cost", After: d("93.4533644953"), First: true},
				{Name: "Managed service", Text: "price plus 7 %", Code: "price * 1.07", Before: d("93.4533644953"), After: d("99.99500001")},
			},
			Left:  []Left{{Why: "Own tools are not resold", Code: `service == "Key Vault"`, Lines: 1, Cost: d("1.07")}},
			Parts: []Part{{Customer: "Cee", Account: "123456789012", SKU: "BoxUsage:m5", Region: "eu-central-1", Amount: d("60"), URL: "/dev/gallery"}, {Customer: "Cee", Account: "210987654321", Amount: d("39.99500001"), URL: "/dev/gallery"}},
			More:  1,
		})},
		{Name: "why, it cannot be said any more", View: Steps(Why{Amount: money.New(d("12"), "USD"), Lead: "Cee Foods pays this.", Problem: "The usage of this month has changed since."})},
	}
}

func checkStates() []ui.State {
	d := decimal.RequireFromString
	march, at := period.NewMonth(2026, 3), time.Date(2026, 4, 2, 6, 0, 0, 0, time.UTC)
	months := []HealthMonth{
		{Month: march.Add(-2), URL: "/dev/gallery", Tone: ui.ToneError, Text: "does not reconcile"},
		{Month: march.Add(-1), URL: "/dev/gallery", Tone: ui.ToneMuted, Text: "not checked yet"},
		{Month: march, URL: "/dev/gallery", Tone: ui.ToneOK, Text: "reconciles", Current: true},
	}
	even := Edge{Seller: "Dee", Buyer: "Arr IT", URL: "/dev/gallery", Charges: d("120"), Costs: d("120"), Cost: d("100"), Price: d("120"), Margin: d("20")}
	odd := even
	odd.Costs = d("119.99")
	books := Books{Currency: "USD", Imported: d("110"), Assigned: d("100"), OwnUse: d("6"), Unassigned: d("4"), Edges: []Edge{even}}
	wrong := Books{
		Currency: "USD", Imported: d("110.01"), Assigned: d("100"), OwnUse: d("6"), Unassigned: d("4"), Difference: d("0.01"), Edges: []Edge{even, odd},
		Findings: []Finding{{ui.ToneError, "1 row could not be read and nobody has acknowledged it.", ui.Link{Text: "See the rows", URL: "/dev/gallery"}}},
		Notices:  []Finding{{ui.ToneInfo, "2 accounts have usage that nobody answers for.", ui.Link{}}}, MoreEdges: 1, MoreFindings: 2, All: ui.Link{Text: "All invoices of 2026-03", URL: "/dev/gallery"},
	}
	check := Reconciliation{Month: march, Months: months, Asked: true}
	with := func(change func(*Reconciliation)) Reconciliation {
		out := check
		change(&out)
		return out
	}
	return []ui.State{
		{Name: "reconciliation, nothing imported", View: Check(Reconciliation{HasNothing: true})},
		{Name: "reconciliation, not checked yet", View: Check(check)},
		{Name: "reconciliation, under way", View: Check(with(func(r *Reconciliation) { r.IsOpen, r.Step = true, "Adding up 12 segments" }))},
		{Name: "reconciliation, the check failed", View: Check(with(func(r *Reconciliation) { r.Failure = "A segment could not be read." }))},
		{Name: "reconciliation, even", View: Check(with(func(r *Reconciliation) { r.Result = &Result{OK: true, At: at, By: "ada", Books: []Books{books}} }))},
		{Name: "reconciliation, even but older", View: Check(with(func(r *Reconciliation) { r.Result = &Result{OK: true, At: at, By: "ada", Published: 1} }))},
		{Name: "reconciliation, odd", View: Check(with(func(r *Reconciliation) { r.Result = &Result{At: at, By: "ada", Books: []Books{wrong}} }))},
	}
}
