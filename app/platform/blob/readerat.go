package blob

import (
	"context"
	"errors"
	"io"
	"os"
)

// NewReaderAt returns random access to the object, its size in bytes, and what
// gives it back. Of a file it reads the file; of a bucket each ReadAt is one
// request for a range, so callers read in large pieces. ctx bounds all reads.
// Concurrent reads are fine.
//
// Errors: NotFound.
func (s *Store) NewReaderAt(ctx context.Context, key string) (r io.ReaderAt, size int64, done func() error, err error) {
	if err := check(key); err != nil {
		return nil, 0, nil, err
	}
	if s.dir != "" {
		return openFile(s.path(key), key)
	}
	a, err := s.bucket.Attributes(ctx, key)
	if err != nil {
		return nil, 0, nil, wrap("read", key, err)
	}
	return &ranges{ctx: ctx, store: s, key: key, size: a.Size}, a.Size, func() error { return nil }, nil
}

func openFile(path, key string) (io.ReaderAt, int64, func() error, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, nil, wrap("read", key, err)
	}
	fi, err := f.Stat()
	if err != nil {
		return nil, 0, nil, wrap("read", key, errors.Join(err, f.Close()))
	}
	return f, fi.Size(), f.Close, nil
}

// ranges reads pieces of a bucket's object.
type ranges struct {
	ctx   context.Context //nolint:containedctx // io.ReaderAt has no place for it
	store *Store
	key   string
	size  int64
}

func (r *ranges) ReadAt(p []byte, off int64) (int, error) {
	if off >= r.size {
		return 0, io.EOF
	}
	want := min(int64(len(p)), r.size-off)
	rd, err := r.store.bucket.NewRangeReader(r.ctx, r.key, off, want, nil)
	if err != nil {
		return 0, wrap("read", r.key, err)
	}
	defer func() { _ = rd.Close() }()
	n, err := io.ReadFull(rd, p[:want])
	if err == nil && want < int64(len(p)) {
		err = io.EOF
	}
	return n, err
}
