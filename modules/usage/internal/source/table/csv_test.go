package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// readAll returns every row's cells, all columns wanted, and faults by row.
func readAll(r io.Reader) (header []string, rows [][]string, faults map[int64]string, err error) {
	c, err := NewCSV(r)
	if err != nil {
		return nil, nil, nil, err
	}
	want := make([]int, len(c.Header()))
	for i := range want {
		want[i] = i
	}
	c.Want(want)
	faults = map[int64]string{}
	for {
		b, err := c.Next()
		if err == io.EOF {
			return c.Header(), rows, faults, nil
		}
		if err != nil {
			return nil, nil, nil, err
		}
		for row := range b.Rows {
			cells := make([]string, min(len(want), b.Width(row)))
			for i := range cells {
				cells[i] = string(b.Cell(row, i))
			}
			rows = append(rows, cells)
			if f := b.Fault(row); f != "" {
				faults[b.First+int64(row)] = f
			}
		}
		c.Release(b)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		header   []string
		rows     [][]string
	}{
		{"Plain", "a,b\n1,2\n3,4\n", []string{"a", "b"}, [][]string{{"1", "2"}, {"3", "4"}}},
		{"NoFinalLineEnd", "a,b\n1,2", []string{"a", "b"}, [][]string{{"1", "2"}}},
		{"CRLF", "a,b\r\n1,\"2\"\r\n3,\r\n", []string{"a", "b"}, [][]string{{"1", "2"}, {"3", ""}}},
		{"CRLFWithoutFinalLineEnd", "a,b\r\n1,2\r", []string{"a", "b"}, [][]string{{"1", "2"}}},
		{"ByteOrderMark", "\xef\xbb\xbfa,b\n1,2\n", []string{"a", "b"}, [][]string{{"1", "2"}}},
		{"Quotes", "a,b\n\"x,\"\"y\"\"\",\"line\nend\"\n", []string{"a", "b"}, [][]string{{`x,"y"`, "line\nend"}}},
		{"EmptyQuotes", "a,b\n\"\",\"\"\n", []string{"a", "b"}, [][]string{{"", ""}}},
		{"QuoteInsideField", "a,b\n5\" disk,x\n", []string{"a", "b"}, [][]string{{`5" disk`, "x"}}},
		{"EmptyLines", "\na,b\n\n1,2\n\r\n3,4\n\n", []string{"a", "b"}, [][]string{{"1", "2"}, {"3", "4"}}},
		{"Ragged", "a,b,c\n1,2\n1,2,3,4\n1,2,3,\n", []string{"a", "b", "c"}, [][]string{{"1", "2"}, {"1", "2", "3"}, {"1", "2", "3"}}},
		{"HeaderOnly", "a,b\n", []string{"a", "b"}, nil},
		{"HeaderOnlyWithoutLineEnd", "a,\"b\"", []string{"a", "b"}, nil},
		{"QuotedHeader", "\"a\",\" b \"\n1,2\n", []string{"a", "b"}, [][]string{{"1", "2"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for name, r := range map[string]io.Reader{
				"whole": strings.NewReader(tt.in),
				"bytes": iotest.OneByteReader(strings.NewReader(tt.in)),
			} {
				header, rows, faults, err := readAll(r)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.header, header); diff != "" {
					t.Errorf("%s: header: %s", name, diff)
				}
				if diff := cmp.Diff(tt.rows, rows); diff != "" {
					t.Errorf("%s: rows: %s", name, diff)
				}
				if len(faults) != 0 {
					t.Errorf("%s: faults: %v", name, faults)
				}
			}
		})
	}
}

func TestCSV_Widths(t *testing.T) {
	t.Parallel()
	c, err := NewCSV(strings.NewReader("a,b,c\n1\n1,2\n1,2,3\n1,2,3,\n1,2,3,4\n"))
	if err != nil {
		t.Fatal(err)
	}
	c.Want([]int{2, -1})
	b, err := c.Next()
	if err != nil {
		t.Fatal(err)
	}
	var widths []int
	var cells []string
	for row := range b.Rows {
		widths = append(widths, b.Width(row))
		cells = append(cells, string(b.Cell(row, 0))+"|"+string(b.Cell(row, 1)))
	}
	if diff := cmp.Diff([]int{1, 2, 3, 3, 5 - 1}, widths); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"|", "|", "3|", "3|", "3|"}, cells); diff != "" {
		t.Error(diff)
	}
}

