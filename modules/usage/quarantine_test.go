package usage

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
)

func (b *bundle) quarantined(t *testing.T, f QuarantineFilter) []string {
	t.Helper()
	rows, err := b.Quarantine(as(t, b.north), f)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%s:%d %s %q %s %s", r.File, r.Row, r.Column, r.Value, r.Reason, r.Period))
	}
	return out
}

func (b *bundle) open(t *testing.T, p string) (n int64) {
	t.Helper()
	in, err := b.Imported(as(t, b.north), month(t, p))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range in.Quarantined {
		n += q.Rows
	}
	return n
}

// Invariant 3: what cannot be read is listed, and everything else is stored.
func TestInvariant3_NoRowIsDroppedInSilence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := new(cur).
		line("111", "2026-03", "2026-03-01", "2026-03-02", "1").
		line("111", "2026-03", "2026-03-01", "2026-03-02", "1,5").
		line("111", "2026-03", "2026-02-30", "2026-03-02", "1").
		line("111", "2026-03", "2026-03-01", "2026-03-02", "1.00000000000000000000000000000000000000001").
		line("111", "2026-03", "2026-03-01", "2026-03-02", "").
		line("111", "never", "2026-03-01", "2026-03-02", "1").
		line("112", "2026-03", "2026-03-01", "2026-03-02", "2")
	c.rows = append(c.rows, []string{"999", "111"})
	path := file(t, "cur.csv", c.text())
	r := b.load(t, b.north, path)
	if r.RowsRead != 8 || r.RowsStored != 2 || r.RowsQuarantined != 6 {
		t.Errorf("read %d, stored %d, quarantined %d", r.RowsRead, r.RowsStored, r.RowsQuarantined)
	}
	want := []string{
		`cur.csv:2  "" the row has more fields than the header `,
		`cur.csv:3 lineItem/UsageStartDate "2026-02-30T00:00:00Z" not a date 2026-03`,
		`cur.csv:4 lineItem/UnblendedCost "1.00000000000000000000000000000000000000001" the number has more than 38 digits 2026-03`,
		`cur.csv:5 lineItem/UnblendedCost "" the value is missing 2026-03`,
		`cur.csv:6 bill/BillingPeriodStartDate "never-01T00:00:00Z" not a date `,
		`cur.csv:8  "" the row has fewer fields than the header `,
	}
	if diff := cmp.Diff(want, b.quarantined(t, QuarantineFilter{})); diff != "" {
		t.Error(diff)
	}
	if n := b.open(t, "2026-03"); n != 6 {
		t.Errorf("%d rows count against March, want 6", n)
	}
	if n := b.open(t, "2026-05"); n != 3 {
		t.Errorf("%d rows count against May, want the 3 of unknown month", n)
	}

	if _, err := b.Acknowledge(as(t, b.north), month(t, "2026-03"), " "); errs.KindOf(err) != errs.Invalid {
		t.Errorf("without a reason: %v", err)
	}
	if n, err := b.Acknowledge(as(t, b.north), month(t, "2026-03"), "asked the provider"); err != nil || n != 6 {
		t.Errorf("acknowledged %d, %v", n, err)
	}
	if n := b.open(t, "2026-03"); n != 0 {
		t.Errorf("%d rows are open after acknowledging", n)
	}
	if got := b.quarantined(t, QuarantineFilter{}); len(got) != 0 {
		t.Errorf("open: %v", got)
	}
	if got := b.quarantined(t, QuarantineFilter{Acknowledged: true, Period: month(t, "2026-03")}); len(got) != 6 {
		t.Errorf("acknowledged: %v", got)
	}

	// The same file again changes nothing, not even what was acknowledged.
	again := b.load(t, b.north, path)
	if diff := cmp.Diff([]string{"aws 999 2026-03 unchanged"}, states(again)); diff != "" || again.RowsQuarantined != 6 {
		t.Errorf("%s; quarantined %d", diff, again.RowsQuarantined)
	}
	if n := b.open(t, "2026-03"); n != 0 {
		t.Errorf("%d rows are open after importing again", n)
	}

	// The mended file replaces the delivery; nothing of the old rows is left.
	c.rows = c.rows[:1]
	c.line("112", "2026-03", "2026-03-01", "2026-03-02", "2")
	write(t, path, c.text())
	mended := b.load(t, b.north, path)
	if diff := cmp.Diff([]string{"aws 999 2026-03 replaced"}, states(mended)); diff != "" {
		t.Error(diff)
	}
	if got := b.quarantined(t, QuarantineFilter{Acknowledged: true}); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

