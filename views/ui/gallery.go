package ui

import (
	"time"

	"github.com/a-h/templ"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
)

// State is one component, or page, in one of its states.
type State struct {
	Name string
	View templ.Component
}

// Gallery shows every component in every state.
func Gallery() []State {
	var out []State
	out = append(out, numberStates()...)
	out = append(out, wordStates()...)
	out = append(out, formStates()...)
	out = append(out, tableStates()...)
	return append(out, pictureStates()...)
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func numberStates() []State {
	at := time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	return []State{
		{"money", Money(dec("1234567.891"), "USD")},
		{"money, negative", Money(dec("-1234.5"), "EUR")},
		{"money, too small to show", Money(dec("-0.0001"), "USD")},
		{"money without minor unit", Money(dec("98765.4"), "JPY")},
		{"amount", Amount(dec("0.005"), "USD")},
		{"exact", Exact(dec("-3505.3269681268"))},
		{"percent", Percent(dec("12.5"), dec("100"))},
		{"percent of nothing", Percent(dec("12.5"), dec("0"))},
		{"count", Count(1048576)},
		{"quantity", Quantity(decimal.NewNullDecimal(dec("744.0000001")), "Hrs")},
		{"quantity, none", Quantity(decimal.NullDecimal{}, "Hrs")},
		{"month", Month(period.NewMonth(2026, 3))},
		{"instant", Instant(at)},
		{"instant, none", Instant(time.Time{})},
		{"day", Day(at)},
		{"long id", LongID("0199a3c2-7d11-7e0c-9b1e-2f5c8d1044f1")},
		{"short id", LongID("123456789012")},
	}
}

func wordStates() []State {
	home := []Link{{Text: "Billing", URL: "/billing/invoices"}, {Text: "October"}}
	return []State{
		{"badge, ok", Badge(ToneOK, "Complete")},
		{"badge, warning", Badge(ToneWarn, "Waiting")},
		{"badge, error", Badge(ToneError, "Failed")},
		{"badge, running", Badge(ToneRun, "Running")},
		{"badge, muted", Badge(ToneMuted, "Cancelled")},
		{"callout, information", with(Callout(ToneInfo, "Nothing was published"), text("The run waits for the supplier."))},
		{"callout, error", with(Callout(ToneError, "Division by zero"), text("Rule «EC2», position 7."))},
		{"empty", Empty("No usage has been imported yet.", Link{Text: "Import a file", URL: "/usage/imports/new"})},
		{"empty, nothing to do", Empty("Nothing waits for you.", Link{})},
		{"button", Button(Link{Text: "Import a file", URL: "/usage/imports/new"})},
		{"secondary button", Secondary(Link{Text: "CSV", URL: "/x.csv"})},
		{"breadcrumb", Crumbs(home)},
		{"tabs", Tabs([]Tab{{Text: "Deliveries", URL: "/usage", Current: true}, {Text: "Accounts", URL: "/usage/accounts", Count: "2"}})},
		{"menu", Menu("More actions", []Link{{Text: "Download CSV", URL: "/x.csv"}})},
		{"card with facts", with(Card("Contract"), with(Facts(), with(Fact("Currency"), text("USD"))))},
		{"progress", Progress("Reading rows", 40, 100)},
		{"progress, end unknown", Progress("Starting", 0, 0)},
		{"skeleton", Skeleton(3)},
	}
}

// inForm puts a field that asks the server into a form, without which it would
// be nothing where scripts don't run.
func inForm(field templ.Component) templ.Component {
	return templ.Join(templ.Raw(`<form class="tb-form" method="get">`), field, templ.Raw("</form>"))
}

func formStates() []State {
	return []State{
		{"field", Field(Input{Name: "reason", Label: "Reason", Help: "For the log.", Required: true})},
		{"field with an error", Field(Input{Name: "name", Label: "Name", Value: "x", Error: "Too short.", Help: "Not shown now."})},
		{"password", Field(Input{Name: "password", Label: "Password", Type: "password", Value: "never shown", Autocomplete: "current-password"})},
		{"text area", TextArea(Input{Name: "why", Label: "Explanation", Value: "<b>", Rows: 5})},
		{"select", Select(Input{Name: "customer", Label: "Customer"}, []Option{
			{Value: "", Text: "Choose one"},
			{Value: "alder", Text: "Alder", Group: "Harbour", Selected: true},
			{Value: "birch", Text: "Birch", Group: "Harbour"},
		})},
		{"one of few tenants", Tenant(Input{Name: "buyer", Label: "Buyer"}, ChooseTenant([]Option{{Value: "alder", Text: "Alder"}, {Value: "birch", Text: "Birch"}}, "birch", "/find"), "buyers")},
		{"one of many tenants", inForm(Tenant(Input{Name: "buyer", Label: "Buyer"}, TenantField{Value: "birch", Find: "/find"}, "buyers"))},
		{"checkbox", Checkbox(Input{Name: "sure", Label: "Discloses the cost to the buyer", Help: "Every line at cost."}, true)},
		{"errors", Errors(Problem{
			Message: "Two fields need your attention.",
			Fields:  map[string]string{"name": "Too short.", "from": "No such month."}, Labels: map[string]string{"name": "Name"},
		})},
		{"no errors", Errors(Problem{})},
		{"submit", Submit("Save version")},
	}
}

func tableStates() []State {
	chips := []Chip{{Text: "Status: Failed", URL: "/runs"}}
	return []State{
		{"table", with(TableBox("Invoices"), text("rows"))},
		{"sorted column", SortHead("Total", "?sort=-total", "desc", true)},
		{"column to sort by", SortHead("Name", "?sort=name", "", false)},
		{"filter bar", with(FilterBar("/runs", chips, "/runs"), Field(Input{Name: "text", Label: "Text"}))},
		{"filter bar without filters", with(FilterBar("/runs", nil, "/runs"), Field(Input{Name: "text", Label: "Text"}))},
		{"filter bar that a phone folds", with(FilterBar("/runs", chips, "/runs"), templ.Join(Field(Input{Name: "text", Label: "Text"}), MoreFilters(), Field(Input{Name: "folded", Label: "Folded"})))},
		{"load more", More("rows", "/runs?before=1", 4)},
		{"no more", More("rows", "", 4)},
		{"density", Density()},
	}
}

func pictureStates() []State {
	return []State{
		{"figures", Figures([]Figure{
			{Label: "Cost", Kind: "cost", Amount: dec("100"), Money: "USD"},
			{Label: "Price", Kind: "price", Amount: dec("125.5"), Money: "USD", URL: "/billing/invoices"},
			{Label: "Margin", Kind: "margin", Amount: dec("-25.5"), Money: "USD", Note: "20.3 % of price"},
			{Label: "Unassigned accounts", Amount: dec("2")},
		})},
		{"chart", with(Picture(Chart{
			ID: "spend", Title: "March cost 8 % more than February", Kind: "stacked", Currency: "USD",
			Labels: []string{"2026-02", "2026-03"}, Series: []Series{{Name: "Amazon EC2", Values: []decimal.Decimal{dec("1.10"), dec("2")}}},
		}), text("table"))},
		{"steps", Steps([]Step{
			{Name: "Basis", Text: "starts with list price", After: dec("100"), First: true},
			{Name: "EC2 discount", Text: "93 % of list", Code: "list * 0.93", Before: dec("100"), After: dec("93"), Note: "12 lines"},
		})},
	}
}
