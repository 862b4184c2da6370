package billing

import (
	"context"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

var errStarted = errs.New(errs.FailedPrecondition, "billing.run_started", "This run has started or ended already: there is nothing to withdraw.")

// cancelled is what the audit log keeps of a run before it was withdrawn.
type cancelled struct {
	Run    id.Run   `json:"run"`
	Kind   RunKind  `json:"kind"`
	Month  string   `json:"month"`
	State  RunState `json:"state"`
	Reason string   `json:"reason"`
}

func cancelledState(r Run) cancelled {
	return cancelled{Run: r.ID, Kind: r.Kind, Month: r.Month.String(), State: r.State, Reason: r.Reason}
}

// Cancel withdraws a run that has not started. What it would have computed
// stays as it was published; a job that comes for it later finds nothing to do.
//
// Needs billing.recalculate. Errors: NotFound for a run that the scope may not
// see; FailedPrecondition for one that has started or ended, and for fees and
// rounding, which a recalculation leaves behind and which are due.
func (s *Service) Cancel(ctx context.Context, run id.Run) error {
	if err := s.authz.Need(ctx, PermRecalculate); err != nil {
		return err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	return s.web.db.InTx(ctx, func(ctx context.Context) error {
		r, err := s.web.getRun(ctx, run)
		if err != nil {
			return err
		}
		if r.Kind != RunLine {
			return errStarted
		}
		ok, err := s.web.cancelRun(ctx, run, s.clock.Now())
		if err != nil {
			return err
		}
		if !ok {
			return errStarted
		}
		after := cancelledState(r)
		after.State = StateCancelled
		return s.audit.Record(ctx, "billing.cancel", run.String(), sc.Tenant, cancelledState(r), after)
	})
}
