package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
)

func write(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func keys(s *Set) []string {
	var out []string
	for _, f := range s.Files {
		k := f.Key
		if f.Assembly != nil {
			k += " " + f.Assembly.ID + " " + f.Assembly.Month.String()
		}
		out = append(out, k)
	}
	return out
}

func manifest1(id, month string, reportKeys ...string) string {
	return fmt.Sprintf(`{"assemblyId": %q, "account": "1", "reportName": "r", "billingPeriod": {"start": %q}, "reportKeys": ["%s"]}`, id, month+"T000000.000Z", strings.Join(reportKeys, `", "`))
}

func resolve(t *testing.T, path string) *Set {
	t.Helper()
	s, err := Resolve(t.Context(), "file://"+path, Options{AnyFile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestResolve_Files(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, map[string]string{
		"a.csv": "x", "b/c.csv.gz": "x", "b/d.snappy.parquet": "x", "e.ZIP": "x", "f.gz": "x", "readme.md": "x", "notes.txt.gz": "x", "tool.tar.gz": "x",
		".hidden.csv": "x", ".git/g.csv": "x",
	})
	if diff := cmp.Diff([]string{"a.csv", "b/c.csv.gz", "b/d.snappy.parquet", "e.ZIP", "f.gz", "notes.txt.gz"}, keys(resolve(t, root))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"c.csv.gz"}, keys(resolve(t, root+"/b/c.csv.gz"))); diff != "" {
		t.Error(diff)
	}
}

func TestResolve_Manifests(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	const march, april = "p/r/20260301-20260401/", "p/r/20260401-20260501/"
	write(t, root, map[string]string{
		march + "r-Manifest.json":    manifest1("a2", "20260301", "/"+march+"a2/r-1.csv.gz", march+"a2/r-2.csv.gz"),
		march + "a1/r-Manifest.json": manifest1("a1", "20260301", march+"a1/r-1.csv.gz"),
		march + "a2/r-Manifest.json": manifest1("a2", "20260301", march+"a2/r-1.csv.gz", march+"a2/r-2.csv.gz"),
		march + "a1/r-1.csv.gz":      "x", march + "a2/r-1.csv.gz": "x", march + "a2/r-2.csv.gz": "x",
		april + "r-Manifest.json": manifest1("b1", "20260401", april+"r-1.csv.gz"),
		april + "r-1.csv.gz":      "x", april + "r-0.csv.gz": "left over",
	})
	want := []string{
		march + "a2/r-1.csv.gz a2 2026-03", march + "a2/r-2.csv.gz a2 2026-03", april + "r-1.csv.gz b1 2026-04",
	}
	s := resolve(t, root)
	if diff := cmp.Diff(want, keys(s)); diff != "" {
		t.Error(diff)
	}
	if s.Ignored != 2 {
		t.Errorf("%d files ignored, want the older assembly's and the one left over", s.Ignored)
	}
	// The tree may begin anywhere on the way.
	if diff := cmp.Diff([]string{"20260301-20260401/a2/r-1.csv.gz a2 2026-03", "20260301-20260401/a2/r-2.csv.gz a2 2026-03", "20260401-20260501/r-1.csv.gz b1 2026-04"}, keys(resolve(t, root+"/p/r"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"r-1.csv.gz a1 2026-03"}, keys(resolve(t, root+"/"+march+"a1"))); diff != "" {
		t.Error(diff)
	}
}

// Without the date folder's manifest, the newest assembly counts.
func TestResolve_AssembliesOnly(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for i, id := range []string{"a1", "a3", "a2"} {
		write(t, root, map[string]string{"d/" + id + "/Manifest.json": manifest1(id, "20260301", "d/"+id+"/r.csv"), "d/" + id + "/r.csv": "x"})
		at := time.Date(2026, 3, 1+i, 0, 0, 0, 0, time.UTC)
		if err := os.Chtimes(filepath.Join(root, "d", id, "Manifest.json"), at, at); err != nil {
			t.Fatal(err)
		}
	}
	s := resolve(t, root)
	if diff := cmp.Diff([]string{"d/a2/r.csv a2 2026-03"}, keys(s)); diff != "" {
		t.Error(diff)
	}
	if at := s.Files[0].Assembly.At; !at.Equal(time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("manifest of %s", at)
	}
}

func TestResolve_Refuses(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, map[string]string{"data/x.csv": "x", "allowed/x.csv": "x", "allowed-not/x.csv": "x"})
	if err := os.Symlink(filepath.Join(root, "data"), filepath.Join(root, "allowed/link")); err != nil {
		t.Fatal(err)
	}
	opts := Options{Below: []string{filepath.Join(root, "allowed")}, Never: []string{filepath.Join(root, "data")}}
	for _, path := range []string{"allowed-not/x.csv", "allowed/../data/x.csv", "allowed/link", "allowed/link/x.csv", "data", "gone"} {
		if _, err := Resolve(t.Context(), "file://"+root+"/"+path, opts); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", path, err)
		}
	}
	s, err := Resolve(t.Context(), "file://"+root+"/allowed", opts)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x.csv"}, keys(s)); diff != "" {
		t.Error(diff)
	}
	// A directory above the data directory is read without it.
	opts.AnyFile = true
	if s, err = Resolve(t.Context(), "file://"+root, opts); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"allowed-not/x.csv", "allowed/x.csv"}, keys(s)); diff != "" {
		t.Error(diff)
	}
	if s, err = Resolve(t.Context(), "file:"+root+"/allowed", opts); err != nil || len(keys(s)) != 1 {
		t.Errorf("with one slash: %v, %v", s, err)
	}
	if _, err := Resolve(t.Context(), "file:allowed", opts); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a relative file: URL: %v", err)
	}
	if _, err := Resolve(t.Context(), "s3://bucket/x", Options{AnyFile: true}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("no remotes: %v", err)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"s3://user:secret@bucket/x?region=a": "s3://bucket/x", "file:///a/b": "file:///a/b", "file:/a/b?x=1": "file:/a/b", "/a/b": "/a/b", "rel/path": "rel/path",
	} {
		if got := Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}

