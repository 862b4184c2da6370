package utilities

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/web"
	"tierbook/views/layout"
	"tierbook/views/ui"
	view "tierbook/views/utilities"
)

// Routes mounts the module's pages.
func (m *Module) Routes(r *web.Router) {
	r.Get(routes.Utilities, PermReadRuns, m.index)
	r.Get(routes.Recalculate, PermRecalculate, m.form)
	r.Post(routes.Recalculate, PermRecalculate, m.recalculate)
	r.Get(routes.Runs, PermReadRuns, m.queue)
	r.Get(routes.Runs+"/:id", PermReadRuns, m.show)
	r.Post(routes.Runs+"/:id/cancel", PermRecalculate, m.cancel)
}

var errNoRun = errs.New(errs.NotFound, "billing.run_not_found", "There is no such run.")

func (m *Module) index(c *fiber.Ctx) error {
	p, err := m.readQueue(c, QueueFilter{})
	if err != nil {
		return err
	}
	return web.Page(c, layout.Head{Title: "Billing Utilities", Crumbs: crumbs()}, view.Index(p), web.Part{ID: view.QueueID, View: view.Body(p)})
}

func (m *Module) queue(c *fiber.Ctx) error {
	p, err := m.readQueue(c, bindQueue(c))
	if err != nil {
		return err
	}
	head := layout.Head{Title: "Run queue & log", Crumbs: crumbs(ui.Link{Text: "Run queue & log"})}
	if p.CanRecalculate {
		head.Action = view.RunButton()
	}
	return web.Page(c, head, view.Runs(p), web.Part{ID: view.QueueID, View: view.Body(p)})
}

func (m *Module) readQueue(c *fiber.Ctx, f QueueFilter) (view.Queue, error) {
	got, err := m.Service.Queue(c.UserContext(), f)
	return presentQueue(got, f, seer(c)), err
}

// seer says what a page may link to.
func seer(c *fiber.Ctx) sees {
	return sees{
		customers: web.Can(c, permCustomers), contracts: web.Can(c, permContracts), recalculate: web.Can(c, PermRecalculate),
	}
}

// bindQueue reads the queue's address.
func bindQueue(c *fiber.Ctx) QueueFilter {
	f := QueueFilter{Customer: strings.TrimSpace(c.Query("customer"))}
	if s := c.Query("status"); slices.ContainsFunc(statuses(), func(o ui.Option) bool { return o.Value == s }) {
		f.Status = s
	}
	if k := Kind(c.Query("type")); k == KindAny || k == KindFees {
		f.Kind = k
	}
	if month, err := period.ParseMonth(c.Query("period")); err == nil {
		f.Month = month
	}
	f.Rows, _ = strconv.Atoi(c.Query("rows")) // nonsense is the default
	return f
}

func (m *Module) show(c *fiber.Ctx) error {
	run, err := id.Parse[id.Run](c.Params("id"))
	if err != nil {
		return errNoRun
	}
	got, err := m.Service.Run(c.UserContext(), run)
	if err != nil {
		return err
	}
	p := presentRun(got, seer(c))
	head := layout.Head{
		Title: p.Type + " of " + p.Customer + ", " + p.Period.String(),
		Crumbs: crumbs(
			ui.Link{Text: "Run queue & log", URL: routes.Runs}, ui.Link{Text: view.Short(p.ID)}),
	}
	return web.Page(c, head, view.Show(p), web.Part{ID: view.RunID, View: view.Show(p)})
}

func (m *Module) cancel(c *fiber.Ctx) error {
	run, err := id.Parse[id.Run](c.Params("id"))
	if err != nil {
		return errNoRun
	}
	if err := m.Service.Cancel(c.UserContext(), run); err != nil {
		return err
	}
	web.Toast(c, "The job is withdrawn.")
	return web.SeeOther(c, routes.Run(run))
}

func (m *Module) form(c *fiber.Ctx) error {
	in := bindRecalculate(c.Query, c.Context().QueryArgs().PeekMulti("period"))
	if c.Query("find") != "" {
		found, err := m.Service.Find(c.UserContext(), in.Customer)
		if err != nil {
			return err
		}
		return web.Fragment(c, view.Found(customerOptions(found, "")))
	}
	return m.formPage(c, in, nil)
}

func (m *Module) recalculate(c *fiber.Ctx) error {
	in := bindRecalculate(func(key string, _ ...string) string { return c.FormValue(key) }, c.Context().PostArgs().PeekMulti("period"))
	customer, runs, err := m.Service.Recalculate(c.UserContext(), in)
	if err != nil {
		return m.formPage(c, in, err)
	}
	web.Toast(c, requestedText(customer, in.Months, len(runs)))
	return web.SeeOther(c, routes.Runs)
}

// formPage answers with the form, as it was filled in; err is why it was
// refused.
func (m *Module) formPage(c *fiber.Ctx, in RecalculateInput, refused error) error {
	choice, err := m.Service.Choose(c.UserContext(), in.Customer)
	if err != nil {
		return err
	}
	f := presentForm(choice, in, m.Service.month())
	head := layout.Head{Title: "Run data recalculation", Narrow: true, Crumbs: crumbs(ui.Link{Text: "Data recalculation"})}
	body := view.RecalculateDialog
	if here, err := url.Parse(c.Get("HX-Current-URL")); !web.IsHTMX(c) || err == nil && here.Path == routes.Recalculate {
		body = view.Recalculate
	}
	if refused == nil {
		return web.Page(c, head, body(f))
	}
	f.Problem, _ = web.Problem(refused)
	f.Problem.Labels = map[string]string{"customer": "Customer", "period": "Billing period(s)", "reason": "Reason", "explanation": "Explanation"}
	return web.FormAgain(c, refused, head, body(f))
}

// bindRecalculate reads the form, or its URL.
func bindRecalculate(value func(string, ...string) string, periods [][]byte) RecalculateInput {
	in := RecalculateInput{
		Customer: strings.TrimSpace(value("customer")),
		Reason:   Reason{Kind: value("reason"), Explanation: strings.TrimSpace(value("explanation"))},
	}
	for _, p := range periods {
		for text := range strings.SplitSeq(string(p), ",") {
			if month, err := period.ParseMonth(text); err == nil {
				in.Months = append(in.Months, month)
			}
		}
	}
	return in
}

func crumbs(more ...ui.Link) []ui.Link {
	out := []ui.Link{{Text: "Billing", URL: routes.Invoices}, {Text: "Billing Utilities", URL: routes.Utilities}}
	if len(more) == 0 {
		out[1].URL = ""
	}
	return append(out, more...)
}
