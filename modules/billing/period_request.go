package billing

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// enqueuePeriodRuns asks, inside the caller's transaction, for a period run of
// each of edges in cause's month, in their order: top down. An edge whose
// period run has not started yet is left with that one, which is kept from
// starting until the transaction ends. Chains' ends are passed over. A month to
// come has no period runs: see EnsurePeriods.
func (s *Service) enqueuePeriodRuns(ctx context.Context, cause Run, edges []Edge) error {
	if s.isToCome(cause.Month) {
		return nil
	}
	for _, edge := range edges {
		if edge.Buyer.IsZero() {
			continue
		}
		r := Run{
			Tree: cause.Tree, Month: cause.Month, Reason: "after " + reference(cause.ID),
			Actor: cause.Actor, Cause: cause.ID,
		}
		if _, err := s.requestPeriod(ctx, s.work, r, edge); err != nil {
			return err
		}
	}
	return nil
}

// isToCome reports whether month has not begun.
func (s *Service) isToCome(month period.Month) bool {
	return period.MonthOf(s.clock.Now()).Before(month)
}

// requestPeriod completes r and queues it, unless it can join another one.
func (s *Service) requestPeriod(ctx context.Context, st store, r Run, edge Edge) (id.Run, error) {
	waiting, ok, err := st.joinablePeriod(ctx, edge, r.Month)
	if err != nil || ok {
		return waiting, err
	}
	r.ID, r.Kind, r.State, r.RequestedAt = id.New[id.Run](), RunPeriod, StateRequested, s.clock.Now()
	r.Acting, r.Seller, r.Buyer = edge.Seller, edge.Seller, edge.Buyer
	if err := st.insertRun(ctx, r); err != nil {
		return id.Run{}, err
	}
	return r.ID, st.enqueue(ctx, r)
}

var (
	errPeriodEdge   = errs.New(errs.NotFound, "billing.edge_not_found", "There is no such contract.")
	errPeriodReason = errs.New(errs.Invalid, "billing.reason_missing", "A reason is needed.")
)

// RequestPeriod asks for the fees and rounding of an edge's month to be
// computed again, also for a month without usage: after its contract was
// changed, for instance. It returns the run, which is new or one that has not
// started yet.
//
// Needs billing.recalculate. Errors: NotFound unless the edge's seller is the
// acting tenant or was below it in that month, and the buyer below the seller;
// Invalid without a reason.
func (s *Service) RequestPeriod(ctx context.Context, edge Edge, month period.Month, reason string) (id.Run, error) {
	if err := s.authz.Need(ctx, PermRecalculate); err != nil {
		return id.Run{}, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return id.Run{}, err
	}
	if reason == "" {
		return id.Run{}, errPeriodReason
	}
	for _, step := range []Edge{{sc.Tenant, edge.Seller}, edge} {
		if _, err := s.tenants.Chain(ctx, step.Seller, step.Buyer, month); err != nil {
			if errs.KindOf(err) == errs.NotFound {
				return id.Run{}, errPeriodEdge
			}
			return id.Run{}, err
		}
	}
	var out id.Run
	err = s.web.db.InTx(ctx, func(ctx context.Context) error {
		out, err = s.requestPeriod(ctx, s.web, Run{Tree: sc.Tree, Month: month, Reason: reason, Actor: sc.Actor.String()}, edge)
		return err
	})
	return out, err
}

// EnsurePeriods asks for the period runs that a month lacks, of all edges whose
// seller the scope sees: an edge with a contract in force or with charges has
// to have a published one, another edge must not. It returns the runs, top
// down. Edges whose newest period run is open or failed are left alone: it
// takes a change to make a failed one succeed. So are months to come: a fee is
// not due yet because a contract is signed.
//
// Needs billing.recalculate.
func (s *Service) EnsurePeriods(ctx context.Context, month period.Month) ([]id.Run, error) {
	if err := s.authz.Need(ctx, PermRecalculate); err != nil {
		return nil, err
	}
	return s.ensurePeriods(ctx, month)
}

