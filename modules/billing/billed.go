package billing

import (
	"context"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Billed returns the tenants that Buying has figures of in a month, however many
// there are: in no order, and twice who pays for usage and fees.
//
// Needs billing.read.
func (s *Service) Billed(ctx context.Context, month period.Month) (out []id.Tenant, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		if out, err = s.web.buyers(ctx, sc, month); err != nil {
			return err
		}
		sells := false
		err := s.web.selling(ctx, sc, month, func(buyingRow) { sells = true })
		if sells {
			out = append(out, sc.Tenant)
		}
		return err
	})
	return out, err
}
