package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tierbook/app/kernel/routes"
	"tierbook/app/sitetest"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	p := Open(t, s).As(s.Person(t, sitetest.Distributor, "admin"))
	p.Go("/")
	p.Press("?")
	p.Wait("#keys-dialog[open] kbd|?")
	p.Press(kb.Escape)
	p.Gone("#keys-dialog[open]")

	p.Press("k", chromedp.ModifierCtrl)
	p.Wait("#search-dialog[open]")
	p.Write("alder")
	p.Wait("#search-dialog .tb-search-results a|Alder Foods")
	p.Accessible("the search dialog")
	p.Press(kb.ArrowDown)
	p.Press(kb.Enter)
	p.At(routes.Customers + "/" + sitetest.Customer)

	p.Press("g")
	p.Press("i")
	p.At(routes.Invoices)
	p.Press("/")
	p.Wait("#search-dialog[open]")
	p.Write("managed cloud")
	p.Press(kb.Enter)
	p.At("/search?q=managed")
	p.Wait("main .tb-search-results a|Managed cloud")
}

func TestTheme(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	p := Open(t, s).As(s.Person(t, sitetest.Customer, "admin"))
	p.Go("/")
	background := func() string { return Eval[string](p, `getComputedStyle(document.body).backgroundColor`) }
	light := background()
	p.Click(".tb-avatar summary")
	p.Click(".tb-avatar button[value=dark]")
	p.Wait("html[data-theme=dark]")
	p.Settled()
	dark := background()
	if dark == light {
		t.Errorf("the dark theme is %s, as the light one", dark)
	}
	p.Go(routes.Invoices)
	if got := background(); got != dark {
		t.Errorf("the next page is %s, not dark", got)
	}
	p.Click(".tb-avatar summary")
	p.Click(".tb-avatar button[value=auto]")
	p.Wait("html[data-theme=auto]")
	p.Settled()
	if got := background(); got != light {
		t.Errorf("as the system likes it, which is light, the page is %s", got)
	}
	p.Dark(true)
	p.Until("the page to follow the system", `getComputedStyle(document.body).backgroundColor === `+quote(dark))
}

// On a phone everything is behind one button, and nothing scrolls sideways.
func TestPhone(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	p := Open(t, s).As(s.Person(t, sitetest.Reseller, "finance"))
	p.Size(Narrow)
	p.Go("/")
	p.Lacks(".tb-nav a|Contracts")
	p.Click(".tb-nav-toggle summary")
	p.Accessible("the menu of a phone")
	p.Click(".tb-nav a|Contracts")
	p.At(routes.Contracts)
	p.FitsItsWidth("the contracts on a phone")
}

// A phone folds what is not the text of a filter, without script, too; chips
// say what is set there.
func TestPhone_Filters(t *testing.T) {
	t.Parallel()
	p := Open(t, sitetest.Shared(t)).NoScript()
	p.As(sitetest.Shared(t).Person(t, sitetest.Distributor, "admin"))
	p.Size(Narrow)
	for _, c := range []struct{ page, text, folded, value, chip string }{
		{routes.Accounts, "text", "provider", "azure", "azure"},
		{routes.Customers, "q", "status", "success", "Billing data: Success"},
		{routes.Contracts, "q", "state", "active", "State: active"},
	} {
		text, folded := "input[name="+c.text+"]", "select[name="+c.folded+"]"
		p.Go(c.page)
		p.Wait(text)
		p.Lacks(folded)
		p.Click(".tb-filter-more summary")
		p.Choose(folded, c.value)
		p.Click(".tb-filter[role=search] button|Filter")
		p.Wait(".tb-chip|" + c.chip)
		p.Lacks(folded)
		p.Fill(text, "nobody")
		p.Press(kb.Enter)
		p.Wait(".tb-empty")
		p.Wait(".tb-chip|nobody")
		p.Wait(".tb-chip|" + c.chip)
	}
	p.Size(Wide)
	p.Wait("select[name=state]")
	p.Lacks(".tb-filter-more summary")
}

// A phone's row of the queue is called by its customer; the job comes last.
func TestPhone_Queue(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	p := Open(t, s).As(s.Person(t, sitetest.Distributor, "admin"))
	p.Size(Narrow)
	p.Go(routes.Runs)
	top := func(name string) float64 {
		return Eval[float64](p, `find("tbody tr:first-child td[data-label='`+name+`']")[0].getBoundingClientRect().top`)
	}
	if customer, kind, job := top("Customer"), top("Type"), top("Job ID"); customer >= kind || kind >= job {
		t.Errorf("customer, type and job stand at %v, %v, %v", customer, kind, job)
	}
}
