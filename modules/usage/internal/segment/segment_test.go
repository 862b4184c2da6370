package segment_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/line/linetest"
	"tierbook/modules/usage/internal/segment"
	"tierbook/modules/usage/internal/spill"
	"tierbook/rules"
)

var (
	march    = period.NewMonth(2026, time.March)
	february = march.Add(-1)
	key      = spill.Key{Provider: "aws", Payer: "1", Month: march}
	everyDim = func() (all rules.Need) {
		for d := range rules.NumDims {
			all.Dims = append(all.Dims, d)
		}
		for m := range rules.NumMeasures {
			all.Measures = append(all.Measures, m)
		}
		return all
	}()
)

// fatal is what testing.T and rapid.T have in common.
type fatal interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// write sends lines through a spill file into segments below dir.
func write(t fatal, dir string, lines iter.Seq[*line.Line]) *segment.Written {
	t.Helper()
	w, err := spill.New(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for l := range lines {
		if err := w.Add(key, l); err != nil {
			t.Fatal(err)
		}
	}
	deliveries, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	out, err := segment.WriteSmall(context.Background(), deliveries[0], dir)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func each(lines []line.Line) iter.Seq[*line.Line] {
	return func(yield func(*line.Line) bool) {
		for i := range lines {
			if !yield(&lines[i]) {
				return
			}
		}
	}
}

// objects returns the segments as a store would.
func objects(t fatal, out *segment.Written) []segment.Object {
	t.Helper()
	var all []segment.Object
	for _, f := range out.Segments {
		b, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, segment.Object{Ordinal: f.Ordinal, Reader: bytes.NewReader(b), Bytes: f.Bytes})
	}
	return all
}

func remove(t fatal, out *segment.Written) {
	t.Helper()
	for _, f := range out.Segments {
		if err := os.Remove(f.Path); err != nil {
			t.Fatal(err)
		}
	}
}

// expected returns the text of a line as textOf has it.
func expected(l *line.Line) string {
	var s strings.Builder
	for _, c := range []line.Column{
		line.XProvider, line.BillingAccountId, line.XAccount, line.PublisherName, line.ServiceName, line.ServiceCategory, line.SkuId,
		line.RegionId, line.AvailabilityZone, line.XUsageType, line.XOperation, line.XLineItemType, line.ChargeCategory, line.ChargeClass,
		line.ChargeDescription, line.ResourceId, line.XMarketplace, line.XCommitmentRole, line.CommitmentDiscountType, line.CommitmentDiscountId,
		line.PricingUnit, line.Tags, line.XDate, line.XPeriod, line.XServiceMonth, line.BillingCurrency,
	} {
		fmt.Fprintf(&s, "%s|", l.Text[c])
	}
	if string(l.Text[line.ChargeCategory]) == "Purchase" {
		fmt.Fprint(&s, len(l.Text[line.ListUnitPrice]) > 0)
	}
	s.WriteByte('|')
	for _, m := range []line.Measure{line.PricingQuantity, line.ListCost, line.ContractedCost, line.BilledCost, line.EffectiveCost} {
		if n := l.Measures[m]; n.IsNull() {
			s.WriteString("NULL|")
		} else {
			fmt.Fprintf(&s, "%s|", n)
		}
	}
	return s.String()
}

func TestWrite_GivesTheSameLinesAndSums(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.SampledFrom([]int{3, 12, 18, 25, 38}).Draw(t, "most digits")
		lines := linetest.Lines(t, 40, linetest.Options{MaxDigits: digits})
		out := write(t, dir, each(lines))
		defer remove(t, out)
		if out.Rows != int64(len(lines)) || out.ContentHash != hashOf(lines) {
			t.Fatalf("%d rows with hash %s, want %d with %s", out.Rows, out.ContentHash, len(lines), hashOf(lines))
		}
		var want, got []string
		for i := range lines {
			want = append(want, expected(&lines[i]))
		}
		for _, row := range scan(t, objects(t, out), everyDim, 1+len(lines)%3) {
			got = append(got, row.text)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("lines differ (-want +got):\n%s", diff)
		}
		checkSums(t, each(lines), out)
	})
}

// hashOf returns the content hash of lines: of their sorted bytes, whatever
// files they end up in.
func hashOf(lines []line.Line) string {
	var rows [][]byte
	for i := range lines {
		rows = append(rows, line.AppendRow(nil, &lines[i]))
	}
	slices.SortFunc(rows, line.Compare)
	sum := sha256.Sum256(append([]byte("tierbook usage rows 1\n"), slices.Concat(rows...)...))
	return hex.EncodeToString(sum[:])
}

// part is the key of a sum.
type part struct {
	account, payer, currency string
	serviceMonth             period.Month
}

