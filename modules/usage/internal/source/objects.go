package source

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"time"
)

// Object is a file that is kept elsewhere, such as one that was uploaded.
type Object struct {
	Name    string // as people know it; part of messages
	Size    int64
	ModTime time.Time
	// Open returns the bytes from their start.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// OpenAt returns them for reading at any place, and what gives them back.
	OpenAt func(ctx context.Context) (io.ReaderAt, func() error, error)
}

// ResolveObjects is Resolve for objects, whose names must differ.
func ResolveObjects(ctx context.Context, list []Object) (*Set, error) {
	tree := objects{}
	var names []string
	for _, o := range list {
		tree[o.Name] = o
		names = append(names, o.Name)
	}
	return surveyed(ctx, tree, strings.Join(names, ", "))
}

// IsImportable reports whether a file of this name is read: data, or a
// manifest.
func IsImportable(name string) bool {
	return isData(name) || strings.ToLower(path.Ext(name)) == ".json"
}

// objects is a tree of objects by name.
type objects map[string]Object

func (t objects) List(context.Context) ([]Entry, error) {
	out := make([]Entry, 0, len(t))
	for name, o := range t {
		out = append(out, Entry{Key: name, Size: o.Size, ModTime: o.ModTime})
	}
	return out, nil
}

func (t objects) Open(ctx context.Context, key string) (Content, error) {
	r, err := t[key].Open(ctx)
	if err != nil {
		return nil, err
	}
	return &stream{ReadCloser: r, ctx: ctx, object: t[key]}, nil
}

func (t objects) Close() error { return nil }

// stream reads an object from its start; the first ReadAt opens it anew.
type stream struct {
	io.ReadCloser
	ctx    context.Context //nolint:containedctx // lives as long as the reader that was opened with it
	object Object
	at     io.ReaderAt
	done   func() error
}

func (s *stream) ReadAt(p []byte, off int64) (n int, err error) {
	if s.at == nil {
		if s.at, s.done, err = s.object.OpenAt(s.ctx); err != nil {
			return 0, err
		}
	}
	return s.at.ReadAt(p, off)
}

func (s *stream) Close() error {
	err := s.ReadCloser.Close()
	if s.done != nil {
		err = errors.Join(err, s.done())
	}
	return err
}
