package usage

import (
	"context"
	"fmt"
	"io"

	"tierbook/app/kernel/errs"
	"tierbook/modules/usage/internal/segment"
)

// openSegment opens a stored object whose bytes are those that were published.
func (s *Service) openSegment(ctx context.Context, object, sha256 string, bytes int64) (io.ReaderAt, func() error, error) {
	r, size, done, err := s.objects.NewReaderAt(ctx, object)
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil, errs.Newf(errs.FailedPrecondition, "usage.segment_missing", "The stored usage %s is gone from the object store.", object)
	}
	if err != nil {
		return nil, nil, err
	}
	if size == bytes {
		if _, ok := s.verified.Load(object); ok {
			return r, done, nil
		}
		ok, err := segment.Verify(ctx, r, size, sha256)
		if err != nil {
			_ = done()
			return nil, nil, fmt.Errorf("verify %s: %w", object, err)
		}
		if ok {
			s.verified.Store(object, struct{}{})
			return r, done, nil
		}
	}
	_ = done()
	return nil, nil, errs.Newf(errs.FailedPrecondition, "usage.segment_altered", "The stored usage %s was altered since it was published.", object)
}
