package browsertest

import (
	"path/filepath"
	"testing"

	"tierbook/app/kernel/routes"
	"tierbook/app/sitetest"
)

// Everything can be done without script, too.
func TestNoScript(t *testing.T) {
	t.Parallel()
	s := sitetest.Own(t)
	contract := s.Records(t).Contracts[sitetest.Reseller+">"+sitetest.Customer]

	t.Run("Finance", func(t *testing.T) {
		p := Open(t, s).NoScript()
		p.SignIn(s.Person(t, sitetest.Reseller, "finance"))
		p.Go(routes.Contracts + "/" + contract + "/edit")
		rule := `.tb-rule:has(input[value="Managed service"]) textarea[name$=then]`
		p.Fill(rule, "price * nonsense")
		p.Click("button|Save as a new version")
		p.Wait(".tb-error|nonsense")
		p.Fill(rule, "price * 1.5")
		p.Click(".tb-card button|Show")
		p.Wait(".tb-effect .price .tb-effect-change|+")
		p.Click("button|Save as a new version")
		p.At(routes.Contracts + "/" + contract + "/compare")
		p.Wait(".tb-diff .new|1.5")
		p.Wait("#toasts|was saved")

		p.Go(routes.Recalculate + "?customer=" + sitetest.Customer)
		p.Click(`input[name=period][value="` + s.Last().String() + `"]`)
		p.Choose("select[name=reason]", Eval[string](p, `[...find("select[name=reason]")[0].options].map((o) => o.value).filter(Boolean)[0]`))
		p.Click("button|Run data recalculation")
		p.At(routes.Runs)
		for p.Count("tbody tr:first-child td|Complete") == 0 && !t.Failed() {
			p.Go(routes.Runs)
		}

		p.Click(".tb-avatar summary")
		p.Click(".tb-avatar button[value=dark]")
		p.Wait("html[data-theme=dark]")
		p.Click(".tb-avatar summary")
		p.Click(".tb-avatar button|Sign out")
		p.At(routes.SignIn)
		p.Status(routes.Contracts)
		p.At(routes.SignIn + "?next=")
	})
	t.Run("Admin", func(t *testing.T) {
		p := Open(t, s).NoScript()
		p.SignIn(s.Person(t, sitetest.Distributor, "admin"))
		p.Go(routes.Accounts + "?unassigned=1")
		row := `tr:has([aria-label="Assign account ` + unclaimed + `"])`
		p.Choose(row+" select[name=assignee]", sitetest.Brother)
		p.Click(row + " button|Assign")
		p.Wait("#toasts|Assigned to")
		p.Go(routes.Accounts + "?text=" + unclaimed)
		p.Wait("td|Corvid Games")

		file, err := filepath.Abs("testdata/focus.csv")
		if err != nil {
			t.Fatal(err)
		}
		p.Go(routes.ImportNew)
		p.Upload("input[name=file]", file)
		p.Click("button|Import")
		p.Until("the import's page", `/^\/usage\/imports\/[0-9a-f-]{36}$/.test(location.pathname)`)
		here := p.Path()
		for p.Count("dd|Complete") == 0 && !t.Failed() {
			p.Go(here)
		}
		p.Wait("table td|2026-03")

		p.Click("header a|Search")
		p.At(routes.Search)
		p.Fill("main input[name=q]", "alder")
		p.Click("main button|Search")
		p.Click("main .tb-search-results a|Alder Foods")
		p.At(routes.Customers + "/" + sitetest.Customer)
	})
}
