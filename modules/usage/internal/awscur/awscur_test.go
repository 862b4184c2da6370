package awscur

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/source/rows"
	"tierbook/modules/usage/internal/source/table"
)

// read maps every row of a CSV and calls fn with what became of it.
func read(t testing.TB, text string, fn func(*line.Line, *rows.Fault)) (*Mapper, error) {
	t.Helper()
	c, err := table.NewCSV(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	m, err := New(c.Header())
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

// usual is a row with everything that a row must have.
func usual(overrides map[string]string) string {
	cells := map[string]string{
		"bill/PayerAccountId": "011254002932", "lineItem/UsageAccountId": "000000000001", "bill/BillingPeriodStartDate": "2026-03-01T00:00:00Z",
		"bill/BillingPeriodEndDate": "2026-04-01T00:00:00Z", "lineItem/UsageStartDate": "2026-03-02T05:00:00Z", "lineItem/UsageEndDate": "2026-03-02T06:00:00Z",
		"lineItem/LineItemType": "Usage", "lineItem/CurrencyCode": "USD", "lineItem/UsageAmount": "3", "lineItem/UnblendedCost": "1.25",
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

// one maps one row, which must be readable.
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

func TestMapper_Types(t *testing.T) {
	t.Parallel()
	const ri, sp = "arn:ri", "arn:sp"
	tests := []struct {
		name     string
		row      map[string]string
		category string
		role     string
		quantity string
		// list, contracted, billed, effective; «-» is NULL
		measures string
	}{
		{"Usage", map[string]string{"pricing/publicOnDemandCost": "1.5"}, "Usage", "none", "3", "1.5 1.25 1.25 1.25"},
		{"UsageWithoutList", nil, "Usage", "none", "3", "- 1.25 1.25 1.25"},
		{
			"DiscountedUsage",
			map[string]string{"lineItem/UnblendedCost": "0", "pricing/publicOnDemandCost": "1.5", "reservation/EffectiveCost": "0.7", "reservation/ReservationARN": ri},
			"Usage", "covered", "3", "1.5 1.5 0 0.7",
		},
		{
			"SavingsPlanCoveredUsage",
			map[string]string{"pricing/publicOnDemandCost": "1.5", "savingsPlan/SavingsPlanEffectiveCost": "0.8", "savingsPlan/SavingsPlanARN": sp},
			"Usage", "covered", "3", "1.5 1.25 1.25 0.8",
		},
		{
			"SavingsPlanNegation",
			map[string]string{"lineItem/UnblendedCost": "-1.25", "savingsPlan/SavingsPlanEffectiveCost": "0", "savingsPlan/SavingsPlanArn": sp},
			"Usage", "negation", "0", "0 0 -1.25 0",
		},
		{
			"SavingsPlanRecurringFee",
			map[string]string{"savingsPlan/TotalCommitmentToDate": "10.5", "savingsPlan/UsedCommitment": "10.25", "savingsPlan/SavingsPlanARN": sp},
			"Purchase", "fee", "0", "0 0 1.25 0.25",
		},
		{"SavingsPlanRecurringFee", map[string]string{"savingsPlan/UsedCommitment": "10.25"}, "Purchase", "fee", "0", "0 0 1.25 -"},
		{"SavingsPlanUpfrontFee", nil, "Purchase", "fee", "0", "0 0 1.25 0"},
		{
			"RIFee",
			map[string]string{
				"reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "0.5", "reservation/UnusedRecurringFee": "0.125",
				"reservation/ReservationARN": ri, "pricing/publicOnDemandCost": "9",
			},
			"Purchase", "fee", "0", "0 0 1.25 0.625",
		},
		{"RIFee", map[string]string{"reservation/UnusedRecurringFee": "0.125"}, "Purchase", "fee", "0", "0 0 1.25 0.125"},
		{"Fee", map[string]string{"pricing/publicOnDemandCost": "0"}, "Purchase", "none", "3", "1.25 1.25 1.25 1.25"},
		{"Fee", map[string]string{"reservation/ReservationARN": ri}, "Purchase", "fee", "0", "1.25 1.25 1.25 0"},
		{"Tax", map[string]string{"pricing/publicOnDemandCost": "0"}, "Tax", "none", "0", "1.25 1.25 1.25 1.25"},
		{"Credit", map[string]string{"lineItem/UnblendedCost": "-2"}, "Credit", "none", "0", "-2 -2 -2 -2"},
		{"Refund", map[string]string{"lineItem/UnblendedCost": "-2"}, "Adjustment", "none", "0", "-2 -2 -2 -2"},
		{
			"Refund",
			map[string]string{
				"lineItem/UnblendedCost": "-2", "savingsPlan/SavingsPlanARN": sp, "lineItem/ProductCode": "ComputeSavingsPlans",
				"lineItem/LineItemDescription": "Refund of the one-time upfront fee",
			},
			"Adjustment", "none", "0", "-2 -2 -2 0",
		},
		{
			"Refund",
			map[string]string{"lineItem/UnblendedCost": "-2", "reservation/ReservationARN": ri},
			"Adjustment", "none", "0", "-2 -2 -2 -2",
		},
		{
			"Credit",
			map[string]string{"lineItem/UnblendedCost": "-2", "savingsPlan/SavingsPlanARN": sp},
			"Credit", "none", "0", "-2 -2 -2 -2",
		},
		{"EdpDiscount", map[string]string{"lineItem/UnblendedCost": "-2"}, "Adjustment", "none", "0", "-2 -2 -2 -2"},
		{"BundledDiscount", map[string]string{"lineItem/UnblendedCost": "-2"}, "Adjustment", "none", "0", "-2 -2 -2 -2"},
		{"PrivateRateDiscount", map[string]string{"lineItem/UnblendedCost": "-2"}, "Adjustment", "none", "0", "-2 -2 -2 -2"},
		{"NeverHeardOf", nil, "Adjustment", "none", "3", "1.25 1.25 1.25 1.25"},
		{"", nil, "Adjustment", "none", "3", "1.25 1.25 1.25 1.25"},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprintf("%s%d", tt.name, i), func(t *testing.T) {
			t.Parallel()
			row := map[string]string{"lineItem/LineItemType": strings.TrimSuffix(tt.name, "WithoutList")}
			for k, v := range tt.row {
				row[k] = v
			}
			l := one(t, row)
			var measures []string
			for _, m := range []line.Measure{line.ListCost, line.ContractedCost, line.BilledCost, line.EffectiveCost} {
				s := l.Measures[m].String()
				if l.Measures[m].IsNull() {
					s = "-"
				}
				measures = append(measures, s)
			}
			if got := strings.Join(measures, " "); got != tt.measures {
				t.Errorf("list, contracted, billed, effective = %s, want %s", got, tt.measures)
			}
			got := append(texts(l, line.ChargeCategory, line.XCommitmentRole, line.XLineItemType), l.Measures[line.PricingQuantity].String(), l.Measures[line.XUsageAmount].String())
			want := []string{tt.category, tt.role, row["lineItem/LineItemType"], tt.quantity, "3"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMapper_Columns(t *testing.T) {
	t.Parallel()
	l := one(t, map[string]string{
		"lineItem/ProductCode": "AmazonEC2", "product/ProductName": "Amazon Elastic Compute Cloud", "product/region": "us-east-1", "lineItem/AvailabilityZone": "us-east-1a",
		"lineItem/ResourceId": "i-1", "lineItem/UsageType": "SpotUsage:c5.large", "lineItem/Operation": "RunInstances", "product/sku": "SKU1", "pricing/unit": "Hrs",
		"lineItem/LineItemDescription": `0.03 "per" hour, Linux`, "bill/BillingEntity": "AWS Marketplace", "lineItem/LegalEntity": "Red Hat, Inc.", "bill/InvoiceId": "77",
		"resourceTags/user:environment": "prod", "resourceTags/user:a": `x "y"`, "resourceTags/aws:createdBy": "Root", "resourceTags/user:empty": "", "product/unknown": "?",
	})
	got := texts(l, line.XProvider, line.BillingAccountId, line.XAccount, line.ServiceName, line.RegionId, line.AvailabilityZone, line.ResourceId, line.XUsageType,
		line.XOperation, line.SkuId, line.PricingUnit, line.ChargeDescription, line.XMarketplace, line.PublisherName, line.InvoiceId, line.Tags, line.PricingCategory,
		line.XPeriod, line.XServiceMonth, line.XDate, line.ChargePeriodStart, line.BillingPeriodEnd)
	want := []string{
		"aws", "011254002932", "000000000001", "Amazon Elastic Compute Cloud", "us-east-1", "us-east-1a", "i-1", "SpotUsage:c5.large",
		"RunInstances", "SKU1", "Hrs", `0.03 "per" hour, Linux`, "true", "Red Hat, Inc.", "77", `{"a":"x \"y\"","aws:createdBy":"Root","environment":"prod"}`, "Dynamic",
		"2026-03", "2026-03", "2026-03-02", "2026-03-02T05:00:00Z", "2026-04-01T00:00:00Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	l = one(t, map[string]string{"lineItem/UsageAccountId": "", "lineItem/ProductCode": "AmazonEC2", "product/ProductName": `\N`, "product/regionCode": "eu-west-1", "product/region": "EU"})
	if diff := cmp.Diff([]string{"011254002932", "AmazonEC2", "eu-west-1", "false", ""}, texts(l, line.XAccount, line.ServiceName, line.RegionId, line.XMarketplace, line.Tags)); diff != "" {
		t.Error(diff)
	}
}

func TestMapper_ServiceMonth(t *testing.T) {
	t.Parallel()
	tests := []struct{ from, to, month, class string }{
		{"2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z", "2026-03", ""},
		{"2026-02-28T23:00:00Z", "2026-03-01T00:00:00Z", "2026-02", "Correction"},
		{"2026-02-28T23:00:00Z", "2026-03-01T00:00:01Z", "2026-03", ""},
		{"2025-12-01T00:00:00Z", "2025-12-31T23:59:59Z", "2025-12", "Correction"},
		{"2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03", ""},
		{"2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z", "2026-03", ""},
		{"2026-03-01 00:00:00", "", "2026-03", ""},
	}
	for _, tt := range tests {
		l := one(t, map[string]string{"lineItem/LineItemType": "Refund", "lineItem/UsageStartDate": tt.from, "lineItem/UsageEndDate": tt.to})
		if diff := cmp.Diff([]string{"2026-03", tt.month, tt.class}, texts(l, line.XPeriod, line.XServiceMonth, line.ChargeClass)); diff != "" {
			t.Errorf("%s to %s: %s", tt.from, tt.to, diff)
		}
	}
}

// Without dates of their own, rows have the interval that they identify with.
func TestMapper_Interval(t *testing.T) {
	t.Parallel()
	l := one(t, map[string]string{"lineItem/UsageStartDate": "", "lineItem/UsageEndDate": "", "identity/TimeInterval": "2026-03-05T00:00:00Z/2026-03-06T00:00:00Z"})
	if diff := cmp.Diff([]string{"2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z"}, texts(l, line.ChargePeriodStart, line.ChargePeriodEnd)); diff != "" {
		t.Error(diff)
	}
}

// Discounts that stand only in net columns are told, and change nothing.
func TestMapper_ColumnDiscounts(t *testing.T) {
	t.Parallel()
	m, err := read(t, usual(map[string]string{"lineItem/NetUnblendedCost": "1.1"}), func(l *line.Line, f *rows.Fault) {
		if f != nil || l.Measures[line.BilledCost].String() != "1.25" {
			t.Errorf("%v, billed %s", f, l.Measures[line.BilledCost])
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := m.ColumnDiscounts()["USD"]
	if money.Plain(sum) != "0.15" {
		t.Errorf("discounts %s", sum)
	}
	if s := DiscountWarning("USD", sum); !strings.Contains(s, "0.15 USD") {
		t.Error(s)
	}
	m, _ = read(t, usual(map[string]string{"lineItem/NetUnblendedCost": ""}), func(*line.Line, *rows.Fault) {})
	if len(m.ColumnDiscounts()) != 0 {
		t.Errorf("empty is read as 0: %v", m.ColumnDiscounts())
	}
}

func TestMapper_Faults(t *testing.T) {
	t.Parallel()
	tests := []struct{ column, value, reason string }{
		{"lineItem/UnblendedCost", "12,5", "not a number"},
		{"lineItem/UnblendedCost", "NULL", "the value is missing"},
		{"lineItem/UnblendedCost", strings.Repeat("9", 39), "the number has more than 38 digits"},
		{"lineItem/UsageAmount", "many", "not a number"},
		{"bill/PayerAccountId", "", "the value is missing"},
		{"lineItem/CurrencyCode", `\N`, "the value is missing"},
		{"bill/BillingPeriodStartDate", "", "the value is missing"},
		{"lineItem/UsageStartDate", "soon", "not a date"},
		{"lineItem/UsageAccountId", "\xff", "the text is not UTF-8"},
	}
	for _, tt := range tests {
		var got *rows.Fault
		if _, err := read(t, usual(map[string]string{tt.column: tt.value}), func(_ *line.Line, f *rows.Fault) { got = f }); err != nil {
			t.Fatal(err)
		}
		if got == nil || got.Column != tt.column || got.Reason != tt.reason || got.Provider != "aws" {
			t.Errorf("%s = %q: %+v", tt.column, tt.value, got)
		}
	}
}

func TestNew_NamesMissingColumns(t *testing.T) {
	t.Parallel()
	_, err := New([]string{"bill/PayerAccountId", "lineItem/LineItemType"})
	if err == nil || !strings.Contains(err.Error(), "lineItem/CurrencyCode, bill/BillingPeriodStartDate, lineItem/UsageStartDate, lineItem/UnblendedCost") {
		t.Errorf("err = %v", err)
	}
}

// FuzzMapper reads anything without panicking, and keeps the money: what is
// billed and what is faulty make up all rows.
func FuzzMapper(f *testing.F) {
	f.Add(usual(nil))
	f.Add(usual(map[string]string{"lineItem/LineItemType": "RIFee", "resourceTags/user:x": "\"y\"", "lineItem/UnblendedCost": "1e-7"}))
	f.Add("bill/PayerAccountId,lineItem/LineItemType,lineItem/CurrencyCode,bill/BillingPeriodStartDate,lineItem/UsageStartDate,lineItem/UnblendedCost\n1,Tax,USD,2026-03-01,2026-03-01,1\n1,X\n")
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
		}); err != nil {
			return
		}
		r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\xef\xbb\xbf")))
		r.FieldsPerRecord = -1
		all, err := r.ReadAll()
		if err != nil || faults > 0 || strings.Contains(text, "\r") {
			return
		}
		if len(all)-1 != stored {
			t.Fatalf("%d rows, %d stored", len(all)-1, stored)
		}
		header := rows.NewHeader(all[0])
		var want decimal.Decimal
		for _, row := range all[1:] {
			n, err := line.ParseNumber([]byte(strings.TrimSpace(row[header.Find("lineItem/UnblendedCost")])))
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
