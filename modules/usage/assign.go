package usage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
)

var (
	errNoAccount = errs.New(errs.NotFound, "usage.no_account", "There is no such account: accounts appear with their first import.")
	errNoMonths  = errs.New(errs.Invalid, "usage.no_months", "The last month lies before the first.").WithField("to", "Lies before the first month.")
	errNoFrom    = errs.New(errs.Invalid, "usage.no_from", "A first month is needed.").WithField("from", "Is needed.")
	errTaken     = errs.New(errs.Conflict, "usage.assigned", "The account is assigned in these months already.")
)

// Assign gives an account to a tenant for a range of months.
//
// An open-ended assignment that began earlier ends the month before in.From;
// one that began in in.From is replaced. Anything else in the way is a Conflict
// that names the standing assignment. Assigning to who has the account already
// in all of these months changes nothing.
//
// The assignee must be the owner or below it in each of the months; one that
// is no customer has the account for its own use.
//
// Needs usage.assign. An account that the scope does not see as its owner's is
// NotFound; so is a foreign assignee. Errors: Invalid for an ambiguous account
// or an empty range; FailedPrecondition for an assignee that is not below the
// owner in some month; Conflict as above.
func (s *Service) Assign(ctx context.Context, in AssignInput) (AssignResult, error) {
	if err := s.authz.Need(ctx, PermAssign); err != nil {
		return AssignResult{}, err
	}
	months := period.Months{From: in.From, To: in.To}
	switch {
	case in.From.IsZero():
		return AssignResult{}, errNoFrom
	case months.IsEmpty():
		return AssignResult{}, errNoMonths
	}
	var out AssignResult
	err := s.web.db.InTx(ctx, func(ctx context.Context) error {
		account, err := s.findAccount(ctx, in)
		if err != nil {
			return err
		}
		assignee, err := s.tenants.Tenant(ctx, in.Assignee)
		if err != nil {
			return err
		}
		out, err = s.assignBelow(ctx, account, assignee, months)
		return err
	})
	if db.ConstraintOf(err) != "" && errs.KindOf(err) == errs.Conflict {
		err = errTaken // two at once
	}
	if err != nil {
		return AssignResult{}, fmt.Errorf("assign account %s: %w", in.Account, err)
	}
	return out, nil
}

// findAccount returns the one account that in names, among those whose owner
// the scope sees.
func (s *Service) findAccount(ctx context.Context, in AssignInput) (accountRow, error) {
	list, err := s.tenants.Tenants(ctx)
	if err != nil {
		return accountRow{}, err
	}
	visible := tenantIDs(list)
	rows, err := s.web.findAccounts(ctx, in)
	if err != nil {
		return accountRow{}, err
	}
	rows = slices.DeleteFunc(rows, func(r accountRow) bool { return visible[r.OwnerID].ID.IsZero() })
	switch {
	case len(rows) == 0:
		return accountRow{}, errNoAccount
	case len(rows) > 1:
		return accountRow{}, ambiguous(in.Account, rows, visible)
	}
	return rows[0], nil
}

// ambiguous refuses the name of several accounts. Its fields are those that
// would tell them apart.
func ambiguous(account string, rows []accountRow, owners map[id.Tenant]Tenant) error {
	text, fields := "", map[string]string{}
	for _, r := range rows {
		text += fmt.Sprintf(" %s of %s;", r.Provider, owners[r.OwnerID].Slug)
		if r.Provider != rows[0].Provider {
			fields["provider"] = "Say which provider's account."
		}
		if r.OwnerID != rows[0].OwnerID {
			fields["owner"] = "Say whose account: several owners have it."
		}
	}
	err := errs.Newf(errs.Invalid, "usage.ambiguous_account", "There are %d accounts %s:%s say which %s.",
		len(rows), account, text, strings.Join(slices.Sorted(maps.Keys(fields)), " and "))
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		err = err.WithField(field, fields[field])
	}
	return err
}

