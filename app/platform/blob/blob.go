// Package blob keeps immutable objects, such as segments of usage lines, in a
// directory or a bucket.
//
// An address is file:///dir (the default, private to its owner), and with the
// drivers package s3://bucket, gs://bucket or azblob://container, which take
// their credentials from the environment as their providers' own tools do.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file://
	"gocloud.dev/gcerrors"

	"tierbook/app/kernel/errs"
)

// Store holds objects by key. It is safe for concurrent use.
type Store struct {
	bucket *blob.Bucket
	dir    string // of a file store; "" otherwise
}

// Object is one stored object.
type Object struct {
	Key     string
	Size    int64
	ModTime time.Time
}

// Open returns the store at address, and creates the directory of a file
// store, readable by its owner only.
//
// Errors: FailedPrecondition with a sentence if the address cannot be used.
func Open(ctx context.Context, address string) (*Store, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return nil, unusable(address, "it is not an address such as file:///dir or s3://bucket")
	}
	if u.Scheme != "file" {
		b, err := blob.OpenBucket(ctx, address)
		if err != nil {
			return nil, unusable(address, err.Error())
		}
		return &Store{bucket: b}, nil
	}
	dir := filepath.FromSlash(u.Path)
	if !filepath.IsAbs(dir) || u.Host != "" {
		return nil, unusable(address, "a directory is written with three slashes: file:///dir")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unusable(address, err.Error())
	}
	// A temporary file beside its object can be renamed to it in one step.
	q := url.Values{"no_tmp_dir": {"true"}, "dir_file_mode": {"0700"}, "metadata": {"skip"}}
	b, err := blob.OpenBucket(ctx, (&url.URL{Scheme: "file", Path: u.Path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, unusable(address, err.Error())
	}
	return &Store{bucket: b, dir: dir}, nil
}

// unusable says why an address cannot be used, without what may be secret in it.
func unusable(address, why string) error {
	if u, err := url.Parse(address); err == nil {
		u.RawQuery, u.User = "", nil
		why = strings.ReplaceAll(why, address, u.String())
		address = u.String()
	}
	return errs.Newf(errs.FailedPrecondition, "blob.unusable", "The object store %s cannot be used: %s.", address, why)
}

// Close gives the store's connections back.
func (s *Store) Close() error { return s.bucket.Close() }

var (
	errNotFound = errs.New(errs.NotFound, "blob.not_found", "There is no such object.")
	errKey      = errs.New(errs.Internal, "blob.key", "an object's key may hold letters, digits and . _ - / only")
	keyPattern  = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)
)

// check refuses keys that a file system or bucket would write in another way.
func check(key string) error {
	if !keyPattern.MatchString(key) {
		return fmt.Errorf("key %q: %w", key, errKey)
	}
	return nil
}

func wrap(verb, key string, err error) error {
	switch {
	case err == nil:
		return nil
	case gcerrors.Code(err) == gcerrors.NotFound, errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%s %s: %w", verb, key, errNotFound)
	}
	return fmt.Errorf("%s %s: %w", verb, key, err)
}

// Put stores what r yields under key, as a whole or not at all: until Put
// returns nil nobody finds it, and afterwards it survives a crash of the
// machine. An object that is there already is replaced.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) error {
	if err := check(key); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return wrap("store", key, err)
	}
	if _, err := io.Copy(w, r); err != nil {
		cancel() // before Close, so that nothing half written is kept
		return wrap("store", key, errors.Join(err, ignoreCanceled(w.Close())))
	}
	if err := w.Close(); err != nil {
		return wrap("store", key, err)
	}
	return wrap("store", key, s.sync(key))
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// sync waits until a file store's object and its name are on the disk.
func (s *Store) sync(key string) error {
	if s.dir == "" {
		return nil
	}
	path := s.path(key)
	for _, p := range []string{path, filepath.Dir(path)} {
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) path(key string) string { return filepath.Join(s.dir, filepath.FromSlash(key)) }

// Get returns the object's bytes; the caller closes.
//
// Errors: NotFound.
func (s *Store) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := check(key); err != nil {
		return nil, err
	}
	r, err := s.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, wrap("read", key, err)
	}
	return r, nil
}

// Exists reports whether there is an object under key.
func (s *Store) Exists(ctx context.Context, key string) (bool, error) {
	if err := check(key); err != nil {
		return false, err
	}
	ok, err := s.bucket.Exists(ctx, key)
	return ok, wrap("look for", key, err)
}

// Delete removes the object.
//
// Errors: NotFound.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := check(key); err != nil {
		return err
	}
	return wrap("delete", key, s.bucket.Delete(ctx, key))
}

// List yields the objects whose keys begin with prefix, in the order of keys.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		it := s.bucket.List(&blob.ListOptions{Prefix: prefix})
		for {
			o, err := it.Next(ctx)
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(Object{}, wrap("list", prefix, err))
				return
			case strings.HasPrefix(filepath.Base(o.Key), "fileblob"): // being written
				continue
			}
			if !yield(Object{Key: o.Key, Size: o.Size, ModTime: o.ModTime}, nil) {
				return
			}
		}
	}
}
