package localpg_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tierbook/app/platform/localpg"
)

// small keeps test clusters light.
var small = map[string]string{
	"fsync": "off", "shared_buffers": "'16MB'", "max_connections": "20", "max_wal_size": "'64MB'", "min_wal_size": "'32MB'",
}

func start(t *testing.T, dir string) *localpg.Cluster {
	t.Helper()
	c, err := localpg.Start(t.Context(), localpg.Options{Dir: dir, Settings: small, Fast: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Release() })
	return c
}

// reachable returns a directory that the server's user can reach, which
// t.TempDir is not if the tests run as root.
func reachable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tb")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // passed through by the server's user
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	var s string
	if err := conn.QueryRow(t.Context(), sql).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func answers(t *testing.T, url string) bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return false
	}
	_ = conn.Close(t.Context())
	return true
}

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "server", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, _ := strconv.Atoi(strings.SplitN(string(b), "\n", 2)[0])
	return pid
}

func TestCluster_LastOutStops(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reachable(t), "pg")
	first := start(t, dir)
	second := start(t, dir)
	if !first.Started || second.Started {
		t.Errorf("started: first %v, second %v", first.Started, second.Started)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	if !answers(t, second.OwnerURL) {
		t.Fatal("the server stopped while someone was attached")
	}
	if err := second.Release(); err != nil {
		t.Fatal(err)
	}
	if answers(t, second.OwnerURL) {
		t.Error("the server still runs after the last one left")
	}
	third := start(t, dir)
	if third.OwnerURL != first.OwnerURL {
		t.Error("the address changed between starts")
	}
}

func TestCluster_Roles(t *testing.T) {
	t.Parallel()
	c := start(t, filepath.Join(reachable(t), "pg"))
	const rights = "SELECT rolsuper::text || ' ' || rolbypassrls::text FROM pg_roles WHERE rolname = current_user"
	for url, want := range map[string]string{c.OwnerURL: "false false", c.WebURL: "false false", c.WorkURL: "false true", c.AdminURL: "true true"} {
		if got := query(t, url, rights); got != want {
			t.Errorf("superuser, bypass of %s: %s, want %s", url, got, want)
		}
	}
	if got := query(t, c.AdminURL, "SHOW listen_addresses"); got != "" {
		t.Errorf("listens on %q, want no network", got)
	}
	dir := filepath.Dir(filepath.Dir(query(t, c.AdminURL, "SHOW data_directory")))
	for _, name := range []string{"cluster.json", "owner.url", "web.url", "work.url"} {
		fi, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if fi.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, fi.Mode().Perm())
		}
	}
}

func TestCluster_TwoDirectoriesSideBySide(t *testing.T) {
	t.Parallel()
	parent := reachable(t)
	a, b := start(t, filepath.Join(parent, "a")), start(t, filepath.Join(parent, strings.Repeat("b", 100)))
	if query(t, a.AdminURL, "SHOW data_directory") == query(t, b.AdminURL, "SHOW data_directory") {
		t.Error("both directories share a server")
	}
}

func TestCluster_RecoversFromKilledServer(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reachable(t), "pg")
	c := start(t, dir)
	query(t, c.OwnerURL, "WITH kept AS (SELECT lo_from_bytea(4711, 'here')) SELECT 'written' FROM kept")
	if err := syscall.Kill(postmaster(t, dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for answers(t, c.OwnerURL) {
		time.Sleep(10 * time.Millisecond)
	}
	again := start(t, dir)
	if !again.Started {
		t.Error("the killed server was taken for a running one")
	}
	if got := query(t, again.OwnerURL, "SELECT convert_from(lo_get(4711), 'UTF8')"); got != "here" {
		t.Errorf("got %q", got)
	}
}

func TestCluster_RecoversFromForeignPID(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reachable(t), "pg")
	if err := start(t, dir).Release(); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "server", "data")
	// After a reboot the number may belong to any program: here to this test.
	stale := strconv.Itoa(os.Getpid()) + "\n" + data + "\n1700000000\n5432\n\n\n"
	if err := os.WriteFile(filepath.Join(data, "postmaster.pid"), []byte(stale), 0o644); err != nil { //nolint:gosec // read by the server's user
		t.Fatal(err)
	}
	if c := start(t, dir); !answers(t, c.OwnerURL) {
		t.Error("the server does not answer")
	}
}

func TestCluster_RecoversFromInterruptedSetUp(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reachable(t), "pg")
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	if c, err := localpg.Start(ctx, localpg.Options{Dir: dir, Settings: small, Fast: true}); err == nil {
		_ = c.Release()
	}
	if c := start(t, dir); !answers(t, c.WorkURL) {
		t.Error("the server does not answer")
	}
}

// A process that was killed leaves its server; the next one attaches to it and
// may stop it.
func TestCluster_SurvivesKilledClient(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reachable(t), "pg")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelper_Attach$") //nolint:gosec // this test binary
	cmd.Env = append(os.Environ(), "LOCALPG_ATTACH="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	c := start(t, dir)
	if c.Started {
		t.Error("the server did not survive its client")
	}
	if err := c.Release(); err != nil {
		t.Fatal(err)
	}
	if answers(t, c.OwnerURL) {
		t.Error("the killed client still counts as attached")
	}
}

// TestHelper_Attach is the client that TestCluster_SurvivesKilledClient kills.
func TestHelper_Attach(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("LOCALPG_ATTACH")
	if dir == "" {
		return
	}
	start(t, dir)
	_, _ = os.Stdout.WriteString("attached\n")
	<-t.Context().Done()
}

// As root, a data directory that the server's user cannot reach is served from
// /var/lib/tierbook, and a note says so.
func TestCluster_UnreachableDirectory(t *testing.T) {
	t.Parallel()
	parent := reachable(t)
	if err := os.Chmod(parent, 0o700); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "pg")
	c := start(t, dir)
	place := query(t, c.AdminURL, "SHOW data_directory")
	if os.Geteuid() != 0 {
		if !strings.HasPrefix(place, parent) {
			t.Errorf("an ordinary user's files are in %s", place)
		}
		return
	}
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(filepath.Dir(place))) })
	if !strings.HasPrefix(place, "/var/lib/tierbook/") {
		t.Errorf("files are in %s", place)
	}
	note, err := os.ReadFile(filepath.Join(dir, "WHERE.txt"))
	if err != nil || !strings.Contains(string(note), filepath.Dir(filepath.Dir(place))) {
		t.Errorf("note: %q, %v", note, err)
	}
	if err := c.Release(); err != nil {
		t.Fatal(err)
	}
}
