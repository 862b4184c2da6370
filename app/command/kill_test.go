package command

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// asProgram makes the test binary run as the program itself, so that tests can
// start workers as processes of their own and kill them.
const asProgram = "RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// worker starts a worker process.
func (b *books) worker() *exec.Cmd {
	b.t.Helper()
	cmd := exec.Command(os.Args[0], "work")
	cmd.Env = append(b.environ(), asProgram+"=1")
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { kill(cmd) })
	return cmd
}

// kill ends a process as the kernel would under want of memory.
func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// connect returns a connection that sees everything.
func (b *books) connect() *pgx.Conn {
	b.t.Helper()
	conn, err := pgx.Connect(b.t.Context(), b.db.AdminURL)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// until polls a query for a text until it is one of want.
func until(t *testing.T, conn *pgx.Conn, patience time.Duration, query, arg string, want ...string) string {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		var got string
		if err := conn.QueryRow(t.Context(), query, arg).Scan(&got); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if got == w {
				return got
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("still %q after %s, want %v", got, patience, want)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

const runState = `SELECT state FROM billing_runs WHERE id = $1`

func TestRecalc_SurvivesKilledWorkers(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	var lines []string
	for i := range 8000 {
		lines = append(lines, fmt.Sprintf("acc-%d,Service %d,%d.5,%d.%09d,%d", i%4, i/4, i, i%97, i, i%97+1))
	}
	path := b.file("march.csv", usageCSV("payer-1", "2026-03", "USD", lines...))
	b.do("import", "--tenant", "north", "--url", "file://"+path)
	for i := range 4 {
		b.do("assign", "--account", fmt.Sprintf("acc-%d", i), "--customer", "harbour", "--from", "2026-01")
	}
	want := b.recalc("harbour", "2026-03").get("run.result_hash")
	conn := b.connect()
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	took := undisturbed(t, b, conn)
	for range 10 {
		run := b.do("recalc", "--customer", "harbour", "--period", "2026-03", "--reason", "test").get("job")
		victim := b.worker()
		until(t, conn, time.Minute, runState, run, "running", "complete")
		time.Sleep(time.Duration(rnd.Int64N(int64(took) + 1)))
		kill(victim)
		killed := time.Now()
		successor := b.worker()
		until(t, conn, time.Minute, runState, run, "complete")
		t.Logf("complete %s after the kill", time.Since(killed).Round(time.Millisecond))
		until(t, conn, 0, `SELECT result_hash FROM billing_runs WHERE id = $1`, run, want)
		until(t, conn, 0, `SELECT string_agg(DISTINCT run_id::text, ',') FROM billing_published WHERE $1 <> ''`, run, run)
		until(t, conn, time.Minute, `SELECT count(*)::text FROM billing_runs WHERE state IN ('requested', 'waiting', 'running') AND $1 <> ''`, run, "0")
		kill(successor)
	}
	b.do("reconcile", "--period", "2026-03")
}

// undisturbed returns how long a worker process takes for the run.
func undisturbed(t *testing.T, b *books, conn *pgx.Conn) time.Duration {
	t.Helper()
	run := b.do("recalc", "--customer", "harbour", "--period", "2026-03", "--reason", "test").get("job")
	w := b.worker()
	defer kill(w)
	until(t, conn, time.Minute, runState, run, "running", "complete")
	began := time.Now()
	until(t, conn, time.Minute, runState, run, "complete")
	return time.Since(began)
}

func TestRecalc_RequestDuringARunIsCarriedOutAfterIt(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	b.march()
	var jobs []string
	for range 3 {
		jobs = append(jobs, b.do("recalc", "--customer", "harbour", "--period", "2026-03", "--reason", "test").get("job"))
	}
	if jobs[0] != jobs[1] || jobs[1] != jobs[2] {
		t.Errorf("requests for a month that is not yet under way make jobs %s, want one", strings.Join(jobs, ", "))
	}
	conn := b.connect()
	b.worker()
	until(t, conn, time.Minute, runState, jobs[0], "running", "complete")
	later := b.do("recalc", "--customer", "harbour", "--period", "2026-03", "--reason", "again", "--wait")
	later.want("status", "complete")
	if later.get("job") == jobs[0] {
		t.Error("the later request was answered with the earlier run")
	}
}
