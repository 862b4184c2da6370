package billing

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"github.com/riverqueue/river"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/db"
	"tierbook/app/platform/jobs"
)

// Deps are what the module stands on.
type Deps struct {
	Web      *db.DB // the web role's pool: requests
	Work     *db.DB // the work role's pool: runs, and what reconciliation re-adds
	WebJobs  Enqueuer
	WorkJobs Enqueuer
	Audit    *audit.Log // in Web's transactions
	Authz    *authz.Authz
	Clock    clock.Clock
	Logger   *slog.Logger

	// The ports must read through Work: a line run reads all its inputs in one
	// transaction of that pool.
	Tenants   Tenants
	Contracts Contracts
	Usage     Usage
	Recount   Recount

	// Directory reads through Web.
	Directory Directory

	Workers int // goroutines of one scan; 0: as many as the process may use
}

// Module is billing, ready to be mounted.
type Module struct {
	// Service is the module's face.
	Service *Service
}

// New returns the module.
func New(d Deps) *Module {
	if d.Workers <= 0 {
		d.Workers = runtime.GOMAXPROCS(0)
	}
	return &Module{Service: &Service{
		web: store{db: d.Web, jobs: d.WebJobs}, work: store{db: d.Work, jobs: d.WorkJobs},
		audit: d.Audit, authz: d.Authz, clock: d.Clock, log: d.Logger,
		tenants: d.Tenants, contracts: d.Contracts, usage: d.Usage, recount: d.Recount, directory: d.Directory,
		workers: d.Workers, manyCalled: manyCalled,
	}}
}

// Workers registers the module's workers. Their queue is Queue; a run uses
// Deps.Workers processors, so one or two at once are enough for a process.
func (m *Module) Workers(w *river.Workers) {
	river.AddWorker(w, &lineRunWorker{service: m.Service})
	river.AddWorker(w, &periodRunWorker{service: m.Service})
	river.AddWorker(w, &checkWorker{service: m.Service})
}

// Periodic returns the module's periodic jobs: none. The sweeper is no job,
// because a job could be lost with the process that ran it.
func (m *Module) Periodic() []*river.PeriodicJob { return nil }

// Sweeper returns what finds abandoned runs. Every process that works on the
// queue runs one beside its client.
func (m *Module) Sweeper(queue jobs.Lister) *Sweeper {
	return &Sweeper{service: m.Service, queue: queue, retried: map[id.Run]time.Time{}}
}

// CarryOut carries out one run in the calling goroutine, for processes without
// a queue such as benchmarks. It returns when the run has ended, or ctx has.
func (m *Module) CarryOut(ctx context.Context, run id.Run) error {
	for {
		again, err := m.Service.carryOut(ctx, run)
		if err != nil || again == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(again):
		}
	}
}

// Permissions lists the module's permissions.
func (m *Module) Permissions() []authz.Permission {
	return []authz.Permission{PermRecalculate, PermReadRuns, PermRead, PermReconcile}
}
