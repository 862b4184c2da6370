package reports

import (
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/views/ui"
)

// Gallery shows the start pages in their states.
func Gallery() []ui.State {
	d := decimal.RequireFromString
	march := period.NewMonth(2026, 3)
	figures := []ui.Figure{
		{Label: "Cost", Kind: "cost", Amount: d("100"), Money: "USD", Note: "+2.1 % on 2026-02"},
		{Label: "Price", Kind: "price", Amount: d("120"), Money: "USD", Note: "as in 2026-02"},
		{Label: "Margin", Kind: "margin", Amount: d("20"), Money: "USD", Note: "16.7 % of price"},
	}
	trend := Trend{
		Chart: ui.Chart{
			ID: "gallery-trend", Title: "March 2026 sales: 120.00 USD, as in 2026-02", Kind: "stacked", Currency: "USD", Labels: []string{"2026-02", "2026-03"},
			Series: []ui.Series{
				{Name: "Amazon Relational Database Service", Values: []decimal.Decimal{d("60"), d("70")}}, {Name: "Fees and rounding", Values: []decimal.Decimal{d("60"), d("50")}},
			},
		},
		Rows:   []TrendRow{{Month: march, Name: "Fees and rounding", Cost: d("40"), Price: d("50"), Margin: d("10")}},
		Choice: []ui.Tab{{Text: "By service", URL: "/dev/gallery", Current: true}, {Text: "By buyer", URL: "/dev/gallery"}}, What: "Service",
	}
	section := Section{
		Currency: "USD", Trend: trend,
		Groups: []Group{{Title: "Your own business", Figures: figures}, {Title: "Resellers together", Figures: figures, Note: "What resellers use themselves is not in these figures."}},
		Flow: ui.Chart{
			ID: "gallery-flow", Title: "Of 120.00 USD sold, 16.7 % remain with you", Kind: "sankey", Currency: "USD",
			Nodes: []ui.Node{{Name: "Cloud providers", Tier: "provider"}, {Name: "Dee", Tier: "distributor"}, {Name: "Bee & Sons Systems of the Northern Harbour", Tier: "reseller"}, {Name: "Cee Foods", Tier: "customer"}},
			Links: []ui.Flow{{From: "Cloud providers", To: "Dee", Value: d("100")}, {From: "Dee", To: "Bee & Sons Systems of the Northern Harbour", Value: d("120")}, {From: "Bee & Sons Systems of the Northern Harbour", To: "Cee Foods", Value: d("130")}},
		},
		Flows: []Flow{{"Cloud providers", "Dee", d("100")}}, All: ui.Link{Text: "Every sale of the month", URL: "/dev/gallery"},
	}
	items := []Item{
		{Tone: ui.ToneError, What: "Failed", Text: "Recalculation of Cee Foods: a rule of the contract fails.", Link: ui.Link{Text: "Open the job", URL: "/dev/gallery"}},
		{Tone: ui.ToneWarn, What: "Unassigned", Text: "2 accounts have usage that nobody is billed for.", Sums: []money.Money{money.New(d("1055.49"), "USD")}, Link: ui.Link{Text: "Assign the accounts", URL: "/dev/gallery"}},
		{Tone: ui.ToneRun, What: "In progress", Text: "1 job is under way."},
	}
	later := section
	later.HasMore, later.Currency, later.Flows, later.Trend = true, "EUR", nil, Trend{}
	spend := trend
	spend.Chart.ID, spend.Spend, spend.Choice = "gallery-spend", true, nil
	return []ui.State{
		{Name: "start page of who sells", View: Index(Home{Month: march, Sections: []Section{section, later}, Attention: items})},
		{Name: "start page, all is well", View: Index(Home{Month: march, IsEmpty: true, IsGood: true})},
		{Name: "first steps", View: Index(Home{Month: march, Steps: []Step{{"Import usage", "A file or a folder of a provider's export.", ui.Link{Text: "Import", URL: "/dev/gallery"}}, {"Say whose accounts they are", "Somebody else's to do.", ui.Link{}}}})},
		{Name: "start page of a customer", View: Customer(Spend{Month: march, Figures: figures[1:2], Trends: []Trend{spend}, Invoices: []Invoice{{Month: march, Seller: "Arr IT", URL: "/dev/gallery", Currency: "USD", Total: d("120")}}})},
		{Name: "start page of a customer, nothing billed", View: Customer(Spend{IsEmpty: true})},
		{Name: "start page of who sees no numbers", View: Nothing()},
	}
}