// Settle asks for the period runs that a month lacks, as EnsurePeriods does, and
// waits for them and for the recalculations under way until none has ended or
// come for a minute. It takes a worker to carry them out.
//
// Needs billing.recalculate. Errors: ctx's.
func (s *Service) Settle(ctx context.Context, month period.Month) error {
	if err := s.authz.Need(ctx, PermRecalculate); err != nil {
		return err
	}
	return s.settle(ctx, month)
}

func (s *Service) settle(ctx context.Context, month period.Month) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	if _, err := s.ensurePeriods(ctx, month); err != nil {
		return err
	}
	return s.awaitPeriods(ctx, sc.Tree, month)
}

func (s *Service) ensurePeriods(ctx context.Context, month period.Month) ([]id.Run, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	if s.isToCome(month) {
		return nil, nil
	}
	contracts, err := s.contracts.ForMonth(ctx, month)
	if err != nil {
		return nil, err
	}
	tenants, err := s.tenants.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	visible := map[id.Tenant]Tenant{}
	for _, t := range tenants {
		visible[t.ID] = t
	}
	var out []id.Run
	err = s.web.db.InTx(ctx, func(ctx context.Context) error {
		out = nil
		lacking, err := s.lackingPeriods(ctx, sc.Tree, month, contracts)
		if err != nil {
			return err
		}
		lacking = slices.DeleteFunc(lacking, func(e Edge) bool { return visible[e.Seller].ID.IsZero() }) // what it buys itself
		slices.SortFunc(lacking, func(a, b Edge) int {
			return cmp.Or(int(visible[a.Seller].Tier-visible[b.Seller].Tier), a.Seller.Compare(b.Seller), a.Buyer.Compare(b.Buyer))
		})
		for _, edge := range lacking {
			r := Run{Tree: sc.Tree, Month: month, Reason: "contract in force", Actor: sc.Actor.String()}
			run, err := s.requestPeriod(ctx, s.web, r, edge)
			if err != nil {
				return err
			}
			out = append(out, run)
		}
		return nil
	})
	return out, err
}

// lackingPeriods returns the edges whose period publication is not as it
// should be and on its way to nobody.
func (s *Service) lackingPeriods(ctx context.Context, tree id.Tenant, month period.Month, contracts []ContractVersion) ([]Edge, error) {
	charged, err := s.web.chargeSums(ctx, tree, month)
	if err != nil {
		return nil, err
	}
	published, err := s.web.publishedPeriods(ctx, tree, month)
	if err != nil {
		return nil, err
	}
	newest, err := s.web.newestPeriods(ctx, tree, month)
	if err != nil {
		return nil, err
	}
	due := map[Edge]bool{}
	for _, c := range charged {
		due[c.Edge] = true
	}
	for _, c := range contracts {
		if !c.Buyer.IsZero() {
			due[c.Edge] = true
		}
	}
	var out []Edge
	for e := range union(due, published) {
		r, tried := newest[e]
		if due[e] != published[e] && !(tried && (r.State.IsOpen() || r.State == StateFailed)) {
			out = append(out, e)
		}
	}
	return out, nil
}

func union(a, b map[Edge]bool) map[Edge]bool {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

const (
	// periodPoll is how often a wait for period runs looks again.
	periodPoll = 50 * time.Millisecond
	// periodPatience is how long it lasts while no run ends or comes.
	periodPatience = time.Minute
)

// awaitPeriods returns when nothing is under way in the tree's month that is or
// will ask for a period run, or when no run has ended or come for
// periodPatience. Errors: ctx's.
func (s *Service) awaitPeriods(ctx context.Context, tree id.Tenant, month period.Month) error {
	tick := time.NewTicker(periodPoll)
	defer tick.Stop()
	var before []id.Run
	for waited := time.Duration(0); waited < periodPatience; waited += periodPoll {
		var open []id.Run
		err := s.web.db.ReadTx(ctx, func(ctx context.Context) (err error) {
			open, err = s.web.underWay(ctx, tree, month)
			return err
		})
		if err != nil || len(open) == 0 {
			return err
		}
		if !slices.Equal(open, before) {
			before, waited = open, 0
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
