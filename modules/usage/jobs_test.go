package usage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/jobs"
	"tierbook/app/platform/scope"
	"tierbook/modules/usage/internal/usagetest"
)

// startWorker carries out jobs until the test ends.
func (b *bundle) startWorker(t *testing.T) *jobs.Client {
	t.Helper()
	workers := river.NewWorkers()
	b.module.Workers(workers)
	c, err := jobs.New(b.db.Work.Pool(), workers, map[string]int{Queue: 1, "default": 1}, b.log)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = c.Stop(ctx)
	})
	return c
}

// upload keeps a file as the browser would send it.
func (b *bundle) upload(t *testing.T, sc scope.Scope, path string) Upload {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	u, err := b.Upload(as(t, sc), path, f, 0)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (b *bundle) request(t *testing.T, sc scope.Scope, in RequestInput) id.Import {
	t.Helper()
	i, err := b.RequestImport(as(t, sc), in)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (b *bundle) get(t *testing.T, sc scope.Scope, i id.Import) Import {
	t.Helper()
	out, err := b.GetImport(as(t, sc), i)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// wait returns the import once it has ended.
func (b *bundle) wait(t *testing.T, sc scope.Scope, i id.Import) Import {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if out := b.get(t, sc, i); !out.State.IsOpen() {
			return out
		}
	}
	t.Fatalf("import %s does not end: %+v", i, b.get(t, sc, i))
	return Import{}
}

// objectsBelow lists the object store's keys.
func (b *bundle) objectsBelow(t *testing.T, prefix string) []string {
	t.Helper()
	var out []string
	for o, err := range b.objects.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o.Key)
	}
	return out
}

// sameResult compares what two imports say, but for their ids and the time
// they took.
var sameResult = cmp.Options{
	cmpopts.IgnoreFields(ImportResult{}, "Import", "Seconds"), cmpopts.IgnoreFields(DeliveryResult{}, "ID"),
	cmpopts.EquateComparable(period.Month{}), cmpopts.EquateEmpty(),
}

func TestRequestImport_SameAsCommandLine(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"aws-cur-legacy/anonymous-2023-11.csv", "focus/azure-1.2-rows100_seed42.csv", "aws-cur-legacy/bucket-c-zip"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := usagetest.Data(t, name)
			want := setup(t)
			direct := want.load(t, want.north, path)

			b := setup(t)
			b.startWorker(t)
			in := RequestInput{Owner: b.north.Tenant}
			for _, f := range dataFiles(t, path) {
				in.Uploads = append(in.Uploads, b.upload(t, b.north, f))
			}
			got := b.wait(t, b.north, b.request(t, b.north, in))
			if got.State != ImportComplete || got.Result == nil {
				t.Fatalf("%+v", got)
			}
			if diff := cmp.Diff(direct, *got.Result, sameResult); diff != "" {
				t.Errorf("uploaded (+) differs from the command line (-):\n%s", diff)
			}
			for _, d := range got.Result.Deliveries {
				if d.ID.IsZero() {
					t.Errorf("no id of %+v", d)
				}
			}
			b.waitGone(t, uploads)
			if got.RowsRead != direct.RowsRead || got.Source == "" || got.StartedAt.IsZero() || got.FinishedAt.IsZero() {
				t.Errorf("%+v", got)
			}
		})
	}
}

