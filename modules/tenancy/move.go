package tenancy

import (
	"context"
	"fmt"
	"slices"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// MoveInput puts a tenant under another parent from a month on.
type MoveInput struct {
	Tenant id.Tenant
	Parent id.Tenant
	From   period.Month
}

// Errors of moving.
var (
	// ErrNotPlaced says that there is no parent to move away from.
	ErrNotPlaced = errs.New(errs.FailedPrecondition, "tenancy.not_placed", "From that month on the tenant has no parent without an end, from which it could move.")
	errMoved     = errs.New(errs.Conflict, "tenancy.moved", "Somebody else has just moved the tenant.")
)

// Move puts a tenant, with whatever is below it, under another parent from a
// month on, for ever. Before that month everything stays as it was: who was
// above it keeps seeing those months, and what was billed stays where it was
// billed. A tenant that stands there already is left alone.
//
// Needs tenancy.write, and tenant and both parents in scope. Errors:
// ErrNotFound; Invalid for a parent of the wrong tier or no month;
// ErrParentMonths for a parent that is not below the acting tenant from the
// month on; ErrNotPlaced where the tenant has no parent in the month, or one
// whose months end.
func (s *Service) Move(ctx context.Context, in MoveInput) error {
	if err := s.authz.Need(ctx, PermWrite); err != nil {
		return err
	}
	if in.From.IsZero() {
		return errInvalid.WithField("from", "A move needs the month from which it holds.")
	}
	months := period.Months{From: in.From}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		t, err := s.store.get(ctx, in.Tenant)
		if err != nil {
			return err
		}
		parent, err := s.parent(ctx, in.Parent, t.Tier, months)
		if err != nil {
			return err
		}
		from, err := s.openPlacement(ctx, t.ID, in.From)
		if err != nil || from.Parent == parent.ID {
			return err
		}
		old, err := s.store.get(ctx, from.Parent)
		if err != nil {
			return err
		}
		if err := s.store.move(ctx, t, from, parent.ID, in.From); err != nil {
			return fmt.Errorf("move %s: %w", t.Slug, err)
		}
		state := func(p Tenant, m period.Months) tenantState {
			return tenantState{Tier: t.Tier.String(), Slug: t.Slug, Name: t.Name, Parent: p.Slug, Months: m.String()}
		}
		return s.audit.Record(ctx, "tenancy.move_tenant", t.Slug, t.ID, state(old, from.Months), state(parent, months))
	})
}

// openPlacement returns under whom t stands in m and for ever after.
func (s *Service) openPlacement(ctx context.Context, t id.Tenant, m period.Month) (Placement, error) {
	placed, err := s.store.placements(ctx, m)
	if err != nil {
		return Placement{}, err
	}
	i := slices.IndexFunc(placed, func(p Placement) bool { return p.Tenant == t && p.Months.To.IsZero() })
	if i < 0 {
		return Placement{}, ErrNotPlaced
	}
	return placed[i], nil
}
