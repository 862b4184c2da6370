package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
)

// axe is axe-core, which looks for what keeps people from using a page.
var axe = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile("../platform/webtest/testdata/axe.min.js")
	return string(text), err
})

// violation is what axe has found.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		Target  []any  `json:"target"`
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

func (v violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for i, n := range v.Nodes {
		if i == 3 {
			fmt.Fprintf(&b, "\n    and %d more", len(v.Nodes)-i)
			break
		}
		fmt.Fprintf(&b, "\n    %v  %.160s\n        %s", n.Target, n.HTML, strings.ReplaceAll(n.Summary, "\n", "\n        "))
	}
	return b.String()
}

// Accessible fails for each serious or critical violation of WCAG 2.2 AA and of
// good practice that the page has as it now looks. With rules, only these are
// asked.
func (p *Page) Accessible(what string, rules ...string) {
	p.t.Helper()
	code, err := axe()
	if err != nil {
		p.t.Fatal(err)
	}
	only := `{ type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }`
	if len(rules) > 0 {
		list, _ := json.Marshal(rules)
		only = `{ type: "rule", values: ` + string(list) + ` }`
	}
	if !Eval[bool](p, `"axe" in window`) {
		p.do(chromedp.Evaluate[chromedp.Void](code))
	}
	raw := Eval[string](p, `axe.run(document, { runOnly: `+only+`, resultTypes: ["violations"] }).then((r) =>
		JSON.stringify(r.violations.filter((v) => v.impact === "serious" || v.impact === "critical")))`)
	var found []violation
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		p.t.Fatal(err)
	}
	for _, v := range found {
		p.t.Errorf("%s: %s", what, v)
	}
}

// FitsItsWidth fails if the page as a whole scrolls sideways.
func (p *Page) FitsItsWidth(what string) {
	p.t.Helper()
	p.Settled()
	wide := Eval[[]string](p, `document.documentElement.scrollWidth <= innerWidth ? [] : [document.documentElement.scrollWidth + " px",
		...[...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && e.checkVisibility())
			.map((e) => e.nodeName.toLowerCase() + "." + e.className + " to " + Math.round(e.getBoundingClientRect().right)).slice(0, 5)]`)
	if len(wide) > 0 {
		p.t.Errorf("%s scrolls sideways: %s", what, strings.Join(wide, ", "))
	}
}

// Settled waits until nothing on the page moves any more: it is loaded, nothing
// is asked for, its charts and editors are drawn, and colours that were on their
// way to others have arrived.
func (p *Page) Settled() {
	p.t.Helper()
	p.Until("the page to settle", `(() => {
		if (!document.querySelector("html") || document.readyState !== "complete" || document.fonts.status !== "loaded") return false;
		if (!window.tbStill) {
			window.tbStill = new CSSStyleSheet();
			window.tbStill.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important; }");
			document.adoptedStyleSheets = [...document.adoptedStyleSheets, window.tbStill];
		}
		return !document.querySelector(".htmx-request, .htmx-settling, .htmx-swapping") &&
			[...document.querySelectorAll("form textarea[data-editor]")].every((e) => !inView(e)) &&
			[...document.querySelectorAll("[data-chart]")].every((e) => !inView(e) || e.querySelector("canvas, svg")) &&
			new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))));
	})()`)
}
