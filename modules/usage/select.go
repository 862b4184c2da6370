package usage

import (
	"context"
	"fmt"
	"slices"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/segment"
	"tierbook/rules"
)

// Select returns which lines of billing month month assignee answers for, one
// selection per owner, from the current deliveries and assignments. A line
// belongs to the assignee of its account in its service month. Owners without
// any such line are left out.
//
// For billing: it needs no permission of this module, but an assignee outside
// the scope is NotFound. It reads through the work role's pool.
func (s *Service) Select(ctx context.Context, assignee id.Tenant, month period.Month) ([]Selection, error) {
	var out []Selection
	err := s.work.db.ReadTx(ctx, func(ctx context.Context) error {
		if _, err := s.workTenants.Tenant(ctx, assignee); err != nil {
			return err
		}
		rows, err := s.work.selected(ctx, assignee, month)
		out = selections(rows, assignee, month)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("select usage of %s: %w", month, err)
	}
	return out, nil
}

// selections groups rows, which are ordered, by owner.
func selections(rows []selectedRow, assignee id.Tenant, month period.Month) []Selection {
	var out []Selection
	for _, r := range rows {
		if len(out) == 0 || out[len(out)-1].Owner != r.OwnerID {
			out = append(out, Selection{Owner: r.OwnerID, Assignee: assignee, OwnUse: r.OwnUse, Month: month})
		}
		out[len(out)-1].add(r)
	}
	for i := range out {
		slices.SortFunc(out[i].Accounts, compareAccounts)
		for j := range out[i].Accounts {
			slices.SortFunc(out[i].Accounts[j].Assignments, id.Assignment.Compare)
		}
	}
	return out
}

func (s *Selection) add(r selectedRow) {
	s.Rows += r.Rows
	if n := len(s.Segments); n == 0 || s.Segments[n-1].ID != r.SegmentID {
		s.Segments = append(s.Segments, SelectedSegment{
			ID: r.SegmentID, Delivery: r.DeliveryID, Provider: r.Provider, ContentHash: r.ContentHash, Object: r.Object, SHA256: r.SHA256, Bytes: r.Bytes,
		})
	}
	seg := &s.Segments[len(s.Segments)-1]
	if !slices.Contains(seg.RowGroups, r.RowGroup) {
		seg.RowGroups = append(seg.RowGroups, r.RowGroup)
	}
	i := slices.IndexFunc(s.Accounts, func(a SelectedAccount) bool { return a.ID == r.AccountID })
	if i < 0 {
		i = len(s.Accounts)
		s.Accounts = append(s.Accounts, SelectedAccount{ID: r.AccountID, Provider: r.Provider, Account: r.Account})
	}
	a := &s.Accounts[i]
	if at, found := slices.BinarySearchFunc(a.ServiceMonths, r.ServiceMonth, period.Month.Compare); !found {
		a.ServiceMonths = slices.Insert(a.ServiceMonths, at, r.ServiceMonth)
	}
	if !slices.Contains(a.Assignments, r.AssignmentID) {
		a.Assignments = append(a.Assignments, r.AssignmentID)
	}
}

// Scan calls fn with every line of sel, in batches, from up to workers
// goroutines at once: calls with the same worker number, below workers, never
// overlap. A batch carries the columns that need names and is fn's until it
// returns; Batch.Segment is the index in sel.Segments. The first error, of fn
// or of reading, ends the scan and comes back.
//
// Before its lines are read, each object's bytes are checked against their
// hash, unless this process has done so before.
//
// For billing, with a selection that Select returned in this scope or an
// earlier one that a run has kept; needs no permission of this module. Errors:
// FailedPrecondition for an object that is gone or was altered, naming it.
func (s *Service) Scan(ctx context.Context, sel Selection, need rules.Need, workers int, fn func(worker int, b *rules.Batch) error) error {
	objects := make([]segment.Object, 0, len(sel.Segments))
	for i, seg := range sel.Segments {
		r, done, err := s.openSegment(ctx, seg.Object, seg.SHA256, seg.Bytes)
		if err != nil {
			return err
		}
		defer func() { _ = done() }()
		objects = append(objects, segment.Object{
			Ordinal: i, Reader: r, Bytes: seg.Bytes, RowGroups: seg.RowGroups, Wanted: sel.wanted(seg.Provider),
		})
	}
	return segment.Scan(ctx, objects, need, workers, fn)
}

// wanted returns which rows of a provider's segment belong to the selection.
func (s *Selection) wanted(provider string) []segment.Wanted {
	var out []segment.Wanted
	for _, a := range s.Accounts {
		if a.Provider != provider {
			continue
		}
		for _, m := range a.ServiceMonths {
			out = append(out, segment.Wanted{Account: a.Account, Period: s.Month, ServiceMonth: m})
		}
	}
	return out
}

// Assignees returns the tenants that answer for lines of billing month month,
// among those that the scope sees, by id.
//
// For billing; needs no permission of this module.
func (s *Service) Assignees(ctx context.Context, month period.Month) ([]id.Tenant, error) {
	var out []id.Tenant
	err := s.work.db.ReadTx(ctx, func(ctx context.Context) error {
		list, err := s.workTenants.Tenants(ctx)
		if err != nil {
			return err
		}
		out, err = s.work.assignees(ctx, month, owners(list))
		return err
	})
	return out, err
}

// owners returns the ids of tenants as the database takes them.
func owners(list []Tenant) array {
	out := make(array, len(list))
	for i, t := range list {
		out[i] = t.ID.String()
	}
	return out
}

// Holders returns which tenants answer in serviceMonth for accounts. Accounts
// that nobody answers for are left out.
//
// For billing; needs no permission of this module. It tells about any account
// whose id the caller knows, of which only runs in scope know.
func (s *Service) Holders(ctx context.Context, serviceMonth period.Month, accounts ...id.Account) (map[id.Account]id.Tenant, error) {
	out := make(map[id.Account]id.Tenant, len(accounts))
	err := s.work.db.ReadTx(ctx, func(ctx context.Context) error {
		rows, err := s.work.holders(ctx, serviceMonth, ids(accounts))
		for _, r := range rows {
			out[r.AccountID] = r.AssigneeID
		}
		return err
	})
	return out, err
}
