package tenancy

import (
	"errors"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/web"
	"tierbook/views/layout"
	"tierbook/views/ui"

	view "tierbook/views/tenancy"
)

// Routes mounts signing in and out, and the profile.
func (m *Module) Routes(r *web.Router) {
	r.Get(routes.SignIn, web.Public, m.signInPage)
	r.Post(routes.SignIn, web.Public, m.signIn)
	r.Post(routes.SignOut, web.Public, m.signOut)
	r.Post(routes.SignOutAll, web.SignedIn, m.signOutEverywhere)
	r.Get(routes.Profile, web.SignedIn, m.profile)
	r.Post(routes.Password, web.SignedIn, m.changePassword)
	r.Post(routes.Sessions, web.SignedIn, m.endSession)
	r.Post(routes.Theme, web.SignedIn, m.chooseTheme)
	for _, form := range []string{routes.Password, routes.Sessions} { // a form that came back with errors, opened again
		r.Get(form, web.SignedIn, func(c *fiber.Ctx) error { return web.SeeOther(c, routes.Profile) })
	}
}

// Nav lists nothing: the account is behind the avatar.
func (*Module) Nav() []web.NavItem { return nil }

// nextOf returns where somebody wanted to go before they had to sign in: a page
// of this product, else "".
func nextOf(next string) string {
	if !routes.IsLocal(next) || next == routes.Home {
		return ""
	}
	if u, err := url.Parse(next); err != nil || u.Path == routes.SignIn || u.Path == routes.SignOut {
		return ""
	}
	return next
}

func goOn(c *fiber.Ctx, next string) error {
	if next = nextOf(next); next == "" {
		next = routes.Home
	}
	return web.SeeOther(c, next)
}

var signInHead = layout.Head{Title: "Sign in"}

func (m *Module) signInPage(c *fiber.Ctx) error {
	if web.SessionOf(c) != nil {
		return goOn(c, c.Query("next"))
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return web.PlainPage(c, signInHead, view.SignIn(view.Form{Next: nextOf(c.Query("next"))}))
}

func (m *Module) signIn(c *fiber.Ctx) error {
	in := SignInInput{Email: c.FormValue("email"), Password: c.FormValue("password"), IP: web.ClientIP(c), UserAgent: c.Get(fiber.HeaderUserAgent)}
	ctx, next := c.UserContext(), c.FormValue("next")
	session, token, err := m.Service.SignIn(ctx, in)
	if err != nil {
		return signInAgain(c, err, view.Form{Email: in.Email, Next: nextOf(next)})
	}
	if err := m.Service.SignOut(ctx, web.Token(c)); err != nil { // whoever sat here before
		return err
	}
	web.SignIn(c, token, session.ExpiresAt)
	return goOn(c, next)
}

// signInAgain shows the form with why it was refused.
func signInAgain(c *fiber.Ctx, err error, f view.Form) error {
	message, ok := errs.Message(err)
	if !ok {
		return err
	}
	f.Problem = ui.Problem{Message: message}
	if throttled, ok := errors.AsType[*ThrottledError](err); ok {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(throttled.Wait.Seconds())))
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Status(web.Status(errs.KindOf(err)))
	return web.PlainPage(c, signInHead, view.SignIn(f))
}

func (m *Module) signOut(c *fiber.Ctx) error {
	if err := m.Service.SignOut(c.UserContext(), web.Token(c)); err != nil {
		return err
	}
	web.SignOut(c)
	web.Toast(c, "You are signed out.")
	return web.SeeOther(c, routes.SignIn)
}

func (m *Module) signOutEverywhere(c *fiber.Ctx) error {
	if err := m.Service.SignOutEverywhere(c.UserContext()); err != nil {
		return err
	}
	web.SignOut(c)
	web.Toast(c, "You are signed out everywhere.")
	return web.SeeOther(c, routes.SignIn)
}

var profileHead = layout.Head{Title: "Profile"}

func (m *Module) profile(c *fiber.Ctx) error {
	p, err := m.presentProfile(c)
	if err != nil {
		return err
	}
	return web.Page(c, profileHead, view.ProfilePage(p))
}

func (m *Module) changePassword(c *fiber.Ctx) error {
	in := ChangePasswordInput{Old: c.FormValue("old"), New: c.FormValue("new"), IP: web.ClientIP(c)}
	err := m.Service.ChangePassword(c.UserContext(), in)
	if err == nil {
		web.Toast(c, "Your password is changed, and your other sessions are signed out.")
		return web.SeeOther(c, routes.Profile)
	}
	problem, ok := web.Problem(err)
	if !ok {
		return err
	}
	p, perr := m.presentProfile(c)
	if perr != nil {
		return perr
	}
	p.Password = presentPasswordProblem(problem)
	return web.FormAgain(c, err, profileHead, view.ProfilePage(p))
}

func (m *Module) endSession(c *fiber.Ctx) error {
	which, err := id.Parse[id.Session](c.FormValue("session"))
	if err != nil {
		return ErrSessionNotFound
	}
	if err := m.Service.RevokeSession(c.UserContext(), which); err != nil {
		return err
	}
	web.Toast(c, "That session is signed out.")
	return web.SeeOther(c, routes.Profile)
}

// chooseTheme keeps the choice in the browser and goes back to where it was
// made.
func (m *Module) chooseTheme(c *fiber.Ctx) error {
	switch theme := c.FormValue("theme"); theme {
	case "light", "dark", "auto":
		web.SetPreference(c, "theme", theme)
	default:
		return errs.New(errs.Invalid, "tenancy.theme", "A theme is light, dark or auto.")
	}
	back, err := url.Parse(c.Get(fiber.HeaderReferer))
	if err != nil || back.Host != string(c.Request().Host()) || !routes.IsLocal(back.RequestURI()) {
		return web.SeeOther(c, routes.Profile)
	}
	return web.SeeOther(c, back.RequestURI())
}
