package focus_test

import (
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/modules/usage/internal/focus"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/source"
	"tierbook/modules/usage/internal/source/rows"
	"tierbook/modules/usage/internal/usagetest"
)

var providers = []focus.Provider{
	{Key: "aws", Names: []string{"AWS", "Amazon Web Services"}, Publishers: []string{"Amazon Web Services*"}},
	{Key: "azure", Names: []string{"Microsoft", "Microsoft Azure"}},
	{Key: "gcp", Names: []string{"Google Cloud"}, Publishers: []string{"Google"}},
	{Key: "oracle", Names: []string{"Oracle"}},
}

type totals struct {
	rows     int
	faults   []rows.Fault
	notes    rows.Notes
	measures [line.NumMeasures]decimal.Decimal
	billed   map[string]decimal.Decimal
	count    map[string]int
}

var grouped = []line.Column{line.XProvider, line.ChargeCategory, line.XCommitmentRole, line.XPeriod, line.XServiceMonth, line.XMarketplace, line.BillingAccountId}

func read(t testing.TB, path string) totals {
	t.Helper()
	set, err := source.Resolve(t.Context(), "file://"+path, source.Options{AnyFile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	sum := totals{billed: map[string]decimal.Decimal{}, count: map[string]int{}, notes: rows.Notes{}}
	var n atomic.Int64
	for _, f := range set.Files {
		if _, err := set.Read(t.Context(), f, &n, func(_ string, in source.Table) error { return sum.add(in) }); err != nil {
			t.Fatal(err)
		}
	}
	return sum
}

func (s *totals) add(in source.Table) error {
	m, err := focus.New(in.Header(), providers)
	if err != nil {
		return err
	}
	in.Want(m.Columns())
	var l line.Line
	for {
		b, err := in.Next()
		if err == io.EOF {
			s.notes.Merge(m.Notes())
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
		s.measures[i] = s.measures[i].Add(l.Measures[i].Decimal())
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
		path              string
		rows              int
		billed, effective string
		also              map[string]string
		count             map[string]int
	}{
		{
			"focus/focus-1.0-sample.csv", 1000, "20.52022672899", "14.97651418586", nil,
			map[string]int{
				"x_provider=aws": 942, "x_provider=azure": 51, "x_provider=oracle": 7, "x_marketplace=true": 1,
				"x_commitment_role=covered": 4, "x_period=2024-09": 999, "x_period=2024-10": 1, "ChargeCategory=Adjustment": 2, "ChargeCategory=Credit": 1,
			},
		},
		{
			"focus/azure-1.2-rows100_seed42.csv", 100, "3124.49994903980385", "2246.75827003980385", nil,
			map[string]int{"x_provider=azure": 100, "x_marketplace=false": 100, "x_commitment_role=covered": 36, "x_commitment_role=unused": 18, "x_commitment_role=fee": 18},
		},
		{
			"focus/gcp-1.2-rows100_seed42.csv", 100, "837.52222322465736", "755.06847222465736", nil,
			map[string]int{"x_provider=gcp": 100, "x_marketplace=false": 100, "BillingAccountId=11C2D3-E4F506-A7B8C9": 55},
		},
		{"focus/azure-1.2-rows25_seed7_credits.csv", 25, "592.78529887618795", "", map[string]string{"ChargeCategory=Credit": "-20.975057"}, nil},
		{"focus/gcp-1.2-rows25_seed7_credits.csv", 25, "1010.67926227449205", "", map[string]string{"ChargeCategory=Credit": "-68.606642"}, nil},
		{"focus/azure-1.3-rows100.csv", 100, "", "", nil, map[string]int{"x_provider=azure": 100, "x_commitment_role=unused": 13}},
		{"focus/gcp-1.3-rows100.csv", 100, "", "", nil, map[string]int{"x_provider=gcp": 100, "x_commitment_role=unused": 16}},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			t.Parallel()
			got := read(t, usagetest.Data(t, tt.path))
			if got.rows != tt.rows || len(got.faults) > 0 {
				t.Errorf("%d rows, want %d; faults: %v", got.rows, tt.rows, got.faults)
			}
			if s := money.Plain(got.measures[line.BilledCost]); tt.billed != "" && s != tt.billed {
				t.Errorf("billed %s, want %s", s, tt.billed)
			}
			if s := money.Plain(got.measures[line.EffectiveCost]); tt.effective != "" && s != tt.effective {
				t.Errorf("effective %s, want %s", s, tt.effective)
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

// The sample breaks the specification in many ways; all its rows are read, and
// what is odd is counted.
func TestFiles_Notes(t *testing.T) {
	t.Parallel()
	got := read(t, usagetest.Data(t, "focus/focus-1.0-sample.csv"))
	if s := money.Plain(got.measures[line.ListCost]); s != "20.39090575119" {
		t.Errorf("list %s", s)
	}
	if s := money.Plain(got.measures[line.ContractedCost]); s != "14.97626039326" {
		t.Errorf("contracted %s", s)
	}
	want := rows.Notes{
		`column "Id" is not in the specification and does not start with x_`: 1,
		"dates with a space or without a zone":                               4000,
		"ContractedCost without a value":                                     7,
		"AvailabilityZone that is a number":                                  51,
		"ChargeFrequency that the specification does not know":               7,
		"EffectiveCost 0 on billed usage":                                    608,
	}
	if diff := cmp.Diff(want, got.notes); diff != "" {
		t.Error(diff)
	}
}

// The specification's own examples of software as a service, with amounts and
// dates as a spreadsheet shows them.
func TestFiles_SpecExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(usagetest.Data(t, "focus/spec-1.2-examples/*.csv"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	billed := map[string]string{
		"saas_examples__simple_agreements__simple_saas_agreements_a1.csv": "10000",
		"saas_examples__simple_agreements__simple_saas_agreements_c.csv":  "",
		"saas_examples__virtual_currency_pricing_model_a1.csv":            "200000",
		"saas_examples__virtual_currency_pricing_model_c.csv":             "53000",
		"saas_examples__spend_agreements__saas_spend_agreements_a1.csv":   "",
		"saas_examples__simple_agreements__simple_saas_agreements_a3.csv": "1000",
		"saas_examples__virtual_currency_pricing_model_b1.csv":            "100000",
		"saas_examples__simple_agreements__simple_saas_agreements_b.csv":  "50000",
		"saas_examples__simple_agreements__simple_saas_agreements_a2.csv": "50000",
		"saas_examples__spend_agreements__saas_spend_agreements_b2.csv":   "",
		"saas_examples__virtual_currency_pricing_model_b2.csv":            "",
		"saas_examples__spend_agreements__saas_spend_agreements_a2.csv":   "",
		"saas_examples__virtual_currency_pricing_model_b3.csv":            "",
		"saas_examples__virtual_currency_pricing_model_a2.csv":            "",
		"saas_examples__spend_agreements__saas_spend_agreements_b1.csv":   "",
	}
	for _, file := range files {
		name := filepath.Base(file)
		want, isWhole := billed[name]
		if !isWhole {
			continue // only the columns that the example is about
		}
		delete(billed, name)
		got := read(t, file)
		if got.rows == 0 || len(got.faults) > 0 {
			t.Errorf("%s: %d rows, faults: %v", name, got.rows, got.faults)
		}
		if s := money.Plain(got.measures[line.BilledCost]); want != "" && s != want {
			t.Errorf("%s: billed %s, want %s", name, s, want)
		}
	}
	for name := range billed {
		t.Errorf("%s is not there", name)
	}
}

// Examples with a few columns only are refused, naming what is missing.
func TestFiles_RefusesPartialExamples(t *testing.T) {
	t.Parallel()
	set, err := source.Resolve(t.Context(), "file://"+usagetest.Data(t, "focus/spec-1.2-examples/commitment_discount_scenarios__commitment_discount_usage_scenario_1.csv"), source.Options{AnyFile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	var n atomic.Int64
	_, err = set.Read(t.Context(), set.Files[0], &n, func(_ string, in source.Table) error {
		_, err := focus.New(in.Header(), providers)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "ProviderName, BillingAccountId, BillingCurrency") {
		t.Errorf("err = %v", err)
	}
}
