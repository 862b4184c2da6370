package browsertest

import (
	"strings"
	"testing"

	"tierbook/app/kernel/routes"
	"tierbook/app/sitetest"
)

// An end customer sees what it spends and its own invoices; nothing else exists
// for it.
func TestStory_EndCustomer(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	who := s.Person(t, sitetest.Customer, "admin")
	p := Open(t, s).As(who)
	p.Go("/")
	p.Wait(".tb-figure")
	p.Wait("[data-chart*=stacked] canvas")
	for _, word := range []string{"Margin", "Cost", "Meridian", "Corvid"} {
		if text := p.Text("main"); strings.Contains(text, word) {
			t.Errorf("an end customer's start page speaks of %s:\n%s", word, text)
		}
	}
	for _, section := range []string{"Customers", "Contracts", "Usage"} {
		p.Lacks(".tb-nav li|" + section)
	}
	p.Click("main table a|" + s.Last().String())
	p.At(routes.Invoices + "/" + s.Last().String() + "/" + sitetest.Reseller + "/" + sitetest.Customer)
	p.Wait("tr.total td.num")

	r, month := s.Records(t), s.Last().String()
	for _, like := range []struct{ what, unknown, foreign string }{
		{"a brother's invoice", month + "/no-such/tenants", month + "/" + sitetest.Reseller + "/" + sitetest.Brother},
		{"the supplier's invoice", month + "/no-such/tenants", month + "/" + sitetest.Distributor + "/" + sitetest.Reseller},
		{"another tree's invoice", month + "/no-such/tenants", month + "/" + sitetest.ForeignRe + "/" + sitetest.ForeignCust},
	} {
		p.sameNotFound(s, who, like.what, routes.Invoices+"/"+like.unknown, routes.Invoices+"/"+like.foreign)
		p.sameNotFound(s, who, like.what+" as CSV", routes.Invoices+"/"+like.unknown+".csv", routes.Invoices+"/"+like.foreign+".csv")
	}
	const none = "01890000-0000-7000-8000-000000000000"
	p.sameNotFound(s, who, "the contract it buys under", routes.Contracts+"/"+none, routes.Contracts+"/"+r.Contracts[sitetest.Reseller+">"+sitetest.Customer])
	p.sameNotFound(s, who, "its supplier's contract", routes.Contracts+"/"+none, routes.Contracts+"/"+r.Contracts[sitetest.Distributor+">"+sitetest.Reseller])
	p.sameNotFound(s, who, "its supplier", routes.Customers+"/nobody", routes.Customers+"/"+sitetest.Reseller)
	p.sameNotFound(s, who, "a brother", routes.Customers+"/nobody", routes.Customers+"/"+sitetest.Brother)
	p.sameNotFound(s, who, "a delivery", routes.Deliveries+"/deliveries/"+none, routes.Deliveries+"/deliveries/"+r.Deliveries[sitetest.Distributor])
	p.sameNotFound(s, who, "an import", routes.Imports+"/"+none, routes.Imports+"/"+r.Imports[sitetest.Distributor])
	p.sameNotFound(s, who, "a run", routes.Runs+"/"+none, routes.Runs+"/"+r.Runs[sitetest.Reseller])
}

// sameNotFound opens a foreign page, and tests that it is answered as an unknown
// one, byte by byte.
func (p *Page) sameNotFound(s *sitetest.Site, who sitetest.Person, what, unknown, foreign string) {
	p.t.Helper()
	if got := p.Status(foreign); got != 404 {
		p.t.Errorf("%s: %s answers %d", what, foreign, got)
	}
	a := s.Do(p.t, sitetest.Request{Path: unknown, Token: who.Token})
	b := s.Do(p.t, sitetest.Request{Path: foreign, Token: who.Token})
	if a.Status != 404 || a.Body != b.Body {
		p.t.Errorf("%s: %s can be told from %s (%d, %d)", what, foreign, unknown, b.Status, a.Status)
	}
}
