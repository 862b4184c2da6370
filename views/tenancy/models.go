// Package tenancy has the pages of one's own account: signing in, and the
// profile.
package tenancy

import (
	"time"

	"tierbook/views/ui"
)

// Form is the form to sign in.
type Form struct {
	Email   string
	Next    string // where to go then; empty: home
	Problem ui.Problem
}

// Profile is who one is here, and what one can change of it.
type Profile struct {
	Name     string
	Email    string
	Tenant   string
	Tier     string // distributor, reseller, customer
	Roles    []Role
	Theme    string // light, dark, auto
	Password ui.Problem
	Sessions []Session
}

// Role is a role in words.
type Role struct {
	Name string // Administrator
	Text string // what it is for
}

// Session is one browser that is signed in.
type Session struct {
	ID      string
	Device  string // «Firefox on Linux»
	Agent   string // as the browser calls itself
	IP      string // empty: not known
	Opened  time.Time
	Seen    time.Time
	Current bool
}
