package spill_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/line/linetest"
	"tierbook/modules/usage/internal/spill"
)

var march = period.NewMonth(2026, time.March)

func TestWriter_SortsEachDelivery(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		w := newWriter(t, dir)
		defer w.Close()
		keys := []spill.Key{{"aws", "1", march}, {"aws", "1", march.Add(1)}, {"aws", "2", march}, {"azure", "1", march}}
		want := make(map[spill.Key][][]byte)
		for _, l := range linetest.Lines(t, 60, linetest.Options{}) {
			k := rapid.SampledFrom(keys).Draw(t, "key")
			for range rapid.IntRange(1, 40).Draw(t, "times") {
				want[k] = append(want[k], line.AppendRow(nil, &l))
				add(t, w, k, &l)
			}
		}
		got, err := w.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(got, func(a, b *spill.Delivery) int { return a.Key.Compare(b.Key) }) || len(got) != len(want) {
			t.Fatalf("%d deliveries, want %d in the order of their keys", len(got), len(want))
		}
		for _, d := range got {
			checkRows(t, d, want[d.Key])
		}
	})
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%d files are left behind", len(left))
	}
}

func newWriter(t *rapid.T, dir string) *spill.Writer {
	w, err := spill.New(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func add(t *rapid.T, w *spill.Writer, k spill.Key, l *line.Line) {
	if err := w.Add(k, l); err != nil {
		t.Fatal(err)
	}
}

func checkRows(t *rapid.T, d *spill.Delivery, want [][]byte) {
	slices.SortFunc(want, line.Compare)
	if d.Rows != int64(len(want)) {
		t.Fatalf("%v has %d rows, want %d", d.Key, d.Rows, len(want))
	}
	i := 0
	accounts := make(map[string]int64)
	var before []byte
	var r line.RowReader
	err := d.Each(func(row []byte, shared int) error {
		if !bytes.Equal(row, want[i]) {
			return fmt.Errorf("row %d differs", i)
		}
		if shared > len(before) || !bytes.Equal(row[:shared], before[:shared]) {
			return fmt.Errorf("row %d does not share %d bytes with the row before", i, shared)
		}
		if _, err := r.Read(row, shared); err != nil {
			return err
		}
		for m, n := range r.Measures {
			integer, fraction := n.Digits()
			if integer > d.Integer[m] || fraction > d.Fraction[m] {
				return fmt.Errorf("%s has more digits than %d and %d", n, d.Integer[m], d.Fraction[m])
			}
		}
		accounts[string(r.Text[line.XAccount])]++
		before = append(before[:0], row...)
		i++
		return nil
	})
	if err != nil || i != len(want) {
		t.Fatalf("%v: %d of %d rows, %v", d.Key, i, len(want), err)
	}
	for account, n := range accounts {
		if got := d.RowsOf([]byte(account)); got != n {
			t.Fatalf("account %s has %d rows, want %d", account, got, n)
		}
	}
}

func TestWriter_MergesManyRuns(t *testing.T) {
	t.Parallel()
	w, err := spill.New(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	k := spill.Key{Provider: "aws", Payer: "1", Month: march}
	const n = 20000
	for i := range n {
		var l line.Line
		l.Set(line.XAccount, fmt.Sprintf("%06d", (i*7919)%n))
		l.Set(line.ResourceId, "a resource whose name makes the rows long enough to need many runs")
		if err := w.Add(k, &l); err != nil {
			t.Fatal(err)
		}
	}
	deliveries, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a delivery can be read again
		var r line.RowReader
		i := 0
		err = deliveries[0].Each(func(row []byte, shared int) error {
			if _, err := r.Read(row, shared); err != nil {
				return err
			}
			if want := fmt.Sprintf("%06d", i); string(r.Text[line.XAccount]) != want {
				return fmt.Errorf("account %s, want %s", r.Text[line.XAccount], want)
			}
			i++
			return nil
		})
		if err != nil || i != n {
			t.Fatalf("%d rows, %v", i, err)
		}
	}
}

func TestDelivery_Each_StopsAtAnError(t *testing.T) {
	t.Parallel()
	w, err := spill.New(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var l line.Line
	for range 3 {
		if err := w.Add(spill.Key{}, &l); err != nil {
			t.Fatal(err)
		}
	}
	deliveries, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	stop, calls := errors.New("stop"), 0
	err = deliveries[0].Each(func([]byte, int) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestWriter_Close(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := spill.New(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	var l line.Line
	l.Set(line.Tags, string(make([]byte, 700<<10)))
	for range 3 {
		if err := w.Add(spill.Key{}, &l); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%d files are left behind", len(left))
	}
	if err := w.Add(spill.Key{}, &l); err == nil {
		t.Error("a line was added after the end")
	}
	if _, err := w.Finish(); err == nil {
		t.Error("finished after the end")
	}
}

func TestNew_NoDirectory(t *testing.T) {
	t.Parallel()
	if _, err := spill.New(t.TempDir()+"/none", 1); err == nil {
		t.Error("a writer without a directory")
	}
}

// Lines come as providers write them: hour by hour, all resources of each.
func BenchmarkWriter(b *testing.B) {
	const resources, budget = 5000, 256 << 20
	k := spill.Key{Provider: "aws", Payer: "1", Month: march}
	var l line.Line
	for c := range line.Column(line.NumColumns) {
		l.Set(c, "a "+c.String())
	}
	for m := range l.Measures {
		l.Measures[m], _ = line.NewNumber(4160000, 10)
	}
	w, err := spill.New(b.TempDir(), budget)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	names, hours := make([][]byte, resources), make([][]byte, 744)
	for i := range names {
		names[i] = fmt.Appendf(nil, "arn:aws:ec2:eu-central-1:112233445566:instance/i-%017x", i*7919)
	}
	for i := range hours {
		hours[i] = line.AppendInstant(nil, march.Start().Add(time.Duration(i)*time.Hour))
	}
	i := 0
	for b.Loop() {
		l.Text[line.ResourceId], l.Text[line.ChargePeriodStart] = names[i%resources], hours[i/resources%744]
		if err := w.Add(k, &l); err != nil {
			b.Fatal(err)
		}
		i++
	}
	deliveries, err := w.Finish()
	if err != nil {
		b.Fatal(err)
	}
	if err := deliveries[0].Each(func([]byte, int) error { return nil }); err != nil {
		b.Fatal(err)
	}
}
