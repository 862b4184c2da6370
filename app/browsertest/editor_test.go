package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tierbook/app/sitetest"
)

// price is the editor of what the rule called Managed service charges.
const price = `.tb-rule:has(input[value="Managed service"]) .tb-field:has(textarea[name$=then]) .cm-content`

// A reseller's finance user changes a rule: the editor says what is wrong while
// typing, offers words, and shows what the change does to last month's lines.
func TestStory_ResellersFinance(t *testing.T) {
	t.Parallel()
	s := sitetest.Own(t)
	p := Open(t, s)
	p.SignIn(s.Person(t, sitetest.Reseller, "finance"))

	p.Menu("Contracts", "")
	p.Click("td a|Managed cloud")
	p.At("/contracts/")
	p.Wait(".sentence|price")
	p.Wait("code.tb-expr|price * 1.07")
	p.Click("a|Edit rules")
	p.Wait(price)

	p.Fill(price, "price * nonsense")
	p.Wait(".cm-lintRange-error|nonsense")
	p.Wait(".cm-message|nonsense")
	p.Wait(".tb-error|nonsense") // and the panel says why it shows no effect

	p.Fill(price, "pri")
	p.Wait(".cm-tooltip-autocomplete li[aria-selected]|price")
	p.Until("the list to take keys", `performance.now() - (window.tbListed ??= performance.now()) > 100`) // it guards against haste
	p.Press(kb.Enter)
	p.Write(" * 1.5")
	p.Until("the whole rule in the editor", `text(find(`+quote(price)+`)[0]) === "price * 1.5"`)
	p.Gone(".cm-lintRange-error")

	p.Wait(".tb-effect .price .tb-effect-change|+")
	before, after := p.Text(".tb-effect .price .muted"), p.Text(".tb-effect .price strong")
	if before == after || !strings.Contains(p.Text("#preview"), "Priced in") {
		t.Errorf("the effect is from %s to %s", before, after)
	}

	p.Click("button|Save as a new version")
	p.Until("the comparison", `location.pathname.endsWith("/compare")`)
	p.Wait("#toasts|was saved")
	p.Wait(".tb-diff .old|1.07")
	p.Wait(".tb-diff .new|1.5")
	if got := p.Text(".tb-figure.price"); !strings.Contains(got, after) || !strings.Contains(got, "was "+before) {
		t.Errorf("the versions compare as %q, the preview said %s → %s", got, before, after)
	}
}

// setPrice saves a new version of the contract with alder-foods, in which the
// rule called Managed service charges expr.
func (p *Page) setPrice(contract, expr string) {
	p.t.Helper()
	p.Go("/contracts/" + contract + "/edit")
	p.Fill(price, expr)
	p.Press(kb.Escape)
	p.Click("button|Save as a new version")
	p.Until("the comparison", `location.pathname.endsWith("/compare")`)
	p.Wait(".tb-diff .new|" + expr)
}

func TestEditor_KeyboardAlone(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	p := Open(t, s).As(s.Person(t, sitetest.Reseller, "finance"))
	p.Go("/contracts/" + s.Records(t).Contracts[sitetest.Reseller+">"+sitetest.Customer] + "/edit")
	p.Wait(price)
	p.Until("the editor's focus", `(find(`+quote(price)+`)[0].focus(), document.activeElement === find(`+quote(price)+`)[0])`)
	p.Press("a", chromedp.ModifierCtrl)
	p.Press("1") // over what has colours, which the console must not hear of
	p.Until("what was typed over the rule", `text(find(`+quote(price)+`)[0]) === "1"`)
	p.Write(" + cos")
	p.Wait(".cm-tooltip-autocomplete li|cost")
	p.Press(kb.Escape)
	p.Gone(".cm-tooltip-autocomplete")
	p.Press(kb.Tab)
	p.Until("the focus to leave the editor by Tab", `!document.activeElement.closest(".cm-editor")`)
}
