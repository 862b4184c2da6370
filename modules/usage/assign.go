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
// An open-ended assignment that began in in.From or earlier gives these months
// up, and goes on after them if they end. Anything else in the way is a Conflict
// that names the standing assignment, unless in.Replace says that it gives these
// months up too. Assigning to who has the account already in all of these months
// changes nothing.
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
		out, err = s.assignBelow(ctx, account, assignee, months, in.Replace)
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
func (s *Service) assignBelow(ctx context.Context, account accountRow, assignee Tenant, months period.Months, replace bool) (AssignResult, error) {
	below, err := s.tenants.IsBelow(ctx, account.OwnerID, assignee.ID, months)
	if err != nil {
		return AssignResult{}, err
	}
	if !below {
		return AssignResult{}, errs.Newf(errs.FailedPrecondition, "usage.not_below", "%s is not below the owner of account %s in each month %s.", assignee.Slug, account.Account, months)
	}
	return s.assign(ctx, account, assignee, months, replace)
}

// assign makes room for the assignment and writes it.
func (s *Service) assign(ctx context.Context, account accountRow, assignee Tenant, months period.Months, replace bool) (AssignResult, error) {
	standing, err := s.web.overlapping(ctx, account.ID, months)
	if err != nil {
		return AssignResult{}, err
	}
	out := AssignResult{Touched: []id.Tenant{assignee.ID}}
	for _, old := range standing {
		switch {
		case old.AssigneeID == assignee.ID && contains(old.Months, months):
			return AssignResult{Assignment: old.assignment()}, nil
		case !replace && (!old.Months.To.IsZero() || months.From.Before(old.Months.From)):
			return AssignResult{}, s.taken(ctx, account, old)
		}
		if err := s.giveUp(ctx, account, old, months); err != nil {
			return AssignResult{}, err
		}
		out.Ended = append(out.Ended, old.assignment())
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

// giveUp takes months from an assignment: what lies before and after them stays
// with whom it was.
func (s *Service) giveUp(ctx context.Context, account accountRow, old assignmentRow, months period.Months) error {
	if err := s.web.deleteAssignment(ctx, old.ID); err != nil {
		return err
	}
	var left []assignmentAudit
	for _, rest := range without(old.Months, months) {
		row := old
		row.ID, row.Months = id.New[id.Assignment](), rest
		if err := s.web.insertAssignment(ctx, row); err != nil {
			return err
		}
		left = append(left, s.auditOf(ctx, row))
	}
	return s.webAudit.Record(ctx, "usage.assign", account.Account, account.OwnerID, s.auditOf(ctx, old), left)
}

// without returns what is left of r before and after taken: none, one or two
// ranges.
func without(r, taken period.Months) []period.Months {
	var out []period.Months
	if before := (period.Months{From: r.From, To: taken.From.Add(-1)}); r.From.Before(taken.From) {
		out = append(out, before)
	}
	if taken.To.IsZero() || !r.To.IsZero() && !taken.To.Before(r.To) {
		return out
	}
	return append(out, period.Months{From: taken.To.Add(1), To: r.To})
}

// contains reports whether every month of inner lies in outer.
func contains(outer, inner period.Months) bool {
	if !outer.Contains(inner.From) {
		return false
	}
	return outer.To.IsZero() || !inner.To.IsZero() && !outer.To.Before(inner.To)
}

func (s *Service) taken(ctx context.Context, account accountRow, old assignmentRow) error {
	return errs.Newf(errTaken.Kind, errTaken.Code, "Account %s is assigned to %s %s: choose other months, or say that the assignment is replaced in these.", account.Account, s.slug(ctx, old.AssigneeID), old.Months)
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
