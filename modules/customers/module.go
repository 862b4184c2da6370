package customers

import (
	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/web"
	"tierbook/views/layout"
)

// Deps is what the module stands on.
type Deps struct {
	Authz     *authz.Authz
	Clock     clock.Clock
	Tenants   Tenants
	Money     Money
	Contracts Contracts
	Accounts  Accounts
}

// Module is the customers module, ready to be mounted.
type Module struct {
	Service *Service
}

// New wires the module.
func New(d Deps) *Module {
	return &Module{Service: &Service{
		authz: d.Authz, clock: d.Clock, tenants: d.Tenants, money: d.Money, contracts: d.Contracts, accounts: d.Accounts,
	}}
}

// Nav is what the module adds to the main menu.
func (m *Module) Nav() []web.NavItem {
	return []web.NavItem{{Item: layout.Item{Section: "Customers", Text: "Customers", URL: routes.Customers}, Permission: PermRead}}
}

// Permissions lists the module's permissions.
func (m *Module) Permissions() []authz.Permission { return []authz.Permission{PermRead} }
