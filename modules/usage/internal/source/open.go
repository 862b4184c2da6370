package source

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"path"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"

	"tierbook/modules/usage/internal/source/table"
)

// Table is rows below a header, out of any kind of file.
type Table interface {
	Header() []string
	Want(columns []int)
	Next() (*table.Batch, error) // io.EOF at the end
	Release(b *table.Batch)
	BytesRead() int64 // uncompressed
}

// Sum is the same for two files with the same uncompressed text, within one
// process. 0 is no sum.
type Sum uint64

var seed = maphash.MakeSeed()

// Read calls fn with each table in a file: one, or one for each CSV in a zip.
// name is the file's key, with the name inside the zip. read counts the bytes
// read as stored. The sum is of all CSV text; it is 0 for Parquet and if fn
// does not read to the end.
//
// Errors: Invalid for a file that cannot be read at all, naming it, also from
// the table's Next; fn's own.
func (s *Set) Read(ctx context.Context, f File, read *atomic.Int64, fn func(name string, t Table) error) (Sum, error) {
	content, err := s.tree.Open(ctx, f.Key)
	if err != nil {
		return 0, unreadable(f.Key, err)
	}
	defer func() { _ = content.Close() }()
	magic := make([]byte, 4)
	n, err := io.ReadFull(content, magic)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, unreadable(f.Key, err)
	}
	magic = magic[:n]
	o := opener{ctx: ctx, read: read, fn: fn}
	switch rest := (&counter{io.MultiReader(bytes.NewReader(magic), content), read}); {
	case string(magic) == "PAR1":
		err = o.parquet(f, content)
	case string(magic) == "PK\x03\x04":
		err = o.zip(f, content)
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		err = o.gzip(f.Key, rest)
	default:
		err = o.csv(f.Key, rest)
	}
	return o.sum, err
}

func unreadable(name string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it ends in the middle, as if it was cut off or is still being written")
	}
	return refuse("usage.file", "The file %s cannot be read: %s.", name, strings.TrimSuffix(err.Error(), "."))
}

// opener reads one file.
type opener struct {
	ctx  context.Context //nolint:containedctx // lives as long as one call of Read
	read *atomic.Int64
	fn   func(string, Table) error
	sum  Sum
}

func (o *opener) gzip(name string, r io.Reader) error {
	z, err := gzip.NewReader(r)
	if err != nil {
		return unreadable(name, err)
	}
	return o.csv(name, z)
}

func (o *opener) csv(name string, r io.Reader) error {
	var h maphash.Hash
	h.SetSeed(seed)
	a := newAhead(io.TeeReader(r, &h))
	defer func() { _ = a.Close() }()
	c, err := table.NewCSV(a)
	if err != nil {
		return unreadable(name, err)
	}
	if err := o.fn(name, named{c, o.ctx, name}); err != nil {
		return err
	}
	_ = a.Close()
	o.sum = o.sum*31 + Sum(h.Sum64())
	return nil
}

func (o *opener) zip(f File, content Content) error {
	z, err := zip.NewReader(content, f.Size)
	if err != nil {
		return unreadable(f.Key, err)
	}
	found := false
	for _, entry := range z.File {
		if ext := strings.ToLower(path.Ext(entry.Name)); ext != ".csv" && ext != ".txt" && ext != "" || entry.FileInfo().IsDir() {
			continue
		}
		found = true
		if err := o.zipped(f.Key+"/"+entry.Name, entry); err != nil {
			return err
		}
	}
	if !found {
		return unreadable(f.Key, errors.New("there is no CSV file in it"))
	}
	return nil
}

func (o *opener) zipped(name string, entry *zip.File) error {
	r, err := entry.Open()
	if err != nil {
		return unreadable(name, err)
	}
	defer func() { _ = r.Close() }()
	before := o.read.Load()
	err = o.csv(name, r)
	o.read.Store(before + int64(entry.CompressedSize64)) //nolint:gosec // no file has 2^63 bytes
	return err
}

func (o *opener) parquet(f File, content Content) error {
	p, err := table.NewParquet(content, f.Size)
	if err != nil {
		return unreadable(f.Key, err)
	}
	defer func() { _ = p.Close() }()
	before := o.read.Load()
	err = o.fn(f.Key, named{p, o.ctx, f.Key})
	o.read.Store(before + f.Size)
	return err
}

// named says in errors which file could not be read.
type named struct {
	Table
	ctx  context.Context //nolint:containedctx // lives as long as one call of Read
	name string
}

func (n named) Next() (*table.Batch, error) {
	if err := n.ctx.Err(); err != nil {
		return nil, err
	}
	b, err := n.Table.Next()
	if err != nil && err != io.EOF {
		return nil, unreadable(n.name, err)
	}
	return b, err
}

// counter counts what is read through it.
type counter struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
