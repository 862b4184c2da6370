package usage

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/shopspring/decimal"
	"golang.org/x/sync/errgroup"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/awscur"
	"tierbook/modules/usage/internal/focus"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/source"
	"tierbook/modules/usage/internal/source/rows"
	"tierbook/modules/usage/internal/source/table"
	"tierbook/modules/usage/internal/spill"
)

// reading turns files into spilled lines.
type reading struct {
	run        *importRun
	spill      *spill.Writer
	quarantine *quarantineFile

	rows  int64 // data rows met
	bytes int64 // uncompressed
	notes rows.Notes
	net   map[string]decimal.Decimal // discounts that stand in columns only, by currency

	names      map[accountKey]string          // newest name of each account
	assemblies map[spill.Key]*source.Assembly // that a delivery comes from; nil: no manifest
	sums       map[source.Sum]string          // files by content
	key        spill.Key                      // of the line before
	month      map[string]period.Month        // parsed months by text
}

// accountKey names an account inside one import.
type accountKey struct{ provider, account string }

func newReading(run *importRun) (*reading, error) {
	w, err := spill.New(run.dir, run.s.spillBytes)
	if err != nil {
		return nil, err
	}
	q, err := newQuarantineFile(run.dir)
	if err != nil {
		_ = w.Close()
		return nil, err
	}
	return &reading{
		run: run, spill: w, quarantine: q, notes: rows.Notes{}, net: map[string]decimal.Decimal{},
		names: map[accountKey]string{}, assemblies: map[spill.Key]*source.Assembly{},
		sums: map[source.Sum]string{}, month: map[string]period.Month{},
	}, nil
}

func (r *reading) close() error {
	_ = r.quarantine.close()
	return r.spill.Close()
}

// all reads every file of the set.
func (r *reading) all(ctx context.Context) error {
	for i, f := range r.run.set.Files {
		r.run.progress.reading(f.Key, i, r.rows, r.quarantine.rows)
		sum, err := r.run.set.Read(ctx, f, &r.run.progress.bytes, func(name string, t source.Table) error {
			return r.table(ctx, f, i, name, t)
		})
		if err != nil {
			return err
		}
		if other, ok := r.sums[sum]; ok && sum != 0 && r.rows > 0 {
			return errs.Newf(errs.Invalid, "usage.same_file", "The files %s and %s hold the same rows, which would count twice.", other, f.Key)
		}
		r.sums[sum] = f.Key
	}
	return nil
}

// mapper returns what reads files with this header.
func (r *reading) mapper(name string, header []string) (rows.Mapper, error) {
	format := Format(r.run.row.Format)
	if format == FormatAuto {
		switch {
		case awscur.IsCUR2(header):
			return nil, errs.Newf(errs.Invalid, "usage.file", "The file %s is a CUR 2.0 export, which is not read yet; legacy CUR and FOCUS are.", name)
		case awscur.Is(header):
			format = FormatAWSCUR
		case focus.Is(header):
			format = FormatFOCUS
		default:
			return nil, errs.Newf(errs.Invalid, "usage.file", "The file %s is neither a legacy AWS Cost and Usage Report nor FOCUS: its columns say so.", name)
		}
	}
	var m rows.Mapper
	var err error
	if format == FormatAWSCUR {
		m, err = awscur.New(header)
	} else {
		m, err = focus.New(header, r.run.s.providers)
	}
	if err != nil {
		return nil, errs.Newf(errs.Invalid, "usage.file", "The file %s cannot be read: %v.", name, err)
	}
	return m, nil
}

