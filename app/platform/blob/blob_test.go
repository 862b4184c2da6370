package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
	"tierbook/app/platform/blob"
)

func open(t *testing.T) (s *blob.Store, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "objects")
	s, err := blob.Open(t.Context(), "file://"+dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, dir
}

func put(t *testing.T, s *blob.Store, key, text string) {
	t.Helper()
	if err := s.Put(t.Context(), key, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

func keys(t *testing.T, s *blob.Store, prefix string) []string {
	t.Helper()
	var out []string
	for o, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o.Key)
	}
	return out
}

func TestStore_RoundTrip(t *testing.T) {
	t.Parallel()
	s, dir := open(t)
	put(t, s, "segments/a/1.parquet", "one")
	put(t, s, "segments/b/2.parquet", "two")
	put(t, s, "exports/3.csv", "three")
	r, err := s.Get(t.Context(), "segments/a/1.parquet")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil || string(b) != "one" {
		t.Errorf("read %q, %v", b, err)
	}
	if diff := cmp.Diff([]string{"segments/a/1.parquet", "segments/b/2.parquet"}, keys(t, s, "segments/")); diff != "" {
		t.Error(diff)
	}
	if err := s.Delete(t.Context(), "segments/a/1.parquet"); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{"segments/a/1.parquet": false, "segments/b/2.parquet": true} {
		if got, err := s.Exists(t.Context(), key); got != want || err != nil {
			t.Errorf("%s exists: %v, %v", key, got, err)
		}
	}
	for _, p := range []string{dir, filepath.Join(dir, "segments"), filepath.Join(dir, "segments", "b")} {
		if fi, err := os.Stat(p); err != nil || fi.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v; want mode 0700", p, fi.Mode().Perm(), err)
		}
	}
}

func TestStore_MissingIsNotFound(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	_, errGet := s.Get(t.Context(), "none")
	_, _, _, errAt := s.NewReaderAt(t.Context(), "none")
	for name, err := range map[string]error{"Get": errGet, "NewReaderAt": errAt, "Delete": s.Delete(t.Context(), "none")} {
		if errs.KindOf(err) != errs.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStore_Put_IsAllOrNothing(t *testing.T) {
	t.Parallel()
	s, dir := open(t)
	put(t, s, "a/kept", "before")
	stop := errors.New("stop")
	for _, key := range []string{"a/kept", "a/fresh"} {
		err := s.Put(t.Context(), key, io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20)), iotest.ErrReader(stop)))
		if !errors.Is(err, stop) {
			t.Errorf("%s: %v", key, err)
		}
	}
	if diff := cmp.Diff([]string{"a/kept"}, keys(t, s, "")); diff != "" {
		t.Error(diff)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "a", "kept")); err != nil || string(b) != "before" {
		t.Errorf("%q, %v", b, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ctx, "a/cancelled", strings.NewReader("x")); err == nil {
		t.Error("stored although nobody waits any more")
	}
	if left, err := os.ReadDir(filepath.Join(dir, "a")); err != nil || len(left) != 1 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestStore_NewReaderAt(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	text := []byte(strings.Repeat("0123456789", 1000))
	put(t, s, "a", string(text))
	r, size, done, err := s.NewReaderAt(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = done() }()
	if size != int64(len(text)) {
		t.Errorf("size %d", size)
	}
	var wg sync.WaitGroup
	for i := range int64(8) {
		wg.Go(func() {
			got := make([]byte, 1000)
			if _, err := r.ReadAt(got, i*1001); err != nil || !bytes.Equal(got, text[i*1001:i*1001+1000]) {
				t.Errorf("read at %d: %v", i*1001, err)
			}
		})
	}
	wg.Wait()
	if n, err := r.ReadAt(make([]byte, 10), size-4); n != 4 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %d, %v", n, err)
	}
}

func TestStore_RefusesKeys(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for _, key := range []string{"", "/a", "a/", "../a", "a/../b", "a//b", ".hidden", "a b", "ü", "a\\b"} {
		if err := s.Put(t.Context(), key, strings.NewReader("")); errs.KindOf(err) != errs.Internal || err == nil {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestOpen_RefusesAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "var/objects", "file://var/objects", "ftp://x/y", "file:///dev/null/x"} {
		_, err := blob.Open(t.Context(), address)
		if errs.KindOf(err) != errs.FailedPrecondition {
			t.Errorf("%q: %v", address, err)
		}
	}
	_, err := blob.Open(t.Context(), "ftp://user:hidden@x/y?key=hidden")
	if err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("a secret is shown: %v", err)
	}
}
