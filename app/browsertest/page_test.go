package browsertest

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tierbook/app/sitetest"
)

func TestMain(m *testing.M) { os.Exit(sitetest.Main(m)) }

// A watch that has never barked is not trusted.
func TestPage_HearsWhatGoesWrong(t *testing.T) {
	t.Parallel()
	s := sitetest.Shared(t)
	p := Open(t, s).As(s.Person(t, sitetest.Distributor, "admin"))
	p.Go("/search?q=alder")
	if found := p.Problems(); len(found) != 0 {
		t.Fatalf("a good page has problems: %q", found)
	}
	for _, tt := range []struct{ name, js, want string }{
		{"inline style", `document.body.insertAdjacentHTML("beforeend", "<p style='color: red'>x</p>")`, "Content Security Policy"},
		{"foreign image", `document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/x.png" }))`, "Content Security Policy"},
		{"console", `console.error("a planted error")`, "a planted error"},
		{"exception", `void setTimeout(() => { throw new Error("a planted exception"); })`, "a planted exception"},
		{"missing script", `document.head.append(Object.assign(document.createElement("script"), { src: "/static/none.js" }))`, "/static/none.js"},
	} {
		run(p, chromedp.Evaluate[chromedp.Void](tt.js))
		p.heard(t, tt.name, tt.want)
	}
}

// heard waits until a problem has text in it, and forgets it.
func (p *Page) heard(t *testing.T, name, text string) {
	t.Helper()
	for range 500 {
		Eval[bool](p, `new Promise((done) => setTimeout(() => done(true), 10))`)
		if p.Forgive(text) > 0 {
			return
		}
	}
	t.Errorf("%s was not noticed; heard %s", name, strings.Join(p.Problems(), "; "))
}
