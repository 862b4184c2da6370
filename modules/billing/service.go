package billing

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/scope"
)

// Service rates usage, and answers what came out.
type Service struct {
	web       store // requests: row-level security applies
	work      store // workers: past it
	audit     *audit.Log
	authz     *authz.Authz
	clock     clock.Clock
	log       *slog.Logger
	tenants   Tenants
	contracts Contracts
	usage     Usage
	recount   Recount
	directory Directory
	workers   int // goroutines of one scan

	manyCalled int // manyCalled, or less in a test
}

var (
	errNoReason = errs.New(errs.Invalid, "billing.no_reason", "A recalculation needs a reason.").
			WithField("reason", "Say why, for the log.")
	errNoMonth = errs.New(errs.Invalid, "billing.no_month", "A recalculation needs a month.").
			WithField("month", "Such as 2026-03.")
)

// requested is what the audit log keeps of a request.
type requested struct {
	Run      id.Run    `json:"run"`
	Assignee id.Tenant `json:"assignee"`
	Month    string    `json:"month"`
	Reason   string    `json:"reason"`
	Joined   bool      `json:"joined,omitempty"` // the run had been requested before
}

// Request asks for a recalculation and returns the run, which is new or the one
// not yet started run of the same acting tenant, assignee and month that it
// joins. While a run of that month is under way a new one waits and is carried
// out after it.
//
// Needs billing.recalculate. Errors: NotFound for an assignee that was not the
// acting tenant or below it in that month; Invalid without a reason or month.
func (s *Service) Request(ctx context.Context, in RunRequest) (id.Run, error) {
	if err := s.authz.Need(ctx, PermRecalculate); err != nil {
		return id.Run{}, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return id.Run{}, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	switch {
	case in.Reason == "":
		return id.Run{}, errNoReason
	case in.Month.IsZero():
		return id.Run{}, errNoMonth
	}
	if _, err := s.tenants.Chain(ctx, sc.Tenant, in.Assignee, in.Month); err != nil {
		if errs.KindOf(err) == errs.NotFound {
			err = errNotBelow
		}
		return id.Run{}, err
	}
	var out Run
	err = s.web.db.InTx(ctx, func(ctx context.Context) error {
		var joined bool
		if out, joined, err = s.request(ctx, sc, in); err != nil {
			return err
		}
		return s.audit.Record(ctx, "billing.recalculate", out.ID.String(), sc.Tenant, nil, requested{
			Run: out.ID, Assignee: in.Assignee, Month: in.Month.String(), Reason: in.Reason, Joined: joined,
		})
	})
	return out.ID, err
}

// request joins or inserts the run and makes sure that it has a job.
func (s *Service) request(ctx context.Context, sc scope.Scope, in RunRequest) (r Run, joined bool, err error) {
	if err := s.web.lockRequests(ctx, sc.Tenant, in.Assignee, in.Month); err != nil {
		return Run{}, false, err
	}
	r, joined, err = s.web.joinable(ctx, sc.Tenant, in.Assignee, in.Month)
	if err != nil {
		return Run{}, false, err
	}
	if joined {
		if r.Error == "" {
			return r, true, nil
		}
		return r, true, s.web.retry(ctx, r) // it waits for the supplier: look again
	}
	busy, err := s.web.isRunning(ctx, in.Assignee, in.Month)
	if err != nil {
		return Run{}, false, err
	}
	r = Run{
		ID: id.New[id.Run](), Tree: sc.Tree, Kind: RunLine, Acting: sc.Tenant, Assignee: in.Assignee, Month: in.Month,
		State: StateRequested, Reason: in.Reason, Actor: sc.Actor.String(), RequestedAt: s.clock.Now(),
	}
	if busy {
		r.State = StateWaiting
	}
	if err := s.web.insertRun(ctx, r); err != nil {
		return Run{}, false, err
	}
	return r, false, s.web.enqueue(ctx, r)
}

// Get returns one run that the scope may see: of its tenant or one below it.
//
// Needs billing.read_runs. Errors: NotFound.
func (s *Service) Get(ctx context.Context, run id.Run) (out Run, err error) {
	if err := s.authz.Need(ctx, PermReadRuns); err != nil {
		return Run{}, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		out, err = s.web.getRun(ctx, run)
		return err
	})
	return out, err
}

// Failure returns why run failed, for people: Run.Error with the names of
// tenants, and what an edge's seller may read beyond it; detail is empty where
// there is nothing more, or not for the scope.
//
// Needs billing.read_runs. Errors: NotFound.
func (s *Service) Failure(ctx context.Context, run id.Run) (message, detail string, err error) {
	if err := s.authz.Need(ctx, PermReadRuns); err != nil {
		return "", "", err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		r, err := s.web.getRun(ctx, run)
		if err != nil {
			return err
		}
		called, err := s.namesIn(ctx, r.Month, r)
		if err != nil {
			return err
		}
		beyond, _, err := s.web.errorOf(ctx, run)
		message, detail = called.in(r.Error).String(), called.in(beyond).String()
		return err
	})
	return message, detail, err
}

// List returns runs that the scope may see, the newest request first.
//
// Needs billing.read_runs.
func (s *Service) List(ctx context.Context, f RunFilter) (out []Run, err error) {
	if err := s.authz.Need(ctx, PermReadRuns); err != nil {
		return nil, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		out, err = s.web.listRuns(ctx, f)
		return err
	})
	return out, err
}

// Wait returns when run has ended, and after it the period runs that its
// publishing asked for. A run that waits for the supplier is not waited for:
// it comes back in state waiting.
//
// Needs billing.read_runs. Errors: NotFound; ctx's error.
func (s *Service) Wait(ctx context.Context, run id.Run) (Waited, error) {
	if err := s.authz.Need(ctx, PermReadRuns); err != nil {
		return Waited{}, err
	}
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		var out Waited
		err := s.web.db.ReadTx(ctx, func(ctx context.Context) (err error) {
			if out.Run, err = s.web.getRun(ctx, run); err != nil || out.Run.State.IsOpen() {
				return err
			}
			out.Periods, err = s.web.causedBy(ctx, out.Run)
			return err
		})
		if err != nil {
			return Waited{}, err
		}
		held := out.Run.State == StateWaiting && out.Run.Error != ""
		busy := out.Run.State.IsOpen() || slices.ContainsFunc(out.Periods, func(r Run) bool { return r.State.IsOpen() })
		if held || !busy {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-time.After(pause):
		}
	}
}
