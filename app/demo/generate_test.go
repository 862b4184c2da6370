package demo

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/period"
)

var november = period.NewMonth(2026, 11)

func generate(t *testing.T, opts Options) Exports {
	t.Helper()
	if opts.Now.IsZero() {
		opts.Now = november
	}
	e, err := Generate(t.Context(), opts, Silent{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestGenerate_EqualOptionsGiveEqualBytes(t *testing.T) {
	t.Parallel()
	a, b, c := t.TempDir(), t.TempDir(), t.TempDir()
	generate(t, Options{Seed: 7, Lines: 8000, Dir: a})
	generate(t, Options{Seed: 7, Lines: 8000, Dir: b})
	generate(t, Options{Seed: 8, Lines: 8000, Dir: c})
	if diff := cmp.Diff(digests(t, a), digests(t, b)); diff != "" {
		t.Errorf("the same seed gave other files (-first +second):\n%s", diff)
	}
	if cmp.Equal(digests(t, a), digests(t, c)) {
		t.Error("another seed gave the same files")
	}
}

// digests returns the SHA-256 of each file below dir.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		sum := sha256.Sum256(data)
		out[strings.TrimPrefix(path, dir)] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGenerate_SumsAreThoseOfTheRows(t *testing.T) {
	t.Parallel()
	e := generate(t, Options{Dir: t.TempDir()})
	if e.Lines < 50_000 || e.Lines > 75_000 {
		t.Errorf("the default demo has %d lines, want about 60000", e.Lines)
	}
	want := map[string]Total{}
	for _, total := range e.Totals {
		want[total.Payer+" "+total.Month.String()] = total
	}
	for _, src := range e.Sources {
		for key, got := range readTotals(t, src) {
			w := want[key]
			if got.Lines != w.Lines || !got.Billed.Equal(w.Billed) || !got.List.Equal(w.List) && src.Format == FormatFOCUS ||
				!got.Effective.Equal(w.Effective) || got.Currency != w.Currency {
				t.Errorf("%s: the rows have %d lines, %s billed, %s effective; reported were %d, %s, %s",
					key, got.Lines, got.Billed, got.Effective, w.Lines, w.Billed, w.Effective)
			}
			delete(want, key)
		}
	}
	for key := range want {
		t.Errorf("%s was reported and not written", key)
	}
}

// readTotals adds up the rows of a source from its files.
func readTotals(t *testing.T, src Source) map[string]Total {
	t.Helper()
	out := map[string]Total{}
	for row := range rows(t, src) {
		var add Total
		var key string
		if src.Format == FormatCUR {
			key = row["bill/PayerAccountId"] + " " + row["bill/BillingPeriodStartDate"][:7]
			add = Total{Billed: number(t, row["lineItem/UnblendedCost"]), Effective: curEffective(t, row), Currency: row["lineItem/CurrencyCode"]}
		} else {
			key = row["BillingAccountId"] + " " + row["BillingPeriodStart"][:7]
			add = Total{
				Billed: number(t, row["BilledCost"]), Effective: number(t, row["EffectiveCost"]), List: number(t, row["ListCost"]),
				Currency: row["BillingCurrency"],
			}
		}
		sum := out[key]
		sum.Lines++
		sum.Currency = add.Currency
		sum.Billed, sum.Effective, sum.List = sum.Billed.Add(add.Billed), sum.Effective.Add(add.Effective), sum.List.Add(add.List)
		out[key] = sum
	}
	return out
}

// curEffective picks the amortised cost by line item type, as AWS documents it.
func curEffective(t *testing.T, row map[string]string) decimal.Decimal {
	t.Helper()
	n := func(column string) decimal.Decimal { return number(t, row[column]) }
	switch row["lineItem/LineItemType"] {
	case "SavingsPlanCoveredUsage":
		return n("savingsPlan/SavingsPlanEffectiveCost")
	case "SavingsPlanRecurringFee":
		return n("savingsPlan/TotalCommitmentToDate").Sub(n("savingsPlan/UsedCommitment"))
	case "SavingsPlanNegation", "SavingsPlanUpfrontFee":
		return decimal.Zero
	case "DiscountedUsage":
		return n("reservation/EffectiveCost")
	case "RIFee":
		return n("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod").Add(n("reservation/UnusedRecurringFee"))
	case "Fee":
		if row["reservation/ReservationARN"] != "" {
			return decimal.Zero
		}
	}
	return n("lineItem/UnblendedCost")
}

func number(t *testing.T, s string) decimal.Decimal {
	t.Helper()
	d, err := decimal.NewFromString(s)
	if err != nil {
		t.Fatalf("%q is not a number", s)
	}
	return d
}

// rows yields each record of a source by column name.
func rows(t *testing.T, src Source) func(func(map[string]string) bool) {
	t.Helper()
	return func(yield func(map[string]string) bool) {
		_ = filepath.WalkDir(src.Dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(path, ".csv.gz") && !readFile(t, path, yield) {
				return fs.SkipAll
			}
			return nil
		})
	}
}

func readFile(t *testing.T, path string, yield func(map[string]string) bool) bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(gz)
	header, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		row := make(map[string]string, len(header))
		for i, name := range header {
			row[name] = record[i]
		}
		if !yield(row) {
			return false
		}
	}
}