// table reads one table: one goroutine cuts it into rows, this one understands
// them.
func (r *reading) table(ctx context.Context, f source.File, index int, name string, t source.Table) error {
	m, err := r.mapper(name, t.Header())
	if err != nil {
		return err
	}
	t.Want(m.Columns())
	batches := make(chan *table.Batch, 1)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(batches)
		for {
			b, err := t.Next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			select {
			case batches <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	group.Go(func() error {
		for b := range batches {
			if err := r.batch(f, name, m, b); err != nil {
				return err
			}
			t.Release(b)
			r.run.progress.reading(f.Key, index, r.rows, r.quarantine.rows)
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	r.bytes += t.BytesRead()
	r.notes.Merge(m.Notes())
	if cur, ok := m.(*awscur.Mapper); ok {
		for currency, sum := range cur.ColumnDiscounts() {
			r.net[currency] = r.net[currency].Add(sum)
		}
	}
	return nil
}

func (r *reading) batch(f source.File, name string, m rows.Mapper, b *table.Batch) error {
	var l line.Line
	for row := range b.Rows {
		r.rows++
		if fault := m.Map(b, row, &l); fault != nil {
			if err := r.fault(f, name, b.First+int64(row), fault); err != nil {
				return err
			}
			continue
		}
		if err := r.line(f, &l); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) line(f source.File, l *line.Line) error {
	k := &r.key
	month, err := r.deliveryMonth(f, l.Text[line.XPeriod])
	if err != nil {
		return err
	}
	if k.Month != month || k.Payer != string(l.Text[line.BillingAccountId]) || k.Provider != string(l.Text[line.XProvider]) {
		*k = spill.Key{Provider: string(l.Text[line.XProvider]), Payer: string(l.Text[line.BillingAccountId]), Month: month}
		if err := r.claim(*k, f.Assembly); err != nil {
			return err
		}
	}
	r.name(l)
	return r.spill.Add(*k, l)
}

// deliveryMonth is the manifest's billing period, else the row's.
func (r *reading) deliveryMonth(f source.File, text []byte) (period.Month, error) {
	if f.Assembly != nil && !f.Assembly.Month.IsZero() {
		return f.Assembly.Month, nil
	}
	if m, ok := r.month[string(text)]; ok {
		return m, nil
	}
	m, err := period.ParseMonth(string(text))
	if err != nil {
		return m, err
	}
	r.month[string(text)] = m
	return m, nil
}

// claim notes from which assembly a delivery comes, and refuses a second one.
func (r *reading) claim(k spill.Key, a *source.Assembly) error {
	if other, ok := r.assemblies[k]; ok {
		if other != a {
			return errs.Newf(errs.Invalid, "usage.two_reports",
				"Two reports, %s and %s, hold the month %s of payer %s, which would count twice: import one of them.", other.Manifest, a.Manifest, k.Month, k.Payer)
		}
		return nil
	}
	r.assemblies[k] = a
	return nil
}

// name notes what the provider calls the account.
func (r *reading) name(l *line.Line) {
	name := l.Text[line.SubAccountName]
	if len(l.Text[line.SubAccountId]) == 0 {
		name = l.Text[line.BillingAccountName]
	}
	if len(name) == 0 {
		return
	}
	k := accountKey{r.key.Provider, string(l.Text[line.XAccount])}
	if r.names[k] != string(name) {
		r.names[k] = string(name)
	}
}

func (r *reading) fault(f source.File, name string, row int64, fault *rows.Fault) error {
	q := quarantined{File: name, Row: row, Column: fault.Column, Value: fault.Value, Reason: fault.Reason, Period: fault.Period}
	if fault.Provider != "" && fault.Payer != "" {
		q.Key = spill.Key{Provider: fault.Provider, Payer: fault.Payer, Month: fault.Period}
		if f.Assembly != nil && !f.Assembly.Month.IsZero() {
			q.Key.Month = f.Assembly.Month
		}
	}
	return r.quarantine.add(q)
}

// warnings says in sentences what was odd.
func (r *reading) warnings() []string {
	var out []string
	for _, n := range r.notes.List() {
		out = append(out, fmt.Sprintf("%s (%d times)", n.What, n.Times))
	}
	for _, currency := range slices.Sorted(maps.Keys(r.net)) {
		out = append(out, awscur.DiscountWarning(currency, r.net[currency]))
	}
	switch n := r.run.set.Ignored; {
	case n == 1:
		out = append(out, "1 file that no current manifest names was left out")
	case n > 1:
		out = append(out, fmt.Sprintf("%d files that no current manifest names were left out", n))
	}
	if r.rows == 0 {
		out = append(out, "There are no rows in it.")
	}
	return out
}
