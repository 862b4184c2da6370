package reports

import (
	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	"tierbook/app/platform/web"
	"tierbook/views/layout"
	view "tierbook/views/reports"
)

// Routes mounts the module's pages.
func (m *Module) Routes(r *web.Router) {
	r.Get(routes.Home, web.SignedIn, m.home)
}

func (m *Module) home(c *fiber.Ctx) error {
	in := bindHome(c)
	h, err := m.Service.Home(c.UserContext(), in)
	if err != nil {
		return err
	}
	head := layout.Head{Title: tenantName(c), Scripts: []string{"charts"}}
	if len(h.Months) > 0 {
		head.Action = view.MonthPicker(presentPicker(h, in))
	}
	switch {
	case !h.SeesMoney && !h.SeesUsage:
		return web.Page(c, head, view.Nothing())
	case h.Tenant.Tier == scope.Customer:
		return web.Page(c, head, view.Customer(presentSpend(h)))
	}
	return web.Page(c, head, view.Index(presentHome(h, in, seer(c))))
}

func tenantName(c *fiber.Ctx) string {
	if s := web.SessionOf(c); s != nil {
		return s.Tenant
	}
	return "Home"
}

func bindHome(c *fiber.Ctx) HomeInput {
	in := HomeInput{ByBuyer: c.Query("by") == "buyer"}
	if m, err := period.ParseMonth(c.Query("month")); err == nil {
		in.Month = m
	}
	return in
}

// seer says what a page may link to.
func seer(c *fiber.Ctx) sees {
	return sees{
		runs: web.Can(c, permRuns), usage: web.Can(c, permBrowse), imports: web.Can(c, permImport), assign: web.Can(c, permAssign),
		contracts: web.Can(c, permContracts), tenants: web.Can(c, permTenants), customers: web.Can(c, permCustomers),
	}
}
