package customers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	view "tierbook/views/customers"
	"tierbook/views/layout"
	"tierbook/views/ui"
)

// sees is what the reader may follow.
type sees struct{ recalculate, contractEdit, browse, assign bool }

// nobody stands in the URL where no tenant is open.
const nobody = "-"

func tierText(t scope.Tier) string {
	switch t {
	case scope.Distributor:
		return "Distributor"
	case scope.Reseller:
		return "Reseller"
	}
	return "Customer"
}

func statusText(s Status) (ui.Tone, string) {
	switch s {
	case StatusSuccess:
		return ui.ToneOK, "Success"
	case StatusWarning:
		return ui.ToneWarn, "Warning"
	case StatusFailed:
		return ui.ToneError, "Failed"
	case StatusNone:
	}
	return ui.ToneMuted, "Not available"
}

func statusHelp(s Status) string {
	switch s {
	case StatusSuccess:
		return "Everything came through."
	case StatusWarning:
		return "Findings keep documents from being issued."
	case StatusFailed:
		return "Something could not be computed."
	case StatusNone:
	}
	return "There are no billing data in this month."
}

// statusNames are the statuses in URLs, by status.
var statusNames = [...]string{StatusNone: "none", StatusSuccess: "success", StatusWarning: "warning", StatusFailed: "failed"}

// statusName is f's status in a URL; empty: any.
func (f TreeFilter) statusName() string {
	if f.Status == nil {
		return ""
	}
	return statusNames[*f.Status]
}

// url is the tree's address with other open tenants, or rows.
func (f TreeFilter) url(path string, pairs ...string) string {
	open, rows := "", ""
	if f.IsSet {
		open = openText(f.Open)
	}
	if f.rows() > treeRows {
		rows = strconv.Itoa(f.rows())
	}
	all := []string{"q", f.Text, "status", f.statusName(), "month", f.Month.String(), "under", f.Under, "open", open, "rows", rows}
	for i := 0; i+1 < len(pairs); i += 2 {
		at := slices.Index(all, pairs[i])
		all[at+1] = pairs[i+1]
	}
	return routes.With(path, all...)
}

func openText(slugs []string) string {
	if len(slugs) == 0 {
		return nobody
	}
	return strings.Join(slugs, ",")
}

func presentTree(t Tree, f TreeFilter, canCreate bool) view.Tree {
	out := view.Tree{
		Text: f.Text, Month: t.Month, Under: f.Under, CanCreate: canCreate, IsCapped: t.IsCapped, Currency: oneCurrency(t.Rows),
		Clear: f.url(routes.Customers, "q", "", "status", "", "month", "", "open", "", "rows", ""), Export: f.url(routes.CustomersCSV, "open", "", "rows", ""),
		SeesMoney: t.SeesMoney, SeesContracts: t.SeesContracts, SeesAccounts: t.SeesAccounts,
	}
	if t.SeesMoney {
		out.Months, out.Statuses = monthOptions(t.Months, t.Month), statusOptions(f)
	}
	if f.Text != "" {
		out.Chips = append(out.Chips, ui.Chip{Text: "Name: " + f.Text, URL: f.url(routes.Customers, "q", "", "open", "", "rows", "")})
	}
	if f.Status != nil {
		_, text := statusText(*f.Status)
		out.Chips = append(out.Chips, ui.Chip{Text: "Billing data: " + text, URL: f.url(routes.Customers, "status", "", "open", "", "rows", "")})
	}
	if t.SeesMoney && t.Month != t.Usual {
		out.Chips = append(out.Chips, ui.Chip{Text: "Figures of " + t.Month.String(), URL: f.url(routes.Customers, "month", "")})
	}
	if t.HasMore {
		out.More = f.url(routes.Customers, "rows", strconv.Itoa(f.rows()+treeRows))
	}
	for _, r := range t.Rows {
		out.Rows = append(out.Rows, presentRow(r, t, f))
	}
	out.Foot = footText(t, f)
	return out
}

// oneCurrency returns the currency of all amounts, "" where they differ.
func oneCurrency(rows []Row) money.Currency {
	var c money.Currency
	for _, r := range rows {
		for _, f := range r.Figures {
			if c != "" && f.Currency != c {
				return ""
			}
			c = f.Currency
		}
	}
	return c
}

func monthOptions(months []period.Month, shown period.Month) []ui.Option {
	if !slices.Contains(months, shown) {
		months = append([]period.Month{shown}, months...)
	}
	out := make([]ui.Option, len(months))
	for i, m := range months {
		out[i] = ui.Option{Value: m.String(), Text: m.Start().Format("January 2006"), Selected: m == shown}
	}
	return out
}

