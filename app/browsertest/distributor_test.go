package browsertest

import (
	"strings"
	"testing"

	"tierbook/app/sitetest"
)

const unclaimed = "498316027754" // an account of the demo that nobody answers for

// The distributor's admin sees where the money goes and what needs attention,
// finds a customer, and gives an account to somebody.
func TestStory_DistributorsAdmin(t *testing.T) {
	t.Parallel()
	s := sitetest.Own(t)
	p := Open(t, s)
	p.SignIn(s.Person(t, sitetest.Distributor, "admin"))

	for _, figure := range []string{"cost", "price", "margin"} {
		if got := p.Text(".tb-figure." + figure); !strings.ContainsAny(got, "123456789") {
			t.Errorf("the %s of last month is %q", figure, got)
		}
	}
	p.Wait(`[data-chart*=sankey] canvas`)
	p.Click(`.tb-chart:has([data-chart*=sankey]) summary|The numbers`)
	p.Wait(`.tb-chart:has([data-chart*=sankey]) td|Harbour IT`)
	p.Wait(".tb-attention|assign")

	p.Menu("Customers", "")
	p.At("/customers")
	if p.Count("td a|Alder Foods") == 0 {
		p.Click("#caret-" + sitetest.Reseller)
	}
	p.Click("td a|Alder Foods")
	p.At("/customers/" + sitetest.Customer)
	p.Wait(".tb-figure.margin")
	p.Wait("table td|Amazon") // a service
	for _, tab := range []struct{ name, shows string }{
		{"Accounts", "table td|104882917365"}, {"Contracts", "table a|Managed cloud"}, {"Invoices", "table td|Harbour IT"},
	} {
		p.Click(".tb-tabs a|" + tab.name)
		p.At("/customers/" + sitetest.Customer + "/" + strings.ToLower(tab.name))
		p.Wait(tab.shows)
	}

	p.Menu("Usage", "Deliveries")
	p.At("/usage")
	p.Click("tbody a|418205736190")
	p.At("/usage/deliveries/")
	p.Wait(".tb-figure|Rows")
	p.Wait("table td|" + unclaimed)

	p.Menu("Usage", "Accounts")
	p.Click("label|Unassigned only")
	p.At("/usage/accounts?")
	row := `tr:has([aria-label="Assign account ` + unclaimed + `"])`
	p.Choose(row+" select[name=assignee]", sitetest.Brother)
	p.Click(row + " button|Assign")
	p.Wait("tr.new td|Corvid Games")
	p.Wait("#toasts|Assigned to")
	p.Go("/usage/accounts?text=" + unclaimed)
	p.Wait("td|Corvid Games")
}
