package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tierbook/app/sitetest"
)

// Widths of the two screens that pages are made for, in pixels.
const (
	Narrow = 390
	Wide   = 1440
)

// patience is how long something may take to happen on a machine that is busy
// with other tests.
const patience = 45 * time.Second

// Page is a tab of a browser profile of its own. Its methods fail the test
// where they can't do what they say.
type Page struct {
	t    testing.TB
	ctx  context.Context
	site *sitetest.Site

	mu       sync.Mutex
	problems []string
}

// Open returns an empty tab, as wide as a desk's screen, in which nobody has
// signed in.
func Open(t testing.TB, s *sitetest.Site) *Page {
	t.Helper()
	browser, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	p := &Page{t: t, site: s}
	var stop context.CancelFunc
	p.ctx, stop = chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.hear))
	t.Cleanup(func() {
		if t.Failed() {
			p.keepTrace()
		}
		for _, problem := range p.Problems() {
			t.Errorf("in the browser: %s", problem)
		}
		stop()
	})
	if err := chromedp.Do(p.ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: tellViolations})
	p.Size(Wide)
	p.Dark(false)
	return p
}

// tellViolations says what the content security policy has refused, and where.
const tellViolations = `addEventListener("securitypolicyviolation", (e) => console.error("Content Security Policy:",
	e.effectiveDirective, e.blockedURI, e.sample, e.sourceFile + ":" + e.lineNumber + ":" + e.columnNumber, e.target?.outerHTML?.slice(0, 200)));`

var traces atomic.Int32 // that have been kept, for their names

// keepTrace says where a failed test's page was and what it looked like.
func (p *Page) keepTrace() {
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location())
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	name := strings.NewReplacer("/", "-", " ", "-").Replace(p.t.Name())
	file := filepath.Join(os.TempDir(), fmt.Sprintf("tierbook-%s-%d.png", name, traces.Add(1)))
	if err == nil {
		err = os.WriteFile(file, png, 0o600)
	}
	p.t.Logf("the page was %s; it looked like %s (%v)", at, file, err)
}

// As signs somebody in without asking for a password.
func (p *Page) As(who sitetest.Person) *Page {
	p.t.Helper()
	call(p, network.SetCookie, network.SetCookieParams{Name: who.Cookie().Name, Value: who.Token, URL: p.site.URL, HTTPOnly: new(true)})
	return p
}

// Size makes the window as wide as said, in pixels.
func (p *Page) Size(width int64) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, 900))
	p.Until("the width", fmt.Sprintf("innerWidth === %d", width))
}

// Dark says whether the system prefers dark colours. Movement is always
// reduced, so that nothing has to be waited for.
func (p *Page) Dark(dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	p.Until("the colours", fmt.Sprintf(`matchMedia("(prefers-color-scheme: dark)").matches === %t`, dark))
}

// NoScript turns the pages' scripts off.
func (p *Page) NoScript() *Page {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	return p
}

// Go opens a page, which must answer with 200, and waits until it is loaded.
func (p *Page) Go(path string) {
	p.t.Helper()
	if got := p.Status(path); got != 200 {
		p.t.Fatalf("%s answers %d: %s", path, got, p.Text("body"))
	}
}

// Status opens a page and returns the status that it answers with.
func (p *Page) Status(path string) int {
	p.t.Helper()
	r := run(p, chromedp.NavigateResponse(p.site.URL+path))
	if r == nil {
		p.t.Fatalf("%s: no answer", path)
	}
	return int(r.Status)
}

// Path returns the path and query of the page that is open.
func (p *Page) Path() string {
	p.t.Helper()
	return strings.TrimPrefix(run(p, chromedp.Location()), p.site.URL)
}

// At waits until the path and query of the page begin with start.
func (p *Page) At(start string) {
	p.t.Helper()
	p.Until("the page "+start, fmt.Sprintf(`document.readyState === "complete" && (location.pathname + location.search).startsWith(%s)`, quote(start)))
}

// Wait waits until something can be seen.
func (p *Page) Wait(sel string) {
	p.t.Helper()
	p.Until(sel, fmt.Sprintf(`find(%s).length > 0`, quote(sel)))
}

// Gone waits until nothing of that name can be seen.
func (p *Page) Gone(sel string) {
	p.t.Helper()
	p.Until("no "+sel, fmt.Sprintf(`find(%s).length === 0`, quote(sel)))
}

// Lacks fails if something can be seen, now that the page is as it should be.
func (p *Page) Lacks(sel string) {
	p.t.Helper()
	if n := p.Count(sel); n > 0 {
		p.t.Errorf("%d × %s on %s: %q", n, sel, p.Path(), p.Text(sel))
	}
}

