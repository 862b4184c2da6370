package source

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Tree is a place with files under slash-separated keys.
type Tree interface {
	// List returns all files.
	List(ctx context.Context) ([]Entry, error)
	// Open returns a file for reading from its start and at any place.
	Open(ctx context.Context, key string) (Content, error)
	// Close frees what the tree holds.
	Close() error
}

// Entry is a file of a tree.
type Entry struct {
	Key     string
	Size    int64
	ModTime time.Time
}

// Content is an open file.
type Content interface {
	io.Reader
	io.ReaderAt
	io.Closer
}

// folder is a directory of this machine, or one file in it.
type folder struct {
	root  string // absolute, without symbolic links
	only  string // key of the one file; empty for all
	never []string
}

// openFolder opens a path that may be a directory or a file. Nothing at or
// below one of never is ever read.
func openFolder(path string, below, never []string) (*folder, error) {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return nil, refuse("usage.source_missing", "There is nothing at %s.", path)
	}
	never = resolved(never)
	if isBelow(real, never) {
		return nil, refuse("usage.source_refused", "%s belongs to Tierbook's own data and is not imported.", path)
	}
	if below != nil && !isBelow(real, resolved(below)) {
		return nil, refuse("usage.source_refused", "%s is not in a directory that may be imported from.", path)
	}
	info, err := os.Stat(real)
	if err != nil {
		return nil, refuse("usage.source_missing", "There is nothing at %s.", path)
	}
	if !info.IsDir() {
		return &folder{root: filepath.Dir(real), only: filepath.Base(real), never: never}, nil
	}
	return &folder{root: real, never: never}, nil
}

func resolved(paths []string) []string {
	out := make([]string, 0, len(paths))
	for _, p := range paths {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real
		}
		if abs, err := filepath.Abs(p); err == nil {
			out = append(out, abs)
		}
	}
	return out
}

// isBelow reports whether path is one of the directories or lies below one.
func isBelow(path string, dirs []string) bool {
	for _, d := range dirs {
		rel, err := filepath.Rel(d, path)
		if err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// List walks the directory. Hidden files and directories and symbolic links
// are left out.
func (f *folder) List(ctx context.Context) ([]Entry, error) {
	if f.only != "" {
		info, err := os.Stat(filepath.Join(f.root, f.only))
		if err != nil {
			return nil, err
		}
		return []Entry{{Key: f.only, Size: info.Size(), ModTime: info.ModTime().UTC()}}, nil
	}
	var out []Entry
	err := filepath.WalkDir(f.root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case path == f.root:
			return nil
		case strings.HasPrefix(d.Name(), ".") || isBelow(path, f.never):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(f.root, path)
		if err != nil {
			return err
		}
		out = append(out, Entry{Key: filepath.ToSlash(rel), Size: info.Size(), ModTime: info.ModTime().UTC()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", f.root, err)
	}
	return out, nil
}

func (f *folder) Open(_ context.Context, key string) (Content, error) {
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	return root.Open(filepath.FromSlash(key))
}

func (f *folder) Close() error { return nil }
