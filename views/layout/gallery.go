package layout

import "tierbook/views/ui"

// Gallery shows the frame and what errors look like.
func Gallery() []ui.State {
	menu := []Section{
		{Text: "Customers", Current: true, Items: []Item{{Text: "Customers", URL: "/customers"}}},
		{Text: "Billing", Items: []Item{{Text: "Invoices", Help: "Every month's documents", URL: "/billing/invoices"}, {Group: "Operations", Text: "Utilities", Help: "Recalculation", URL: "/billing/utilities"}}},
	}
	busy := Chrome{User: "Grace Okafor", Email: "grace@harbour.example", Tenant: "Harbour IT", Tier: "reseller", Theme: "auto", Menu: menu, Jobs: Jobs{Count: 3, URL: "/billing/utilities/runs"}}
	hits := []Hit{{"Tenant", "Cee Foods", "Dee › Arr IT", "/dev/gallery"}, {"Invoice", "2026-03 Arr IT → Cee Foods", "2 584.02 USD", "/dev/gallery"}, {"Page", "Reconciliation", "", "/dev/gallery"}}
	return []ui.State{
		{Name: "bar, with jobs", View: topBar(busy)},
		{Name: "head of a page", View: PageHead(Head{
			Title: "Invoice 2026-03", Sub: "Arr IT → Cee Foods, Pro-forma", Crumbs: []ui.Link{{Text: "Invoices", URL: "/billing/invoices"}, {Text: "2026-03"}},
			Action: ui.Secondary(ui.Link{Text: "Download CSV", URL: "/dev/gallery"}), More: []ui.Link{{Text: "Print", URL: "/dev/gallery"}},
			Tabs: []ui.Tab{{Text: "Lines", URL: "/dev/gallery", Current: true}, {Text: "Findings", URL: "/dev/gallery", Count: "2"}},
		})},
		{Name: "search", View: SearchResults("cee", hits)},
		{Name: "search, nothing found", View: SearchResults("nothing", nil)},
		{Name: "fault", View: Fault(Failure{Status: 500, Text: "Something went wrong.", RequestID: "01a20353"})},
		{Name: "not found", View: Fault(Failure{Status: 404, Text: "There is no such page, or it is not yours to see."})},
	}
}
