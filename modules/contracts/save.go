package contracts

import (
	"context"

	"tierbook/app/kernel/id"
)

// Save applies an edited contract, if after is still its newest version.
//
// Needs contracts.write. Errors: ErrNotFound for a contract outside the scope;
// ErrOvertaken if another version was saved meanwhile; those of Apply.
func (s *Service) Save(ctx context.Context, c id.Contract, after int, d Document) (Applied, error) {
	if err := s.authz.Need(ctx, PermWrite); err != nil {
		return Applied{}, err
	}
	var out Applied
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		standing, err := s.Get(ctx, c)
		if err != nil {
			return err
		}
		if err := s.store.lockEdge(ctx, standing.Contract.Edge); err != nil {
			return err
		}
		versions, err := s.store.versions(ctx, c)
		if err != nil {
			return err
		}
		if versions[0].Number != after {
			return ErrOvertaken
		}
		d.Seller, d.Buyer, d.Name = standing.Document.Seller, standing.Document.Buyer, standing.Document.Name
		out, err = s.Apply(ctx, d)
		return err
	})
	return out, err
}
