package usage

import (
	"context"
	"errors"
	"time"

	"tierbook/app/kernel/errs"
)

// keepStaged is how long an import may take before its objects count as lost.
const keepStaged = 24 * time.Hour

// GC removes objects that were staged more than 24 hours ago and never became
// part of a published delivery, of all owners that the scope sees, and returns
// how many. What a published delivery, current or not, refers to stays. It also
// removes uploads of that age that no import is to read, which belong to
// nobody, and ends imports, and removes temporary files, of processes that must
// have died.
//
// Needs usage.import.
func (s *Service) GC(ctx context.Context) (int, error) {
	if err := s.authz.Need(ctx, PermImport); err != nil {
		return 0, err
	}
	before := s.clock.Now().Add(-keepStaged)
	var stale []staleObject
	err := s.work.db.InTx(ctx, func(ctx context.Context) error {
		list, err := s.workTenants.Tenants(ctx)
		if err != nil {
			return err
		}
		if err := s.work.failAbandoned(ctx, before, s.clock.Now(), owners(list)); err != nil {
			return err
		}
		stale, err = s.work.staleObjects(ctx, before, owners(list))
		return err
	})
	if err != nil {
		return 0, err
	}
	removed := 0
	for _, o := range stale {
		ok, err := s.removeStale(ctx, o.Object, before)
		if err != nil {
			return removed, err
		}
		if ok {
			removed++
		}
	}
	uploads, err := s.gcUploads(ctx, before)
	return removed + uploads, errors.Join(err, sweep(s.temp))
}

// gcUploads removes uploads that no import is to read, and returns how many.
func (s *Service) gcUploads(ctx context.Context, before time.Time) (removed int, err error) {
	for o, err := range s.objects.List(ctx, uploads) {
		if err != nil {
			return removed, err
		}
		if !o.ModTime.Before(before) {
			continue
		}
		var needed bool
		err = s.work.db.InTx(ctx, func(ctx context.Context) (err error) {
			needed, err = s.work.isUploadNeeded(ctx, o.Key)
			return err
		})
		if err != nil {
			return removed, err
		}
		if needed {
			continue
		}
		if err := s.objects.Delete(ctx, o.Key); err != nil && errs.KindOf(err) != errs.NotFound {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// removeStale removes one object, unless somebody staged it again meanwhile:
// staging waits for the same lock.
func (s *Service) removeStale(ctx context.Context, object string, before time.Time) (removed bool, err error) {
	err = s.work.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.work.lockObject(ctx, object); err != nil {
			return err
		}
		stale, err := s.work.isStale(ctx, object, before)
		if err != nil || !stale {
			return err
		}
		err = s.objects.Delete(ctx, object)
		if errs.KindOf(err) == errs.NotFound {
			return nil // never uploaded, or removed before
		}
		removed = err == nil
		return err
	})
	return removed, err
}
