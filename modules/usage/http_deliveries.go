package usage

import (
	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/web"
	"tierbook/views/layout"
	view "tierbook/views/usage"
)

func (m *Module) deliveries(c *fiber.Ctx) error {
	ctx := c.UserContext()
	choices, err := m.Service.Choices(ctx)
	if err != nil {
		return err
	}
	f := DeliveryFilter{
		Owner: ownerOf(c.Queries(), choices.Owners), Provider: c.Query("provider"), Text: c.Query("text"),
		Month: queryMonth(c, "month"), Status: DeliveryStatus(c.Query("state")),
	}
	f.After, _ = id.Parse[id.Delivery](c.Query("after"))
	page, err := m.Service.Deliveries(ctx, f)
	if err != nil {
		return err
	}
	p, err := m.presentDeliveries(ctx, page, choices, c.Queries())
	if err != nil {
		return err
	}
	p.CanImport = web.Can(c, PermImport)
	return web.Page(c, head(c, routes.Deliveries), view.DeliveryList(p))
}

func (m *Module) delivery(c *fiber.Ctx) error {
	p, err := m.deliveryPage(c)
	if err != nil {
		return err
	}
	return web.Page(c, deliveryHead(p), view.DeliveryView(p))
}

func deliveryHead(p view.DeliveryPage) layout.Head {
	return below(p.Payer+" in "+p.Month.String(), "Deliveries", routes.Deliveries)
}

// deliveryPage is what a delivery's page shows.
func (m *Module) deliveryPage(c *fiber.Ctx) (view.DeliveryPage, error) {
	ctx := c.UserContext()
	which, err := id.Parse[id.Delivery](c.Params("id"))
	if err != nil {
		return view.DeliveryPage{}, errNoDelivery
	}
	d, err := m.Service.GetDelivery(ctx, which)
	if err != nil {
		return view.DeliveryPage{}, err
	}
	var rows []QuarantinedRow
	if d.Quarantined > 0 {
		rows, err = m.Service.Quarantine(ctx, QuarantineFilter{Delivery: d.ID, Acknowledged: true, Limit: 20})
		if err != nil {
			return view.DeliveryPage{}, err
		}
	}
	p, err := m.presentDelivery(ctx, d, rows)
	p.CanWithdraw = d.Status == DeliveryCurrent && web.Can(c, PermImport)
	return p, err
}

func (m *Module) withdraw(c *fiber.Ctx) error {
	which, err := id.Parse[id.Delivery](c.Params("id"))
	if err != nil {
		return errNoDelivery
	}
	reason := c.FormValue("reason")
	err = m.Service.Withdraw(c.UserContext(), which, reason)
	if err == nil {
		web.Toast(c, "The delivery was withdrawn. Whoever answers for its lines is rated again.")
		return web.SeeOther(c, routes.Delivery(which))
	}
	problem, ok := web.Problem(err)
	if !ok {
		return err
	}
	p, pageErr := m.deliveryPage(c)
	if pageErr != nil {
		return pageErr
	}
	p.Reason, p.Problem = reason, problem
	return web.FormAgain(c, err, deliveryHead(p), view.DeliveryView(p), web.Part{ID: view.WithdrawID, View: view.Withdraw(p)})
}
