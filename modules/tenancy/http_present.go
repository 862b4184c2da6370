package tenancy

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"tierbook/views/ui"

	view "tierbook/views/tenancy"
)

// presentProfile is the profile of whoever makes the request.
func (m *Module) presentProfile(c *fiber.Ctx) (view.Profile, error) {
	ctx := c.UserContext()
	own, err := SessionFrom(ctx)
	if err != nil {
		return view.Profile{}, err
	}
	list, err := m.Service.Sessions(ctx)
	if err != nil {
		return view.Profile{}, err
	}
	p := view.Profile{
		Name: own.User.Name, Email: own.User.Email, Tenant: own.Tenant.Name, Tier: own.Tenant.Tier.String(), Theme: themeOf(c),
	}
	for _, role := range own.Roles {
		p.Roles = append(p.Roles, roleInWords(role))
	}
	for _, s := range list {
		p.Sessions = append(p.Sessions, view.Session{
			ID: s.ID.String(), Device: deviceOf(s.UserAgent), Agent: s.UserAgent, IP: s.IP,
			Opened: s.CreatedAt, Seen: s.SeenAt, Current: s.Current,
		})
	}
	return p, nil
}

// themeOf returns the choice that web.SetPreference has kept.
func themeOf(c *fiber.Ctx) string {
	if theme := c.Cookies("theme"); theme == "light" || theme == "dark" {
		return theme
	}
	return "auto"
}

func presentPasswordProblem(p ui.Problem) ui.Problem {
	p.Labels = map[string]string{"old": "Current password", "new": "New password"}
	if len(p.Fields) > 0 { // each says it all
		p.Message = "Your password is as it was."
	}
	return p
}

// rolesInWords says what the shipped policy lets each role do.
var rolesInWords = map[string]view.Role{
	"admin":                   {Name: "Administrator", Text: "Runs the organisation: people, partners, prices, billing."},
	"finance":                 {Name: "Finance", Text: "Prices, recalculations, invoices, month end."},
	"sales":                   {Name: "Sales", Text: "Wins customers and agrees terms with them."},
	"support":                 {Name: "Support", Text: "Answers questions about usage and bills."},
	"readonly":                {Name: "Read only", Text: "Looks, and changes nothing."},
	"billing_utilities_admin": {Name: "Billing Utilities Admin", Text: "Runs recalculations and watches their log."},
}

func roleInWords(role string) view.Role {
	if r, ok := rolesInWords[role]; ok {
		return r
	}
	return view.Role{Name: strings.ReplaceAll(role, "_", " ")}
}

// browsers and systems are looked for in this order: many call themselves by
// the names of others, too.
var (
	browsers = [][2]string{
		{"Edg/", "Edge"},
		{"OPR/", "Opera"},
		{"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chromium/", "Chromium"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
	}
	systems = [][2]string{
		{"Android", "Android"},
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Windows", "Windows"},
		{"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"},
		{"Linux", "Linux"},
	}
)

// deviceOf says which browser it is as people call it: «Firefox on Linux».
func deviceOf(agent string) string {
	first := func(names [][2]string) string {
		for _, n := range names {
			if strings.Contains(agent, n[0]) {
				return n[1]
			}
		}
		return ""
	}
	browser, system := first(browsers), first(systems)
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser != "":
		return browser
	case system != "":
		return "A browser on " + system
	}
	return "An unknown browser"
}
