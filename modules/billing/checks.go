package billing

import (
	"cmp"
	"context"
	"strings"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
)

// CheckState is where a stored reconciliation is.
type CheckState string

const (
	CheckRequested CheckState = "requested"
	CheckRunning   CheckState = "running"
	CheckComplete  CheckState = "complete"
	CheckFailed    CheckState = "failed" // it could not be carried out: Check.Error says why
)

// IsOpen reports whether the check has yet to end.
func (s CheckState) IsOpen() bool { return s == CheckRequested || s == CheckRunning }

// Check is one stored reconciliation of the acting distributor's month.
type Check struct {
	ID          id.Check
	Month       period.Month
	State       CheckState
	Step        string // what it does at present, in words
	Actor       string // who asked, as people call them
	RequestedAt time.Time
	StartedAt   time.Time // zero: not yet
	FinishedAt  time.Time // zero: not yet
	OK          bool      // Result.OK
	Result      Reconciliation
	Error       string
	// PublishedSince is how many runs have published something in that month
	// after the check began.
	PublishedSince int
}

// CheckNow asks for a reconciliation of month, which a worker carries out, and
// returns it or the one that is under way already. A check whose worker died is
// marked as failed and asked for again.
//
// Needs billing.reconcile. Errors: Forbidden for who is no distributor; Invalid
// without a month.
func (s *Service) CheckNow(ctx context.Context, month period.Month) (Check, error) {
	sc, err := s.needReconcile(ctx)
	if err != nil {
		return Check{}, err
	}
	if month.IsZero() {
		return Check{}, errCheckMonth
	}
	var out Check
	err = s.web.db.InTx(ctx, func(ctx context.Context) error {
		open, ok, err := s.web.openCheck(ctx, month)
		if err != nil {
			return err
		}
		if ok {
			dead, err := s.isDead(ctx, sc, open)
			if err != nil || !dead {
				out = open
				return err
			}
			if err := s.web.endCheck(ctx, open.ID, messageDied, s.clock.Now()); err != nil {
				return err
			}
		}
		out = Check{ID: id.New[id.Check](), Month: month, State: CheckRequested, Actor: sc.Actor.String(), RequestedAt: s.clock.Now()}
		return s.askForCheck(ctx, sc, out)
	})
	return out, err
}

const messageDied = "The process that carried it out has stopped."

var errCheckMonth = errs.New(errs.Invalid, "billing.check_month", "A check needs a month.").WithField("month", "Such as 2026-03.")

// askForCheck stores c with its job and its entry in the audit log.
func (s *Service) askForCheck(ctx context.Context, sc scope.Scope, c Check) error {
	if err := s.web.insertCheck(ctx, sc.Tree, c); err != nil {
		return err
	}
	if err := s.audit.Record(ctx, "billing.reconcile", c.Month.String(), sc.Tenant, nil, map[string]string{"check": c.ID.String(), "month": c.Month.String()}); err != nil {
		return err
	}
	return s.web.jobs.Enqueue(ctx, CheckArgs{CheckID: c.ID, Tree: sc.Tree})
}

// needReconcile returns the scope of a distributor who may reconcile.
func (s *Service) needReconcile(ctx context.Context) (scope.Scope, error) {
	if err := s.authz.Need(ctx, PermReconcile); err != nil {
		return scope.Scope{}, err
	}
	sc, err := scope.From(ctx)
	if err == nil && sc.Tier != scope.Distributor {
		err = errReconcileScope
	}
	return sc, err
}

func checkKey(tree id.Tenant, month period.Month) db.LockKey {
	return db.LockKey("billing.check:" + tree.String() + ":" + month.String())
}

// isDead reports whether nobody works on a check that has begun.
func (s *Service) isDead(ctx context.Context, sc scope.Scope, c Check) (bool, error) {
	if c.State != CheckRunning {
		return false, nil
	}
	key := checkKey(sc.Tree, c.Month)
	held, err := s.work.db.Held(ctx, key)
	return err == nil && !held[key], err
}

// LastCheck returns the newest check of month, whatever its state, and the
// newest that completed; ok is false where there is none. They are the same
// one where that is complete. It may be called inside a read transaction of the
// web role.
//
// Needs billing.reconcile. Errors: Forbidden for who is no distributor.
func (s *Service) LastCheck(ctx context.Context, month period.Month) (newest, complete Check, ok bool, err error) {
	if _, err := s.needReconcile(ctx); err != nil {
		return Check{}, Check{}, false, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		if newest, complete, ok, err = s.web.lastChecks(ctx, month); err != nil {
			return err
		}
		actors := []*string{&newest.Actor, &complete.Actor}
		for _, c := range []*Check{&newest, &complete} {
			for i := range c.Result.Trees {
				actors = append(actors, acknowledgers(c.Result.Trees[i].Findings)...)
				actors = append(actors, acknowledgers(c.Result.Trees[i].Notices)...)
			}
		}
		if err := s.nameActors(ctx, actors...); err != nil {
			return err
		}
		return s.nameChecked(ctx, complete.Result.Trees)
	})
	return newest, complete, ok, err
}

