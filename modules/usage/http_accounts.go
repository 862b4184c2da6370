package usage

import (
	"context"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/web"
	"tierbook/views/ui"
	view "tierbook/views/usage"
)

func (m *Module) accounts(c *fiber.Ctx) error {
	if c.Query("find") != "" {
		return m.find(c, view.AssigneesID, c.Query("assignee"))
	}
	p, err := m.accountPage(c, c.Queries())
	if err != nil {
		return err
	}
	if edited := c.Query("edit"); edited != "" && web.IsHTMX(c) {
		for _, a := range p.Rows {
			if a.ID == edited {
				return web.Fragment(c, view.AccountRow(p, a))
			}
		}
		return errNoAccount
	}
	return web.Page(c, head(c, routes.Accounts), view.AccountPage(p),
		web.Part{ID: view.AccountListID, View: view.AccountList(p)})
}

// find answers with tenants whose names hold text.
func (m *Module) find(c *fiber.Ctx, listID, text string) error {
	tenants, err := m.Service.tenants.Some(c.UserContext(), text, ui.FewTenants)
	if err != nil {
		return err
	}
	byName(tenants)
	return web.Fragment(c, ui.Found(listID, tenantOptions(tenants)))
}

// accountPage is the list that query asks for.
func (m *Module) accountPage(c *fiber.Ctx, query map[string]string) (view.Accounts, error) {
	ctx := c.UserContext()
	choices, err := m.Service.Choices(ctx)
	if err != nil {
		return view.Accounts{}, err
	}
	l := accountList{choices: choices, query: query, canAssign: web.Can(c, PermAssign), filter: filterOf(query, choices, routes.Accounts)}
	q := AccountQuery{
		Unassigned: query["unassigned"] == "1", Provider: query["provider"], Text: query["text"], Owner: ownerOf(query, choices.Owners),
	}
	q.Period, _ = period.ParseMonth(query["month"])
	q.After, _ = id.Parse[id.Account](query["after"])
	if slug := query["assignee"]; slug != "" {
		t, err := m.tenantNamed(ctx, slug, "assignee")
		q.Assignee = t.ID
		if err != nil {
			q.Assignee = id.New[id.Tenant]()
		}
	}
	if l.page, err = m.Service.BrowseAccounts(ctx, q); err != nil {
		return view.Accounts{}, err
	}
	l.edit, _ = id.Parse[id.Account](query["edit"])
	l.month, l.knowsOpen = q.Period, q.Unassigned && q.Period.IsZero()
	return m.presentAccounts(ctx, l)
}

// assignInput is what the forms say: one account of a row, or those ticked.
type assignInput struct {
	accounts       []id.Account
	assignee, from string
	replace        bool
	back           url.Values // the list's query
}

func bindAssign(c *fiber.Ctx) (in assignInput) {
	form, _ := url.ParseQuery(string(c.Body()))
	for _, text := range form["account"] {
		if a, err := id.Parse[id.Account](text); err == nil {
			in.accounts = append(in.accounts, a)
		}
	}
	in.assignee, in.from = form.Get("assignee"), form.Get("from")
	in.replace = form.Get("replace") == "yes"
	in.back, _ = url.ParseQuery(form.Get("back"))
	in.back.Del("edit")
	in.back.Del("find")
	return in
}

// list is the address of the list that the form stood in.
func (in assignInput) list() string {
	if len(in.back) == 0 {
		return routes.Accounts
	}
	return routes.Accounts + "?" + in.back.Encode()
}

func (in assignInput) query() map[string]string {
	out := map[string]string{}
	for name := range in.back {
		out[name] = in.back.Get(name)
	}
	return out
}

func (m *Module) assign(c *fiber.Ctx) error {
	in := bindAssign(c)
	r, err := m.assignAll(c.UserContext(), in)
	inRow := web.IsHTMX(c) && c.Get("HX-Target") != view.AccountListID && len(in.accounts) == 1
	if err != nil {
		return m.assignAgain(c, in, inRow, err)
	}
	web.Toast(c, assignedText(r, in.assignee))
	if inRow {
		return m.assignedRow(c, in, view.AssignForm{}, true)
	}
	return web.SeeOther(c, in.list())
}

func (m *Module) assignAll(ctx context.Context, in assignInput) (AssignManyResult, error) {
	q := AssignManyInput{Accounts: in.accounts, Replace: in.replace}
	if in.assignee != "" {
		t, err := m.tenantNamed(ctx, in.assignee, "assignee")
		if err != nil {
			return AssignManyResult{}, err
		}
		q.Assignee = t.ID
	}
	if in.from != "" {
		from, err := period.ParseMonth(in.from)
		if err != nil {
			return AssignManyResult{}, errs.New(errs.Invalid, "usage.from", "A month looks like 2026-03.").WithField("from", "Is no month, such as 2026-03.")
		}
		q.From = from
	}
	return m.Service.AssignMany(ctx, q)
}

// assignAgain shows the form with what is wrong: the row alone, or the list.
func (m *Module) assignAgain(c *fiber.Ctx, in assignInput, inRow bool, refused error) error {
	problem, ok := web.Problem(refused)
	if !ok {
		return refused
	}
	problem.Labels = map[string]string{"assignee": "Customer", "from": "From month", "account": "Accounts"}
	form := view.AssignForm{From: in.from, Problem: problem, Assignee: ui.TenantField{Value: in.assignee}}
	if inRow {
		c.Status(web.Status(errs.KindOf(refused)))
		return m.assignedRow(c, in, form, false)
	}
	p, err := m.accountPage(c, in.query())
	if err != nil {
		return err
	}
	p.Bulk.From, p.Bulk.Problem = in.from, problem
	p.Bulk.Assignee.Value = in.assignee
	return web.FormAgain(c, refused, head(c, routes.Accounts), view.AccountPage(p),
		web.Part{ID: view.AccountListID, View: view.AccountList(p)})
}

// assignedRow answers with the one account's row.
func (m *Module) assignedRow(c *fiber.Ctx, in assignInput, form view.AssignForm, isNew bool) error {
	ctx := c.UserContext()
	query := in.query()
	choices, err := m.Service.Choices(ctx)
	if err != nil {
		return err
	}
	l := accountList{choices: choices, query: query, canAssign: true, filter: filterOf(query, choices, routes.Accounts)}
	l.month, _ = period.ParseMonth(query["month"])
	if l.page.Accounts, err = m.Service.AccountsByID(ctx, in.accounts, l.month); err != nil {
		return err
	}
	if len(l.page.Accounts) == 0 {
		return errNoAccount
	}
	if !form.Problem.IsZero() {
		l.edit = in.accounts[0]
	}
	p, err := m.presentAccounts(ctx, l)
	if err != nil {
		return err
	}
	row := p.Rows[0]
	row.IsNew = isNew
	if row.Form != nil && !form.Problem.IsZero() {
		row.Form.From, row.Form.Problem, row.Form.Assignee.Value = form.From, form.Problem, form.Assignee.Value
	}
	return web.Fragment(c, view.AccountRow(p, row))
}

// assignedText says what an assignment did.
func assignedText(r AssignManyResult, to string) string {
	text := "Assigned to " + to + "."
	if n := len(r.Results); n > 1 {
		text = ui.FormatCounted(int64(n), "account", "accounts") + " assigned to " + to + "."
	}
	if months := len(r.Stale); months > 0 {
		text += " " + ui.FormatCounted(int64(months), "month is", "months are") + " being rated again."
	}
	return text
}
