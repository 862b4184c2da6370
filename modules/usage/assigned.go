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
// now; all tenants that the scope sees, if none are given. Tenants without an assignment
// are absent. It takes one query.
//
// Needs usage.read.
func (s *Service) Assigned(ctx context.Context, now period.Month, tenants ...id.Tenant) (map[id.Tenant]AssignedTo, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	out := map[id.Tenant]AssignedTo{}
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