func TestCSV_Faults(t *testing.T) {
	t.Parallel()
	_, rows, faults, err := readAll(strings.NewReader("a,b\n1,2\n\"x\"y,2\n\"x\" ,2\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 {
		t.Errorf("rows = %q", rows)
	}
	if diff := cmp.Diff(map[int64]string{2: "text follows a closing quote"}, faults); diff != "" {
		t.Error(diff)
	}
}

func TestCSV_Refuses(t *testing.T) {
	t.Parallel()
	if _, err := NewCSV(strings.NewReader("")); !errors.Is(err, ErrNoHeader) {
		t.Errorf("empty file: %v", err)
	}
	if _, err := NewCSV(strings.NewReader("PK\x03\x04\xff\x00,b\n")); err == nil {
		t.Error("a binary file passes for CSV")
	}
	if _, _, _, err := readAll(strings.NewReader("a,b\n1,2\n\"open,2\n3,4\n")); err == nil || !strings.Contains(err.Error(), "row 2") {
		t.Errorf("unclosed quote: %v", err)
	}
	if _, _, _, err := readAll(io.MultiReader(strings.NewReader("a,b\n1,2\n"), iotest.ErrReader(io.ErrClosedPipe))); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("broken reader: %v", err)
	}
}

// Records that cross the blocks in which the file is read, whatever is in them.
func TestCSV_AcrossBlocks(t *testing.T) {
	t.Parallel()
	var in bytes.Buffer
	w := csv.NewWriter(&in)
	var want [][]string
	_ = w.Write([]string{"a", "b", "c"})
	for i := range 40_000 {
		row := []string{strings.Repeat("x", i%97), `say "` + strings.Repeat("y\n,", i%31) + `"`, strings.Repeat("z", 3*blockSize*(1-min(1, i%20_000)))}
		_ = w.Write(row)
		want = append(want, row)
	}
	w.Flush()
	_, rows, _, err := readAll(&in)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(want, rows) {
		t.Errorf("%d rows read, %d written, or not the same", len(rows), len(want))
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"lineItem/UnblendedCost", "line_item_unblended_cost"},
		{"savingsPlan/SavingsPlanARN", "savings_plan_savings_plan_a_r_n"},
		{"savingsPlan/SavingsPlanArn", "SAVINGSPLAN/SAVINGSPLANARN"},
		{"reservation/ReservationARN", "reservation_reservation_a_r_n"},
		{"ServiceName", "servicename"},
	} {
		if a, b := Name(pair[0]), Name(pair[1]); a != b {
			t.Errorf("Name(%q) = %q, Name(%q) = %q", pair[0], a, pair[1], b)
		}
	}
}

// FuzzCSV reads anything without panicking, and what encoding/csv accepts
// exactly as encoding/csv reads it.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a\n\"x\"\"y\"\n", "a,b\r\n\"1\r\n2\",\r\n", "\xef\xbb\xbfa,b\n,\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		_, rows, faults, err := readAll(iotest.HalfReader(strings.NewReader(in)))
		if strings.Contains(in, "\r") {
			return // encoding/csv drops carriage returns inside quotes
		}
		r := csv.NewReader(strings.NewReader(strings.TrimPrefix(in, "\xef\xbb\xbf")))
		r.FieldsPerRecord = -1
		all, stdErr := r.ReadAll()
		if stdErr != nil || len(all) == 0 || err != nil {
			return
		}
		if len(faults) > 0 {
			t.Fatalf("faults %v in proper CSV", faults)
		}
		width := len(all[0])
		want := all[1:]
		if len(want) != len(rows) {
			t.Fatalf("%d rows, encoding/csv reads %d", len(rows), len(want))
		}
		for i := range want {
			if w := want[i][:min(width, len(want[i]))]; !cmp.Equal(w, rows[i]) {
				t.Fatalf("row %d: %q, encoding/csv reads %q", i, rows[i], w)
			}
		}
	})
}

// Rows of a byte each, below many columns, take no more memory than others.
func TestCSV_ManyShortRows(t *testing.T) {
	t.Parallel()
	const columns, rows = 100, 3 << 20
	c, err := NewCSV(strings.NewReader(strings.Repeat("a,", columns-1) + "a\n" + strings.Repeat("b\n", rows)))
	if err != nil {
		t.Fatal(err)
	}
	want := make([]int, columns)
	for i := range want {
		want[i] = i
	}
	c.Want(want)
	var met int64
	for {
		b, err := c.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if b.First != met+1 || len(b.cells) > cellsMax+columns || len(b.buf) > 3*blockSize {
			t.Fatalf("a batch from row %d after %d has %d cells, %d bytes", b.First, met, len(b.cells), len(b.buf))
		}
		if string(b.Cell(b.Rows-1, 0)) != "b" || b.Width(b.Rows-1) != 1 {
			t.Fatalf("row %d is %q", b.First, b.Cell(b.Rows-1, 0))
		}
		met += int64(b.Rows)
		c.Release(b)
	}
	if met != rows {
		t.Errorf("%d rows, want %d", met, rows)
	}
}

func TestCSV_HeaderHasSoManyColumns(t *testing.T) {
	t.Parallel()
	if _, err := NewCSV(strings.NewReader(strings.Repeat(",", columnsMax-1) + "\n")); err != nil {
		t.Error(err)
	}
	if _, err := NewCSV(strings.NewReader(strings.Repeat(",", 2*blockSize) + "\n")); err == nil || !strings.Contains(err.Error(), "more than 10000 columns") {
		t.Errorf("a header of commas: %v", err)
	}
}
