package usage

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Stale is a billing month of an assignee whose lines are not what they were.
type Stale struct {
	Assignee id.Tenant    `json:"assignee_id"`
	Month    period.Month `json:"month"`
}

func compareStale(a, b Stale) int {
	return cmp.Or(a.Month.Compare(b.Month), a.Assignee.Compare(b.Assignee))
}

// rerateArgs returns the job that asks for months to be rated again, in the
// perspective of who acts in ctx.
func rerateArgs(ctx context.Context, reason string) (RerateArgs, error) {
	sc, err := scope.From(ctx)
	return RerateArgs{Acting: sc.Tenant, Tree: sc.Tree, Actor: sc.Actor.String(), Reason: reason}, err
}

// askForRating enqueues the rating of what an import has changed: the months of
// whoever answers for lines of its new deliveries or of those before them.
func (r *importRun) askForRating(ctx context.Context) error {
	if !r.row.Rerate {
		return nil
	}
	args, err := rerateArgs(ctx, "Import of "+r.row.subject())
	if err != nil {
		return err
	}
	for _, d := range r.result.Deliveries {
		if d.State != DeliveryNew && d.State != DeliveryReplaced {
			continue
		}
		args.Deliveries = append(args.Deliveries, d.ID)
		before, found, err := r.s.work.replaced(ctx, d.ID)
		if err != nil {
			return err
		}
		if found {
			args.Deliveries = append(args.Deliveries, before.ID)
		}
	}
	if len(args.Deliveries) == 0 {
		return nil
	}
	return r.s.workJobs.Enqueue(ctx, args)
}

// rerate asks billing for everything that args names, newest month last. A
// tenant that was not below the acting one in a month is left out: somebody
// else answers for that month.
func (s *Service) rerate(ctx context.Context, args RerateArgs) error {
	ctx = scope.With(ctx, scope.System(args.Tree, args.Tree, scope.Distributor, args.Actor))
	acting, err := s.workTenants.Tenant(ctx, args.Acting)
	if err != nil {
		return err
	}
	months := slices.Clone(args.Months)
	err = s.work.db.ReadTx(ctx, func(ctx context.Context) error {
		touched, err := s.work.staleOf(ctx, ids(args.Deliveries))
		months = append(months, touched...)
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(months, compareStale)
	ctx = scope.With(ctx, scope.System(acting.ID, acting.Tree, acting.Tier, args.Actor))
	for _, m := range slices.Compact(months) {
		err := s.rating.Rerate(ctx, m.Assignee, m.Month, args.Reason)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return fmt.Errorf("rate %s again: %w", m.Month, err)
		}
	}
	return nil
}
