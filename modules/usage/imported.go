package usage

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"golang.org/x/sync/errgroup"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/segment"
)

// Imported adds up BilledCost of billing month p again from the bytes of the
// current segments, for all owners that the scope sees. It trusts no sum in
// the database: a removed, altered or unreadable object, and lines that do not
// add up to what was published, are Problems.
//
// For billing's reconciliation; needs no permission of this module.
func (s *Service) Imported(ctx context.Context, p period.Month) (Imported, error) {
	var r recount
	err := s.work.db.ReadTx(ctx, func(ctx context.Context) error {
		list, err := s.workTenants.Tenants(ctx)
		if err != nil {
			return err
		}
		return r.load(ctx, s.work, p, owners(list))
	})
	if err != nil {
		return Imported{}, fmt.Errorf("recount %s: %w", p, err)
	}
	counted := make([]counted, len(r.segments))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cmp.Or(s.workers, runtime.GOMAXPROCS(0)))
	for i, seg := range r.segments {
		group.Go(func() (err error) {
			counted[i], err = s.count(ctx, seg)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Imported{}, fmt.Errorf("recount %s: %w", p, err)
	}
	return r.imported(p, counted), nil
}

// counted is what a segment's own bytes say.
type counted struct {
	sums     []segment.Sum
	problems []Problem
	unread   bool
}

// count reads a whole segment: its hash, then its lines. What was altered is
// counted all the same if it can be.
func (s *Service) count(ctx context.Context, seg storedSegment) (counted, error) {
	var c counted
	r, size, done, err := s.objects.NewReaderAt(ctx, seg.Object)
	if errs.KindOf(err) == errs.NotFound {
		return counted{problems: []Problem{seg.problem("segment.missing", "is gone from the object store")}, unread: true}, nil
	}
	if err != nil {
		return c, err
	}
	defer func() { _ = done() }()
	same, err := segment.Verify(ctx, r, size, seg.SHA256)
	if err != nil {
		return c, fmt.Errorf("verify %s: %w", seg.Object, err)
	}
	if !same {
		c.problems = append(c.problems, seg.problem("segment.altered", "was altered since it was published"))
	}
	if c.sums, err = segment.AddUp(ctx, r, size); err != nil {
		if ctx.Err() != nil {
			return c, err
		}
		c.problems = append(c.problems, seg.problem("segment.unreadable", "cannot be read"))
		c.unread = true
	}
	return c, nil
}

func (seg storedSegment) problem(code, what string) Problem {
	return Problem{
		Owner: seg.OwnerID, Segment: seg.ID, Object: seg.Object, Provider: seg.Provider, Payer: seg.Payer, Code: code,
		Message: fmt.Sprintf("The stored usage %s of %s payer %s %s.", seg.Object, seg.Provider, seg.Payer, what),
	}
}

// recount holds what the database says, to compare and to find accounts.
type recount struct {
	segments    []storedSegment
	parts       map[id.Segment]map[sumKey]partSum
	accounts    map[ownerAccount]id.Account
	assignments map[id.Account][]assignmentRow
	quarantined []QuarantineCount
}

type ownerAccount struct {
	owner             id.Tenant
	provider, account string
}

type sumKey struct {
	account, payer, currency string
	period, serviceMonth     period.Month
}

type partSum struct {
	rows   int64
	billed decimal.Decimal
}

// partSumRow is what the database says a segment holds.
type partSumRow struct {
	SegmentID    id.Segment
	AccountID    id.Account
	Account      string
	Payer        string
	Period       period.Month
	ServiceMonth period.Month
	Currency     string
	Rows         int64
	Billed       decimal.Decimal
}

func (r *recount) load(ctx context.Context, st store, p period.Month, owners array) (err error) {
	*r = recount{parts: map[id.Segment]map[sumKey]partSum{}, accounts: map[ownerAccount]id.Account{}, assignments: map[id.Account][]assignmentRow{}}
	if r.segments, err = st.segmentsOf(ctx, p, owners); err != nil {
		return err
	}
	segments := make(array, len(r.segments))
	for i, s := range r.segments {
		segments[i] = s.ID.String()
	}
	parts, err := st.partSums(ctx, segments)
	if err != nil {
		return err
	}
	for _, x := range parts {
		if r.parts[x.SegmentID] == nil {
			r.parts[x.SegmentID] = map[sumKey]partSum{}
		}
		r.parts[x.SegmentID][sumKey{x.Account, x.Payer, x.Currency, x.Period, x.ServiceMonth}] = partSum{x.Rows, x.Billed}
	}
	accounts, err := st.accountIDs(ctx, owners)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		r.accounts[ownerAccount{a.OwnerID, a.Provider, a.Account}] = a.ID
	}
	assignments, err := st.assignmentsOf(ctx, owners)
	if err != nil {
		return err
	}
	for _, a := range assignments {
		r.assignments[a.AccountID] = append(r.assignments[a.AccountID], a)
	}
	r.quarantined, err = st.openQuarantine(ctx, p, owners)
	return err
}

// imported puts together what the segments say of p.
func (r *recount) imported(p period.Month, all []counted) Imported {
	out := Imported{Quarantined: r.quarantined}
	index := map[ImportedSum]int{}
	for i, c := range all {
		seg := r.segments[i]
		out.Problems = append(out.Problems, c.problems...)
		if !c.unread && !r.agrees(seg, c.sums) {
			out.Problems = append(out.Problems, seg.problem("segment.sums", "does not add up to what was published"))
		}
		for _, sum := range c.sums {
			if sum.Period != p {
				continue
			}
			key := r.identify(seg, sum)
			at, ok := index[key]
			if !ok {
				at = len(out.Sums)
				index[key] = at
				out.Sums = append(out.Sums, key)
			}
			out.Sums[at].Rows += sum.Rows
			out.Sums[at].Billed = out.Sums[at].Billed.Add(sum.Billed)
		}
	}
	slices.SortFunc(out.Sums, compareSums)
	return out
}

// identify returns whose a sum is, with nothing in it.
func (r *recount) identify(seg storedSegment, sum segment.Sum) ImportedSum {
	out := ImportedSum{
		Owner: seg.OwnerID, Provider: seg.Provider, Payer: sum.Payer, Currency: sum.Currency, Account: sum.Account, ServiceMonth: sum.ServiceMonth,
		AccountID: r.accounts[ownerAccount{seg.OwnerID, seg.Provider, sum.Account}],
	}
	for _, a := range r.assignments[out.AccountID] {
		if a.Months.Contains(sum.ServiceMonth) {
			out.Assignee, out.OwnUse = a.AssigneeID, a.OwnUse
		}
	}
	return out
}

// agrees reports whether a segment adds up to what was published of it.
func (r *recount) agrees(seg storedSegment, sums []segment.Sum) bool {
	published := r.parts[seg.ID]
	if len(published) != len(sums) {
		return false
	}
	for _, s := range sums {
		p, ok := published[sumKey{s.Account, s.Payer, s.Currency, s.Period, s.ServiceMonth}]
		if !ok || p.rows != s.Rows || !p.billed.Equal(s.Billed) {
			return false
		}
	}
	return true
}

func compareSums(a, b ImportedSum) int {
	return cmp.Or(
		a.Owner.Compare(b.Owner), strings.Compare(a.Provider, b.Provider), strings.Compare(a.Payer, b.Payer),
		strings.Compare(a.Currency, b.Currency), strings.Compare(a.Account, b.Account), a.ServiceMonth.Compare(b.ServiceMonth))
}