// waitGone returns when nothing is left below prefix: files go after their
// import is told to be complete.
func (b *bundle) waitGone(t *testing.T, prefix string) {
	t.Helper()
	var left []string
	for range 200 {
		if left = b.objectsBelow(t, prefix); len(left) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("uploads are left: %v", left)
}

// dataFiles returns path, or the files with data and manifests below it.
func dataFiles(t *testing.T, path string) []string {
	t.Helper()
	var out []string
	entries, err := os.ReadDir(path)
	if err != nil {
		return []string{path}
	}
	for _, e := range entries {
		for _, f := range dataFiles(t, path+"/"+e.Name()) {
			if !slices.ContainsFunc(out, func(x string) bool { return x[strings.LastIndex(x, "/"):] == f[strings.LastIndex(f, "/"):] }) {
				out = append(out, f)
			}
		}
	}
	return out
}

func TestRequestImport_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.startWorker(t)
	in := RequestInput{Owner: b.north.Tenant, Uploads: []Upload{b.upload(t, b.north, file(t, "strange.csv", "a,b\n1,2\n"))}}
	got := b.wait(t, b.north, b.request(t, b.north, in))
	if got.State != ImportFailed || !strings.Contains(got.Error, "strange.csv is neither") {
		t.Errorf("%s %q", got.State, got.Error)
	}
	b.waitGone(t, uploads)

	report := new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "12,3x")
	report.rows = append(report.rows, new(cur).line("112", "2026-03", "2026-03-01", "2026-03-02", "nonsense").rows...)
	in.Uploads = []Upload{b.upload(t, b.north, file(t, "march 2026.csv", report.text()))}
	got = b.wait(t, b.north, b.request(t, b.north, in))
	rows, err := b.Quarantine(as(t, b.north), QuarantineFilter{Import: got.ID})
	if err != nil || len(rows) == 0 {
		t.Fatal(rows, err)
	}
	last := rows[len(rows)-1]
	if got.RowsQuarantined != int64(len(rows)) || last.File != "march 2026.csv" || last.Row != 2 || last.Column != "lineItem/UnblendedCost" || last.Value != "nonsense" {
		t.Errorf("%d quarantined: %+v", got.RowsQuarantined, last)
	}
}

