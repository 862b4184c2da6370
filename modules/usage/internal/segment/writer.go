package segment

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"

	"tierbook/modules/usage/internal/line"
)

// limits say where row groups, pages and batches end.
type limits struct {
	// Accounts with ownGroup rows or more have row groups of their own, of
	// groupRows and at most a batch more; smaller ones share them up to
	// sharedGroup rows.
	groupRows, ownGroup, sharedGroup int64

	// A row group also ends when what it holds in memory, dictionaries above
	// all, has this many bytes.
	groupBytes int64

	// Pages have the same rows in every column, so that a scan gets all columns
	// of a batch from whole pages.
	pageRows int

	// A batch is handed to the Parquet writer when it has this many rows, at
	// most maxBatchRows, or values of this many bytes.
	batchRows, batchBytes int
}

var usual = limits{
	groupRows: 1 << 19, ownGroup: 1 << 16, sharedGroup: 1 << 17, groupBytes: 64 << 20,
	pageRows: 1 << 15, batchRows: maxBatchRows, batchBytes: 16 << 20,
}

// writer writes one file from rows in canonical order.
type writer struct {
	file  *os.File
	buf   *bufio.Writer
	hash  hash.Hash
	out   *parquet.GenericWriter[any]
	group *parquet.ConcurrentRowGroupWriter
	shape shape
	limits

	rowsOf   func(account []byte) int64
	account  []byte
	accounts int64 // rows that the account being written has in all
	target   int64 // rows at which the row group ends

	texts    [line.NumColumns]textColumn
	measures [line.NumMeasures]measureColumn
	arenas   [2]arena // this batch's, and the one before
	rows     int      // in this batch

	groups  int
	inGroup int64 // rows in the row group
	inPage  int   // rows in the page, without those in the batch
	part    *openPart
	done    File
}

// newWriter starts a file. rowsOf tells how many rows an account will have.
func newWriter(path string, ordinal int, s shape, to limits, rowsOf func([]byte) int64) (*writer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create segment: %w", err)
	}
	w := &writer{file: f, hash: sha256.New(), shape: s, limits: to, rowsOf: rowsOf, done: File{Path: path, Ordinal: ordinal}}
	w.buf = bufio.NewWriterSize(io.MultiWriter(f, w.hash), 256<<10)
	schema := s.schema()
	w.out = parquet.NewGenericWriter[any](w.buf, writerOptions(schema)...)
	w.group = w.out.BeginRowGroup()
	columns := w.group.ColumnWriters()
	for c := range line.Column(line.NumColumns) {
		leaf, _ := schema.Lookup(c.String())
		w.texts[c] = textColumn{column: c}
		w.texts[c].out, w.texts[c].index = columns[leaf.ColumnIndex], leaf.ColumnIndex
	}
	for m := range line.Measure(line.NumMeasures) {
		leaf, _ := schema.Lookup(m.String())
		w.measures[m] = measureColumn{measure: m, decimalShape: s[m]}
		w.measures[m].out, w.measures[m].index = columns[leaf.ColumnIndex], leaf.ColumnIndex
	}
	return w, nil
}

// add appends the row that l holds. first is the first position in line.Order
// whose column may differ from the row added before.
func (w *writer) add(l *line.Line, first int) error {
	if first < partColumns || w.part == nil {
		if err := w.next(l); err != nil {
			return err
		}
	}
	a := &w.arenas[0]
	for _, c := range order[first:] {
		if err := w.texts[c].set(w.rows, l.Text[c], a); err != nil {
			return err
		}
	}
	for m := range w.measures {
		c := &w.measures[m]
		if err := c.set(w.rows, l.Measures[m], a); err != nil {
			return err
		}
		w.part.sums[m].add(c.hi, c.lo)
	}
	w.part.Rows++
	w.inGroup++
	w.rows++
	if w.rows == w.batchRows || a.size > w.batchBytes {
		return w.writeBatch()
	}
	return nil
}

var order = line.Order()

