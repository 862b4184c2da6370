package db_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
)

type copied struct {
	Tenant   id.Tenant
	Nobody   id.Tenant
	Amount   decimal.Decimal
	Listed   decimal.NullDecimal
	Unlisted decimal.NullDecimal
	Month    period.Month
	Never    period.Month
	Months   period.Months
	At       time.Time
	Name     string
	Yes      bool
	Count    int64
	Doc      string
}

const copiedTable = `
	CREATE TABLE copied (tenant uuid, nobody uuid, amount numeric, listed numeric, unlisted numeric, month date, never date, months daterange,
		at timestamptz, name text, yes boolean, count bigint, doc jsonb);
	GRANT ALL ON copied TO PUBLIC`

var copiedColumns = []string{"tenant", "nobody", "amount", "listed", "unlisted", "month", "never", "months", "at", "name", "yes", "count", "doc"}

func (c copied) row() []any {
	return []any{c.Tenant, c.Nobody, c.Amount, c.Listed, c.Unlisted, c.Month, c.Never, c.Months, c.At, c.Name, c.Yes, c.Count, c.Doc}
}

func rowsOf(cs ...copied) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, c := range cs {
			if !yield(c.row(), nil) {
				return
			}
		}
	}
}

func TestDB_CopyFrom(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	b.Exec(t, copiedTable)
	ctx := scope.With(t.Context(), b.Tenant(t, scope.Distributor))
	want := copied{
		Tenant: id.New[id.Tenant](), Amount: decimal.RequireFromString("-0.0000000000000000000000000123"),
		Listed: decimal.NewNullDecimal(decimal.RequireFromString("1e30")), Month: period.NewMonth(2026, 3),
		Months: period.Months{From: period.NewMonth(2026, 1), To: period.NewMonth(2026, 6)},
		At:     time.Date(2026, 3, 14, 15, 9, 26, 535000, time.UTC), Name: "tab\there \\ «ü»", Yes: true, Count: -7, Doc: `{"a": 1}`,
	}
	var got copied
	err := b.Work.InTx(ctx, func(ctx context.Context) error {
		n, err := b.Work.CopyFrom(ctx, "copied", copiedColumns, rowsOf(want))
		if err != nil || n != 1 {
			t.Errorf("copied %d rows, %v", n, err)
		}
		return b.Work.Gorm(ctx).Raw("SELECT * FROM copied").Scan(&got).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(decimal.Decimal.Equal), cmp.Comparer(func(a, b period.Month) bool { return a == b }),
		cmp.Comparer(func(a, b id.Tenant) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestDB_CopyFrom_IsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	b.Exec(t, copiedTable)
	ctx := scope.With(t.Context(), b.Tenant(t, scope.Distributor))
	one := copied{Doc: "{}"}
	count := func() (n int) {
		if err := b.Work.ReadTx(ctx, func(ctx context.Context) error {
			return b.Work.Gorm(ctx).Raw("SELECT count(*) FROM copied").Scan(&n).Error
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := b.Work.InTx(ctx, func(ctx context.Context) error {
		_, err := b.Work.CopyFrom(ctx, "copied", copiedColumns, rowsOf(one, one))
		return errors.Join(err, errStop)
	}); !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	if got := count(); got != 0 {
		t.Errorf("%d rows of a rolled back copy are there", got)
	}
	err := b.Work.InTx(ctx, func(ctx context.Context) error {
		_, err := b.Work.CopyFrom(ctx, "copied", copiedColumns, func(yield func([]any, error) bool) {
			if yield(one.row(), nil) {
				yield(nil, errStop)
			}
		})
		return err
	})
	if !errors.Is(err, errStop) {
		t.Errorf("the source's error became %v", err)
	}
	if got := count(); got != 0 {
		t.Errorf("%d rows of a failed copy are there", got)
	}
	if _, err := b.Work.CopyFrom(ctx, "copied", copiedColumns, rowsOf(one)); errs.KindOf(err) != errs.Internal || err == nil {
		t.Errorf("copied without a transaction: %v", err)
	}
}

// No digit of an amount changes on its way through COPY.
func TestDB_CopyFrom_KeepsDigits(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	b.Exec(t, "CREATE TABLE amounts (n int, amount numeric); GRANT ALL ON amounts TO PUBLIC")
	ctx := scope.With(t.Context(), b.Tenant(t, scope.Distributor))
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`-?[0-9]{1,30}(\.[0-9]{1,28})?|-?[0-9]{1,5}e-?[0-9]{1,2}`), 1, 40).Draw(t, "amounts")
		var want, got []decimal.Decimal
		for _, s := range texts {
			want = append(want, decimal.RequireFromString(s))
		}
		err := b.Work.InTx(ctx, func(ctx context.Context) error {
			_, err := b.Work.CopyFrom(ctx, "amounts", []string{"n", "amount"}, func(yield func([]any, error) bool) {
				for i, d := range want {
					if !yield([]any{i, d}, nil) {
						return
					}
				}
			})
			if err != nil {
				return err
			}
			q := b.Work.Gorm(ctx)
			if err := q.Raw("SELECT amount FROM amounts ORDER BY n").Scan(&got).Error; err != nil {
				return err
			}
			return errStop
		})
		if !errors.Is(err, errStop) {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(decimal.Decimal.Equal)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkDB_CopyFrom(b *testing.B) {
	d := dbtest.New(b)
	d.Exec(b, "CREATE TABLE amounts (n int, amount numeric); GRANT ALL ON amounts TO PUBLIC")
	ctx := scope.With(b.Context(), d.Tenant(b, scope.Distributor))
	amount := decimal.RequireFromString("12.3456789012")
	const rows = 100_000
	for b.Loop() {
		if err := d.Work.InTx(ctx, func(ctx context.Context) error {
			_, err := d.Work.CopyFrom(ctx, "amounts", []string{"n", "amount"}, func(yield func([]any, error) bool) {
				row := make([]any, 2)
				for i := range rows {
					row[0], row[1] = i, amount
					if !yield(row, nil) {
						return
					}
				}
			})
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