func TestRequestImport_Refusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.upload(t, b.north, file(t, "cur.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1").text()))
	reader := b.north
	reader.Actor.Roles = []string{"reader"}
	tests := []struct {
		name string
		as   scope.Scope
		in   RequestInput
		want errs.Kind
	}{
		{"foreign owner", b.north, RequestInput{Owner: b.far.Tenant, Uploads: []Upload{u}}, errs.NotFound},
		{"owner above", b.east, RequestInput{Owner: b.north.Tenant, Uploads: []Upload{u}}, errs.NotFound},
		{"no permission", reader, RequestInput{Owner: b.north.Tenant, Uploads: []Upload{u}}, errs.Forbidden},
		{"nothing", b.north, RequestInput{Owner: b.north.Tenant}, errs.Invalid},
		{"both", b.north, RequestInput{Owner: b.north.Tenant, Uploads: []Upload{u}, URL: "s3://x"}, errs.Invalid},
		{"twice", b.north, RequestInput{Owner: b.north.Tenant, Uploads: []Upload{u, u}}, errs.Invalid},
		{"format", b.north, RequestInput{Owner: b.north.Tenant, Uploads: []Upload{u}, Format: "xml"}, errs.Invalid},
		{"any file", b.north, RequestInput{Owner: b.north.Tenant, URL: "file:///etc/passwd"}, errs.Invalid},
		{"our own data", b.north, RequestInput{Owner: b.north.Tenant, URL: "file://" + b.dir}, errs.Invalid},
	}
	for _, tt := range tests {
		if _, err := b.RequestImport(as(t, tt.as), tt.in); errs.KindOf(err) != tt.want || err == nil {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	if n, err := b.OpenImports(as(t, b.north)); err != nil || n != 0 {
		t.Errorf("%d imports were made, %v", n, err)
	}
}

func TestUpload(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, b.north)
	tests := []struct {
		name, text string
		limit      int64
		want       string
	}{
		{"notes.docx", "x", 0, "not a CSV"},
		{"empty.csv", "", 0, "is empty"},
		{"large.csv", strings.Repeat("x", 2<<20), 1 << 20, "larger than 1 MB"},
	}
	for _, tt := range tests {
		_, err := b.Upload(ctx, tt.name, strings.NewReader(tt.text), tt.limit)
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.name) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	broken := errors.New("the line went dead")
	if _, err := b.Upload(ctx, "cur.csv", io.MultiReader(strings.NewReader("abc"), failing{broken}), 0); !errors.Is(err, broken) {
		t.Errorf("broken off: %v", err)
	}
	b.waitGone(t, uploads)
	exact, err := b.Upload(ctx, `C:\fakepath\März 2026 (1).csv`, strings.NewReader(strings.Repeat("x", 1<<20)), 1<<20)
	if err != nil || exact.Name != "März 2026 (1).csv" || exact.Bytes != 1<<20 {
		t.Errorf("%+v, %v", exact, err)
	}
	reader := b.north
	reader.Actor.Roles = []string{"reader"}
	if _, err := b.Upload(as(t, reader), "x.csv", strings.NewReader("x"), 0); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("without permission: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestGC_Uploads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	text := new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1").text()
	needed, orphan := b.upload(t, b.north, file(t, "needed.csv", text)), b.upload(t, b.north, file(t, "orphan.csv", text))
	b.request(t, b.north, RequestInput{Owner: b.north.Tenant, Uploads: []Upload{needed}})
	old := now.Add(-25 * time.Hour)
	for _, u := range []Upload{needed, orphan} {
		if err := os.Chtimes(b.dir+"/"+u.Object, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := b.GC(as(t, b.south)); err != nil || n != 1 {
		t.Errorf("removed %d, %v", n, err)
	}
	if diff := cmp.Diff([]string{needed.Object}, b.objectsBelow(t, uploads)); diff != "" {
		t.Error(diff)
	}
}

// months is a report of two payers over several months, so of several
// deliveries, with a row that cannot be read.
func months(cost string) string {
	c := new(cur)
	for m := 1; m <= 6; m++ {
		month := fmt.Sprintf("2026-%02d", m)
		for a := range 3 {
			c.line(fmt.Sprintf("11%d", a), month, month+"-01", month+"-02", cost)
		}
	}
	c.line("119", "2026-02", "2026-02-01", "2026-02-02", "unreadable")
	c.rows = append(c.rows, []string{"", "", "", "", "", "", "", "", "", "", "", ""}) // of no delivery
	return c.text()
}

// Invariant 7: a worker that is killed in the middle leaves an import that
// another one takes up, with the result of an undisturbed one.
func TestInvariant7_ImportSurvivesItsWorker(t *testing.T) {
	t.Parallel()
	undisturbed := setup(t)
	undisturbed.load(t, undisturbed.north, file(t, "first.csv", months("1.5")))
	want := undisturbed.load(t, undisturbed.north, file(t, "second.csv", months("2.5")))
	for name, until := range map[string]string{
		"BeforeTheFirst": `BEFORE INSERT ON usage_deliveries`,
		"InTheMiddle":    `BEFORE INSERT ON usage_deliveries FOR EACH ROW WHEN (NEW.month = '2026-04-01')`,
		"BeforeTheEnd":   `BEFORE UPDATE ON usage_imports FOR EACH ROW WHEN (NEW.state = 'complete')`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.load(t, b.north, file(t, "first.csv", months("1.5")))
			u := b.upload(t, b.north, file(t, "second.csv", months("2.5")))
			i := b.request(t, b.north, RequestInput{Owner: b.north.Tenant, Uploads: []Upload{u}, Rerate: true})
			b.die(t, i, until)
			if got := b.get(t, b.north, i); got.State != ImportRunning {
				t.Fatalf("a killed worker's import is %s: %s", got.State, got.Error)
			}
			b.db.Exec(t, "DELETE FROM river_job WHERE kind = 'usage.import'") // the killed worker had it
			if err := b.module.Sweeper(deadJobs{i}).Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.startWorker(t)
			got := b.wait(t, b.north, i)
			if got.State != ImportComplete {
				t.Fatalf("%s: %s", got.State, got.Error)
			}
			if diff := cmp.Diff(want, *got.Result, sameResult); diff != "" {
				t.Errorf("resumed (+) differs from undisturbed (-):\n%s", diff)
			}
			for _, m := range []string{"2026-01", "2026-02", "2026-06"} {
				if diff := cmp.Diff(undisturbed.billed(t, m), b.billed(t, m)); diff != "" {
					t.Errorf("%s: %s", m, diff)
				}
				if got, want := b.open(t, m), undisturbed.open(t, m); got != want {
					t.Errorf("%s: %d rows are quarantined, undisturbed %d", m, got, want)
				}
			}
		})
	}
}