func TestGenerate_TellsTheStory(t *testing.T) {
	t.Parallel()
	e := generate(t, Options{Lines: 15_000, Dir: t.TempDir()})
	kinds, accounts := map[string]int{}, map[string]bool{}
	late, vendors, net := 0, 0, 0
	for _, src := range e.Sources {
		for row := range rows(t, src) {
			if src.Format == FormatCUR {
				kinds[row["lineItem/LineItemType"]]++
				accounts[row["lineItem/UsageAccountId"]] = true
				if row["lineItem/UsageEndDate"] <= row["bill/BillingPeriodStartDate"] {
					late++
				}
				if row["bill/BillingEntity"] == "AWS Marketplace" {
					vendors++
				}
				if v := row["discount/TotalDiscount"]; v != "" && !number(t, v).IsZero() {
					net++
					if !number(t, row["lineItem/NetUnblendedCost"]).Equal(number(t, row["lineItem/UnblendedCost"]).Add(number(t, v))) {
						t.Fatalf("net cost is not cost plus discount: %v", row)
					}
				}
				continue
			}
			kinds[row["ChargeCategory"]+" "+row["CommitmentDiscountStatus"]]++
			accounts[row["SubAccountId"]] = true
			if row["ChargePeriodEnd"] <= row["BillingPeriodStart"] {
				late++
			}
			checkFOCUSPrice(t, row)
		}
	}
	for _, k := range []string{
		"Usage", "DiscountedUsage", "RIFee", "Fee", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "SavingsPlanRecurringFee",
		"SavingsPlanUpfrontFee", "EdpDiscount", "Tax", "Credit", "Refund", "Usage ", "Usage Used", "Usage Unused", "Purchase ", "Tax ",
		"Credit ", "Adjustment ",
	} {
		if kinds[k] == 0 {
			t.Errorf("no row is %q; there are %v", k, kinds)
		}
	}
	if len(accounts) < 20 || late < 2 || vendors == 0 || net == 0 {
		t.Errorf("%d accounts, %d late rows, %d marketplace rows, %d discounts in columns", len(accounts), late, vendors, net)
	}
	assigned := map[string]bool{}
	for _, a := range Assignments(Options{Months: 6, Now: november}.months()) {
		if !accounts[a.Account] {
			t.Errorf("account %s is assigned and has no usage", a.Account)
		}
		assigned[a.Account] = true
	}
	if n := len(accounts) - len(assigned); n != 2 {
		t.Errorf("%d accounts are never assigned, want 2", n)
	}
}

// checkFOCUSPrice holds what the specification says of a row's costs.
func checkFOCUSPrice(t *testing.T, row map[string]string) {
	t.Helper()
	if row["ListUnitPrice"] == "" || row["ChargeClass"] == "Correction" {
		return
	}
	q := number(t, row["PricingQuantity"])
	if want := number(t, row["ListUnitPrice"]).Mul(q); !number(t, row["ListCost"]).Equal(want) {
		t.Fatalf("ListCost %s is not %s × %s", row["ListCost"], row["ListUnitPrice"], q)
	}
	if want := number(t, row["ContractedUnitPrice"]).Mul(q); !number(t, row["ContractedCost"]).Equal(want) {
		t.Fatalf("ContractedCost %s is not %s × %s", row["ContractedCost"], row["ContractedUnitPrice"], q)
	}
}

