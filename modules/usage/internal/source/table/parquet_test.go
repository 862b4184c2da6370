package table

import (
	"bytes"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
)

type parquetRow struct {
	Name    string            `parquet:"name"`
	Maybe   *string           `parquet:"maybe,optional"`
	Cost    float64           `parquet:"cost"`
	Rate    float32           `parquet:"rate"`
	Millis  int64             `parquet:"millis,timestamp(millisecond)"`
	Micros  int64             `parquet:"micros,timestamp(microsecond)"`
	Nanos   int64             `parquet:"nanos,timestamp(nanosecond)"`
	Day     int32             `parquet:"day,date"`
	Old     deprecated.Int96  `parquet:"old"`
	Narrow  int64             `parquet:"narrow,decimal(4:18)"`
	Narrow4 int32             `parquet:"narrow4,decimal(2:9)"`
	Wide    [16]byte          `parquet:"wide,decimal(9:38)"`
	Count   int32             `parquet:"count"`
	Big     int64             `parquet:"big"`
	Yes     bool              `parquet:"yes"`
	List    []string          `parquet:"list"`
	Map     map[string]string `parquet:"map"`
}

func wide(s string) (out [16]byte) {
	n, _ := new(big.Int).SetString(s, 10)
	if n.Sign() < 0 {
		n.Add(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	n.FillBytes(out[:])
	return out
}

func parquetFile(t testing.TB, rows ...parquetRow) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[parquetRow](&b, parquet.MaxRowsPerRowGroup(5000))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParquet_Texts(t *testing.T) {
	t.Parallel()
	at := time.Date(2018, 11, 30, 23, 59, 59, 0, time.UTC)
	julian := uint32(at.Unix()/86400 + 2440588)
	nanos := uint64(at.Unix()%86400) * 1e9
	there := "there"
	data := parquetFile(t,
		parquetRow{
			Name: `x,"y"`, Maybe: &there, Cost: 0.1, Rate: 0.1, Millis: at.UnixMilli() + 999, Micros: at.UnixMicro(), Nanos: at.UnixNano(),
			Day: int32(at.Unix() / 86400), Old: deprecated.Int96{uint32(nanos), uint32(nanos >> 32), julian},
			Narrow: -12345, Narrow4: 7, Wide: wide("-12345678901234567890123456789"), Count: 3, Big: -1 << 62, Yes: true,
			List: []string{"a", "b"}, Map: map[string]string{"k": "v"},
		},
		parquetRow{Cost: 1.4724e-6, Wide: wide("5"), Millis: -1},
	)
	p, err := NewParquet(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	want := make([]int, len(p.Header()))
	for i := range want {
		want[i] = i
	}
	p.Want(append(want, -1))
	b, err := p.Next()
	if err != nil {
		t.Fatal(err)
	}
	got := make([]map[string]string, b.Rows)
	for row := range b.Rows {
		got[row] = map[string]string{}
		for i, name := range p.Header() {
			got[row][name] = string(b.Cell(row, i))
		}
		if len(b.Cell(row, len(want))) != 0 || b.Width(row) != len(want) || b.Fault(row) != "" {
			t.Errorf("row %d: empty slot, width or fault is wrong", row)
		}
	}
	if diff := cmp.Diff([]map[string]string{
		{
			"name": `x,"y"`, "maybe": "there", "cost": "0.1", "rate": "0.1", "millis": "2018-11-30T23:59:59Z", "micros": "2018-11-30T23:59:59Z",
			"nanos": "2018-11-30T23:59:59Z", "day": "2018-11-30", "old": "2018-11-30T23:59:59Z", "narrow": "-12345e-4", "narrow4": "7e-2",
			"wide": "-12345678901234567890123456789e-9", "count": "3", "big": "-4611686018427387904", "yes": "true",
		},
		{
			"name": "", "maybe": "", "cost": "1.4724e-06", "rate": "0", "millis": "1969-12-31T23:59:59Z", "micros": "1970-01-01T00:00:00Z",
			"nanos": "1970-01-01T00:00:00Z", "day": "1970-01-01", "old": "-4713-11-24T00:00:00Z", "narrow": "0e-4", "narrow4": "0e-2",
			"wide": "5e-9", "count": "0", "big": "0", "yes": "false",
		},
	}, got); diff != "" {
		t.Error(diff)
	}
	p.Release(b)
	if _, err := p.Next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestParquet_ManyRows(t *testing.T) {
	t.Parallel()
	var rows []parquetRow
	for i := range 12_345 {
		rows = append(rows, parquetRow{Name: fmt.Sprint(i)})
	}
	data := parquetFile(t, rows...)
	p, err := NewParquet(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	p.Want([]int{0})
	n := 0
	for {
		b, err := p.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if b.First != int64(n+1) {
			t.Fatalf("batch starts at row %d, want %d", b.First, n+1)
		}
		for row := range b.Rows {
			if got := string(b.Cell(row, 0)); got != fmt.Sprint(n) {
				t.Fatalf("row %d is %s", n, got)
			}
			n++
		}
		p.Release(b)
	}
	if n != len(rows) || p.BytesRead() == 0 {
		t.Errorf("%d rows, %d bytes", n, p.BytesRead())
	}
}

// Damaged files are errors, never panics.
func TestParquet_Damaged(t *testing.T) {
	t.Parallel()
	data := parquetFile(t, parquetRow{Name: "x", Wide: wide("5")}, parquetRow{Name: "y"})
	for at := 0; at < len(data); at += 11 {
		broken := bytes.Clone(data)
		broken[at] ^= 0x55
		p, err := NewParquet(bytes.NewReader(broken), int64(len(broken)))
		if err != nil {
			continue
		}
		all := make([]int, len(p.Header()))
		for i := range all {
			all[i] = i
		}
		p.Want(all)
		for range 3 {
			b, err := p.Next()
			if err != nil {
				break
			}
			p.Release(b)
		}
	}
}

// A dictionary repeats a long text for next to nothing in the file.
func TestParquet_RepeatedTextsAreNotBelieved(t *testing.T) {
	t.Parallel()
	type row struct {
		Text string `parquet:"text,dict"`
	}
	long, rows := strings.Repeat("x", 100_000), make([]row, 1000)
	for i := range rows {
		rows[i].Text = long
	}
	var file bytes.Buffer
	w := parquet.NewGenericWriter[row](&file, parquet.Compression(&parquet.Snappy))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := NewParquet(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	p.Want([]int{0})
	b, err := p.Next()
	if err == nil {
		t.Fatalf("a file of %d bytes has a batch of %d", file.Len(), len(b.buf))
	}
	if !strings.Contains(err.Error(), "longer than 64 MB") {
		t.Error(err)
	}
}

func TestDecimalText_LongOnesAreNoNumbers(t *testing.T) {
	t.Parallel()
	text := decimalText(2)
	if got := string(text(nil, parquet.FixedLenByteArrayValue(append(make([]byte, decimalBytes-1), 123)))); got != "123e-2" {
		t.Errorf("%d bytes: %s", decimalBytes, got)
	}
	if got := string(text(nil, parquet.FixedLenByteArrayValue(make([]byte, 1<<20)))); got != "a decimal of 1048576 bytes" {
		t.Errorf("1 MiB: %s", got)
	}
}