// die carries an import out as a worker that is killed when it comes to the
// statement that event names: its lock is free, and nothing more is written.
func (b *bundle) die(t *testing.T, i id.Import, event string) {
	t.Helper()
	b.db.Exec(t, `
		CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$`)
	b.db.Exec(t, `CREATE TRIGGER hang `+event+` EXECUTE FUNCTION hang()`)
	ctx, kill := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.carryOut(ctx, i) }()
	for hangs := false; !hangs; {
		err := b.work.db.SystemTx(t.Context(), func(ctx context.Context) error {
			return b.work.query(ctx, &hangs, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database())`)
		})
		if err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			t.Fatalf("the import ended before it could be killed: %v", err)
		default:
		}
	}
	kill()
	if err := <-done; err == nil {
		t.Fatal("the import ended well")
	}
	b.db.Exec(t, `DROP FUNCTION hang() CASCADE`)
}

// deadJobs are River's jobs of workers that were killed long ago.
type deadJobs []id.Import

func (d deadJobs) JobList(context.Context, *river.JobListParams) (*river.JobListResult, error) {
	out := &river.JobListResult{}
	for _, i := range d {
		long := now.Add(-time.Hour)
		out.Jobs = append(out.Jobs, &rivertype.JobRow{State: rivertype.JobStateRunning, AttemptedAt: &long, EncodedArgs: []byte(`{"import_id":"` + i.String() + `"}`)})
	}
	return out, nil
}

// waitRated returns once billing was asked for exactly want, in any order.
func (b *bundle) waitRated(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	var got []string
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		got = b.rated()
		slices.Sort(got)
		if slices.Equal(got, want) {
			return
		}
	}
	t.Fatalf("rated again: %v, want %v", got, want)
}

// Invariant 8: what an import changes is rated again for who has it now and for who had it
// in the delivery before; what stays the same is not.
func TestInvariant8_ImportAsksForRating(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.march(t)
	b.mustGive(t, "111", b.harbour, "2026-01")
	b.mustGive(t, "113", b.direct, "2026-01")
	b.startWorker(t)
	c := new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "11").line("111", "2026-02", "2026-02-01", "2026-02-02", "1")
	in := RequestInput{Owner: b.north.Tenant, Uploads: []Upload{b.upload(t, b.north, file(t, "x.csv", c.text()))}, Rerate: true}
	if got := b.wait(t, b.north, b.request(t, b.north, in)); got.State != ImportComplete {
		t.Fatal(got)
	}
	b.waitRated(t, "harbour 2026-03", "direct 2026-03")
	for _, acting := range b.rating.as {
		if acting != b.north.Tenant {
			t.Errorf("asked in the perspective of %s", b.slugOf(acting))
		}
	}
}

func TestSweeper_EndsWhatNobodyCarriesOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	row := b.newImport(b.north, b.tenants[b.north.Tenant].Tenant, FormatAuto)
	ctx := as(t, b.north)
	if err := b.work.db.InTx(ctx, func(ctx context.Context) error { return b.work.insertImport(ctx, row) }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.startImport(ctx, row.ID); err != nil {
		t.Fatal(err)
	}
	lock, ok, err := b.work.db.Lock(ctx, importLock(row.ID))
	if err != nil || !ok {
		t.Fatal(err)
	}
	sweeper := b.module.Sweeper(deadJobs{})
	for _, want := range []ImportState{ImportRunning, ImportFailed} {
		if err := sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := b.get(t, b.north, row.ID); got.State != want {
			t.Errorf("%s (%s), want %s", got.State, got.Error, want)
		}
		lock.Release()
	}
}

// A process that has lost its import without noticing writes nothing more.
func TestImport_TakenOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.db.Exec(t, `CREATE FUNCTION take_over() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		UPDATE usage_imports SET attempt = attempt + 1 WHERE id = NEW.import_id; RETURN NEW; END $$`)
	b.db.Exec(t, `CREATE TRIGGER take_over BEFORE INSERT ON usage_deliveries FOR EACH ROW EXECUTE FUNCTION take_over()`)
	path := file(t, "x.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1").text())
	_, err := b.Import(as(t, b.north), ImportInput{Owner: b.north.Tenant, URL: "file://" + path, AnyFile: true}, nil)
	if !errors.Is(err, errTakenOver) {
		t.Fatal(err)
	}
	page, err := b.Imports(as(t, b.north), ImportFilter{})
	if err != nil || len(page.Imports) != 1 || page.Imports[0].State != ImportRunning {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestImport_GivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.upload(t, b.north, file(t, "x.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1").text()))
	i := b.request(t, b.north, RequestInput{Owner: b.north.Tenant, Uploads: []Upload{u}})
	b.db.Exec(t, `UPDATE usage_imports SET attempt = 5, state = 'running'`)
	b.startWorker(t)
	if got := b.wait(t, b.north, i); got.State != ImportFailed || !strings.Contains(got.Error, "five times") {
		t.Errorf("%s: %s", got.State, got.Error)
	}
}