// nameChecked puts names into the findings of a check: of the parties that it
// lists, and of whose lines a finding is about.
func (s *Service) nameChecked(ctx context.Context, trees []TreeBooks) error {
	var found []*Finding
	var about []id.Tenant
	for _, t := range trees {
		for _, list := range [][]Finding{t.Findings, t.Notices} {
			for i := range list {
				found = append(found, &list[i])
				if !list[i].Assignee.IsZero() {
					about = append(about, list[i].Assignee)
				}
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	called, err := s.names(ctx, about...)
	for _, t := range trees {
		for _, e := range t.Edges {
			called[e.Seller], called[e.Buyer] = cmp.Or(e.SellerName, e.Seller), cmp.Or(e.BuyerName, e.Buyer)
		}
	}
	for _, f := range found {
		f.Message = called.in(f.Message)
	}
	return err
}

// acknowledgers are where findings say who has acknowledged them.
func acknowledgers(findings []Finding) []*string {
	var out []*string
	for i := range findings {
		if a := findings[i].Acknowledged; a != nil {
			out = append(out, &a.By)
		}
	}
	return out
}

// nameActors puts names where actors of the audit log are users. One whom the
// scope does not see is somebody.
func (s *Service) nameActors(ctx context.Context, actors ...*string) error {
	for _, actor := range actors {
		text, isUser := strings.CutPrefix(*actor, "user:")
		if !isUser {
			continue
		}
		user, err := id.Parse[id.User](text)
		if err != nil {
			continue // as it was stored, then
		}
		names, err := s.directory.UserNames(ctx, user)
		if err != nil {
			return err
		}
		*actor = cmp.Or(names[user], "somebody")
	}
	return nil
}

// CheckedMonth is one cell of the health strip.
type CheckedMonth struct {
	Month     period.Month
	IsChecked bool
	OK        bool
	IsStale   bool // something was published since
	IsOpen    bool // a check is under way
}

// CheckedMonths returns, for each month that has documents or was checked, what
// its newest completed check said, the oldest month first; at most the last n.
// It may be called inside a read transaction of the web role.
//
// Needs billing.reconcile. Errors: Forbidden for who is no distributor.
func (s *Service) CheckedMonths(ctx context.Context, n int) ([]CheckedMonth, error) {
	if _, err := s.needReconcile(ctx); err != nil {
		return nil, err
	}
	var out []CheckedMonth
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		out, err = s.web.checkedMonths(ctx, n)
		return err
	})
	return out, err
}

// carryOutCheck reconciles a month and stores what came out. The check ends
// whatever happens, but for the process being asked to stop: then again says
// when the job is to come back.
func (s *Service) carryOutCheck(ctx context.Context, check id.Check, tree id.Tenant) (again time.Duration, err error) {
	sc := scope.System(tree, tree, scope.Distributor, "job:billing.check")
	sc.Request = check.String()
	ctx = scope.With(ctx, sc)
	c, err := s.findCheck(ctx, check)
	if err != nil || !c.State.IsOpen() {
		return 0, err
	}
	lock, ok, err := s.work.db.Lock(ctx, checkKey(tree, c.Month))
	if err != nil || !ok {
		return lockPause, err
	}
	defer lock.Release()
	started, err := s.startCheck(ctx, check)
	if err != nil || !started {
		return 0, err
	}
	out, err := s.reconcileInSteps(ctx, c)
	end := context.WithoutCancel(ctx)
	switch {
	case err == nil:
		return 0, s.inWork(end, func(ctx context.Context) error { return s.work.completeCheck(ctx, check, out, s.clock.Now()) })
	case ctx.Err() != nil:
		return lockPause, nil
	}
	s.log.ErrorContext(ctx, "check failed", "check", check, "month", c.Month, "error", err)
	message, ok := errs.Message(err)
	if !ok {
		message = "Something went wrong inside Tierbook; the log knows more (check " + check.String() + ")."
	}
	return 0, s.inWork(end, func(ctx context.Context) error { return s.work.endCheck(ctx, check, message, s.clock.Now()) })
}

func (s *Service) inWork(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.work.db.InTx(ctx, fn)
}

func (s *Service) findCheck(ctx context.Context, check id.Check) (c Check, err error) {
	err = s.inWork(ctx, func(ctx context.Context) error {
		c, err = s.work.getCheck(ctx, check)
		return err
	})
	return c, err
}

func (s *Service) startCheck(ctx context.Context, check id.Check) (ok bool, err error) {
	err = s.inWork(ctx, func(ctx context.Context) error {
		ok, err = s.work.startCheck(ctx, check, s.clock.Now())
		return err
	})
	return ok, err
}

// reconcileInSteps is Reconcile, saying what it does at present.
func (s *Service) reconcileInSteps(ctx context.Context, c Check) (Reconciliation, error) {
	say := func(step string) error {
		return s.inWork(ctx, func(ctx context.Context) error { return s.work.stepCheck(ctx, c.ID, step) })
	}
	if err := say("Waiting for fees and rounding that are being computed"); err != nil {
		return Reconciliation{}, err
	}
	if err := s.settle(ctx, c.Month); err != nil {
		return Reconciliation{}, err
	}
	if err := say("Adding up the stored usage lines again, and comparing every edge"); err != nil {
		return Reconciliation{}, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return Reconciliation{}, err
	}
	b, err := s.readBooks(ctx, sc.Tree, c.Month)
	if err != nil {
		return Reconciliation{}, err
	}
	return b.reconcile(), nil
}
