package reports

import (
	"tierbook/app/kernel/clock"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/web"
)

// Deps is what the module stands on.
type Deps struct {
	Authz *authz.Authz
	Clock clock.Clock
	Money Money
	Usage Usage
}

// Module is the reports module, ready to be mounted.
type Module struct {
	Service *Service
}

// New wires the module.
func New(d Deps) *Module {
	return &Module{Service: &Service{authz: d.Authz, clock: d.Clock, money: d.Money, usage: d.Usage}}
}

// Nav is what the module adds to the main menu: nothing, the start page is
// behind the product's mark.
func (m *Module) Nav() []web.NavItem { return nil }