// assignBelow is assign for an assignee that must be below the account's owner.
func (s *Service) assignBelow(ctx context.Context, account accountRow, assignee Tenant, months period.Months) (AssignResult, error) {
	below, err := s.tenants.IsBelow(ctx, account.OwnerID, assignee.ID, months)
	if err != nil {
		return AssignResult{}, err
	}
	if !below {
		return AssignResult{}, errs.Newf(errs.FailedPrecondition, "usage.not_below", "%s is not below the owner of account %s in each month %s.", assignee.Slug, account.Account, months)
	}
	return s.assign(ctx, account, assignee, months)
}

// assign makes room for the assignment and writes it.
func (s *Service) assign(ctx context.Context, account accountRow, assignee Tenant, months period.Months) (AssignResult, error) {
	standing, err := s.web.overlapping(ctx, account.ID, months)
	if err != nil {
		return AssignResult{}, err
	}
	out := AssignResult{Touched: []id.Tenant{assignee.ID}}
	for _, old := range standing {
		switch {
		case old.AssigneeID == assignee.ID && contains(old.Months, months):
			return AssignResult{Assignment: old.assignment()}, nil
		case !old.Months.To.IsZero() || months.From.Before(old.Months.From):
			return AssignResult{}, s.taken(ctx, account, old)
		}
		ended, err := s.end(ctx, account, old, months.From)
		if err != nil {
			return AssignResult{}, err
		}
		out.Ended = append(out.Ended, ended)
		if !slices.Contains(out.Touched, old.AssigneeID) {
			out.Touched = append(out.Touched, old.AssigneeID)
		}
	}
	row := assignmentRow{
		ID: id.New[id.Assignment](), TreeID: account.TreeID, OwnerID: account.OwnerID, AccountID: account.ID,
		AssigneeID: assignee.ID, OwnUse: assignee.Tier != scope.Customer, Months: months, CreatedAt: s.clock.Now(),
	}
	if err := s.web.insertAssignment(ctx, row); err != nil {
		return AssignResult{}, err
	}
	out.Assignment = row.assignment()
	return out, s.webAudit.Record(ctx, "usage.assign", account.Account, account.OwnerID, nil, s.auditOf(ctx, row))
}

// end closes an open assignment before month from, or removes it if nothing is
// left of it.
func (s *Service) end(ctx context.Context, account accountRow, old assignmentRow, from period.Month) (Assignment, error) {
	ended := old
	ended.Months.To = from.Add(-1)
	var err error
	var after any
	if ended.Months.IsEmpty() {
		err = s.web.deleteAssignment(ctx, old.ID)
	} else {
		err = s.web.setMonths(ctx, old.ID, ended.Months)
		after = s.auditOf(ctx, ended)
	}
	if err != nil {
		return Assignment{}, err
	}
	return ended.assignment(), s.webAudit.Record(ctx, "usage.assign", account.Account, account.OwnerID, s.auditOf(ctx, old), after)
}

// contains reports whether every month of inner lies in outer.
func contains(outer, inner period.Months) bool {
	if !outer.Contains(inner.From) {
		return false
	}
	return outer.To.IsZero() || !inner.To.IsZero() && !outer.To.Before(inner.To)
}

func (s *Service) taken(ctx context.Context, account accountRow, old assignmentRow) error {
	return errs.Newf(errTaken.Kind, errTaken.Code, "Account %s is assigned to %s %s.", account.Account, s.slug(ctx, old.AssigneeID), old.Months)
}

// slug names a tenant; one that the scope does not see is just that.
func (s *Service) slug(ctx context.Context, t id.Tenant) string {
	tenant, err := s.tenants.Tenant(ctx, t)
	if err != nil {
		return "another tenant"
	}
	return tenant.Slug
}

// assignmentAudit is an assignment in the audit trail.
type assignmentAudit struct {
	Account  id.Account   `json:"account"`
	Assignee string       `json:"assignee"`
	OwnUse   bool         `json:"own_use"`
	From     period.Month `json:"from"`
	To       period.Month `json:"to"`
}

func (s *Service) auditOf(ctx context.Context, r assignmentRow) assignmentAudit {
	return assignmentAudit{Account: r.AccountID, Assignee: s.slug(ctx, r.AssigneeID), OwnUse: r.OwnUse, From: r.Months.From, To: r.Months.To}
}
