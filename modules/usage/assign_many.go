package usage

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/db"
)

var (
	errNoAccounts = errs.New(errs.Invalid, "usage.no_accounts", "No account is chosen.").WithField("account", "Choose at least one account.")
	errNoAssignee = errs.New(errs.Invalid, "usage.no_assignee", "No tenant is chosen.").WithField("assignee", "Choose who answers for it.")
)

// AssignMany is Assign for several accounts, all or none of them. What is
// billed in the months that change hands is then rated again: for the new
// assignee and for those before it, as soon as a worker gets to it.
//
// Needs usage.assign. Errors: those of Assign, naming the account; Invalid
// without an account, assignee or month.
func (s *Service) AssignMany(ctx context.Context, in AssignManyInput) (AssignManyResult, error) {
	if err := s.authz.Need(ctx, PermAssign); err != nil {
		return AssignManyResult{}, err
	}
	months := period.Months{From: in.From, To: in.To}
	switch {
	case len(in.Accounts) == 0:
		return AssignManyResult{}, errNoAccounts
	case in.Assignee.IsZero():
		return AssignManyResult{}, errNoAssignee
	case in.From.IsZero():
		return AssignManyResult{}, errNoFrom
	case months.IsEmpty():
		return AssignManyResult{}, errNoMonths
	}
	var out AssignManyResult
	err := s.web.db.InTx(ctx, func(ctx context.Context) (err error) {
		out, err = s.assignMany(ctx, in, months)
		return err
	})
	if db.ConstraintOf(err) != "" && errs.KindOf(err) == errs.Conflict {
		err = errTaken // two at once
	}
	if err != nil {
		return AssignManyResult{}, fmt.Errorf("assign accounts: %w", err)
	}
	return out, nil
}

func (s *Service) assignMany(ctx context.Context, in AssignManyInput, months period.Months) (out AssignManyResult, err error) {
	assignee, err := s.tenants.Tenant(ctx, in.Assignee)
	if err != nil {
		return out, err
	}
	accounts, err := s.ownAccounts(ctx, in.Accounts)
	if err != nil {
		return out, err
	}
	for _, a := range accounts {
		r, err := s.assignBelow(ctx, a, assignee, months, in.Replace)
		if err != nil {
			return out, err
		}
		stale, err := s.staleAfter(ctx, a, r, months)
		if err != nil {
			return out, err
		}
		out.Results, out.Stale = append(out.Results, r), append(out.Stale, stale...)
	}
	slices.SortFunc(out.Stale, compareStale)
	out.Stale = slices.Compact(out.Stale)
	if len(out.Stale) == 0 {
		return out, nil
	}
	args, err := rerateArgs(ctx, assignReason(accounts, assignee))
	if err != nil {
		return out, err
	}
	args.Months = out.Stale
	return out, s.webJobs.Enqueue(ctx, args)
}

// ownAccounts returns the accounts whose owner the scope sees, in the order of
// list. Errors: NotFound if one of them is missing.
func (s *Service) ownAccounts(ctx context.Context, list []id.Account) ([]accountRow, error) {
	rows, err := s.web.accountsByID(ctx, ids(list))
	if err != nil {
		return nil, err
	}
	byID, owners := make(map[id.Account]accountRow, len(rows)), make([]id.Tenant, 0, len(rows))
	for _, r := range rows {
		byID[r.ID], owners = r, append(owners, r.OwnerID)
	}
	visible, err := s.tenants.Named(ctx, owners)
	if err != nil {
		return nil, err
	}
	out := make([]accountRow, 0, len(list))
	for _, want := range list {
		r, found := byID[want]
		if _, ours := visible[r.OwnerID]; !found || !ours {
			return nil, errNoAccount
		}
		out = append(out, r)
	}
	return out, nil
}

// staleAfter returns what must be rated again after account was assigned.
func (s *Service) staleAfter(ctx context.Context, account accountRow, r AssignResult, months period.Months) ([]Stale, error) {
	if len(r.Touched) == 0 {
		return nil, nil
	}
	billed, err := s.web.billedMonths(ctx, ids([]id.Account{account.ID}), months)
	var out []Stale
	for _, m := range billed {
		for _, t := range r.Touched {
			out = append(out, Stale{Assignee: t, Month: m})
		}
	}
	return out, err
}

// assignReason says in the log of runs why they were asked for. The log is kept,
// so that it has the assignee's slug, which does not change.
func assignReason(accounts []accountRow, assignee Tenant) string {
	if len(accounts) == 1 {
		return "Account " + accounts[0].Account + " was assigned to " + assignee.Slug
	}
	return strconv.Itoa(len(accounts)) + " accounts were assigned to " + assignee.Slug
}
