package customers

import (
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/views/ui"
)

// Gallery shows the pages in their states.
func Gallery() []ui.State {
	d := decimal.RequireFromString
	march := period.NewMonth(2026, 3)
	figures := func(cost, price, margin string) []Figures {
		return []Figures{{Currency: "USD", Cost: d(cost), Price: d(price), Margin: d(margin)}}
	}
	tree := Tree{
		Month: march, Currency: "USD", Foot: "2 directly below Dee", Export: "/dev/gallery", Clear: "/dev/gallery", SeesMoney: true, SeesContracts: true, SeesAccounts: true,
		Chips: []ui.Chip{{Text: "Billing data: Failed", URL: "/dev/gallery"}},
		Rows: []Row{
			{Slug: "dee", Name: "Dee", URL: "/dev/gallery", Tier: "Distributor", Tone: ui.ToneOK, Status: "Success", Figures: figures("100", "120", "20"), IsContext: true},
			{Slug: "arr", Name: "Arr IT", URL: "/dev/gallery", Tier: "Reseller", Level: 1, Toggle: "/dev/gallery", IsOpen: true, Tone: ui.ToneError, Status: "Failed", Contracts: "1 active", ContractsURL: "/dev/gallery", Accounts: 1, Figures: figures("5966.94", "7044.1", "1077.16"), Hidden: "75 more below Arr IT", HiddenURL: "/dev/gallery"},
			{Slug: "cee", Name: "Cee Foods", URL: "/dev/gallery", Tier: "Customer", Level: 2, Tone: ui.ToneRun, Status: "Running", Accounts: 4, Figures: append(figures("100", "90", "-10"), Figures{Currency: "EUR", Cost: d("1"), Price: d("2"), Margin: d("1")})},
			{Slug: "bee", Name: "Bee", URL: "/dev/gallery", Tier: "Reseller", Level: 1, Toggle: "/dev/gallery", Tone: ui.ToneMuted, Status: "No usage"},
		},
	}
	blind := tree
	blind.SeesMoney, blind.SeesContracts, blind.SeesAccounts, blind.IsCapped = false, false, false, true
	none := tree
	none.Rows = nil
	tenant := Tenant{
		Name: "Cee Foods", Slug: "cee", Tier: "customer", Path: []ui.Link{{Text: "Dee", URL: "/dev/gallery"}, {Text: "Arr IT", URL: "/dev/gallery"}, {Text: "Cee Foods"}},
		Since: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), Tone: ui.ToneOK, Status: "Success", StatusHelp: "Everything came through.", Accounts: 4, AccountsURL: "/dev/gallery",
		Contracts: "1 active", ContractsURL: "/dev/gallery", Months: []ui.Option{{Value: "2026-03", Text: "March 2026", Selected: true}}, Month: march,
		SeesMoney: true, SeesContracts: true, SeesAccounts: true, Recalculate: "/dev/gallery",
		Currencies: []Currency{{
			Figures: []ui.Figure{{Label: "Cost", Kind: "cost", Amount: d("100"), Money: "USD"}, {Label: "Price", Kind: "price", Amount: d("120"), Money: "USD"}, {Label: "Margin", Kind: "margin", Amount: d("20"), Money: "USD", Note: "16.7 % of price"}},
			Chart:   ui.Chart{ID: "gallery-tenant", Title: "Cee Foods pays 120.00 USD in 2026-03, +20.0 % on 2026-02", Kind: "stacked", Currency: "USD", Labels: []string{"2026-02", "2026-03"}, Series: []ui.Series{{Name: "Virtual Machines", Values: []decimal.Decimal{d("100"), d("120")}}}},
			Rows:    []ServiceRow{{"Virtual Machines", figures("100", "120", "20")[0]}}, Total: figures("100", "120", "20")[0],
		}},
	}
	fresh := Tenant{Path: []ui.Link{{Text: "Dee", URL: "/dev/gallery"}, {Text: "Eve"}}, Since: tenant.Since, Months: tenant.Months, Month: march, Name: "Eve", Slug: "eve", Tier: "customer", Tone: ui.ToneMuted, Status: "No usage", SeesMoney: true, SeesContracts: true, SeesAccounts: true}
	return []ui.State{
		{Name: "tree", View: Index(tree)},
		{Name: "tree, of who sees no money", View: Index(blind)},
		{Name: "tree, nobody fits", View: Index(none)},
		{Name: "tenant", View: Overview(tenant)},
		{Name: "tenant without usage", View: Overview(fresh)},
		{Name: "accounts of a tenant", View: AccountsTab(Accounts{Name: "Cee Foods", Assign: "/dev/gallery", List: []Account{{Provider: "aws", Number: "123456789012", Name: "production", Months: "from 2026-01"}}})},
		{Name: "no accounts", View: AccountsTab(Accounts{Name: "Eve", Assign: "/dev/gallery"})},
		{Name: "contracts of a tenant", View: ContractsTab(Contracts{Name: "Cee Foods", New: "/dev/gallery", List: []Contract{{Name: "Managed cloud", URL: "/dev/gallery", Seller: "Arr IT", Tone: ui.ToneOK, State: "active", Months: "2026-01, no end", Currency: "USD"}}})},
		{Name: "no contracts", View: ContractsTab(Contracts{Name: "Eve", New: "/dev/gallery"})},
		{Name: "invoices of a tenant", View: InvoicesTab(Invoices{Name: "Cee Foods", Foot: "1 invoice", Next: "/dev/gallery", List: []Invoice{{Month: march, URL: "/dev/gallery", Seller: "Arr IT", Buyer: "Cee Foods", Tone: ui.ToneWarn, State: "Blocked by 1 finding", Currency: money.Currency("USD"), Total: d("120")}}})},
		{Name: "no invoices", View: InvoicesTab(Invoices{Name: "Eve"})},
		{Name: "new tenant, refused", View: New(Form{Name: "Cee", Slug: "cee", Problem: ui.Problem{Message: "The tenant was not added.", Fields: map[string]string{"slug": "Somebody has this slug."}}})},
	}
}