// statusOptions offers the statuses, the worst first.
func statusOptions(f TreeFilter) []ui.Option {
	out := []ui.Option{{Text: "any"}}
	for s := StatusFailed; s >= StatusNone; s-- {
		_, text := statusText(s)
		out = append(out, ui.Option{Value: statusNames[s], Text: text, Selected: f.statusName() == statusNames[s]})
	}
	return out
}

func presentRow(r Row, t Tree, f TreeFilter) view.Row {
	out := view.Row{
		Slug: r.Slug, Name: r.Name, URL: routes.Customer(r.Slug), Tier: tierText(r.Tier), Level: r.Depth, IsOpen: r.IsOpen,
		StatusHelp: statusHelp(r.Status), Contracts: contractText(r.Contracts), ContractsURL: routes.CustomerTab(r.Slug, string(TabContracts)),
		Accounts: r.Accounts, IsContext: f.isSearch() && !r.IsMatch,
	}
	out.Tone, out.Status = statusText(r.Status)
	for _, x := range r.Figures {
		out.Figures = append(out.Figures, view.Figures{Currency: x.Currency, Cost: x.Cost, Price: x.Price, Margin: x.Margin})
	}
	if !f.isSearch() && r.Depth == 1 && r.Children > 0 {
		out.Toggle = f.url(routes.Customers, "open", toggled(t.Open, r.Slug))
	}
	if r.Hidden > 0 && r.Depth > 0 {
		out.Hidden = fmt.Sprintf("Show all %s below %s", ui.FormatCount(r.Children), r.Name)
		out.HiddenURL = routes.With(routes.Customers, "under", r.Slug, "month", f.Month.String())
	}
	return out
}

// toggled opens what is closed and closes what is open.
func toggled(open []string, slug string) string {
	if slices.Contains(open, slug) {
		return openText(slices.DeleteFunc(slices.Clone(open), func(s string) bool { return s == slug }))
	}
	return openText(append(slices.Clone(open), slug))
}

func contractText(c ContractCount) string {
	var out []string
	for _, x := range []struct {
		n    int
		word string
	}{{c.Active, "active"}, {c.Scheduled, "scheduled"}, {c.Expired, "expired"}} {
		if x.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", x.n, x.word))
		}
	}
	return strings.Join(out, ", ")
}

// footText says how many are shown of how many.
func footText(t Tree, f TreeFilter) string {
	switch {
	case !f.isSearch():
	case t.Matches == 1:
		return "1 match"
	case t.IsCapped:
		return "The first " + ui.FormatCount(maxMatches) + " of " + ui.FormatCount(t.Matches) + " matches"
	default:
		return ui.FormatCount(t.Matches) + " matches"
	}
	if len(t.Rows) == 0 {
		return ""
	}
	top := t.Rows[0]
	out := ui.FormatCount(top.Children) + " directly below " + top.Name
	if top.Hidden > 0 {
		out = ui.FormatCount(top.Children-top.Hidden) + " of " + out
	}
	return out
}

func presentForm(choice Choice, in CreateInput) view.Form {
	f := view.Form{Name: in.Name, Slug: in.Slug, Parent: in.Parent, HasTiers: len(choice.Tiers) > 1, IsTyped: choice.HasMore}
	for _, t := range slices.Backward(choice.Tiers) {
		f.Tiers = append(f.Tiers, ui.Option{Value: t.String(), Text: tierText(t), Selected: t == in.Tier})
	}
	if len(choice.Parents) > 1 && !choice.HasMore {
		for _, p := range choice.Parents {
			f.Parents = append(f.Parents, ui.Option{Value: p.Slug, Text: p.Name, Selected: p.Slug == in.Parent})
		}
	}
	return f
}

func presentHits(found []Tenant) []layout.Hit {
	out := make([]layout.Hit, len(found))
	for i, t := range found {
		out[i] = layout.Hit{Kind: "Tenant", Title: t.Name, Sub: tierText(t.Tier) + " · " + t.Slug, URL: routes.Customer(t.Slug)}
	}
	return out
}

// nameOf returns a tenant's name, or what is said of one that the reader does
// not see.
func nameOf(known map[id.Tenant]Tenant, t id.Tenant) string {
	if k, ok := known[t]; ok {
		return k.Name
	}
	return "Your supplier"
}
