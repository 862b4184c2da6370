package usage

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// AssignedTo is what a tenant answers for.
type AssignedTo struct {
	Accounts int64           // assigned to it in the month that was asked for
	Months   []period.Months // of all its assignments, without repetition
}

// Assigned returns what tenants answer for, with how many accounts in month
// now. Tenants without an assignment are absent. It takes one query.
//
// Needs usage.read.
func (s *Service) Assigned(ctx context.Context, now period.Month, tenants ...id.Tenant) (map[id.Tenant]AssignedTo, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	out := map[id.Tenant]AssignedTo{}
	if len(tenants) == 0 {
		return out, nil
	}
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		rows, err := s.web.assigned(ctx, ids(tenants))
		for _, r := range rows {
			a := out[r.AssigneeID]
			if r.Months.Contains(now) {
				a.Accounts += r.Accounts
			}
			a.Months = append(a.Months, r.Months)
			out[r.AssigneeID] = a
		}
		return err
	})
	return out, err
}

// SomeAssignees returns tenants that the scope sees assignments of, at most limit
// and in no order, and the months of all such assignments.
//
// Needs usage.read.
func (s *Service) SomeAssignees(ctx context.Context, limit int) (some []id.Tenant, months []period.Months, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, nil, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		if some, err = s.web.someAssignees(ctx, limit); err != nil {
			return err
		}
		months, err = s.web.assignedMonths(ctx)
		return err
	})
	return some, months, err
}

// CountQuarantined returns how many rows that nobody has acknowledged count
// against billing month p, of the owners that the scope sees; those of unknown
// month count against every month.
//
// Needs usage.read.
func (s *Service) CountQuarantined(ctx context.Context, p period.Month) (n int64, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return 0, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		n, err = s.web.countQuarantined(ctx, p)
		return err
	})
	return n, err
}
