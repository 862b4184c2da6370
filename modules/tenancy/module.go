package tenancy

import (
	"cmp"
	"runtime"
	"sync"
	"time"

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

	// SessionIdle is how long a session lasts without a request, SessionLife
	// how long at most; 0: 12 hours and 30 days.
	SessionIdle, SessionLife time.Duration
}

// Module is the tenancy module, wired.
type Module struct {
	Service *Service
}

// New wires the module.
func New(d Deps) *Module {
	s := &Service{
		db: d.DB, store: store{db: d.DB}, operator: d.Operator,
		authz: d.Authz, audit: d.Audit, clock: d.Clock,
		sessionIdle: cmp.Or(d.SessionIdle, 12*time.Hour), sessionLife: cmp.Or(d.SessionLife, 30*24*time.Hour),
		argon: argonDefault, hashing: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
	s.nobody = sync.OnceValue(func() string { return hashPassword("nobody", s.argon) })
	return &Module{Service: s}
}