func checkSums(t fatal, lines iter.Seq[*line.Line], out *segment.Written) {
	t.Helper()
	type sums [5]decimal.Decimal // rows, then the costs
	want, got, again := make(map[part]sums), make(map[part]sums), make(map[part]sums)
	add := func(to map[part]sums, p part, values ...decimal.Decimal) {
		s := to[p]
		for i, v := range values {
			s[i] = s[i].Add(v)
		}
		to[p] = s
	}
	one := decimal.NewFromInt(1)
	for l := range lines {
		m, _ := period.ParseMonth(string(l.Text[line.XServiceMonth]))
		p := part{string(l.Text[line.XAccount]), string(l.Text[line.BillingAccountId]), string(l.Text[line.BillingCurrency]), m}
		add(want, p, one, l.Measures[line.BilledCost].Decimal(), l.Measures[line.EffectiveCost].Decimal(),
			l.Measures[line.ListCost].Decimal(), l.Measures[line.ContractedCost].Decimal())
	}
	type place struct {
		segment, group int
		part
		period period.Month
	}
	seen := make(map[place]bool)
	for _, f := range out.Segments {
		for _, p := range f.Parts {
			at := place{f.Ordinal, p.RowGroup, part{p.Account, p.Payer, p.Currency, p.ServiceMonth}, p.Period}
			if seen[at] {
				t.Fatalf("part %v is there twice", at)
			}
			seen[at] = true
			add(got, part{p.Account, p.Payer, p.Currency, p.ServiceMonth}, decimal.NewFromInt(p.Rows), p.Billed, p.Effective, p.List, p.Contracted)
		}
	}
	for _, o := range objects(t, out) {
		sums, err := segment.AddUp(context.Background(), o.Reader, o.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sums {
			add(again, part{s.Account, s.Payer, s.Currency, s.ServiceMonth}, decimal.NewFromInt(s.Rows), s.Billed)
		}
	}
	equal := cmp.Comparer(func(a, b decimal.Decimal) bool { return a.Equal(b) })
	unexported := cmp.AllowUnexported(part{}, period.Month{})
	if diff := cmp.Diff(want, got, equal, unexported); diff != "" {
		t.Fatalf("sums differ (-want +got):\n%s", diff)
	}
	for p, s := range want {
		want[p] = sums{s[0], s[1]}
	}
	if diff := cmp.Diff(want, again, equal, unexported); diff != "" {
		t.Fatalf("sums added up again differ (-want +got):\n%s", diff)
	}
}

func TestWrite_OrderOfLinesChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		lines := linetest.Lines(t, 30, linetest.Options{MaxDigits: 38})
		a := write(t, dir, each(lines))
		defer remove(t, a)
		shuffled := rapid.Permutation(lines).Draw(t, "shuffled")
		other := filepath.Join(dir, "other")
		if err := os.MkdirAll(other, 0o700); err != nil {
			t.Fatal(err)
		}
		b := write(t, other, each(shuffled))
		remove(t, b)
		for i := range b.Segments {
			b.Segments[i].Path = a.Segments[i].Path
		}
		if diff := cmp.Diff(a, b, cmp.AllowUnexported(period.Month{}), cmp.Comparer(func(x, y decimal.Decimal) bool { return x.Equal(y) })); diff != "" {
			t.Fatalf("written differs (-first +shuffled):\n%s", diff)
		}
		lines[0].Measures[line.XUsageAmount], _ = line.NewNumber(7, 3)
		lines[0].Set(line.ResourceName, "another")
		c := write(t, other, each(lines))
		remove(t, c)
		if c.ContentHash == a.ContentHash {
			t.Fatal("other lines have the same content hash")
		}
	})
}

func TestWrite_SeveralSegments(t *testing.T) {
	t.Parallel()
	texts := []string{"12345678901234567890123456789012345678", "0.00000000000000000000000000000000000001", "12345678901234567890.123456789012345678", "1.5", ""}
	var lines []line.Line
	for i, text := range texts {
		l := aLine("1", fmt.Sprint(i))
		l.Measures[line.BilledCost], _ = line.ParseNumber([]byte(text))
		lines = append(lines, l)
	}
	out := write(t, t.TempDir(), each(lines))
	if len(out.Segments) != 3 {
		t.Errorf("%d segments, want 3", len(out.Segments))
	}
	checkSums(t, each(lines), out)
	rows := scan(t, objects(t, out), everyDim, 2)
	if len(rows) != len(texts) {
		t.Errorf("%d rows, want %d", len(rows), len(texts))
	}
	if out.ContentHash != hashOf(lines) {
		t.Error("the content hash is not that of the rows alone")
	}
}

// aLine returns a plain usage line of march.
func aLine(account, resource string) line.Line {
	var l line.Line
	l.Set(line.XProvider, "aws")
	l.Set(line.XAccount, account)
	l.Set(line.BillingAccountId, "payer")
	l.Set(line.BillingCurrency, "USD")
	l.Set(line.XPeriod, "2026-03")
	l.Set(line.XServiceMonth, "2026-03")
	l.Set(line.XDate, "2026-03-01")
	l.Set(line.ResourceId, resource)
	l.Set(line.ChargePeriodStart, "2026-03-01T00:00:00Z")
	for m := range l.Measures {
		l.Measures[m] = line.Zero
	}
	return l
}

