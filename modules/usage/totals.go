package usage

import (
	"cmp"
	"context"
	"slices"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// Totals adds up the current deliveries of billing month p, by tree, owner,
// provider, payer and currency, for all owners that the scope sees.
//
// Needs usage.read.
func (s *Service) Totals(ctx context.Context, p period.Month) ([]Total, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	var rows []totalRow
	var tenants map[id.Tenant]Tenant
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		list, err := s.tenants.Tenants(ctx)
		if err != nil {
			return err
		}
		tenants = tenantIDs(list)
		rows, err = s.web.totals(ctx, p)
		return err
	})
	out := make([]Total, 0, len(rows))
	for _, r := range rows {
		owner := tenants[r.OwnerID]
		out = append(out, Total{
			Distributor: owner.Distributor, Owner: owner.Slug, Provider: r.Provider, Payer: r.Payer, Currency: r.Currency, Rows: r.Rows,
			Billed: r.Billed, Effective: r.Effective, List: r.List, Contracted: r.Contracted,
		})
	}
	slices.SortStableFunc(out, func(a, b Total) int {
		return cmp.Or(cmp.Compare(a.Distributor, b.Distributor), cmp.Compare(a.Owner, b.Owner))
	})
	return out, err
}

// Accounts lists accounts by owner, provider and identifier, with their
// assignments and, where the scope may see them, sums by month.
//
// Needs usage.read. An assignee below the owner sees the account and its own
// assignments, without sums.
func (s *Service) Accounts(ctx context.Context, f AccountFilter) ([]Account, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	var out []Account
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		rows, err := s.web.listAccounts(ctx, f)
		if err != nil {
			return err
		}
		byID := make(map[id.Account]int, len(rows))
		out = make([]Account, len(rows))
		for i, r := range rows {
			byID[r.ID] = i
			out[i] = r.account()
		}
		return s.addMonths(ctx, f.Period, out, byID)
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out, func(a Account) bool { return !f.keeps(a) }), nil
}

func (s *Service) addMonths(ctx context.Context, p period.Month, out []Account, byID map[id.Account]int) error {
	assignments, err := s.web.listAssignments(ctx)
	if err != nil {
		return err
	}
	for _, a := range assignments {
		if i, ok := byID[a.AccountID]; ok {
			out[i].Assignments = append(out[i].Assignments, a.assignment())
		}
	}
	months, err := s.web.accountMonths(ctx, p)
	for _, m := range months {
		if i, ok := byID[m.AccountID]; ok {
			out[i].Months = append(out[i].Months, m.month(out[i].Assignments))
		}
	}
	return err
}

func (f AccountFilter) keeps(a Account) bool {
	switch {
	case f.Unassigned:
		return slices.ContainsFunc(a.Months, func(m AccountMonth) bool { return !m.IsAssigned })
	case !f.Period.IsZero():
		return len(a.Months) > 0
	}
	return true
}
