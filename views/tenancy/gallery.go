package tenancy

import (
	"time"

	"tierbook/views/ui"
)

// Gallery shows the pages in their states.
func Gallery() []ui.State {
	at := time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)
	profile := Profile{
		Name: "Grace Okafor", Email: "grace@harbour.example", Tenant: "Harbour IT", Tier: "reseller", Theme: "auto",
		Roles: []Role{{"Finance", "Prices, recalculations, invoices, month end."}, {Name: "night watch"}},
		Sessions: []Session{
			{ID: "1", Device: "Firefox on Linux", Agent: "Mozilla/5.0", IP: "192.0.2.7", Opened: at, Seen: at.Add(time.Hour), Current: true},
			{ID: "2", Device: "An unknown browser", Opened: at, Seen: at},
		},
	}
	refused := profile
	refused.Sessions = profile.Sessions[:1]
	refused.Password = ui.Problem{
		Message: "Your password is as it was.", Fields: map[string]string{"old": "This is not your password."},
		Labels: map[string]string{"old": "Current password"},
	}
	return []ui.State{
		{Name: "sign in", View: SignIn(Form{})},
		{Name: "sign in, refused", View: SignIn(Form{Email: "grace@harbour.example", Next: "/contracts", Problem: ui.Problem{Message: "The e-mail address or the password is wrong."}})},
		{Name: "profile", View: ProfilePage(profile)},
		{Name: "profile, password refused", View: ProfilePage(refused)},
	}
}
