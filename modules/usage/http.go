package usage

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/web"
	"tierbook/views/layout"
	"tierbook/views/ui"
	view "tierbook/views/usage"
)

// Routes mounts the usage pages.
func (m *Module) Routes(r *web.Router) {
	r.Get(routes.Deliveries, PermBrowse, m.deliveries)
	r.Get(routes.Deliveries+"/deliveries/:id", PermBrowse, m.delivery)
	r.Post(routes.Deliveries+"/deliveries/:id"+view.WithdrawPath, PermImport, m.withdraw)
	r.Get(routes.ImportNew, PermImport, m.newImport)
	r.Upload(routes.ImportNew, PermImport, m.requestImport)
	r.Get(routes.Imports, PermBrowse, m.imports)
	r.Get(routes.Imports+"/:id", PermBrowse, m.showImport)
	r.Get(routes.Accounts, PermBrowse, m.accounts)
	r.Post(routes.Assign, PermAssign, m.assign)
	r.Get(routes.Quarantine, PermBrowse, m.quarantine)
	r.Post(routes.Quarantine, PermAcknowledge, m.acknowledge)
}

// Nav lists the module's pages in the main menu.
func (m *Module) Nav() []web.NavItem {
	item := func(text, url string) web.NavItem {
		return web.NavItem{Permission: PermBrowse, Item: layout.Item{Section: "Usage", Text: text, URL: url}}
	}
	return []web.NavItem{
		item("Deliveries", routes.Deliveries), item("Imports", routes.Imports),
		item("Accounts", routes.Accounts), item("Quarantine", routes.Quarantine),
	}
}

// Search finds accounts for the search over everything.
func (m *Module) Search(ctx context.Context, text string, limit int) ([]layout.Hit, error) {
	found, err := m.Service.Search(ctx, text, limit)
	var out []layout.Hit
	for _, a := range found {
		h := layout.Hit{Kind: "Account", Title: a.Account, Sub: a.Provider, URL: routes.With(routes.Accounts, "text", a.Account)}
		if a.Name != "" {
			h.Title, h.Sub = a.Name, a.Provider+" "+a.Account
		}
		out = append(out, h)
	}
	return out, err
}

// head is what the pages have in common; current is the tab's address.
func head(c *fiber.Ctx, current string) layout.Head {
	h := layout.Head{Title: "Usage"}
	for _, t := range []ui.Link{
		{Text: "Deliveries", URL: routes.Deliveries},
		{Text: "Imports", URL: routes.Imports},
		{Text: "Accounts", URL: routes.Accounts},
		{Text: "Quarantine", URL: routes.Quarantine},
	} {
		h.Tabs = append(h.Tabs, ui.Tab{Text: t.Text, URL: t.URL, Current: t.URL == current})
	}
	if web.Can(c, PermImport) {
		h.Action = ui.Button(ui.Link{Text: "Import usage", URL: routes.ImportNew})
	}
	return h
}

// below is the head of a page under one of the tabs.
func below(title, tab, url string) layout.Head {
	return layout.Head{Title: title, Crumbs: []ui.Link{
		{Text: "Usage", URL: routes.Deliveries}, {Text: tab, URL: url}, {Text: title},
	}}
}

// queryMonth reads a month of the query; anything else is none.
func queryMonth(c *fiber.Ctx, name string) period.Month {
	m, err := period.ParseMonth(c.Query(name))
	if err != nil {
		return period.Month{}
	}
	return m
}
