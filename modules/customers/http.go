package customers

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	"tierbook/app/platform/web"
	view "tierbook/views/customers"
	"tierbook/views/layout"
	"tierbook/views/ui"
)

// Routes mounts the module's pages.
func (m *Module) Routes(r *web.Router) {
	r.Get(routes.Customers, PermRead, m.index)
	r.GetLive(routes.CustomersCSV, PermRead, m.export)
	r.Get(routes.CustomerNew, PermCreate, m.form)
	r.Post(routes.CustomerNew, PermCreate, m.create)
	r.Get(routes.Customers+"/:slug", PermRead, m.show(TabOverview))
	for _, tab := range []Tab{TabAccounts, TabContracts, TabInvoices} {
		r.Get(routes.Customers+"/:slug/"+string(tab), PermRead, m.show(tab))
	}
}

func (m *Module) index(c *fiber.Ctx) error {
	f := bindTree(c)
	t, err := m.Service.Tree(c.UserContext(), f)
	if err != nil {
		return err
	}
	p := presentTree(t, f, web.Can(c, PermCreate))
	head := layout.Head{Title: "Customers"}
	if f.Under != "" && len(t.Rows) > 0 {
		head.Title = "Customers of " + t.Rows[0].Name
		head.Crumbs = []ui.Link{{Text: "Customers", URL: routes.Customers}, {Text: t.Rows[0].Name}}
	}
	if p.CanCreate {
		head.Action = ui.Button(ui.Link{Text: "Add a customer", URL: routes.CustomerNew})
	}
	return web.Page(c, head, view.Index(p), web.Part{ID: view.TreeID, View: view.Body(p)})
}

func bindTree(c *fiber.Ctx) TreeFilter {
	f := TreeFilter{Text: strings.TrimSpace(c.Query("q")), Under: c.Query("under")}
	if i := slices.Index(statusNames[:], c.Query("status")); i >= 0 {
		status := Status(i)
		f.Status = &status
	}
	if m, err := period.ParseMonth(c.Query("month")); err == nil {
		f.Month = m
	}
	if open := c.Query("open"); open != "" {
		f.IsSet = true
		f.Open = slices.DeleteFunc(strings.Split(open, ","), func(s string) bool { return s == nobody })
	}
	f.Rows, _ = strconv.Atoi(c.Query("rows")) // nonsense is the default
	return f
}

func (m *Module) export(c *fiber.Ctx) error {
	e, err := m.Service.Export(c.UserContext(), bindTree(c))
	if err != nil {
		return err
	}
	return web.StreamCSV(c, "customers-"+e.Head.Month.String()+".csv", e.WriteCSV)
}

func (m *Module) show(tab Tab) fiber.Handler {
	return func(c *fiber.Ctx) error {
		in := ViewInput{Slug: c.Params("slug"), Tab: tab}
		if month, err := period.ParseMonth(c.Query("month")); err == nil {
			in.Month = month
		}
		in.Page, _ = strconv.Atoi(c.Query("page")) // nonsense is the first
		v, err := m.Service.View(c.UserContext(), in)
		if err != nil {
			return err
		}
		s := seer(c)
		head := headOf(v, s)
		if tab == TabOverview {
			head.Scripts = []string{"charts"}
		}
		return web.Page(c, head, bodyOf(v, s))
	}
}

func bodyOf(v View, s sees) templ.Component {
	switch v.Tab {
	case TabAccounts:
		return view.AccountsTab(presentAccounts(v, s))
	case TabContracts:
		return view.ContractsTab(presentContracts(v, s))
	case TabInvoices:
		return view.InvoicesTab(presentInvoices(v))
	}
	return view.Overview(presentTenant(v, s))
}

func headOf(v View, s sees) layout.Head {
	head := layout.Head{Title: v.Name, Sub: tierText(v.Tier), Crumbs: crumbsOf(v), Tabs: tabsOf(v)}
	if s.recalculate && v.SeesMoney {
		head.More = append(head.More, ui.Link{Text: "Recalculate", URL: routes.With(routes.Recalculate, "customer", v.Slug)})
	}
	if s.contractEdit && !v.IsSelf {
		head.More = append(head.More, ui.Link{Text: "Write a contract", URL: routes.With(routes.ContractNew, "buyer", v.Slug)})
	}
	return head
}

func seer(c *fiber.Ctx) sees {
	return sees{
		recalculate: web.Can(c, permRecalculate), contractEdit: web.Can(c, permContractEdit), browse: web.Can(c, permBrowse), assign: web.Can(c, permAssign),
	}
}

func (m *Module) form(c *fiber.Ctx) error { return m.formPage(c, bindCreate(c.Query), nil) }

func (m *Module) create(c *fiber.Ctx) error {
	in := bindCreate(func(key string, _ ...string) string { return c.FormValue(key) })
	t, err := m.Service.Create(c.UserContext(), in)
	if err != nil {
		return m.formPage(c, in, err)
	}
	web.Toast(c, t.Name+" is there. Next: a contract, and accounts.")
	return web.SeeOther(c, routes.Customer(t.Slug))
}

func bindCreate(value func(string, ...string) string) CreateInput {
	in := CreateInput{Name: strings.TrimSpace(value("name")), Slug: strings.TrimSpace(value("slug")), Parent: strings.TrimSpace(value("parent"))}
	switch value("tier") {
	case scope.Reseller.String():
		in.Tier = scope.Reseller
	case "", scope.Customer.String():
		in.Tier = scope.Customer
	}
	return in
}

// formPage answers with the form, as it was filled in; refused is why it was
// not accepted.
func (m *Module) formPage(c *fiber.Ctx, in CreateInput, refused error) error {
	choice, err := m.Service.Choose(c.UserContext())
	if err != nil {
		return err
	}
	f := presentForm(choice, in)
	head := layout.Head{Title: "Add a customer", Narrow: true, Crumbs: []ui.Link{{Text: "Customers", URL: routes.Customers}, {Text: "Add"}}}
	if refused == nil {
		return web.Page(c, head, view.New(f))
	}
	f.Problem, _ = web.Problem(refused)
	if errs.KindOf(refused) == errs.Conflict && len(f.Problem.Fields) == 0 {
		f.Problem.Fields = map[string]string{"slug": f.Problem.Message}
	}
	f.Problem.Labels = map[string]string{"name": "Name", "tier": "What it is", "parent": "Below", "slug": "Slug"}
	return web.FormAgain(c, refused, head, view.New(f))
}

// Search implements web.Searcher.
func (m *Module) Search(ctx context.Context, text string, limit int) ([]layout.Hit, error) {
	found, err := m.Service.Search(ctx, text, limit)
	return presentHits(found), err
}
