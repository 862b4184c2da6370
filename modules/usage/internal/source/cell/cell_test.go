package cell

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierbook/modules/usage/internal/line"
)

func TestParseInstant(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in, want string
		shape    Shape
	}{
		{"2018-11-01T00:00:00Z", "2018-11-01T00:00:00Z", ISO},
		{"2023-11-01T00:00:00.000Z", "2023-11-01T00:00:00Z", ISO},
		{"2019-11-27 05:00:00", "2019-11-27T05:00:00Z", Spaced},
		{"2024-09-18 23:00:00", "2024-09-18T23:00:00Z", Spaced},
		{"2022-07-01 00:00:00.000", "2022-07-01T00:00:00Z", Spaced},
		{"2020-11-09 21:00:00 UTC", "2020-11-09T21:00:00Z", Spaced},
		{"2023-11-13T10:00Z", "2023-11-13T10:00:00Z", ISO},
		{"2023-11-13T11:00:00", "2023-11-13T11:00:00Z", Spaced},
		{"2023-02-28T23:30:00+00:00", "2023-02-28T23:30:00Z", ISO},
		{"2023-03-01T00:30:00+01:00", "2023-02-28T23:30:00Z", ISO},
		{"2023-12-31T20:30:00-0330", "2024-01-01T00:00:00Z", ISO},
		{"2018-12-31T23:59:59Z", "2018-12-31T23:59:59Z", ISO},
		{"2024-02-29", "2024-02-29T00:00:00Z", ISO},
		{"20180801T000000.000Z", "2018-08-01T00:00:00Z", Compact},
		{"20240131T235959.999Z", "2024-01-31T23:59:59Z", Compact},
		{"20181101", "2018-11-01T00:00:00Z", Compact},
		{"09/04/2023", "2023-09-04T00:00:00Z", US},
		{"9/2/2023", "2023-09-02T00:00:00Z", US},
		{"4/1/25", "2025-04-01T00:00:00Z", US},
		{"9/2/2023 13:05", "2023-09-02T13:05:00Z", US},
	}
	for _, tt := range tests {
		got, shape, err := ParseInstant([]byte(tt.in))
		if err != nil || string(got.Text[:]) != tt.want || shape != tt.shape {
			t.Errorf("ParseInstant(%q) = %s, %d, %v; want %s, %d", tt.in, got.Text, shape, err, tt.want, tt.shape)
			continue
		}
		if s := got.Time().Format(time.RFC3339); s != tt.want {
			t.Errorf("ParseInstant(%q): Unix says %s", tt.in, s)
		}
		if string(got.Month()) != tt.want[:7] || string(got.Day()) != tt.want[:10] {
			t.Errorf("ParseInstant(%q): month %s, day %s", tt.in, got.Month(), got.Day())
		}
	}
	for _, in := range []string{
		"", "x", "2023-02-29", "2023-13-01", "2023-00-01", "2023-01-01T25:00:00Z", "2023-01-01T00:00:00X", "2023-01-01T", "2023-01-01 ",
		"1/2", "31/12/2023", "1/1/202", "2023-1-1", "2023-01-01T00:00:00+15:00", "2023-01-01T00:00:00Z ", "0000-01-01", "2023-01-01T00:00:00.Z",
		"9001-01-01", "9999-12-31T23:59:59-01:00",
	} {
		if got, _, err := ParseInstant([]byte(in)); err == nil {
			t.Errorf("ParseInstant(%q) = %s, want an error", in, got.Text)
		}
	}
}

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"1.4724E-6": "0.0000014724", "-7.0E-10": "-0.0000000007", "5.64902E-05": "0.0000564902", "5e-06": "0.000005",
		"0.0749860050000000000000000001": "0.0749860050000000000000000001", " 0.00 ": "0", "": "", "NULL": "", "null": "", `\N`: "", "-0.0": "0",
		"$10,000.00 ": "10000", "$20": "20", "($3.50)": "-3.5", "-$1,234,567.8": "-1234567.8",
	} {
		if n, _, err := ParseNumber([]byte(in)); err != nil || n.String() != want {
			t.Errorf("ParseNumber(%q) = %q, %v; want %q", in, n, err, want)
		}
	}
	for _, in := range []string{"x", "1,5", "1.000,00", "$", "$1,00", "$1,2345", "$12,34", "1 000", "NaN", "Infinity", "0x10", "€5", "$1.2.3", "$-5", "--5"} {
		if n, _, err := ParseNumber([]byte(in)); err == nil {
			t.Errorf("ParseNumber(%q) = %s, want an error", in, n)
		}
	}
	if _, _, err := ParseNumber([]byte("123456789012345678901234567890123456789")); !errors.Is(err, line.ErrTooManyDigits) {
		t.Errorf("39 digits: %v", err)
	}
}

func TestTrim(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "NULL": "", `\N`: "", "null": "", " x ": "x", " NULL": "", "Nullable": "Nullable", "N": "N"} {
		if got := Trim([]byte(in)); string(got) != want {
			t.Errorf("Trim(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAppendTagsJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		``: ``, `{}`: ``, `NULL`: ``, ` {} `: ``,
		`{"b": "2", "a": "1"}`:                          `{"a":"1","b":"2"}`,
		`{"org": "x", " org": "y"}`:                     `{" org":"y","org":"x"}`,
		`"env": "prod","org": "trey"`:                   `{"env":"prod","org":"trey"}`,
		`{"a": null, "b": 1.50, "c": [1, {"x": true}]}`: `{"a":"","b":"1.50","c":"[1,{\"x\":true}]"}`,
		`{"k": "line\nend \"q\" \u00e9"}`:               `{"k":"line\u000aend \"q\" é"}`,
		`{"a": "1", "a": "2"}`:                          `{"a":"2"}`,
	} {
		got, err := AppendTagsJSON(nil, []byte(in))
		if err != nil || string(got) != want {
			t.Errorf("AppendTagsJSON(%s) = %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{`x`, `[1]`, `{"a":`, `"a"`, `{'a': 'b'}`} {
		if got, err := AppendTagsJSON(nil, []byte(in)); err == nil {
			t.Errorf("AppendTagsJSON(%s) = %s, want an error", in, got)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	got := []string{string(Clean([]byte("a\xffb"))), string(Clean([]byte("a\x00b"))), string(Clean([]byte("é")))}
	if diff := cmp.Diff([]string{"a\uFFFDb", "a\uFFFDb", "é"}, got); diff != "" {
		t.Error(diff)
	}
	if IsClean([]byte("a\x00")) || IsClean([]byte("\xff")) || !IsClean([]byte("Red Hat® Enterprise Linux®")) {
		t.Error("IsClean is wrong")
	}
}

// FuzzParseInstant never panics, and what it writes it reads again.
func FuzzParseInstant(f *testing.F) {
	for _, s := range []string{"2018-11-01T00:00:00Z", "4/1/25", "20180801T000000.000Z", "2023-03-01 00:30:00+01:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, _, err := ParseInstant([]byte(in))
		if err != nil {
			return
		}
		again, shape, err := ParseInstant(got.Text[:])
		if err != nil || again != got || shape != ISO {
			t.Fatalf("%q is %s, which is %s, %v", in, got.Text, again.Text, err)
		}
	})
}
