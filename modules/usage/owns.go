package usage

import (
	"context"

	"tierbook/app/kernel/id"
)

// Owns reports whether anything has been imported for tenant, so that a
// provider bills a payer account to it.
//
// It needs no permission of this module. A tenant that is neither the acting
// one nor below it owns nothing, as far as one can see.
func (s *Service) Owns(ctx context.Context, tenant id.Tenant) (bool, error) {
	var owns bool
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		owns, err = s.web.owns(ctx, tenant)
		return err
	})
	return owns, err
}
