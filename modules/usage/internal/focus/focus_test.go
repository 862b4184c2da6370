package focus

import (
	"encoding/csv"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/source/rows"
	"tierbook/modules/usage/internal/source/table"
)

var known = []Provider{
	{Key: "aws", Names: []string{"AWS", "Amazon Web Services"}, Publishers: []string{"Amazon Web Services*"}},
	{Key: "azure", Names: []string{"Microsoft", "Microsoft Azure"}},
}

func read(t testing.TB, text string, fn func(*line.Line, *rows.Fault)) (*Mapper, error) {
	t.Helper()
	c, err := table.NewCSV(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	m, err := New(c.Header(), known)
	if err != nil {
		return nil, err
	}
	c.Want(m.Columns())
	var l line.Line
	for {
		b, err := c.Next()
		if err == io.EOF {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		for row := range b.Rows {
			fn(&l, m.Map(b, row, &l))
		}
		c.Release(b)
	}
}

func usual(overrides map[string]string) string {
	cells := map[string]string{
		"ProviderName": "AWS", "PublisherName": "Amazon Web Services, Inc.", "BillingAccountId": "0123", "BillingCurrency": "USD",
		"BillingPeriodStart": "2026-03-01T00:00:00Z", "BillingPeriodEnd": "2026-04-01T00:00:00Z",
		"ChargePeriodStart": "2026-03-02T05:00:00Z", "ChargePeriodEnd": "2026-03-02T06:00:00Z", "ChargeCategory": "Usage",
		"BilledCost": "1.25", "EffectiveCost": "1.2", "ListCost": "1.5", "ContractedCost": "1.3", "PricingQuantity": "3",
	}
	for k, v := range overrides {
		cells[k] = v
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	var header, row []string
	for k, v := range cells {
		header, row = append(header, k), append(row, v)
	}
	_ = w.Write(header)
	_ = w.Write(row)
	w.Flush()
	return b.String()
}

func one(t *testing.T, overrides map[string]string) *line.Line {
	t.Helper()
	var out *line.Line
	_, err := read(t, usual(overrides), func(l *line.Line, f *rows.Fault) {
		if f != nil {
			t.Fatalf("%+v", *f)
		}
		out = &line.Line{Measures: l.Measures}
		for i := range l.Text {
			out.Text[i] = append([]byte(nil), l.Text[i]...)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func texts(l *line.Line, columns ...line.Column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, string(l.Text[c]))
	}
	return out
}

func TestMapper_RolesAndQuantities(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		row            map[string]string
		role, quantity string
	}{
		{"Usage", nil, "none", "3"},
		{"Covered", map[string]string{"CommitmentDiscountStatus": "Used", "CommitmentDiscountId": "sp"}, "covered", "3"},
		{"Unused", map[string]string{"CommitmentDiscountStatus": "Unused", "CommitmentDiscountId": "sp"}, "unused", "0"},
		{"Fee", map[string]string{"ChargeCategory": "Purchase", "CommitmentDiscountId": "sp"}, "fee", "0"},
		{"Purchase", map[string]string{"ChargeCategory": "Purchase", "CommitmentDiscountId": "NULL"}, "none", "3"},
		{"Tax", map[string]string{"ChargeCategory": "Tax"}, "none", "0"},
		{"Credit", map[string]string{"ChargeCategory": "Credit"}, "none", "0"},
		{"Adjustment", map[string]string{"ChargeCategory": "Adjustment"}, "none", "0"},
		{"Correction", map[string]string{"ChargeClass": "Correction", "PricingQuantity": "-3"}, "none", "-3"},
		{"Unknown", map[string]string{"ChargeCategory": "Gift"}, "none", "3"},
	}
	for _, tt := range tests {
		l := one(t, tt.row)
		if got := string(l.Text[line.XCommitmentRole]); got != tt.role {
			t.Errorf("%s: role %s, want %s", tt.name, got, tt.role)
		}
		if got := l.Measures[line.PricingQuantity].String(); got != tt.quantity {
			t.Errorf("%s: quantity %s, want %s", tt.name, got, tt.quantity)
		}
		if got := strings.TrimPrefix(l.Measures[line.XUsageAmount].String(), "-"); got != "3" {
			t.Errorf("%s: usage amount %s", tt.name, got)
		}
	}
}

func TestMapper_Providers(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, publisher, key, marketplace string }{
		{"AWS", "Amazon Web Services EMEA SARL", "aws", "false"},
		{"amazon web services", "aws", "aws", "false"},
		{"AWS", "Red Hat, Inc.", "aws", "true"},
		{"AWS", "", "aws", "false"},
		{"Microsoft", "microsoft azure", "azure", "false"},
		{"ACMECORP", "ACMECORP", "ACMECORP", "false"},
		{"ACMECORP", "Other", "ACMECORP", "true"},
	}
	for _, tt := range tests {
		l := one(t, map[string]string{"ProviderName": tt.name, "PublisherName": tt.publisher})
		if diff := cmp.Diff([]string{tt.key, tt.marketplace}, texts(l, line.XProvider, line.XMarketplace)); diff != "" {
			t.Errorf("%s, %s: %s", tt.name, tt.publisher, diff)
		}
	}
	// FOCUS 1.3: the service provider counts.
	l := one(t, map[string]string{"ProviderName": "Reseller", "ServiceProviderName": "AWS"})
	if diff := cmp.Diff([]string{"aws", "AWS"}, texts(l, line.XProvider, line.ProviderName)); diff != "" {
		t.Error(diff)
	}
}

func TestMapper_Columns(t *testing.T) {
	t.Parallel()
	l := one(t, map[string]string{
		"SubAccountId": "0456", "SubAccountName": "dev", "ServiceName": "EC2", "ServiceCategory": "Compute", "SkuId": "S", "RegionId": "eu-west-1", "AvailabilityZone": "eu-west-1a",
		"ResourceId": "r", "PricingUnit": "Hours", "ChargeDescription": "a, b", "Tags": `{"b": "2", "a": "1"}`, "x_UsageType": "BoxUsage", "x_Operation": "Run",
		"x_LineItemType":   "SavingsPlanCoveredUsage",
		"ConsumedQuantity": "3.10", "ListUnitPrice": "x", "CommitmentDiscountType": "Savings Plan", "ListCost": "NULL",
		"ChargePeriodStart": "2026-02-27 00:00:00", "ChargePeriodEnd": "2026-03-01 00:00:00",
	})
	got := texts(l, line.BillingAccountId, line.XAccount, line.SubAccountName, line.ServiceName, line.ServiceCategory, line.SkuId, line.RegionId, line.AvailabilityZone, line.ResourceId,
		line.PricingUnit, line.ChargeDescription, line.Tags, line.XUsageType, line.XOperation, line.ConsumedQuantity, line.ListUnitPrice, line.CommitmentDiscountType,
		line.XPeriod, line.XServiceMonth, line.XDate)
	want := []string{
		"0123", "0456", "dev", "EC2", "Compute", "S", "eu-west-1", "eu-west-1a", "r", "Hours", "a, b", `{"a":"1","b":"2"}`, "BoxUsage", "Run", "3.1", "", "Savings Plan",
		"2026-03", "2026-02", "2026-02-27",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !l.Measures[line.ListCost].IsNull() || l.Measures[line.ContractedCost].String() != "1.3" {
		t.Errorf("list %v, contracted %v", l.Measures[line.ListCost], l.Measures[line.ContractedCost])
	}
	// Rules would read its billed cost as 0, which is meant for a CUR.
	if got := l.Text[line.XLineItemType]; len(got) > 0 {
		t.Errorf("line item type %s", got)
	}
	if l = one(t, nil); string(l.Text[line.XAccount]) != "0123" {
		t.Errorf("without a sub account: %s", l.Text[line.XAccount])
	}
}

func TestMapper_Faults(t *testing.T) {
	t.Parallel()
	tests := []struct{ column, value, reason string }{
		{"BilledCost", "", "the value is missing"},
		{"BilledCost", "1.000,00", "not a number"},
		{"EffectiveCost", "?", "not a number"},
		{"BilledCost", strings.Repeat("1", 39), "the number has more than 38 digits"},
		{"BillingAccountId", "NULL", "the value is missing"},
		{"BillingCurrency", "", "the value is missing"},
		{"ProviderName", "", "the value is missing"},
		{"BillingPeriodStart", "March", "not a date"},
		{"ChargePeriodStart", "", "the value is missing"},
		{"ChargePeriodEnd", "later", "not a date"},
		{"ChargeCategory", "", "the value is missing"},
	}
	for _, tt := range tests {
		var got *rows.Fault
		if _, err := read(t, usual(map[string]string{tt.column: tt.value}), func(_ *line.Line, f *rows.Fault) { got = f }); err != nil {
			t.Fatal(err)
		}
		if got == nil || got.Column != tt.column || got.Reason != tt.reason {
			t.Errorf("%s = %q: %+v", tt.column, tt.value, got)
		}
	}
	var got *rows.Fault
	_, _ = read(t, usual(map[string]string{"BilledCost": "x"}), func(_ *line.Line, f *rows.Fault) { got = f })
	if got.Provider != "aws" || got.Payer != "0123" || got.Period.String() != "2026-03" {
		t.Errorf("whose: %+v", got)
	}
}

// FuzzMapper reads anything without panicking, and keeps the money.
func FuzzMapper(f *testing.F) {
	f.Add(usual(nil))
	f.Add(usual(map[string]string{"Tags": `{"a":"b"}`, "BilledCost": "$1,000.50 ", "BillingPeriodStart": "3/1/26"}))
	f.Fuzz(func(t *testing.T, text string) {
		var stored, faults int
		var billed decimal.Decimal
		if _, err := read(t, text, func(l *line.Line, fault *rows.Fault) {
			if fault != nil {
				faults++
				return
			}
			stored++
			billed = billed.Add(l.Measures[line.BilledCost].Decimal())
			if len(l.Text[line.XAccount]) == 0 || len(l.Text[line.XPeriod]) != 7 || len(l.Text[line.BillingCurrency]) == 0 || l.Measures[line.BilledCost].IsNull() {
				t.Fatalf("a row without account, period, currency or cost is stored")
			}
		}); err != nil || faults > 0 || strings.Contains(text, "\r") {
			return
		}
		r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\xef\xbb\xbf")))
		r.FieldsPerRecord = -1
		all, err := r.ReadAll()
		if err != nil {
			return
		}
		if len(all)-1 != stored {
			t.Fatalf("%d rows, %d stored", len(all)-1, stored)
		}
		header := rows.NewHeader(all[0])
		var want decimal.Decimal
		for _, row := range all[1:] {
			n, err := line.ParseNumber([]byte(strings.TrimSpace(row[header.Find("BilledCost")])))
			if err != nil {
				return // decorated
			}
			want = want.Add(n.Decimal())
		}
		if !want.Equal(billed) {
			t.Fatalf("billed %s, the file says %s", billed, want)
		}
	})
}