// Count returns how many of that name can be seen.
func (p *Page) Count(sel string) int {
	p.t.Helper()
	return Eval[int](p, fmt.Sprintf(`find(%s).length`, quote(sel)))
}

// Text waits for something and returns its text, as one line.
func (p *Page) Text(sel string) string {
	p.t.Helper()
	p.Wait(sel)
	return Eval[string](p, fmt.Sprintf(`text(find(%s)[0])`, quote(sel)))
}

// Texts returns the texts of all of that name, as one line each.
func (p *Page) Texts(sel string) []string {
	p.t.Helper()
	return Eval[[]string](p, fmt.Sprintf(`find(%s).map(text)`, quote(sel)))
}

// Attr waits for something and returns an attribute of it, "" for none.
func (p *Page) Attr(sel, name string) string {
	p.t.Helper()
	p.Wait(sel)
	return Eval[string](p, fmt.Sprintf(`find(%s)[0].getAttribute(%s) ?? ""`, quote(sel), quote(name)))
}

// Click waits until something can be clicked, on a page that is all there and in
// the place where it then stays, and clicks it.
func (p *Page) Click(sel string) {
	p.t.Helper()
	var at [2]float64
	p.Until("a click on "+sel, fmt.Sprintf(`(() => {
		const e = find(%s)[0];
		if (!e || e.disabled || document.readyState !== "complete") return false;
		e.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
		const box = e.getClientRects()[0];
		const x = box.x + box.width / 2, y = box.y + box.height / 2;
		const hit = document.elementFromPoint(x, y);
		const same = window.tbLast?.[0] === x && window.tbLast?.[1] === y;
		window.tbLast = [x, y];
		return same && hit && (e.contains(hit) || hit.contains(e)) && [x, y];
	})()`, quote(sel)), &at)
	p.do(chromedp.MouseClickXY(at[0], at[1]))
}

// Fill replaces what stands in a field, or in the editor, by text. What was
// there is deleted first: over a selection in the editor Chromium would try to
// keep its looks, by a style that the content policy refuses.
func (p *Page) Fill(sel, text string) {
	p.t.Helper()
	p.Click(sel)
	p.Press("a", chromedp.ModifierCtrl)
	p.Press(kb.Backspace)
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

// Write adds text where the cursor is.
func (p *Page) Write(text string) {
	p.t.Helper()
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

// Press presses a key, such as "?" or kb.Enter, with the given modifiers. What
// the key types comes in the same event, so that a page which handles it gets
// no character besides, as from a keyboard.
func (p *Page) Press(key string, with ...chromedp.Modifier) {
	p.t.Helper()
	for _, r := range key {
		events := kb.Encode(r)
		down, up := *events[0], *events[len(events)-1]
		for _, m := range with {
			down.Modifiers |= int64(m)
			up.Modifiers |= int64(m)
		}
		if len(events) == 3 && down.Modifiers&^int64(chromedp.ModifierShift) == 0 {
			down.Text = events[1].Text
		}
		call(p, input.DispatchKeyEvent, down)
		call(p, input.DispatchKeyEvent, up)
	}
}

// Choose sets the value of a select.
func (p *Page) Choose(sel, value string) {
	p.t.Helper()
	p.Until(value+" in "+sel, fmt.Sprintf(`(() => {
		const e = find(%[1]s)[0];
		if (!e || ![...e.options].some((o) => o.value === %[2]s)) return false;
		e.value = %[2]s;
		e.dispatchEvent(new Event("input", { bubbles: true }));
		e.dispatchEvent(new Event("change", { bubbles: true }));
		return true;
	})()`, quote(sel), quote(value)))
}

// Upload puts files into a file field, which may be hidden behind a button.
func (p *Page) Upload(css string, files ...string) {
	p.t.Helper()
	p.do(chromedp.SetUploadFiles(chromedp.CSS(css), files, chromedp.NodeReady))
}

// Picture writes what the page looks like, down to its foot, as PNG.
func (p *Page) Picture(file string) {
	p.t.Helper()
	size := Eval[[2]int64](p, `[innerWidth, Math.min(Math.max(document.documentElement.scrollHeight, innerHeight), 6000)]`)
	p.do(chromedp.EmulateViewport(size[0], size[1])) // what draws itself when it is seen is seen now
	p.Settled()
	png := run(p, chromedp.CaptureScreenshot())
	p.Size(size[0])
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // pictures are for everybody
		p.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil { //nolint:gosec // pictures are for everybody
		p.t.Fatal(err)
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}
