package customers

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	view "tierbook/views/customers"
	"tierbook/views/ui"
)

func crumbsOf(v View) []ui.Link {
	out := []ui.Link{{Text: "Customers", URL: routes.Customers}}
	for i, t := range v.Above {
		if i > 0 && i < len(v.Above)-1 {
			out = append(out, ui.Link{Text: t.Name, URL: routes.Customer(t.Slug)})
		}
	}
	return append(out, ui.Link{Text: v.Name})
}

func tabsOf(v View) []ui.Tab {
	out := []ui.Tab{{Text: "Overview", URL: routes.Customer(v.Slug), Current: v.Tab == TabOverview}}
	add := func(tab Tab, text string, may bool) {
		if may {
			out = append(out, ui.Tab{Text: text, URL: routes.CustomerTab(v.Slug, string(tab)), Current: v.Tab == tab})
		}
	}
	add(TabAccounts, "Accounts", v.SeesAccounts)
	add(TabContracts, "Contracts", v.SeesContracts)
	add(TabInvoices, "Invoices", v.SeesMoney)
	return out
}

func presentTenant(v View, s sees) view.Tenant {
	out := view.Tenant{
		Name: v.Name, Slug: v.Slug, Tier: tierText(v.Tier), Since: v.CreatedAt, Month: v.Month, StatusHelp: statusHelp(v.Status),
		Accounts: v.AccountsN, AccountsURL: routes.CustomerTab(v.Slug, string(TabAccounts)),
		ContractsURL: routes.CustomerTab(v.Slug, string(TabContracts)),
		IsSpend:      v.Services.IsSpend, LeavesOutFees: v.Services.LeavesOutFees,
		SeesMoney: v.SeesMoney, SeesContracts: v.SeesContracts, SeesAccounts: v.SeesAccounts,
	}
	out.Tone, out.Status = statusText(v.Status)
	for i, t := range v.Above {
		l := ui.Link{Text: t.Name, URL: routes.Customer(t.Slug)}
		if i == len(v.Above)-1 {
			l.URL = ""
		}
		out.Path = append(out.Path, l)
	}
	var count ContractCount
	for _, c := range v.Contracts {
		count = count.add(c.Months, v.now)
	}
	out.Contracts = contractText(count)
	if !v.SeesMoney {
		return out
	}
	out.Months = monthOptions(v.Months, v.Month)
	if s.recalculate {
		out.Recalculate = routes.With(routes.Recalculate, "customer", v.Slug)
	}
	for _, c := range currencies(v.Services.Rows) {
		out.Currencies = append(out.Currencies, presentCurrency(v, c))
	}
	return out
}

// currencies returns those of rows, in order of their first row's price.
func currencies(rows []ServiceMonth) []money.Currency {
	var out []money.Currency
	for _, r := range rows {
		if !slices.Contains(out, r.Currency) {
			out = append(out, r.Currency)
		}
	}
	return out
}

func serviceName(s ServiceMonth) string {
	switch {
	case s.IsFee:
		return "Fees and rounding"
	case s.Service == "":
		return "(no service)"
	}
	return s.Service
}

func presentCurrency(v View, c money.Currency) view.Currency {
	out := view.Currency{Total: view.Figures{Currency: c}, Chart: chartOf(v, c)}
	now, before := Amounts{}, Amounts{}
	for _, r := range v.Services.Rows {
		switch {
		case r.Currency != c:
		case r.Month == v.Month:
			now = now.Add(r.Amounts)
			out.Rows = append(out.Rows, view.ServiceRow{Name: serviceName(r), Figures: figuresOf(r.Amounts, c)})
		case r.Month == v.Month.Add(-1):
			before = before.Add(r.Amounts)
		}
	}
	out.Total = figuresOf(now, c)
	out.Chart.Title = chartTitle(v, now, before, c)
	if v.Services.IsSpend {
		out.Figures = []ui.Figure{{Label: "Spend in " + v.Month.String(), Kind: "price", Amount: now.Price, Money: c, Note: changeText(now.Price, before.Price, v.Month)}}
		return out
	}
	out.Figures = amountFigures(now, c)
	out.Figures[1].Note = changeText(now.Price, before.Price, v.Month)
	if len(v.Above) > 2 {
		out.Seller = v.Above[len(v.Above)-2].Name
		out.Ours = "With you, who sell it to " + v.Above[1].Name
		for _, f := range v.AtSeller {
			if f.Currency == c {
				out.AtSeller = amountFigures(f.Amounts, c)
			}
		}
	}
	return out
}

func figuresOf(a Amounts, c money.Currency) view.Figures {
	return view.Figures{Currency: c, Cost: a.Cost, Price: a.Price, Margin: a.Margin}
}

func amountFigures(a Amounts, c money.Currency) []ui.Figure {
	share := ui.FormatPercent(a.Margin, a.Price)
	if share != "" {
		share += " of price"
	}
	return []ui.Figure{
		{Label: "Cost", Kind: "cost", Amount: a.Cost, Money: c},
		{Label: "Price", Kind: "price", Amount: a.Price, Money: c},
		{Label: "Margin", Kind: "margin", Amount: a.Margin, Money: c, Note: share},
	}
}

