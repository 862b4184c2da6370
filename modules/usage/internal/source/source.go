// Package source finds what to import at a URL: a file, a directory, or a
// bucket's tree with the manifests of a Cost and Usage Report.
package source

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"tierbook/app/kernel/errs"
)

// Options say what may be read.
type Options struct {
	AnyFile bool     // file: URLs anywhere; else only at or below Below
	Below   []string // directories
	Never   []string // directories that are never read: our own data

	// Remote opens URLs of any other kind; nil: there are none. It checks the
	// options in the URL.
	Remote func(ctx context.Context, u *url.URL) (Tree, error)
}

// Set is everything at a URL that is to be read.
type Set struct {
	Files   []File // by key
	Ignored int    // files with data in them that no manifest names

	tree Tree
}

// Close frees what the set holds.
func (s *Set) Close() error { return s.tree.Close() }

// Bytes returns how large the files are, as stored.
func (s *Set) Bytes() int64 {
	var n int64
	for _, f := range s.Files {
		n += f.Size
	}
	return n
}

// File is one file to read.
type File struct {
	Key      string // below the URL, or in the bucket
	Size     int64
	Assembly *Assembly // nil: no manifest names it
}

func refuse(code, format string, args ...any) error {
	return errs.Newf(errs.Invalid, code, format, args...)
}

// RefuseURL is the error, Invalid, of a URL that cannot be meant.
func RefuseURL(format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	return errs.New(errs.Invalid, "usage.source_url", message).WithField("url", message)
}

// Resolve lists what is at rawURL: file:///path or file:/path, a path of this
// machine, or a bucket's URL.
//
// Where there are manifests, exactly the files that the newest one of each
// report and billing period names are read; a named file that is missing
// refuses the whole import (FailedPrecondition). Otherwise every file with a
// data file's ending is read.
//
// Errors: Invalid for a URL that is not understood, not allowed, or where
// there is nothing to import.
func Resolve(ctx context.Context, rawURL string, opts Options) (*Set, error) {
	tree, err := open(ctx, rawURL, opts)
	if err != nil {
		return nil, err
	}
	return surveyed(ctx, tree, Redact(rawURL))
}

// surveyed lists what is to be read of tree, which people know as name.
func surveyed(ctx context.Context, tree Tree, name string) (*Set, error) {
	set, err := survey(ctx, tree)
	if err == nil && len(set.Files) == 0 {
		err = refuse("usage.source_empty", "There is nothing to import at %s: no CSV, gz, zip or Parquet file.", name)
	}
	if err != nil {
		_ = tree.Close()
		return nil, err
	}
	return set, nil
}

// Check refuses URLs that Resolve would refuse without looking at files.
func Check(ctx context.Context, rawURL string, opts Options) error {
	tree, err := open(ctx, rawURL, opts)
	if err != nil {
		return err
	}
	return tree.Close()
}

// Redact returns a URL as it may be shown and kept: without user, password and
// options.
func Redact(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme == "" {
		return rawURL
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

func open(ctx context.Context, rawURL string, opts Options) (Tree, error) {
	if !strings.Contains(rawURL, "://") && !strings.HasPrefix(rawURL, "file:") {
		return openLocal(rawURL, opts)
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, RefuseURL("%q is not a URL.", rawURL)
	}
	if u.User != nil || u.Fragment != "" {
		return nil, RefuseURL("Credentials do not belong into a URL: they are configured for the bucket.")
	}
	switch {
	case u.Scheme != "file" && opts.Remote != nil:
		return opts.Remote(ctx, u)
	case u.Scheme != "file":
		return nil, RefuseURL("URLs that start with %s:// are not known; file:// is.", u.Scheme)
	case u.RawQuery != "" || u.Opaque != "" || u.Host != "" && u.Host != "localhost":
		return nil, RefuseURL("A file's URL looks like file:///path/to/file.")
	}
	return openLocal(u.Path, opts)
}

func openLocal(path string, opts Options) (Tree, error) {
	below := opts.Below
	switch {
	case opts.AnyFile:
		below = nil
	case below == nil:
		below = []string{}
	}
	return openFolder(path, below, opts.Never)
}

// survey lists the tree's files and applies its manifests.
func survey(ctx context.Context, tree Tree) (*Set, error) {
	entries, err := tree.List(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
	set := &Set{tree: tree}
	assemblies, err := readManifests(ctx, tree, entries)
	if err != nil {
		return nil, err
	}
	data := 0
	for _, e := range entries {
		if !isData(e.Key) {
			continue
		}
		data++
		if len(assemblies) == 0 {
			set.Files = append(set.Files, File{Key: e.Key, Size: e.Size})
		}
	}
	if len(assemblies) == 0 {
		return set, nil
	}
	for _, a := range assemblies {
		files, err := a.find(entries)
		if err != nil {
			return nil, err
		}
		set.Files = append(set.Files, files...)
	}
	slices.SortFunc(set.Files, func(a, b File) int { return strings.Compare(a.Key, b.Key) })
	set.Ignored = max(data-len(set.Files), 0)
	return set, nil
}

// isData reports whether a file's name is one that exports have.
func isData(key string) bool {
	name := strings.ToLower(path.Base(key))
	switch path.Ext(name) {
	case ".csv", ".parquet", ".zip":
		return true
	case ".gz":
		inner := path.Ext(strings.TrimSuffix(name, ".gz"))
		return inner == ".csv" || inner == "" || inner == ".txt"
	}
	return false
}
