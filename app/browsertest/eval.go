package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// helpers is what expressions in this package may use: find returns the
// elements of a name that can be seen, text the text of one on one line, and
// inView says whether one is in the window.
const helpers = `
	const text = (e) => (e.innerText ?? e.textContent).replace(/[\s\u00a0\u2009\u202f]+/g, " ").trim();
	const inView = (e) => {
		const box = e.getBoundingClientRect();
		return e.checkVisibility() && box.height > 0 && box.top < innerHeight && box.bottom > 0;
	};
	const find = (name) => {
		const [css, within] = name.split("|");
		return [...document.querySelectorAll(css)].filter((e) =>
			e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0 && (!within || text(e).includes(within)));
	};`

func expression(js string) string { return "(() => {" + helpers + "\nreturn (" + js + ");\n})()" }

// Eval returns what a JavaScript expression gives on the page.
func Eval[T any](p *Page, js string) T {
	p.t.Helper()
	return run(p, chromedp.Evaluate[T](expression(js), chromedp.EvalAwaitPromise))
}

// Until waits until an expression is true, through any number of pages, and
// decodes its value into to. what names it in the failure.
func (p *Page) Until(what, js string, to ...any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		raw, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte](expression(js), chromedp.EvalAwaitPromise))
		if err == nil && isTrue(raw) {
			for _, v := range to {
				if err := json.Unmarshal(raw, v); err != nil {
					p.t.Fatalf("%s: %v", what, err)
				}
			}
			return
		}
		select { // an error is that of a page that just goes away
		case <-again.C:
		case <-ctx.Done():
			p.t.Fatalf("waited %s for %s in vain (%s, %v)", patience, what, raw, err)
		}
	}
}

func isTrue(raw []byte) bool {
	switch string(raw) {
	case "", "null", "false", "0", `""`:
		return false
	}
	return true
}

func (p *Page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	run(p, chromedp.Steps(steps...))
}

func run[T any](p *Page, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		p.t.Fatalf("the browser says: %v", err)
	}
	return v
}

func call[P, R any](p *Page, cmd cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	r, err := chromedp.Call(ctx, cmd, params)
	if err != nil {
		p.t.Fatal(fmt.Errorf("%s: %w", cmd.Method, err))
	}
	return r
}
