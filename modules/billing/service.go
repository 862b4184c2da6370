package billing

import (
	"context"
	"log/slog"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/db"
)

// Service rates usage, and answers what came out.
type Service struct {
	web       store // requests: row-level security applies
	work      store // workers: past it
	jobs      Enqueuer
	audit     *audit.Log
	authz     *authz.Authz
	clock     clock.Clock
	log       *slog.Logger
	tenants   Tenants
	contracts Contracts
	usage     Usage
	workers   int // goroutines of one scan
}

// store is the module's door to its tables on one role's pool. Its methods
// need a transaction in their context.
type store struct{ db *db.DB }

// Request asks for a recalculation and returns the run, which is new or the one
// not yet started run of the same acting tenant, assignee and month that it
// joins. While a run of that month is under way a new one waits and is carried
// out after it.
//
// Needs billing.recalculate. Errors: NotFound for an assignee that was not the
// acting tenant or below it in that month; Invalid without a reason or month.
func (s *Service) Request(ctx context.Context, in RunRequest) (id.Run, error) {
	return id.Run{}, nil
}

// Get returns one run that the scope may see: of its tenant or one below it.
//
// Needs billing.read_runs. Errors: NotFound.
func (s *Service) Get(ctx context.Context, run id.Run) (Run, error) { return Run{}, nil }

// List returns runs that the scope may see, the newest request first.
//
// Needs billing.read_runs.
func (s *Service) List(ctx context.Context, f RunFilter) ([]Run, error) { return nil, nil }

// Wait returns when run has ended, and after it the period runs that its
// publishing asked for. A run that waits for the supplier is not waited for:
// it comes back in state waiting.
//
// Needs billing.read_runs. Errors: NotFound; ctx's error.
func (s *Service) Wait(ctx context.Context, run id.Run) (Waited, error) { return Waited{}, nil }
