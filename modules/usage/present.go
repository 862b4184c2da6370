package usage

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/views/ui"
	view "tierbook/views/usage"
)

// someTenants returns the tenants that the scope sees, by name, if they are
// few; else some of them, more than ui.FewTenants.
func (m *Module) someTenants(ctx context.Context) ([]Tenant, error) {
	list, err := m.Service.tenants.Some(ctx, "", ui.FewTenants+1)
	byName(list)
	return list, err
}

func byName(list []Tenant) {
	slices.SortFunc(list, func(a, b Tenant) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Slug, b.Slug))
	})
}

// tenantNamed finds a tenant by its slug, or by its name where only one has it.
//
// Errors: Invalid, blaming field, for a name that the scope does not see.
func (m *Module) tenantNamed(ctx context.Context, name, field string) (Tenant, error) {
	name = strings.TrimSpace(name)
	t, err := m.Service.tenants.Called(ctx, name)
	if err == nil || errs.KindOf(err) != errs.NotFound {
		return t, err
	}
	list, err := m.Service.tenants.Some(ctx, name, ui.FewTenants)
	if err != nil {
		return Tenant{}, err
	}
	list = slices.DeleteFunc(list, func(t Tenant) bool { return !strings.EqualFold(t.Name, name) })
	if len(list) == 1 && name != "" {
		return list[0], nil
	}
	return Tenant{}, errs.New(errs.Invalid, "usage.no_tenant", "Nobody is called that.").WithField(field, "Choose a tenant of the list.")
}

func tenantOptions(tenants []Tenant) []ui.Option {
	out := make([]ui.Option, len(tenants))
	for i, t := range tenants {
		out[i] = ui.Option{Value: t.Slug, Text: cmp.Or(t.Name, t.Slug)}
	}
	return out
}

// namesOf returns the names of tenants; who the scope does not see has none.
func (m *Module) namesOf(ctx context.Context, list ...id.Tenant) (map[id.Tenant]Tenant, error) {
	return m.Service.tenants.Named(ctx, list)
}

// filterOf is how a list's form shows the query that it was asked with.
func filterOf(query map[string]string, choices Choices, path string) view.Filter {
	f := view.Filter{Text: query["text"], Unassigned: query["unassigned"] == "1", All: query["all"] == "1", Assignee: query["assignee"]}
	f.Months = []ui.Option{{Text: "Any"}}
	for _, m := range choices.Months {
		f.Months = append(f.Months, ui.Option{Value: m.String(), Text: m.String(), Selected: query["month"] == m.String()})
	}
	f.Statuses = []ui.Option{{Text: "Any"}}
	for _, s := range []DeliveryStatus{DeliveryCurrent, DeliverySuperseded, DeliveryWithdrawn, DeliveryKept} {
		f.Statuses = append(f.Statuses, ui.Option{Value: string(s), Text: statusText(s), Selected: query["state"] == string(s)})
	}
	f.Providers = []ui.Option{{Text: "Any"}}
	for _, p := range choices.Providers {
		f.Providers = append(f.Providers, ui.Option{Value: p, Text: p, Selected: query["provider"] == p})
	}
	if len(choices.Owners) > 1 {
		f.Owners = []ui.Option{{Text: "Any"}}
		for _, o := range choices.Owners {
			f.Owners = append(f.Owners, ui.Option{Value: o.Slug, Text: o.Name, Selected: query["owner"] == o.Slug})
		}
	}
	for _, chip := range []struct{ name, text string }{
		{"text", "Contains «" + query["text"] + "»"},
		{"month", query["month"]},
		{"state", statusText(DeliveryStatus(query["state"]))},
		{"provider", query["provider"]},
		{"owner", "Owner " + query["owner"]},
		{"assignee", "Assigned to " + query["assignee"]},
		{"unassigned", "Unassigned only"},
		{"all", "Acknowledged ones too"},
		{"import", "One import"},
		{"delivery", "One delivery"},
	} {
		if query[chip.name] != "" {
			f.Chips = append(f.Chips, ui.Chip{Text: chip.text, URL: listURL(path, query, chip.name, "")})
		}
	}
	return f
}

// listNames are the names that a list's query may hold.
var listNames = []string{"text", "month", "state", "provider", "owner", "assignee", "unassigned", "all", "import", "delivery", "after", "before", "edit"}

// listURL is a list's address with one name of its query changed. Where a list
// goes on is dropped, unless that is what changes.
func listURL(path string, query map[string]string, name, value string) string {
	var pairs []string
	for _, n := range listNames {
		switch {
		case n == name:
			pairs = append(pairs, n, value)
		case n != "after" && n != "before" && n != "edit":
			pairs = append(pairs, n, query[n])
		}
	}
	return routes.With(path, pairs...)
}

// ownerOf reads an owner's slug of a query; one that is not among choices owns
// nothing.
func ownerOf(query map[string]string, choices []Tenant) id.Tenant {
	if query["owner"] == "" {
		return id.Tenant{}
	}
	for _, t := range choices {
		if t.Slug == query["owner"] {
			return t.ID
		}
	}
	return id.New[id.Tenant]()
}

func statusText(s DeliveryStatus) string {
	switch s {
	case DeliveryCurrent:
		return "Current"
	case DeliverySuperseded:
		return "Superseded"
	case DeliveryWithdrawn:
		return "Withdrawn"
	case DeliveryKept:
		return "Older"
	}
	return string(s)
}

func statusTone(s DeliveryStatus) ui.Tone {
	switch s {
	case DeliveryCurrent:
		return ui.ToneOK
	case DeliveryWithdrawn:
		return ui.ToneWarn
	}
	return ui.ToneMuted
}

func presentSum(s Sum) view.Sum {
	return view.Sum{Currency: money.Currency(s.Currency), Rows: s.Rows, Billed: s.Billed, Effective: s.Effective, List: s.List}
}

func presentPeriods(sums []PeriodSum) []view.PeriodSum {
	out := make([]view.PeriodSum, 0, len(sums))
	for _, s := range sums {
		out = append(out, view.PeriodSum{Payer: s.Payer, Period: s.Period, Sum: presentSum(Sum{
			Currency: s.Currency, Rows: s.Rows, Billed: s.Billed, Effective: s.Effective, List: s.List,
		})})
	}
	return out
}

// addSum adds s to those of its currency.
func addSum(sums []view.Sum, s view.Sum) []view.Sum {
	for i := range sums {
		if sums[i].Currency == s.Currency {
			sums[i].Rows += s.Rows
			sums[i].Billed, sums[i].Effective, sums[i].List = sums[i].Billed.Add(s.Billed), sums[i].Effective.Add(s.Effective), sums[i].List.Add(s.List)
			return sums
		}
	}
	return append(sums, s)
}

// only returns the currency that all of sums have, "" where they differ.
func only(currencies map[money.Currency]bool) money.Currency {
	if len(currencies) != 1 {
		return ""
	}
	for c := range currencies {
		return c
	}
	return ""
}

// span writes following months as «2026-01 to 2026-03».
func span(from, to period.Month) string {
	if from == to {
		return from.String()
	}
	return from.String() + " to " + to.String()
}
