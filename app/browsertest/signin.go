package browsertest

import (
	"tierbook/app/kernel/routes"
	"tierbook/app/sitetest"
)

// SignIn signs somebody in with the form, and waits for the start page.
func (p *Page) SignIn(who sitetest.Person) {
	p.t.Helper()
	p.Go(routes.SignIn)
	p.Fill("input[name=email]", who.Email)
	p.Fill("input[name=password]", who.Password)
	p.Click("button|Sign in")
	p.Wait(".tb-avatar")
}

// Menu opens a page from the main menu.
func (p *Page) Menu(section, item string) {
	p.t.Helper()
	if item == "" {
		p.Click(".tb-nav a|" + section)
		return
	}
	p.Click(".tb-nav summary|" + section)
	p.Click(".tb-mega[open] a|" + item)
}
