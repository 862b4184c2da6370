package awscur_test

import (
	"io"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/modules/usage/internal/awscur"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/source"
	"tierbook/modules/usage/internal/source/rows"
	"tierbook/modules/usage/internal/usagetest"
)

// totals is what a URL holds.
type totals struct {
	rows     int
	faults   []rows.Fault
	measures [line.NumMeasures]decimal.Decimal
	billed   map[string]decimal.Decimal // by column and value: "x_line_item_type=Tax"
	count    map[string]int
}

var grouped = []line.Column{line.XLineItemType, line.ChargeCategory, line.XCommitmentRole, line.XPeriod, line.XServiceMonth, line.BillingAccountId, line.XAccount, line.BillingCurrency, line.XMarketplace}

func read(t testing.TB, path string) totals {
	t.Helper()
	set, err := source.Resolve(t.Context(), "file://"+path, source.Options{AnyFile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	sum := totals{billed: map[string]decimal.Decimal{}, count: map[string]int{}}
	var n atomic.Int64
	for _, f := range set.Files {
		if _, err := set.Read(t.Context(), f, &n, func(_ string, in source.Table) error { return sum.add(in) }); err != nil {
			t.Fatal(err)
		}
	}
	return sum
}

func (s *totals) add(in source.Table) error {
	m, err := awscur.New(in.Header())
	if err != nil {
		return err
	}
	in.Want(m.Columns())
	var l line.Line
	for {
		b, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for row := range b.Rows {
			if f := m.Map(b, row, &l); f != nil {
				s.faults = append(s.faults, *f)
				continue
			}
			s.line(&l)
		}
		in.Release(b)
	}
}

func (s *totals) line(l *line.Line) {
	s.rows++
	for i := range l.Measures {
		if !l.Measures[i].IsZero() && !l.Measures[i].IsNull() {
			s.measures[i] = s.measures[i].Add(l.Measures[i].Decimal())
		}
	}
	for _, c := range grouped {
		key := c.String() + "=" + string(l.Text[c])
		s.billed[key] = s.billed[key].Add(l.Measures[line.BilledCost].Decimal())
		s.count[key]++
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path   string
		rows   int
		billed string
		also   map[string]string // sums by column and value
		count  map[string]int
	}{
		{
			"aws-cur-legacy/workshop-2018-11.snappy.parquet", 124340, "3505.3269681268", nil,
			map[string]int{"x_line_item_type=DiscountedUsage": 7202, "x_line_item_type=RIFee": 9, "x_account=011254002932": 33531},
		},
		{
			"aws-cur-legacy/workshop-2018-11.csv.gz", 124340, "3505.3269681268", nil,
			map[string]int{"x_line_item_type=DiscountedUsage": 7202, "x_line_item_type=RIFee": 9, "x_account=011254002932": 33531},
		},
		{
			"aws-cur-legacy/anonymous-2023-11.csv", 1281, "1.6823086974",
			map[string]string{"ChargeCategory=Usage": "1.6023086974", "ChargeCategory=Tax": "0.08"},
			nil,
		},
		{
			"aws-cur-legacy/bucket-a", 13380, "143227.76367818761501799105", nil,
			map[string]int{"x_period=2018-06": 3300, "x_period=2018-07": 9304, "x_period=2018-08": 776},
		},
		{"aws-cur-legacy/bucket-b", 6190, "29684.780682464855373934184", nil, map[string]int{"x_period=2018-08": 6190}},
		{"aws-cur-legacy/bucket-c-zip", 3, "0.045152", nil, nil},
		{
			"aws-cur-legacy/edge/2023-06-01.csv", 3, "30", nil,
			map[string]int{"x_account=0099999999999": 3, "BillingCurrency=NOK": 3, "x_commitment_role=covered": 3},
		},
		{"aws-cur-legacy/edge/2023-06-01-not-final.csv", 3, "30", nil, map[string]int{"x_account=9999999999999": 3}},
		{"aws-cur-legacy/edge/test_cur.csv", 19, "0.0827499841274349353", nil, nil},
		{"aws-cur-legacy/edge/test_cur.csv.gz", 19, "0.0827499841274349353", nil, nil},
		{"aws-cur-legacy/edge/empty_frame.csv", 0, "0", nil, nil},
		{"aws-cur-legacy/edge/2022-07-01-alt-columns.csv", 2, "0", nil, map[string]int{"x_marketplace=true": 2}},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			t.Parallel()
			got := read(t, usagetest.Data(t, tt.path))
			if got.rows != tt.rows || len(got.faults) > 0 {
				t.Errorf("%d rows, want %d; faults: %v", got.rows, tt.rows, got.faults)
			}
			if s := money.Plain(got.measures[line.BilledCost]); s != tt.billed {
				t.Errorf("billed %s, want %s", s, tt.billed)
			}
			for key, want := range tt.also {
				if s := money.Plain(got.billed[key]); s != want {
					t.Errorf("billed with %s: %s, want %s", key, s, want)
				}
			}
			for key, want := range tt.count {
				if got.count[key] != want {
					t.Errorf("%d rows with %s, want %d", got.count[key], key, want)
				}
			}
		})
	}
}

// The two files hold the same rows; what Parquet keeps as a DOUBLE is the same
// number.
func TestFiles_ParquetIsCSV(t *testing.T) {
	t.Parallel()
	a := read(t, usagetest.Data(t, "aws-cur-legacy/workshop-2018-11.snappy.parquet"))
	b := read(t, usagetest.Data(t, "aws-cur-legacy/workshop-2018-11.csv.gz"))
	for m := range line.Measure(line.NumMeasures) {
		if x, y := money.Plain(a.measures[m]), money.Plain(b.measures[m]); x != y {
			t.Errorf("%s: %s as Parquet, %s as CSV", m, x, y)
		}
	}
	if diff := cmp.Diff(a.count, b.count); diff != "" {
		t.Error(diff)
	}
}

// Amortised cost, and what the fees of the reservations and the use of them
// have to do with each other: equal to about 5e-6, never to the digit.
func TestFiles_Amortised(t *testing.T) {
	t.Parallel()
	got := read(t, usagetest.Data(t, "aws-cur-legacy/workshop-2018-11.csv.gz"))
	if s := money.Plain(got.measures[line.EffectiveCost]); s != "3632.5598464968" {
		t.Errorf("effective %s, want 3632.5598464968", s)
	}
	if s := money.Plain(got.billed["x_line_item_type=DiscountedUsage"]); s != "0" {
		t.Errorf("usage under a reservation is billed %s, want 0", s)
	}
}
