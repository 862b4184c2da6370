package usage

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/views/ui"
	view "tierbook/views/usage"
)

// accountList is a page of accounts on its way to the screen.
type accountList struct {
	page      AccountPage
	choices   Choices
	filter    view.Filter
	query     map[string]string
	month     period.Month // whose sums are shown; zero: the newest
	edit      id.Account   // shown with its form, whatever it lacks
	canAssign bool
	knowsOpen bool // page.Open is of all months
	names     map[id.Tenant]Tenant
	tenants   []Tenant // who may be assigned to
}

func (m *Module) presentAccounts(ctx context.Context, l accountList) (p view.Accounts, err error) {
	newest, err := m.Service.NewestMonth(ctx)
	if err != nil {
		return p, err
	}
	if l.month.IsZero() {
		l.month = newest
	}
	if l.names, err = m.namesIn(ctx, l.page.Accounts); err != nil {
		return p, err
	}
	if l.canAssign {
		if l.tenants, err = m.someTenants(ctx); err != nil {
			return p, err
		}
	}
	open := l.page.Open
	if !l.knowsOpen {
		if open, err = m.Service.Unassigned(ctx, period.Month{}); err != nil {
			return p, err
		}
	}
	p = view.Accounts{
		Filter: l.filter, Month: l.month, Total: l.page.Total, Unassigned: presentUnassigned(open),
		OpenURL: listURL(routes.Accounts, l.query, "unassigned", "1"), HasOwners: len(l.choices.Owners) > 1, HasSums: !newest.IsZero(),
	}
	currencies := map[money.Currency]bool{}
	for _, a := range l.page.Accounts {
		row := l.row(a)
		p.Rows = append(p.Rows, row)
		p.CanAssign = p.CanAssign || row.EditURL != ""
		for _, s := range row.Sums {
			currencies[s.Currency] = true
		}
	}
	p.Currency = only(currencies)
	p.Bulk = *l.form(l.month)
	if l.page.More {
		p.More = listURL(routes.Accounts, l.query, "after", l.page.Accounts[len(l.page.Accounts)-1].ID.String())
	}
	return p, nil
}

// namesIn returns the names of all tenants that accounts name.
func (m *Module) namesIn(ctx context.Context, accounts []Account) (map[id.Tenant]Tenant, error) {
	var list []id.Tenant
	for _, a := range accounts {
		list = append(list, a.Owner)
		for _, x := range a.Assignments {
			list = append(list, x.Assignee)
		}
	}
	return m.namesOf(ctx, list...)
}

// row is one account. It may be assigned here where its owner is visible:
// below the owner one sees only that it is assigned.
func (l accountList) row(a Account) view.Account {
	owner, ours := l.names[a.Owner]
	row := view.Account{ID: a.ID.String(), Number: a.Account, Name: a.Name, Provider: a.Provider, Owner: owner.Name}
	var first period.Month
	for _, x := range a.Months {
		s := view.Sum{Currency: money.Currency(x.Currency), Rows: x.Rows, Billed: x.Billed}
		if x.Period == l.month {
			row.Sums = addSum(row.Sums, s)
		}
		if !x.IsAssigned {
			if first.IsZero() || x.Month.Before(first) {
				first = x.Month
			}
		}
	}
	row.Open = openMonths(a.Months)
	for _, x := range a.Assignments {
		t, visible := l.names[x.Assignee]
		as := view.Assigned{Name: t.Name, Months: x.Months.String(), OwnUse: x.OwnUse, IsNow: x.Months.Contains(l.month)}
		if visible && !x.OwnUse {
			as.URL = routes.Customer(t.Slug)
		}
		row.Assigned = append(row.Assigned, as)
	}
	if !ours || !l.canAssign {
		return row
	}
	row.EditURL = listURL(routes.Accounts, l.query, "edit", row.ID)
	if !first.IsZero() && l.filter.Unassigned || a.ID == l.edit {
		if first.IsZero() {
			first = l.month
		}
		row.Form = l.form(first)
	}
	return row
}

// form asks who answers for an account from a month on.
func (l accountList) form(from period.Month) *view.AssignForm {
	return &view.AssignForm{
		From: from.String(), Back: backOf(l.query),
		Assignee: ui.ChooseTenant(tenantOptions(l.tenants), "", routes.With(routes.Accounts, "find", "1")),
	}
}

// backOf is the query of the list that a form belongs to.
func backOf(query map[string]string) string {
	url := listURL("", query, "edit", "")
	if url == "" {
		return ""
	}
	return url[1:]
}

// openMonths folds the months of an account that nobody answers for into runs,
// by currency.
func openMonths(months []AccountMonth) []view.OpenMonths {
	type run struct {
		view.OpenMonths
		from, to period.Month
	}
	var runs []run
	for _, m := range months { // by service month
		if m.IsAssigned {
			continue
		}
		at := -1
		for i := range runs {
			if runs[i].Currency == money.Currency(m.Currency) {
				at = i
			}
		}
		if at < 0 {
			runs = append(runs, run{from: m.Month, to: m.Month, OpenMonths: view.OpenMonths{Currency: money.Currency(m.Currency)}})
			at = len(runs) - 1
		}
		r := &runs[at]
		r.to, r.Rows, r.Billed = m.Month, r.Rows+m.Rows, r.Billed.Add(m.Billed)
	}
	out := make([]view.OpenMonths, len(runs))
	for i, r := range runs {
		r.Text = span(r.from, r.to)
		out[i] = r.OpenMonths
	}
	return out
}

func (m *Module) presentQuarantine(ctx context.Context, rows []QuarantinedRow, open []period.Month, choices Choices, query map[string]string) (view.Quarantine, error) {
	p := view.Quarantine{Filter: filterOf(query, choices, routes.Quarantine), HasOwners: len(choices.Owners) > 1}
	if p.IsCut = len(rows) > shownQuarantine; p.IsCut {
		rows = rows[:shownQuarantine]
	}
	var list []id.Tenant
	for _, r := range rows {
		list = append(list, r.Owner)
	}
	names, err := m.namesOf(ctx, list...)
	for _, r := range rows {
		p.Rows = append(p.Rows, presentQuarantined(r, names))
	}
	for _, m := range open {
		p.Months = append(p.Months, ui.Option{Value: m.String(), Text: m.String(), Selected: query["month"] == m.String()})
	}
	return p, err
}

func presentQuarantined(r QuarantinedRow, names map[id.Tenant]Tenant) view.Quarantined {
	q := view.Quarantined{
		File: r.File, Row: r.Row, Column: r.Column, Value: r.Value, Reason: r.Reason, Month: r.Period.String(),
		Owner: names[r.Owner].Name, ImportURL: routes.Import(r.Import.String()), Noted: r.AcknowledgedAt, NotedFor: r.Acknowledged,
	}
	if r.Period.IsZero() {
		q.Month = "Unknown: every month"
	}
	return q
}
