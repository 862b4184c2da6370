package billing

import (
	"context"
	"slices"

	"tierbook/app/kernel/id"
)

// publishLines writes what a line run computed, makes it what speaks for its
// edges and months, and asks for the period runs of these edges. The caller
// holds the run and its locks.
//
// Errors: edgeError if one of x.fees cannot be computed over the new charges.
// Nothing is published then: line charges without the fees on them would be
// half a bill.
func (s *Service) publishLines(ctx context.Context, done *Run, x *rated) (any, error) {
	var text []string
	var edges []Edge
	for i := range x.assignees {
		a := &x.assignees[i]
		if err := s.publishAssignee(ctx, *done, a); err != nil {
			return nil, err
		}
		text = append(text, a.lines...)
		done.Charges += int64(len(a.charges))
		edges = appendEdges(edges, a.in)
	}
	record, err := x.in.record()
	if err != nil {
		return nil, err
	}
	if err := s.wake(ctx, *done, x); err != nil {
		return nil, err
	}
	if err := s.enqueuePeriodRuns(ctx, *done, edges); err != nil {
		return nil, err
	}
	for _, fees := range x.fees {
		if _, _, err := s.computeFees(ctx, fees, fees.contract.Currency); err != nil {
			return nil, err
		}
	}
	if err := s.work.sumLines(ctx, done.Month, edges); err != nil {
		return nil, err
	}
	done.Lines, done.Classes, done.Tuples = x.lines, x.classes, x.tuples
	done.InputHash, done.ResultHash = x.in.hash(), hashLines(text)
	done.Seconds = s.since(done.StartedAt)
	return record, nil
}

func (s *Service) publishAssignee(ctx context.Context, r Run, a *ratedAssignee) error {
	bearers := a.in.bearers()
	if err := s.work.dropOld(ctx, a.in.assignee, r.Month, bearers); err != nil {
		return err
	}
	if err := s.work.copyCharges(ctx, r, a.charges); err != nil {
		return err
	}
	if err := s.work.copyCosts(ctx, r, a.costs); err != nil {
		return err
	}
	if err := s.work.copyResults(ctx, r, a.results); err != nil {
		return err
	}
	if err := s.work.copyFindings(ctx, r, a.findings); err != nil {
		return err
	}
	if err := s.work.switchTotals(ctx, r, bearers, a.totals()); err != nil {
		return err
	}
	if err := s.work.switchPublished(ctx, r, a.in.assignee, bearers, a.in.places); err != nil {
		return err
	}
	return s.work.switchApplied(ctx, r, a.in.assignee, bearers, a.in.applied(r.Tree))
}

// applied returns the terms that a run of in applied on the edges that it
// speaks for, with the base contract of tree's own lines.
func (in *assigneeInputs) applied(tree id.Tenant) []usedTerms {
	var out []usedTerms
	add := func(e Edge, v *ContractVersion) {
		u := usedTerms{SellerID: e.Seller, BuyerID: e.Buyer, AssigneeID: in.assignee}
		if v != nil {
			u.VersionID, u.TermsHash = v.Version, v.TermsHash
		}
		if !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	for i := range in.sales {
		sale := &in.sales[i]
		if sale.isParted || len(sale.selection.Accounts) == 0 {
			continue
		}
		for place := sale.above; place < len(sale.edges); place++ {
			seller := sale.chain[place].ID
			add(Edge{Seller: seller, Buyer: sale.buyer(place)}, sale.edges[place].Contract)
			if place == 0 && seller == tree {
				add(Edge{Seller: seller}, sale.base)
			}
		}
	}
	return out
}

// places yields what a run of in speaks for: each place of the chain at or
// below the acting tenant, with each account whose lines pass it.
func (in *assigneeInputs) places(yield func(publishedRow) bool) {
	seen := map[publishedRow]bool{}
	for i := range in.sales {
		sale := &in.sales[i]
		for place := sale.above; place < len(sale.chain); place++ {
			for _, a := range sale.selection.Accounts {
				row := publishedRow{
					BearerID: sale.chain[place].ID, SoldTo: sale.buyer(place), AssigneeID: in.assignee, AccountID: a.ID,
				}
				if seen[row] || sale.isParted && place > 0 { // they end with the owner
					continue
				}
				seen[row] = true
				if !yield(row) {
					return
				}
			}
		}
	}
}

// appendEdges adds the edges that a run of in has published, top down: those of
// the chain, and those of which nothing is left.
func appendEdges(edges []Edge, in *assigneeInputs) []Edge {
	add := func(e Edge) {
		if !e.Buyer.IsZero() && !slices.Contains(edges, e) {
			edges = append(edges, e)
		}
	}
	for place := in.acting; place+1 < len(in.chain); place++ {
		add(Edge{Seller: in.chain[place].ID, Buyer: buyerOf(in.chain, place)})
	}
	bearers := in.bearers()
	for _, p := range in.before {
		if slices.Contains(bearers, p.BearerID) {
			add(p.edge())
		}
	}
	return edges
}

// wake enqueues the runs that wait for this one's acting tenant to publish.
func (s *Service) wake(ctx context.Context, r Run, x *rated) error {
	var assignees []id.Tenant
	for _, a := range x.assignees {
		assignees = append(assignees, a.in.assignee)
	}
	waiting, err := s.work.heldBack(ctx, assignees, r.Month)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		if err := s.work.retry(ctx, w); err != nil {
			return err
		}
	}
	return nil
}
