package billing

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
)

// verifyLines computes the result hashes of b's published line runs again from
// their stored charges and costs, and returns a blocking finding for each
// result that does not hold.
func (s *Service) verifyLines(ctx context.Context, b books) ([]Finding, error) {
	var out []Finding
	err := s.work.db.ReadTx(ctx, func(ctx context.Context) error {
		out = nil
		published, err := s.work.publishedRuns(ctx, b.tree, b.month)
		if err != nil {
			return err
		}
		for rest := published; len(rest) > 0; {
			run := rest[0].RunID
			n := slices.IndexFunc(rest, func(p publishedRow) bool { return p.RunID != run })
			if n < 0 {
				n = len(rest)
			}
			found, err := s.verifyRun(ctx, run, b, rest[:n])
			if err != nil {
				return err
			}
			out, rest = append(out, found...), rest[n:]
		}
		return nil
	})
	return out, err
}

// verifyRun holds the stored rows of run against its results, as far as the
// run speaks for them.
func (s *Service) verifyRun(ctx context.Context, run id.Run, b books, speaks []publishedRow) ([]Finding, error) {
	stored, err := s.work.results(ctx, run)
	if err != nil {
		return nil, err
	}
	text := newResultText(slices.Collect(maps.Values(b.tenants)))
	charges, err := s.work.charges(ctx, run, b.month)
	if err != nil {
		return nil, err
	}
	for i := range charges {
		text.charge(&charges[i])
	}
	costs, err := s.work.costs(ctx, run, b.month)
	if err != nil {
		return nil, err
	}
	for i := range costs {
		text.cost(&costs[i])
	}
	var out []Finding
	for _, p := range speaks {
		was := slices.DeleteFunc(slices.Clone(stored), func(x resultRow) bool {
			return x.edge() != p.edge() || x.AssigneeID != p.AssigneeID
		})
		is, _ := text.close(p.edge(), p.AssigneeID)
		out = append(out, compareResults(sortResults(was), is, text.slugs)...)
	}
	if len(out) > 0 || !isWhole(stored, speaks) {
		return out, nil
	}
	r, err := s.work.getRun(ctx, run)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, p := range text.parts {
		lines = append(lines, p.lines...)
	}
	if hashLines(lines) != r.ResultHash {
		out = append(out, Finding{
			Code: "result.altered", Blocking: true, Assignee: r.Assignee, Run: run,
			Message: Text(fmt.Sprintf("The stored charges of run %s are not what it computed.", run)),
		})
	}
	return out, nil
}

// isWhole reports whether run speaks for everything that it has stored, so
// that nothing of it has been dropped.
func isWhole(stored []resultRow, speaks []publishedRow) bool {
	return !slices.ContainsFunc(stored, func(x resultRow) bool {
		return x.Currency != "" && !slices.ContainsFunc(speaks, func(p publishedRow) bool {
			return p.edge() == x.edge() && p.AssigneeID == x.AssigneeID
		})
	})
}

// compareResults returns a finding for each currency in which the results of
// one place differ.
func compareResults(was, is []resultRow, slugs map[id.Tenant]string) []Finding {
	byCurrency := map[string][2]resultRow{}
	for i, rows := range [][]resultRow{was, is} {
		for _, x := range rows {
			if x.Currency != "" { // a result of nothing is none
				pair := byCurrency[x.Currency]
				pair[i] = x
				byCurrency[x.Currency] = pair
			}
		}
	}
	var out []Finding
	for currency, pair := range byCurrency {
		was, is := pair[0], pair[1]
		if was.Hash == is.Hash && was.Charges == is.Charges && was.Amount.Equal(is.Amount) && was.Cost.Equal(is.Cost) {
			continue
		}
		at := was
		if at.BearerID.IsZero() {
			at = is
		}
		off := decimal.Max(is.Amount.Sub(was.Amount).Abs(), is.Cost.Sub(was.Cost).Abs())
		place := mark(slugs[at.BearerID])
		if !at.SoldTo.IsZero() {
			place += " → " + mark(slugs[at.SoldTo])
		}
		out = append(out, Finding{
			Code: "result.altered", Blocking: true, Sum: off, Currency: money.Currency(currency),
			Assignee: at.AssigneeID, Run: was.RunID,
			Message: Text(fmt.Sprintf("The stored charges and costs of %s for %s are not what was published.", place, mark(slugs[at.AssigneeID]))),
		})
	}
	slices.SortFunc(out, func(a, b Finding) int { return cmp.Compare(a.Currency, b.Currency) })
	return out
}