// changeText compares an amount of month with the month before it.
func changeText(now, before decimal.Decimal, month period.Month) string {
	difference := now.Sub(before)
	switch {
	case before.IsZero():
		return ""
	case difference.IsZero():
		return "as in " + month.Add(-1).String()
	}
	percent := ui.FormatPercent(difference, before.Abs())
	if difference.IsPositive() {
		percent = "+" + percent
	}
	return percent + " on " + month.Add(-1).String()
}

func chartTitle(v View, now, before Amounts, c money.Currency) string {
	who, what := v.Name, " pays "
	switch {
	case v.IsSelf && !v.Services.IsSpend:
		what = " sells for "
	case len(v.Above) > 2:
		who, what = v.Above[1].Name, " pays you for "+v.Name+" "
	}
	out := who + what + ui.FormatAmount(now.Price, c) + " " + string(c) + " in " + v.Month.String()
	if change := changeText(now.Price, before.Price, v.Month); change != "" {
		out += ", " + change
	}
	return out
}

// chartOf draws the prices by service, every month from the first with any.
func chartOf(v View, c money.Currency) ui.Chart {
	chart := ui.Chart{ID: "services-" + string(c), Kind: "stacked", Currency: c}
	at, index := map[period.Month]int{}, map[string]int{}
	for _, r := range v.Services.Rows {
		if r.Currency != c {
			continue
		}
		if len(at) == 0 {
			for m := r.Month; !v.Month.Before(m); m = m.Add(1) {
				at[m] = len(chart.Labels)
				chart.Labels = append(chart.Labels, m.String())
			}
		}
		name := serviceName(r)
		i, known := index[name]
		if !known {
			i = len(chart.Series)
			index[name] = i
			chart.Series = append(chart.Series, ui.Series{Name: name, Values: make([]decimal.Decimal, len(chart.Labels))})
		}
		value := &chart.Series[i].Values[at[r.Month]]
		*value = value.Add(r.Price)
	}
	return chart
}

func presentAccounts(v View, s sees) view.Accounts {
	out := view.Accounts{Name: v.Name, Hidden: v.AccountsN - int64(len(v.Accounts))}
	if s.browse {
		out.All = routes.With(routes.Accounts, "assignee", v.Slug)
	}
	if s.assign {
		out.Assign = routes.With(routes.Accounts, "unassigned", "1")
	}
	for _, a := range v.Accounts {
		months := make([]string, len(a.Months))
		for i, m := range a.Months {
			months[i] = m.String()
		}
		out.List = append(out.List, view.Account{Provider: a.Provider, Number: a.Number, Name: a.Name, Months: strings.Join(months, ", ")})
	}
	return out
}

func presentContracts(v View, s sees) view.Contracts {
	out := view.Contracts{Name: v.Name}
	if s.contractEdit {
		out.New = routes.With(routes.ContractNew, "buyer", v.Slug)
	}
	for _, c := range v.Contracts {
		x := view.Contract{Name: c.Name, URL: routes.Contract(c.ID), Seller: nameOf(v.Parties, c.Seller), Months: c.Months.String(), Currency: c.Currency}
		switch (ContractCount{}).add(c.Months, v.now) {
		case ContractCount{Active: 1}:
			x.Tone, x.State = ui.ToneOK, "Active"
		case ContractCount{Scheduled: 1}:
			x.Tone, x.State = ui.ToneInfo, "Scheduled"
		default:
			x.Tone, x.State = ui.ToneMuted, "Expired"
		}
		out.List = append(out.List, x)
	}
	return out
}

func presentInvoices(v View) view.Invoices {
	out := view.Invoices{Name: v.Name, Foot: ui.FormatCount(int64(v.Invoices.Count)) + " in all"}
	here := routes.CustomerTab(v.Slug, string(TabInvoices))
	if p := v.Invoices.Page; p > 1 {
		out.Prev = routes.With(here, "page", ui.FormatPlain(int64(p-1)))
	}
	if p := v.Invoices.Page; p < v.Invoices.Pages {
		out.Next = routes.With(here, "page", ui.FormatPlain(int64(p+1)))
	}
	for _, i := range v.Invoices.List {
		x := view.Invoice{
			Month: i.Month, URL: routes.Invoice(i.Month, i.Seller, i.Buyer), Seller: i.SellerName, Buyer: i.BuyerName, Currency: i.Currency, Total: i.Total,
		}
		switch i.State {
		case "blocked":
			x.Tone, x.State = ui.ToneWarn, "Blocked"
		case "computing":
			x.Tone, x.State = ui.ToneRun, "Being computed"
		case "failed":
			x.Tone, x.State = ui.ToneError, "Failed"
		default:
			x.Tone, x.State = ui.ToneOK, "Pro-forma"
		}
		out.List = append(out.List, x)
	}
	return out
}