// accountsOf returns lines of accounts a, b, … with so many lines each, every
// fifth of them late.
func accountsOf(counts ...int) iter.Seq[*line.Line] {
	return func(yield func(*line.Line) bool) {
		for a, n := range counts {
			plain := aLine(string(rune('a'+a)), "")
			for i := range n {
				l := plain
				l.Text[line.ResourceId] = strconv.AppendInt(nil, int64(i%97), 10)
				l.Measures[line.BilledCost], _ = line.NewNumber(int64(i), 2)
				if i%5 == 0 {
					l.Text[line.XServiceMonth] = []byte("2026-02")
				}
				if i%3 == 0 {
					l.Text[line.Tags] = []byte(`{"k":"v"}`)
					l.Measures[line.ListCost] = line.Number{}
				}
				if !yield(&l) {
					return
				}
			}
		}
	}
}

func TestWrite_RowGroupsHoldOneAccount(t *testing.T) {
	t.Parallel()
	lines := accountsOf(10, 70, 20, 30, 1400, 5)
	out := write(t, t.TempDir(), lines)
	groups := make(map[int]map[string]int64)
	for _, p := range out.Segments[0].Parts {
		if groups[p.RowGroup] == nil {
			groups[p.RowGroup] = make(map[string]int64)
		}
		groups[p.RowGroup][p.Account] += p.Rows
	}
	want := map[int]map[string]int64{
		0: {"a": 10}, 1: {"b": 70}, 2: {"c": 20, "d": 30}, 3: {"e": 469}, 4: {"e": 469}, 5: {"e": 462}, 6: {"f": 5},
	}
	if diff := cmp.Diff(want, groups); diff != "" {
		t.Errorf("rows by row group and account (-want +got):\n%s", diff)
	}
	checkSums(t, lines, out)
}

func TestWrite_LeavesNothingBehindAfterAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, spoil := range map[string]func(*line.Line){
		"Period":  func(l *line.Line) { l.Set(line.XPeriod, "March") },
		"Instant": func(l *line.Line) { l.Set(line.ChargePeriodStart, "2026-03-01") },
	} {
		lines := []line.Line{aLine("a", "1"), aLine("b", "2")}
		spoil(&lines[1])
		w, err := spill.New(dir, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range lines {
			if err := w.Add(key, &lines[i]); err != nil {
				t.Fatal(err)
			}
		}
		deliveries, err := w.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := segment.Write(t.Context(), deliveries[0], dir); err == nil {
			t.Errorf("%s: a line that is not canonical was written", name)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%d files are left behind", len(left))
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	out := write(t, t.TempDir(), accountsOf(300))
	f := out.Segments[0]
	b, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := segment.Verify(t.Context(), bytes.NewReader(b), f.Bytes, f.SHA256); !ok || err != nil {
		t.Errorf("an untouched segment: %v, %v", ok, err)
	}
	b[len(b)/2] ^= 1
	if ok, err := segment.Verify(t.Context(), bytes.NewReader(b), f.Bytes, f.SHA256); ok || err != nil {
		t.Errorf("an altered segment: %v, %v", ok, err)
	}
	if ok, err := segment.Verify(t.Context(), bytes.NewReader(b[:100]), f.Bytes, f.SHA256); ok || err == nil {
		t.Errorf("a segment cut short: %v, %v", ok, err)
	}
}

// The file is plain Parquet: a generic reader sees FOCUS columns of the types
// that their names promise.
func TestWrite_IsReadByAnyReader(t *testing.T) {
	t.Parallel()
	l := aLine("a", "i-1")
	l.Measures[line.BilledCost], _ = line.ParseNumber([]byte("-0.0000014724"))
	l.Measures[line.ListCost], _ = line.ParseNumber([]byte("1234567890123.4567890123"))
	out := write(t, t.TempDir(), each([]line.Line{l}))
	b, err := os.ReadFile(out.Segments[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"BilledCost": "DECIMAL(18,10)", "ListCost": "DECIMAL(38,10)", "PricingQuantity": "DECIMAL(18,0)",
		"ChargePeriodStart": "TIMESTAMP(isAdjustedToUTC=true,unit=MILLIS)", "ServiceName": "STRING", "Tags": "STRING", "x_period": "STRING",
	} {
		if got := f.Root().Column(name).Type().String(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	rows := parquet.NewReader(f)
	defer rows.Close()
	row := make(map[string]any)
	if err := rows.Read(&row); err != nil {
		t.Fatal(err)
	}
	if row["ResourceId"] != "i-1" || row["BilledCost"] == nil || row["ChargePeriodEnd"] != nil {
		t.Errorf("row %v", row)
	}
	if err := rows.Read(&row); !errors.Is(err, io.EOF) {
		t.Errorf("%v after the only row", err)
	}
}
