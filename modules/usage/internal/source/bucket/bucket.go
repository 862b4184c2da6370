// Package bucket reads sources in object stores, with credentials that are for
// one bucket alone.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gocloud.dev/blob"

	"tierbook/modules/usage/internal/source"
)

// tree is a bucket of an object store below a prefix.
type tree struct {
	blob   *blob.Bucket
	prefix string // empty, or ends with a slash, or names one object
	temp   string // directory for copies
}

func (b *tree) List(ctx context.Context) ([]source.Entry, error) {
	var out []source.Entry
	it := b.blob.List(&blob.ListOptions{Prefix: b.prefix})
	for {
		o, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list bucket: %w", err)
		}
		if !o.IsDir && (b.prefix == "" || strings.HasSuffix(b.prefix, "/") || o.Key == b.prefix || strings.HasPrefix(o.Key, b.prefix+"/")) {
			out = append(out, source.Entry{Key: o.Key, Size: o.Size, ModTime: o.ModTime.UTC()})
		}
	}
}

// Open streams the object; the first ReadAt copies it to a temporary file.
func (b *tree) Open(ctx context.Context, key string) (source.Content, error) {
	r, err := b.blob.NewReader(ctx, key, nil)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	return &object{Reader: r, tree: b, ctx: ctx, key: key}, nil
}

func (b *tree) Close() error { return b.blob.Close() }

type object struct {
	*blob.Reader
	tree *tree
	ctx  context.Context //nolint:containedctx // lives as long as the reader that was opened with it
	key  string
	copy *os.File
}

func (o *object) ReadAt(p []byte, off int64) (int, error) {
	if o.copy == nil {
		if err := o.fetch(); err != nil {
			return 0, err
		}
	}
	return o.copy.ReadAt(p, off)
}

func (o *object) fetch() error {
	f, err := os.CreateTemp(o.tree.temp, "object-*.tmp")
	if err != nil {
		return err
	}
	_ = os.Remove(f.Name()) // it goes with its last handle
	if err := o.tree.blob.Download(o.ctx, o.key, f, nil); err != nil {
		_ = f.Close()
		return fmt.Errorf("fetch %s: %w", o.key, err)
	}
	o.copy = f
	return nil
}

func (o *object) Close() error {
	err := o.Reader.Close()
	if o.copy != nil {
		err = errors.Join(err, o.copy.Close())
	}
	return err
}
