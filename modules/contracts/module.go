package contracts

import (
	"log/slog"

	"tierbook/app/kernel/clock"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/db"
	"tierbook/rules"
)

// Deps is what the module stands on.
type Deps struct {
	DB      *db.DB // the web role's in serve, the work role's in workers
	Authz   *authz.Authz
	Audit   *audit.Log
	Clock   clock.Clock
	Logger  *slog.Logger
	Engine  *rules.Engine
	Tenants Tenants
	Lines   Lines // for previews

	Directory Directory // for pages
	Sales     Sales     // for pages
}

// Module is the contracts module, wired.
type Module struct {
	Service *Service

	engine *rules.Engine
}

// New wires the module.
func New(d Deps) *Module {
	return &Module{engine: d.Engine, Service: &Service{
		db: d.DB, store: store{db: d.DB}, authz: d.Authz, audit: d.Audit, clock: d.Clock, log: d.Logger,
		engine: d.Engine, tenants: d.Tenants, lines: d.Lines, cache: newCache(),
		directory: d.Directory, sales: d.Sales,
	}}
}