// Reading stops at once when the context ends, and says so.
func TestSet_Read_ContextEnds(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, map[string]string{"a.csv": "a\n" + strings.Repeat("1\n", 1<<21)})
	s := resolve(t, root)
	ctx, cancel := context.WithCancel(t.Context())
	var n atomic.Int64
	_, err := s.Read(ctx, s.Files[0], &n, func(_ string, in Table) error {
		in.Want([]int{0})
		b, err := in.Next()
		if err != nil {
			return err
		}
		in.Release(b)
		cancel()
		_, err = in.Next()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

// What is left of a file that was cut off is never taken for the whole.
func TestSet_Read_CutOff(t *testing.T) {
	t.Parallel()
	var whole bytes.Buffer
	z := gzip.NewWriter(&whole)
	for i := range 200_000 {
		fmt.Fprintf(z, "%d,%x\n", i, i*i*7919)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	read := func(t *testing.T, size int) (rows int, err error) {
		t.Helper()
		root := t.TempDir()
		write(t, root, map[string]string{"a.csv.gz": whole.String()[:size]})
		s := resolve(t, root)
		_, err = s.Read(t.Context(), s.Files[0], new(atomic.Int64), func(_ string, tab Table) error {
			tab.Want([]int{0})
			for {
				b, err := tab.Next()
				if err == io.EOF {
					return nil
				}
				if err != nil {
					return err
				}
				rows += b.Rows
				tab.Release(b)
			}
		})
		return rows, err
	}
	if rows, err := read(t, whole.Len()); rows != 199_999 || err != nil {
		t.Fatalf("whole: %d rows, %v", rows, err)
	}
	for _, size := range []int{4, 11, 100, whole.Len() / 3, whole.Len() / 2, whole.Len() - 9, whole.Len() - 8, whole.Len() - 1} {
		rows, err := read(t, size)
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "a.csv.gz") || !strings.Contains(err.Error(), "cut off") {
			t.Errorf("%d of %d bytes: %d rows and %v, want an error that names the file", size, whole.Len(), rows, err)
		}
	}
}

func TestAhead(t *testing.T) {
	t.Parallel()
	want := bytes.Repeat([]byte("0123456789"), 300_000)
	a := newAhead(bytes.NewReader(want))
	got, err := io.ReadAll(iotest.HalfReader(a))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := a.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
	_ = a.Close()
	a = newAhead(io.MultiReader(strings.NewReader("x"), iotest.ErrReader(io.ErrClosedPipe)))
	if got, err := io.ReadAll(a); string(got) != "x" || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%q, %v", got, err)
	}
	_ = a.Close()
	a = newAhead(bytes.NewReader(make([]byte, 64<<20)))
	_ = a.Close() // with blocks that nobody reads
}
