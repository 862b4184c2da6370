package usage

import (
	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/web"
	"tierbook/views/ui"
	view "tierbook/views/usage"
)

// shownQuarantine is how many rows the page shows.
const shownQuarantine = 200

func (m *Module) quarantine(c *fiber.Ctx) error {
	p, err := m.quarantinePage(c)
	if err != nil {
		return err
	}
	return web.Page(c, head(c, routes.Quarantine), view.QuarantinePage(p))
}

func (m *Module) quarantinePage(c *fiber.Ctx) (view.Quarantine, error) {
	ctx := c.UserContext()
	choices, err := m.Service.Choices(ctx)
	if err != nil {
		return view.Quarantine{}, err
	}
	f := QuarantineFilter{
		Owner: ownerOf(c.Queries(), choices.Owners), Period: queryMonth(c, "month"), Acknowledged: c.Query("all") == "1", Limit: shownQuarantine + 1,
	}
	f.Import, _ = id.Parse[id.Import](c.Query("import"))
	f.Delivery, _ = id.Parse[id.Delivery](c.Query("delivery"))
	rows, err := m.Service.Quarantine(ctx, f)
	if err != nil {
		return view.Quarantine{}, err
	}
	open, err := m.Service.QuarantineMonths(ctx)
	if err != nil {
		return view.Quarantine{}, err
	}
	p, err := m.presentQuarantine(ctx, rows, open, choices, c.Queries())
	p.CanAcknowledge = web.Can(c, PermAcknowledge)
	return p, err
}

var errAcknowledgeMonth = errs.New(errs.Invalid, "usage.acknowledge_month", "A month is needed.").WithField("acknowledge", "Choose a month.")

func (m *Module) acknowledge(c *fiber.Ctx) error {
	reason := c.FormValue("reason")
	month, err := period.ParseMonth(c.FormValue("acknowledge"))
	if err != nil {
		err = errAcknowledgeMonth
	}
	var n int64
	if err == nil {
		n, err = m.Service.Acknowledge(c.UserContext(), month, reason)
	}
	if err == nil {
		web.Toast(c, "Acknowledged "+ui.FormatCounted(n, "row", "rows")+" of "+month.String()+".")
		return web.SeeOther(c, routes.Quarantine)
	}
	problem, ok := web.Problem(err)
	if !ok {
		return err
	}
	p, pageErr := m.quarantinePage(c)
	if pageErr != nil {
		return pageErr
	}
	p.Reason, p.Problem = reason, problem
	for i := range p.Months {
		p.Months[i].Selected = p.Months[i].Value == c.FormValue("acknowledge")
	}
	return web.FormAgain(c, err, head(c, routes.Quarantine), view.QuarantinePage(p), web.Part{ID: view.QuarantineID, View: view.Acknowledge(p)})
}