// Commitments net: what was paid equals what was used plus what was not.
func TestGenerate_CommitmentsNet(t *testing.T) {
	t.Parallel()
	e := generate(t, Options{Lines: 15_000, Months: 3, Dir: t.TempDir()})
	var covered, negated, committed, planUsed decimal.Decimal
	var riPaid, riSpread decimal.Decimal
	add := func(d *decimal.Decimal, s string) { *d = d.Add(number(t, s)) }
	partly := false
	for _, src := range e.Sources[:2] {
		for row := range rows(t, src) {
			switch row["lineItem/LineItemType"] {
			case "SavingsPlanCoveredUsage":
				add(&covered, row["lineItem/UnblendedCost"])
				add(&planUsed, row["savingsPlan/SavingsPlanEffectiveCost"])
			case "SavingsPlanNegation":
				add(&negated, row["lineItem/UnblendedCost"])
			case "SavingsPlanRecurringFee":
				add(&committed, row["savingsPlan/UsedCommitment"])
				partly = partly || number(t, row["savingsPlan/TotalCommitmentToDate"]).GreaterThan(number(t, row["savingsPlan/UsedCommitment"]))
			case "DiscountedUsage":
				add(&riSpread, row["reservation/EffectiveCost"])
				if !number(t, row["lineItem/UnblendedCost"]).IsZero() {
					t.Fatalf("covered usage costs %s", row["lineItem/UnblendedCost"])
				}
			case "RIFee":
				add(&riPaid, row["lineItem/UnblendedCost"])
				add(&riPaid, row["reservation/AmortizedUpfrontFeeForBillingPeriod"])
				add(&riSpread, row["reservation/UnusedRecurringFee"])
				add(&riSpread, row["reservation/UnusedAmortizedUpfrontFeeForBillingPeriod"])
				partly = partly && number(t, row["reservation/UnusedQuantity"]).IsPositive()
			}
		}
	}
	if covered.IsZero() || !covered.Add(negated).IsZero() {
		t.Errorf("covered %s and negated %s do not cancel", covered, negated)
	}
	if !committed.Equal(planUsed) {
		t.Errorf("the plan says %s was used, the usage says %s", committed, planUsed)
	}
	if riPaid.IsZero() || !riPaid.Equal(riSpread) {
		t.Errorf("reservations cost %s, spread over usage and unused %s", riPaid, riSpread)
	}
	if !partly {
		t.Error("all of the commitments is used")
	}
}

// The same month costs the same in either of AWS's formats.
func TestGenerate_FormatsAgree(t *testing.T) {
	t.Parallel()
	cur := generate(t, Options{Lines: 8000, Months: 3, Dir: t.TempDir()})
	focus := generate(t, Options{Lines: 8000, Months: 3, Dir: t.TempDir(), AWS: FormatFOCUS})
	for i, c := range cur.Totals {
		f := focus.Totals[i]
		if !c.Billed.Equal(f.Billed) || !c.Effective.Equal(f.Effective) {
			t.Errorf("%s %s: billed %s and effective %s as CUR, %s and %s as FOCUS", c.Payer, c.Month, c.Billed, c.Effective, f.Billed, f.Effective)
		}
	}
	kinds := map[string]int{}
	for row := range rows(t, focus.Sources[1]) {
		kinds[row["ChargeCategory"]+" "+row["CommitmentDiscountStatus"]]++
		if row["CommitmentDiscountStatus"] == "Used" && row["BilledCost"] != "0" {
			t.Fatalf("covered usage is billed %s", row["BilledCost"])
		}
	}
	if kinds["Usage Used"] == 0 || kinds["Usage Unused"] == 0 || kinds["Purchase "] == 0 {
		t.Errorf("the savings plan delivers %v", kinds)
	}
}

func TestGenerate_ManifestsNameTheirFiles(t *testing.T) {
	t.Parallel()
	e := generate(t, Options{Dir: t.TempDir(), Months: 3})
	for _, src := range e.Sources[:2] {
		found, err := filepath.Glob(filepath.Join(src.Dir, "cur", "cloud-usage", "*", "cloud-usage-Manifest.json"))
		if err != nil || len(found) != 3 {
			t.Fatalf("%s has %d manifests, want 3: %v", src.Payer, len(found), err)
		}
		for _, path := range found {
			var m struct{ ReportKeys []string }
			text, err := os.ReadFile(path)
			if err == nil {
				err = json.Unmarshal(text, &m)
			}
			if err != nil || len(m.ReportKeys) == 0 {
				t.Fatalf("%s: %v keys, %v", path, m.ReportKeys, err)
			}
			for _, key := range m.ReportKeys {
				if _, err := os.Stat(filepath.Join(src.Dir, key)); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func TestGenerate_RefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]Options{
		"few lines":  {Lines: 10, Now: november, Dir: t.TempDir()},
		"two months": {Months: 2, Now: november, Dir: t.TempDir()},
		"no month":   {Dir: t.TempDir()},
		"no folder":  {Now: november},
	} {
		if _, err := Generate(t.Context(), opts, Silent{}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v, want an error of kind invalid", name, err)
		}
	}
}
