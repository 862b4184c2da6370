package browsertest

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tierbook/app/kernel/routes"
	"tierbook/app/sitetest"
)

// recalculate asks for the last month of alder-foods and waits for the queue.
func (p *Page) recalculate(s *sitetest.Site) {
	p.t.Helper()
	p.Menu("Billing", "Billing Utilities")
	p.At(routes.Utilities)
	p.Click("a|Run recalculation")
	p.Choose("dialog[open] select[name=customer]", sitetest.Customer)
	box := `dialog[open] input[name=period][value="` + s.Last().String() + `"]`
	p.Wait(box)
	if Eval[bool](p, `!find(`+quote(box)+`)[0].checked`) {
		p.Click(box)
	}
	reason := Eval[string](p, `[...document.querySelector("dialog[open] select[name=reason]").options].map((o) => o.value).filter(Boolean)[0]`)
	p.Choose("dialog[open] select[name=reason]", reason)
	p.Click("dialog[open] button|Run data recalculation")
	p.At(routes.Runs)
}

// A reseller's Billing Utilities Admin recalculates after a rule has changed:
// the queue follows the job by itself and takes nothing away from who reads it,
// and the invoice has changed with it.
func TestStory_BillingUtilitiesAdmin(t *testing.T) {
	t.Parallel()
	s := sitetest.Own(t)
	contract := s.Records(t).Contracts[sitetest.Reseller+">"+sitetest.Customer]
	invoice := routes.Invoices + "/" + s.Last().String() + "/" + sitetest.Reseller + "/" + sitetest.Customer
	editor := Open(t, s).As(s.Person(t, sitetest.Reseller, "finance"))
	editor.setPrice(contract, "price * 1.5")

	p := Open(t, s)
	p.SignIn(s.Person(t, sitetest.Reseller, "billing_utilities_admin"))
	p.Go(invoice)
	before := p.Text("tr.total td.num")

	letGo := holdCharges(t, s)
	p.recalculate(s)
	p.Wait("tbody tr|Running")
	job := "tbody tr:first-child td[data-label='Job ID'] a"
	for _, column := range []string{"Alder Foods", s.Last().String(), "Marcus Webb"} {
		p.Wait("tbody tr:first-child|" + column)
	}
	id := p.Attr(job, "id")
	p.watchSwaps(job)
	p.Until("the queue to refresh by itself", "window.tbSwaps >= 2")
	if at := Eval[string](p, "document.activeElement.id"); at != id {
		t.Errorf("the focus went from %s to %q", id, at)
	}
	if y := Eval[float64](p, "scrollY"); y != Eval[float64](p, "window.tbScroll") {
		t.Errorf("the page was scrolled to %v", y)
	}
	letGo()
	p.Wait("tbody tr:first-child td|Complete")
	p.Wait("#toasts|Alder Foods " + s.Last().String() + " is recalculated.")
	p.Wait(`#toasts a[href^="` + routes.Runs + `/"]`)

	p.Click("tbody tr:first-child td a|Complete")
	p.At(routes.Runs + "/")
	p.Wait("h2|What changed")
	p.Wait("table td|Harbour IT → Alder Foods")
	if text := p.Text("main"); strings.Contains(text, "Meridian Cloud → ") {
		t.Errorf("the reseller reads about the distributor's sales:\n%s", text)
	}
	p.Accessible("a complete run")
	p.Click("table td[data-label=Invoice] a")
	p.At(invoice)
	if after := p.Text("tr.total td.num"); after == before {
		t.Errorf("the invoice is still %s", after)
	}
}

// watchSwaps counts how often the queue is replaced, with the focus on sel and
// the page scrolled in a low window.
func (p *Page) watchSwaps(sel string) {
	p.t.Helper()
	Eval[bool](p, `(() => {
		document.body.style.setProperty("min-height", "3000px");
		const row = find(`+quote(sel)+`)[0];
		row.focus();
		scrollTo(0, scrollY + row.getBoundingClientRect().bottom - 5); // the page begins among the rows
		window.tbScroll = scrollY;
		window.tbSwaps = 0;
		document.addEventListener("htmx:afterSettle", () => { window.tbSwaps++; });
		return true;
	})()`)
}

// holdCharges keeps every job from publishing until the returned function is
// called, or t ends.
func holdCharges(t *testing.T, s *sitetest.Site) func() {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.DB.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE billing_charges IN EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	letGo := func() { _ = conn.Close(context.WithoutCancel(t.Context())) }
	t.Cleanup(letGo)
	return letGo
}

// A rule that divides by zero fails the job, which says so to its seller and
// changes nothing.
func TestStory_AFailedRun(t *testing.T) {
	t.Parallel()
	s := sitetest.Own(t)
	contract := s.Records(t).Contracts[sitetest.Reseller+">"+sitetest.Customer]
	editor := Open(t, s).As(s.Person(t, sitetest.Reseller, "finance"))
	editor.setPrice(contract, "price / (price - price)")

	p := Open(t, s).As(s.Person(t, sitetest.Reseller, "billing_utilities_admin"))
	p.Go("/")
	p.recalculate(s)
	p.Wait("tbody tr:first-child td|Failed")
	p.Click("tbody tr:first-child td a|Failed")
	p.At(routes.Runs + "/")
	p.Wait(".tb-callout|The job failed and changed nothing")
	for _, word := range []string{"zero", "Managed service"} {
		if said := p.Text(".tb-callout"); !strings.Contains(said, word) {
			t.Errorf("the job does not say %s: %s", word, said)
		}
	}
	p.Accessible("a failed run")
	p.Size(Narrow)
	p.FitsItsWidth("a failed run")
}
