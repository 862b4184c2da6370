package segment_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/segment"
	"tierbook/rules"
)

// scanned is a row as Scan gives it: its dimensions, then its measures.
type scanned struct {
	segment int
	row     int64
	text    string
}

// scan reads everything wanted and returns the rows in their order.
func scan(t fatal, all []segment.Object, need rules.Need, workers int) []scanned {
	t.Helper()
	var mu sync.Mutex
	var rows []scanned
	err := segment.Scan(context.Background(), all, need, workers, func(_ int, b *rules.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		for i := range b.Rows {
			rows = append(rows, scanned{b.Segment, b.FirstRow + int64(i), textOf(b, need, i)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(rows, func(a, b scanned) int {
		if a.segment != b.segment {
			return a.segment - b.segment
		}
		return int(a.row - b.row)
	})
	return rows
}

func textOf(b *rules.Batch, need rules.Need, i int) string {
	var s strings.Builder
	for _, d := range need.Dims {
		id := uint32(0)
		if ids := b.Dims[d].IDs; ids != nil {
			id = ids[i]
		}
		value := b.Dims[d].Dict.Values[id]
		if d == rules.DimHasListPrice && !isPurchase(b, i) {
			value = "" // it has nothing to say
		}
		fmt.Fprintf(&s, "%s|", value)
	}
	for _, m := range need.Measures {
		c := &b.Measures[m]
		switch {
		case c.Null != nil && c.Null[i]:
			s.WriteString("NULL|")
		case c.Wide != nil:
			fmt.Fprintf(&s, "%s|", plain(decimal.NewFromBigInt(c.Wide[i], -c.Scale)))
		default:
			fmt.Fprintf(&s, "%s|", plain(decimal.NewFromBigInt(big.NewInt(c.Ints[i]), -c.Scale)))
		}
	}
	return s.String()
}

func isPurchase(b *rules.Batch, i int) bool {
	c := &b.Dims[rules.DimChargeCategory]
	if c.IDs == nil {
		return c.Dict.Values[0] == "Purchase"
	}
	return c.Dict.Values[c.IDs[i]] == "Purchase"
}

func plain(d decimal.Decimal) string {
	n, err := line.FromDecimal(d)
	if err != nil {
		return err.Error()
	}
	return n.String()
}

func TestScan_ManyPages(t *testing.T) {
	t.Parallel()
	wide, _ := line.ParseNumber([]byte("-1234567890.12345678901234567890"))
	var count, nulls int
	sum := new(big.Int)
	lines := func(yield func(*line.Line) bool) {
		for l := range accountsOf(480) {
			l.Measures[line.EffectiveCost] = wide
			if !yield(l) {
				return
			}
		}
	}
	out := write(t, t.TempDir(), lines)
	need := rules.Need{Dims: []rules.Dim{rules.DimResource, rules.DimTags}, Measures: []rules.Measure{rules.MeasureList, rules.MeasureEffective}}
	err := segment.Scan(t.Context(), objects(t, out), need, 1, func(_ int, b *rules.Batch) error {
		if b.Rows > 40 || len(b.Dims[rules.DimTags].IDs) != b.Rows || len(b.Measures[rules.MeasureEffective].Wide) != b.Rows {
			return fmt.Errorf("a batch of %d rows", b.Rows)
		}
		count += b.Rows
		for i, null := range b.Measures[rules.MeasureList].Null {
			if (b.Dims[rules.DimTags].Dict.Values[b.Dims[rules.DimTags].IDs[i]] != "") != null {
				return fmt.Errorf("row %d: tags and list do not belong together", b.FirstRow+int64(i))
			}
			if null {
				nulls++
			}
		}
		for _, v := range b.Measures[rules.MeasureEffective].Wide {
			sum.Add(sum, v)
		}
		return nil
	})
	want := wide.Decimal().Mul(decimal.NewFromInt(480))
	if err != nil || count != 480 || nulls != 160 || !want.Equal(decimal.NewFromBigInt(sum, -19)) {
		t.Errorf("%d rows, %d NULLs, sum %s, %v, want 480, 160, %s", count, nulls, sum, err, want)
	}
}

func TestScan_Wanted(t *testing.T) {
	t.Parallel()
	lines := accountsOf(10, 700, 20, 30)
	out := write(t, t.TempDir(), lines)
	for name, wanted := range map[string][]segment.Wanted{
		"Nothing":        {},
		"Foreign":        {{"z", march, march}},
		"OneShared":      {{"c", march, march}, {"c", march, february}},
		"LateOnly":       {{"d", march, february}, {"b", march, february}},
		"AnotherPeriod":  {{"b", february, february}},
		"SeveralOfThree": {{"a", march, march}, {"b", march, march}, {"d", march, march}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := objects(t, out)
			all[0].Wanted = wanted
			var want, got []string
			for l := range lines {
				m, _ := period.ParseMonth(string(l.Text[line.XServiceMonth]))
				if slices.Contains(wanted, segment.Wanted{Account: string(l.Text[line.XAccount]), Period: march, ServiceMonth: m}) {
					want = append(want, expected(l))
				}
			}
			for _, r := range scan(t, all, everyDim, 2) {
				got = append(got, r.text)
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("%d rows, want %d, or they differ", len(got), len(want))
			}
		})
	}
}

func TestScan_RowsAreNumberedAcrossRowGroups(t *testing.T) {
	t.Parallel()
	out := write(t, t.TempDir(), accountsOf(10, 70, 20))
	all := objects(t, out)
	rows := scan(t, all, rules.Need{Dims: []rules.Dim{rules.DimAccount}}, 2)
	for i, r := range rows {
		if r.row != int64(i) {
			t.Fatalf("row %d is numbered %d", i, r.row)
		}
	}
	all[0].RowGroups = []int{2}
	part := scan(t, all, rules.Need{Dims: []rules.Dim{rules.DimAccount}}, 2)
	if diff := cmp.Diff(rows[len(rows)-20:], part, cmp.AllowUnexported(scanned{})); diff != "" {
		t.Errorf("rows of the last row group (-want +got):\n%s", diff)
	}
	all[0].RowGroups = []int{3}
	if err := segment.Scan(t.Context(), all, everyDim, 2, func(int, *rules.Batch) error { return nil }); err == nil {
		t.Error("a row group that does not exist was scanned")
	}
}

func TestScan_OneDictionaryPerRowGroup(t *testing.T) {
	t.Parallel()
	out := write(t, t.TempDir(), accountsOf(450))
	dicts := make(map[*rules.Dict]int)
	err := segment.Scan(t.Context(), objects(t, out), everyDim, 1, func(_ int, b *rules.Batch) error {
		dicts[b.Dims[rules.DimResource].Dict]++
		if b.Dims[rules.DimAccount].IDs != nil {
			return errors.New("an account's own row group has indexes of accounts")
		}
		return nil
	})
	if err != nil || len(dicts) != 1 {
		t.Errorf("%d dictionaries, want 1; %v", len(dicts), err)
	}
}

func TestScan_StopsAtAnError(t *testing.T) {
	t.Parallel()
	out := write(t, t.TempDir(), accountsOf(700, 700))
	stop := errors.New("stop")
	err := segment.Scan(t.Context(), objects(t, out), everyDim, 2, func(int, *rules.Batch) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("%v, want stop", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = segment.Scan(ctx, objects(t, out), everyDim, 2, func(int, *rules.Batch) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want canceled", err)
	}
}

func TestRead_DamagedFilesAreErrorsNotPanics(t *testing.T) {
	t.Parallel()
	out := write(t, t.TempDir(), accountsOf(100, 70, 30))
	whole, err := os.ReadFile(out.Segments[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(whole)
		for range rapid.IntRange(1, 20).Draw(t, "bytes") {
			b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		o := segment.Object{Reader: bytes.NewReader(b), Bytes: int64(len(b))}
		_ = segment.Scan(context.Background(), []segment.Object{o}, everyDim, 1, func(_ int, b *rules.Batch) error {
			for i := range b.Rows {
				_ = textOf(b, everyDim, i)
			}
			return nil
		})
		_, _ = segment.AddUp(context.Background(), o.Reader, o.Bytes)
	})
}