// next starts a part if l does not belong to the one before, and a row group
// where its account asks for it.
func (w *writer) next(l *line.Line) error {
	if w.part != nil && w.part.has(l) {
		return nil
	}
	account := l.Text[line.XAccount]
	if !bytes.Equal(account, w.account) || w.accounts == 0 {
		rows := w.rowsOf(account)
		if w.inGroup > 0 && (w.accounts >= w.ownGroup || rows >= w.ownGroup || w.inGroup+rows > w.sharedGroup) {
			if err := w.endGroup(); err != nil {
				return err
			}
		}
		w.account, w.accounts = append(w.account[:0], account...), rows
		w.target = w.groupRows
		if rows > w.groupRows { // several of the same size
			groups := (rows + w.groupRows - 1) / w.groupRows
			w.target = (rows + groups - 1) / groups
		}
	}
	return w.newPart(l)
}

func (w *writer) newPart(l *line.Line) error {
	w.endPart()
	part, err := newPart(w.groups, l)
	w.part = part
	return err
}

func (w *writer) endPart() {
	if w.part != nil && w.part.Rows > 0 {
		w.done.Parts = append(w.done.Parts, w.part.close(w.shape))
	}
	w.part = nil
}

// writeBatch hands the collected rows over, and ends the row group if it is
// large enough.
func (w *writer) writeBatch() error {
	if err := w.flushBatch(); err != nil {
		return err
	}
	switch {
	case w.inGroup >= w.target || w.group.Size() > w.groupBytes:
		return w.endGroup()
	case w.inPage >= w.pageRows:
		w.inPage = 0
		if err := w.group.Flush(); err != nil {
			return fmt.Errorf("write segment: %w", err)
		}
	}
	return nil
}

func (w *writer) flushBatch() error {
	w.arenas[0], w.arenas[1] = w.arenas[1], w.arenas[0]
	w.arenas[0].reset()
	for c := range w.texts {
		if err := w.texts[c].write(w.rows); err != nil {
			return fmt.Errorf("write segment: %w", err)
		}
		if err := w.texts[c].put(0, &w.arenas[0]); err != nil {
			return err
		}
	}
	for m := range w.measures {
		if err := w.measures[m].write(w.rows); err != nil {
			return fmt.Errorf("write segment: %w", err)
		}
		w.measures[m].put(0, &w.arenas[0])
	}
	w.inPage += w.rows
	w.rows = 0
	return nil
}

// endGroup writes the row group out.
func (w *writer) endGroup() error {
	if w.rows > 0 {
		if err := w.flushBatch(); err != nil {
			return err
		}
	}
	w.endPart()
	n, err := w.group.Commit()
	if err != nil {
		return fmt.Errorf("write segment: %w", err)
	}
	w.done.Rows += n
	w.groups++
	w.inGroup, w.inPage = 0, 0
	return nil
}

// close ends the file and says what it holds.
func (w *writer) close() (File, error) {
	defer w.file.Close()
	if w.inGroup > 0 {
		if err := w.endGroup(); err != nil {
			return File{}, err
		}
	}
	if err := w.out.Close(); err != nil {
		return File{}, fmt.Errorf("write segment: %w", err)
	}
	if err := w.buf.Flush(); err != nil {
		return File{}, fmt.Errorf("write segment: %w", err)
	}
	info, err := w.file.Stat()
	if err != nil {
		return File{}, fmt.Errorf("write segment: %w", err)
	}
	w.done.Bytes = info.Size()
	w.done.SHA256 = hex.EncodeToString(w.hash.Sum(nil))
	return w.done, w.file.Close()
}

// abandon gives the file up.
func (w *writer) abandon() {
	_ = w.file.Close()
	_ = os.Remove(w.file.Name())
}

// writerOptions leaves out statistics that no reader of ours asks for.
func writerOptions(schema *parquet.Schema) []parquet.WriterOption {
	options := []parquet.WriterOption{
		schema, parquet.CreatedBy("tierbook", "1", ""), parquet.DataPageStatistics(false),
		parquet.PageBufferSize(1 << 30),
	} // pages end where writeBatch says
	for _, path := range schema.Columns() {
		options = append(options, parquet.SkipPageBounds(path...))
	}
	return options
}
