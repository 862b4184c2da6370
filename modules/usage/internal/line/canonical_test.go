package line_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/line/linetest"
)

var compare = cmp.Options{cmp.Comparer(func(a, b line.Number) bool { return a == b }), cmpopts.EquateEmpty()}

func TestRowReader_ReadsWhatAppendRowWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lines := linetest.Lines(t, 8, linetest.Options{MaxDigits: 38})
		lines[0].Set(line.Tags, strings.Repeat("x", rapid.IntRange(100, 70000).Draw(t, "long")))
		var r line.RowReader
		var before []byte
		for _, want := range lines {
			row := line.AppendRow(nil, &want)
			shared := 0
			for shared < min(len(before), len(row)) && before[shared] == row[shared] {
				shared++
			}
			first, err := r.Read(row, rapid.IntRange(0, shared).Draw(t, "shared"))
			if err != nil {
				t.Fatal(err)
			}
			if !linetest.Equal(&want, &r.Line) {
				t.Fatalf("line differs (-want +got), first %d:\n%s", first, cmp.Diff(want, r.Line, compare))
			}
			before = row
		}
	})
}

func TestAppendRow_EqualBytesMeanEqualLines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lines := linetest.Lines(t, 6, linetest.Options{})
		for _, a := range lines {
			for _, b := range lines {
				rowA, rowB := line.AppendRow(nil, &a), line.AppendRow(nil, &b)
				if bytes.Equal(rowA, rowB) != linetest.Equal(&a, &b) {
					t.Fatalf("rows equal: %v, lines: %s", bytes.Equal(rowA, rowB), cmp.Diff(a, b, compare))
				}
				if len(rowA) < len(rowB) && bytes.HasPrefix(rowB, rowA) {
					t.Fatal("a row is the beginning of another one")
				}
			}
		}
	})
}

func TestRowReader_RefusesDamage(t *testing.T) {
	t.Parallel()
	var l line.Line
	l.Set(line.ServiceName, "EC2")
	l.Measures[line.BilledCost] = line.Zero
	row := line.AppendRow(nil, &l)
	for n := range row {
		var r line.RowReader
		if _, err := r.Read(row[:n], 0); err == nil {
			t.Fatalf("a row cut to %d of %d bytes was read", n, len(row))
		}
	}
	var r line.RowReader
	if _, err := r.Read(append(row, 0), 0); err == nil {
		t.Error("a row with a byte too many was read")
	}
}

func TestOrder_HasEveryColumnOnce(t *testing.T) {
	t.Parallel()
	seen := make(map[line.Column]bool)
	for _, c := range line.Order() {
		seen[c] = true
	}
	if len(seen) != line.NumColumns {
		t.Errorf("the order names %d of %d columns", len(seen), line.NumColumns)
	}
	names := make(map[string]bool)
	for c := range line.Column(line.NumColumns) {
		names[c.String()] = true
	}
	for m := range line.Measure(line.NumMeasures) {
		names[m.String()] = true
	}
	if len(names) != line.NumColumns+line.NumMeasures {
		t.Errorf("%d different names, want %d", len(names), line.NumColumns+line.NumMeasures)
	}
}

func TestParseInstant(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1970-01-01T00:00:00Z": 0,
		"2026-03-14T15:09:26Z": 1773500966,
		"2024-02-29T23:59:59Z": 1709251199,
		"1969-12-31T23:59:59Z": -1,
	} {
		if got, ok := line.ParseInstant([]byte(text)); !ok || got != want {
			t.Errorf("ParseInstant(%s) = %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "2026-03-14", "2026-03-14 15:09:26Z", "2026-03-14T15:09:26+00:00", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-00-10T00:00:00Z", "2026-03-00T00:00:00Z", "2026-03-14T24:00:00Z", "2026-03-14T15:60:00Z", "2026-03-14T15:00:60Z", "2026-03-1aT15:00:00Z",
	} {
		if got, ok := line.ParseInstant([]byte(text)); ok {
			t.Errorf("ParseInstant(%q) = %d, want it refused", text, got)
		}
	}
}
