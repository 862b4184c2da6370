package segment

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
)

// Sum is what a segment's rows themselves add up to.
type Sum struct {
	Account      string
	Payer        string
	Period       period.Month
	ServiceMonth period.Month
	Currency     string

	Rows   int64
	Billed decimal.Decimal
}

// sumColumns are read by AddUp, BilledCost last.
var sumColumns = [6]string{
	line.XAccount.String(), line.BillingAccountId.String(), line.XPeriod.String(), line.XServiceMonth.String(),
	line.BillingCurrency.String(), line.BilledCost.String(),
}

// AddUp reads every row of a segment and adds up BilledCost by account, payer,
// period, service month and currency, in this order; a NULL counts as 0. It
// shares no code with the sums that Write returns, nor with Scan.
func AddUp(ctx context.Context, r io.ReaderAt, bytes int64) (sums []Sum, err error) {
	defer readable(&err)
	f, err := parquet.OpenFile(r, bytes, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	t, err := newTally(f)
	if err != nil {
		return nil, err
	}
	for _, group := range f.RowGroups() {
		if err := t.addGroup(ctx, group); err != nil {
			return nil, fmt.Errorf("add up segment: %w", err)
		}
	}
	return t.sums()
}

// tally adds up unscaled values by key.
type tally struct {
	columns [len(sumColumns)]int
	scale   int32
	totals  map[[5]string]*total
	key     [5]string // of the row added last
	last    *total
}

type total struct {
	rows   int64
	billed big.Int
}

func newTally(f *parquet.File) (*tally, error) {
	t := &tally{totals: make(map[[5]string]*total)}
	for i, name := range sumColumns {
		leaf, ok := f.Schema().Lookup(name)
		if !ok {
			return nil, fmt.Errorf("add up segment: no column %s", name)
		}
		t.columns[i] = leaf.ColumnIndex
	}
	scale, err := scaleOf(f.Root().Column(line.BilledCost.String()).Type().LogicalType())
	t.scale = int32(scale)
	return t, err
}

// addGroup adds the rows of a row group, a few values of each column at a time.
func (t *tally) addGroup(ctx context.Context, group parquet.RowGroup) error {
	var readers [len(sumColumns)]valueReader
	for i, column := range t.columns {
		pages := group.ColumnChunks()[column].Pages()
		defer pages.Close()
		readers[i].pages = pages
	}
	for left := group.NumRows(); left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(left, int64(len(readers[0].values)))
		for i := range readers {
			if err := readers[i].read(int(n)); err != nil {
				return err
			}
		}
		for row := range n {
			t.add(&readers, int(row))
		}
		left -= n
	}
	return nil
}

func (t *tally) add(readers *[len(sumColumns)]valueReader, row int) {
	same := t.last != nil
	for i := range t.key {
		if text := readers[i].values[row].ByteArray(); string(text) != t.key[i] {
			t.key[i] = string(text)
			same = false
		}
	}
	if !same {
		t.last = t.totals[t.key]
		if t.last == nil {
			t.last = &total{}
			t.totals[t.key] = t.last
		}
	}
	t.last.rows++
	if v := readers[len(t.key)].values[row]; !v.IsNull() {
		t.last.billed.Add(&t.last.billed, unscaled(v))
	}
}

// unscaled returns the integer behind a decimal value.
func unscaled(v parquet.Value) *big.Int {
	if v.Kind() == parquet.Int64 {
		return big.NewInt(v.Int64())
	}
	bytes := v.ByteArray()
	n := new(big.Int).SetBytes(bytes)
	if len(bytes) > 0 && bytes[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(bytes))))
	}
	return n
}

func (t *tally) sums() ([]Sum, error) {
	sums := make([]Sum, 0, len(t.totals))
	for key, total := range t.totals {
		p, err := period.ParseMonth(key[2])
		m, err2 := period.ParseMonth(key[3])
		if err := errors.Join(err, err2); err != nil {
			return nil, fmt.Errorf("add up segment: %w", err)
		}
		sums = append(sums, Sum{
			Account: key[0], Payer: key[1], Period: p, ServiceMonth: m, Currency: key[4],
			Rows: total.rows, Billed: decimal.NewFromBigInt(&total.billed, -t.scale),
		})
	}
	slices.SortFunc(sums, func(a, b Sum) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Payer, b.Payer), a.Period.Compare(b.Period),
			a.ServiceMonth.Compare(b.ServiceMonth), cmp.Compare(a.Currency, b.Currency))
	})
	return sums, nil
}

// valueReader reads a column's values one by one.
type valueReader struct {
	pages  parquet.Pages
	page   parquet.ValueReader
	values [1024]parquet.Value
}

// read fills the first n values.
func (r *valueReader) read(n int) error {
	for got := 0; got < n; {
		if r.page == nil {
			page, err := r.pages.ReadPage()
			if err != nil {
				return endless(err)
			}
			r.page = page.Values()
		}
		k, err := r.page.ReadValues(r.values[got:n])
		got += k
		if errors.Is(err, io.EOF) {
			r.page = nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Verify reads all bytes of an object and reports whether their SHA-256, in
// hex, is want. Errors: those of reading.
func Verify(ctx context.Context, r io.ReaderAt, bytes int64, want string) (bool, error) {
	h := sha256.New()
	buf := make([]byte, 1<<20)
	for at := int64(0); at < bytes; {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		n, err := r.ReadAt(buf[:min(bytes-at, int64(len(buf)))], at)
		if n == 0 {
			return false, fmt.Errorf("read segment: %w", cmp.Or(err, io.ErrNoProgress))
		}
		h.Write(buf[:n])
		at += int64(n)
	}
	return hex.EncodeToString(h.Sum(nil)) == want, nil
}
