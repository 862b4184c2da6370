package export

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
)

// files writes one month's rows into one csv.gz after the other, so that none
// gets too long. Their bytes depend on the rows alone.
type files struct {
	name   func(n int) string // path of the n-th file, from 1
	header []byte
	limit  int64 // rows per file

	paths []string
	rows  int64 // in the open file
	bytes int64 // uncompressed, in all files

	file *os.File
	out  *bufio.Writer
	gz   *gzip.Writer
	buf  []byte
}

const flushAt = 1 << 18

// write takes the buffer that append has extended by one row.
func (f *files) write(extend func([]byte) []byte) error {
	if f.file == nil || f.rows == f.limit {
		if err := f.next(); err != nil {
			return err
		}
	}
	f.buf = extend(f.buf)
	f.rows++
	if len(f.buf) < flushAt {
		return nil
	}
	return f.flush()
}

func (f *files) flush() error {
	f.bytes += int64(len(f.buf))
	_, err := f.gz.Write(f.buf)
	f.buf = f.buf[:0]
	return err
}

// next ends the open file and begins another.
func (f *files) next() error {
	if err := f.close(); err != nil {
		return err
	}
	path := f.name(len(f.paths) + 1)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	f.paths = append(f.paths, path)
	f.file, f.out, f.rows = file, bufio.NewWriterSize(file, 1<<16), 0
	if f.gz == nil {
		if f.gz, err = gzip.NewWriterLevel(f.out, gzip.BestSpeed); err != nil {
			return err
		}
	} else {
		f.gz.Reset(f.out)
	}
	f.buf = append(f.buf, f.header...)
	return nil
}

// close ends the open file, if there is one.
func (f *files) close() error {
	if f.file == nil {
		return nil
	}
	err := f.flush()
	for _, end := range []func() error{f.gz.Close, f.out.Flush, f.file.Close} {
		if e := end(); err == nil {
			err = e
		}
	}
	f.file = nil
	if err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}
