package tenancy

import (
	"tierbook/app/kernel/clock"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/db"
)

// Deps is what the module stands on.
type Deps struct {
	DB *db.DB // the web role's in serve, the work role's in workers
	// Operator is the work role's pool, for Trees and Resolve, which look at
	// all trees. Nil where the process has none: both are Internal then.
	Operator *db.DB
	Authz    *authz.Authz
	Audit    *audit.Log
	Clock    clock.Clock
}

// Module is the tenancy module, wired.
type Module struct {
	Service *Service
}

// New wires the module.
func New(d Deps) *Module {
	return &Module{Service: &Service{
		db: d.DB, store: store{db: d.DB}, operator: d.Operator,
		authz: d.Authz, audit: d.Audit, clock: d.Clock, argon: argonDefault,
	}}
}
