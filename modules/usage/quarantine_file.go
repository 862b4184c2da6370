package usage

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/spill"
)

// quarantined is a row that cannot be read, put aside until its delivery is
// published.
type quarantined struct {
	Key    spill.Key    // of the delivery it would be part of; zero if not known
	Period period.Month // zero: not known
	File   string
	Row    int64
	Column string
	Value  string
	Reason string
}

// quarantineFile holds quarantined rows on disk: there may be as many as there
// are rows.
type quarantineFile struct {
	file  *os.File
	w     *bufio.Writer
	rows  int64
	byKey map[spill.Key]int64
}

func newQuarantineFile(dir string) (*quarantineFile, error) {
	f, err := os.CreateTemp(dir, "quarantine-*.json")
	if err != nil {
		return nil, fmt.Errorf("create quarantine file: %w", err)
	}
	return &quarantineFile{file: f, w: bufio.NewWriterSize(f, 64<<10), byKey: map[spill.Key]int64{}}, nil
}

func (q *quarantineFile) close() error { return q.file.Close() }

func (q *quarantineFile) add(r quarantined) error {
	q.rows++
	q.byKey[r.Key]++
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = q.w.Write(append(b, '\n'))
	return err
}

// each yields the rows that are part of a delivery, in the order in which they
// were met.
func (q *quarantineFile) each(of func(spill.Key) bool) iter.Seq2[quarantined, error] {
	return func(yield func(quarantined, error) bool) {
		if q.rows == 0 {
			return
		}
		if err := q.w.Flush(); err != nil {
			yield(quarantined{}, err)
			return
		}
		dec := json.NewDecoder(bufio.NewReader(io.NewSectionReader(q.file, 0, 1<<62)))
		for {
			var r quarantined
			err := dec.Decode(&r)
			switch {
			case errors.Is(err, io.EOF):
				return
			case err == nil && !of(r.Key):
				continue
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// rowsOf yields the rows of the delivery k; nil means those of no delivery
// that this import has.
func (q *quarantineFile) rowsOf(run *importRun, delivery id.Delivery, k *spill.Key) iter.Seq2[quarantineRow, error] {
	of := func(key spill.Key) bool {
		if k != nil {
			return key == *k
		}
		_, published := run.read.assemblies[key]
		return !published
	}
	return func(yield func(quarantineRow, error) bool) {
		for r, err := range q.each(of) {
			row := quarantineRow{
				TreeID: run.owner.Tree, OwnerID: run.owner.ID, ImportID: run.result.Import, DeliveryID: delivery, Period: r.Period,
				File: r.File, RowNumber: r.Row, ColumnName: r.Column, Value: r.Value, Reason: r.Reason,
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// fingerprint is the same for two sets of quarantined rows that hold the same,
// whatever files they lay in.
func fingerprint(rows iter.Seq2[quarantineRow, error]) (string, error) {
	type content struct {
		Period                period.Month
		Column, Value, Reason string
	}
	var all []content
	for r, err := range rows {
		if err != nil {
			return "", err
		}
		all = append(all, content{r.Period, r.ColumnName, r.Value, r.Reason})
	}
	slices.SortFunc(all, func(a, b content) int {
		return cmp.Or(a.Period.Compare(b.Period), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Reason, b.Reason))
	})
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(all); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
