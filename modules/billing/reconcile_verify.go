package billing

import (
	"context"

	"github.com/shopspring/decimal"
)

// verify holds stored results against the hashes of the runs that published
// them.
func (s *Service) verify(ctx context.Context, b books) ([]Finding, error) {
	lines, err := s.verifyLines(ctx, b)
	if err != nil {
		return nil, err
	}
	periods, err := s.verifyPeriods(ctx, b)
	return append(lines, periods...), err
}

// verifyPeriods recomputes the result hash of every published period run of
// b's month from its stored charges.
func (s *Service) verifyPeriods(ctx context.Context, b books) ([]Finding, error) {
	var out []Finding
	err := s.work.db.ReadTx(ctx, func(ctx context.Context) error {
		out = nil
		runs, err := s.work.publishedPeriodRuns(ctx, b.tree, b.month)
		if err != nil {
			return err
		}
		for _, r := range runs {
			rows, err := s.work.periodRows(ctx, r.ID)
			if err != nil {
				return err
			}
			edge := Edge{Seller: r.Seller, Buyer: r.Buyer}
			if periodHash(b.tenants, edge, b.month, rows) != r.ResultHash {
				out = append(out, finding("result.altered", "", decimal.Zero,
					"The stored fees and rounding of %s → %s are not what run %s published.",
					mark(b.slug(r.Seller)), mark(b.slug(r.Buyer)), r.ID))
			}
		}
		return nil
	})
	return out, err
}