// A file in which no row says whose it is.
func TestService_Import_NothingReadable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := new(cur).line("111", "x", "2026-03-01", "2026-03-02", "1")
	c.rows[0][0] = ""
	r := b.load(t, b.north, file(t, "cur.csv", c.text()))
	if r.RowsRead != 1 || r.RowsQuarantined != 1 || len(r.Deliveries) != 0 {
		t.Errorf("%+v", r)
	}
	if n := b.open(t, "2026-03"); n != 1 {
		t.Errorf("%d rows are open", n)
	}
}

// Whole files that cannot be read are errors that name them, and leave nothing.
func TestService_Import_Refuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1").text()
	dir := t.TempDir()
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"NoHeader", map[string]string{"a.csv": good, "b.csv": ""}, "b.csv"},
		{"OtherColumns", map[string]string{"a.csv": good, "b.csv": "x,y\n1,2\n"}, "b.csv is neither"},
		{"CUR2", map[string]string{"b.csv": "line_item_unblended_cost,line_item_line_item_type,bill_payer_account_id,product,resource_tags\n"}, "CUR 2.0"},
		{"OpenQuote", map[string]string{"b.csv": good + "\"999,"}, "b.csv"},
		{"NoGzip", map[string]string{"b.csv": "\x1f\x8b no gzip"}, "b.csv"},
		{"NoParquet", map[string]string{"b.parquet": "PAR1 and no more"}, "b.parquet"},
		{"NoZip", map[string]string{"b.zip": "PK\x03\x04 and no more"}, "b.zip"},
		{"Twice", map[string]string{"a.csv": good, "b.csv.gz": good}, "a.csv and b.csv.gz hold the same rows"},
		{"Nothing", map[string]string{"readme.txt": "x"}, "nothing to import"},
		{"BrokenManifest", map[string]string{"x-Manifest.json": "{"}, "x-Manifest.json"},
		{"CUR2Manifest", map[string]string{"x-Manifest.json": `{"dataFiles": ["s3://b/x"]}`}, "CUR 2.0"},
		{"IncompleteManifest", map[string]string{"x-Manifest.json": `{"reportKeys": ["a.csv", "p/gone.csv"]}`, "a.csv": good}, "names p/gone.csv, which is not there"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := fmt.Sprintf("%s/%d", dir, i)
			for name, text := range tt.files {
				write(t, root+"/"+name, text)
			}
			_, err := b.Import(as(t, b.north), ImportInput{Owner: b.north.Tenant, URL: "file://" + root, AnyFile: true}, nil)
			m, ok := errs.Message(err)
			if !ok || !strings.Contains(m, tt.want) {
				t.Errorf("err = %v, want %q", err, tt.want)
			}
		})
	}
	if got := b.billed(t, "2026-03"); len(got) != 0 {
		t.Errorf("stored: %v", got)
	}
	var left int64
	err := b.work.db.ReadTx(as(t, b.north), func(ctx context.Context) error {
		return b.work.query(ctx, &left, "SELECT count(*) FROM usage_deliveries")
	})
	if err != nil || left != 0 {
		t.Errorf("%d deliveries are left, %v", left, err)
	}
}

func TestService_Import_URLs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := file(t, "cur.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1").text())
	write(t, b.dir+"/own.csv", "x")
	for name, tt := range map[string]struct {
		url  string
		any  bool
		want string
	}{
		"NotAllowed":    {"file://" + path, false, "not in a directory that may be imported from"},
		"OwnData":       {"file://" + b.dir, true, "own data"},
		"BelowOwnData":  {"file://" + b.dir + "/own.csv", true, "own data"},
		"Missing":       {"file:///no/such/file", true, "nothing at"},
		"Host":          {"file://host/x", true, "file:///path"},
		"FileOption":    {"file://" + path + "?x=y", true, "file:///path"},
		"Scheme":        {"https://example.com/x", true, "are not known"},
		"Credentials":   {"s3://key:secret@bucket/x", true, "do not belong into a URL"},
		"Option":        {"s3://bucket/x?endpoint=http://169.254.169.254", true, `option "endpoint" is not allowed`},
		"NotConfigured": {"s3://bucket/x?region=eu-west-1", true, "s3://bucket is not configured"},
	} {
		_, err := b.Import(as(t, b.north), ImportInput{Owner: b.north.Tenant, URL: tt.url, AnyFile: tt.any}, nil)
		if m, _ := errs.Message(err); !strings.Contains(m, tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	if _, err := b.Import(as(t, b.north), ImportInput{Owner: b.north.Tenant, URL: "file://" + path, Format: "oci", AnyFile: true}, nil); errs.KindOf(err) != errs.Invalid {
		t.Errorf("unknown format: %v", err)
	}
}
