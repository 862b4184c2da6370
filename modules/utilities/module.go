package utilities

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
	Runs      Runs
	Tenants   Tenants
	Accounts  Accounts
	Contracts Contracts
}

// Module is the utilities module, ready to be mounted.
type Module struct {
	Service *Service
}

// New wires the module.
func New(d Deps) *Module {
	return &Module{Service: &Service{
		authz: d.Authz, clock: d.Clock, runs: d.Runs, tenants: d.Tenants, accounts: d.Accounts, contracts: d.Contracts,
	}}
}

// Nav is what the module adds to the main menu.
func (m *Module) Nav() []web.NavItem {
	return []web.NavItem{{
		Item: layout.Item{
			Section: "Billing", Group: "Operations", Text: "Billing Utilities",
			Help: "Recalculate, and see the run queue & log", URL: routes.Utilities,
		},
		Permission: PermReadRuns,
	}}
}
