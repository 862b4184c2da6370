package dbtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tierbook/app/platform/localpg"
)

// settings give up every promise about crashes for speed.
var settings = map[string]string{
	"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
	"max_connections": "400", "shared_buffers": "'64MB'", "autovacuum": "off",
	"checkpoint_timeout": "'1h'", "max_wal_size": "'512MB'",
}

// layout changes with settings and with what is kept in the directory, so that
// test programs of two versions of this package do not share a server.
const layout = 2

// privateHost attaches this process to the shared throw-away server.
func privateHost(ctx context.Context) (*host, error) {
	dir := filepath.Join(roomyDir(), fmt.Sprintf("tierbook-test-%d-%d-%s", os.Geteuid(), layout, bootID()))
	c, err := localpg.Start(ctx, localpg.Options{Dir: dir, Settings: settings, Fast: true})
	if err != nil {
		return nil, err
	}
	if err := watch(dir); err != nil {
		return nil, errors.Join(err, c.Release())
	}
	h := &host{adminURL: c.AdminURL, ownerURL: c.OwnerURL, webURL: c.WebURL, workURL: c.WorkURL, ownerName: "tierbook"}
	return h, h.connect(ctx)
}

// inMemory is where Linux offers files that are never written to a disk. A
// database has hundreds of files, and every test makes and drops one.
const inMemory = "/dev/shm"

// roomyDir returns inMemory where it holds two gigabytes, as containers' often
// do not; else the directory of temporary files. All test programs of a machine
// get one answer, so it depends on nothing that changes meanwhile.
func roomyDir() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(inMemory, &fs); err != nil || fs.Blocks*uint64(max(fs.Bsize, 0)) < 2<<30 { //nolint:gosec // never negative
		return os.TempDir()
	}
	return inMemory
}

// bootID names the time since the machine started: without fsync, files do not
// survive its crash.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || len(b) < 8 {
		return "0"
	}
	return string(b[:8])
}

// watcher waits until no process is attached, and half a minute longer, and then
// stops the server; what lies in memory it removes too. Only one runs per
// directory.
const watcher = `
cd / && exec 9>"$1/watch.lock" && flock -n 9 || exit 0
while sleep 2; do
	flock -x "$1/attached.lock" true
	sleep 30
	flock -x "$1/start.lock" flock -n -x "$1/attached.lock" sh -c '
		data="$1/server/data"
		pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || exit 0
		[ "$(readlink "/proc/$pid/cwd")" = "$(readlink -f "$data")" ] || exit 0
		kill -INT "$pid"
		while [ "$(readlink "/proc/$pid/cwd")" = "$(readlink -f "$data")" ]; do sleep 0.1; done
		case "$1" in ` + inMemory + `/*) rm -rf "$1/server" "$1/cluster.json" "$1"/*.url ;; esac' sh "$1" && exit 0
done`

// watch starts the watcher, which outlives this process: nothing in a killed
// process could stop the server.
func watch(dir string) error {
	if _, err := exec.LookPath("flock"); err != nil {
		return nil // the server stays until somebody stops it
	}
	cmd := exec.Command("/bin/sh", "-c", watcher, "sh", dir) //nolint:gosec,noctx // a constant script that outlives any context
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("watch the test server: %w", err)
	}
	return cmd.Process.Release()
}

// givenHost uses the server of a superuser's URL and sets up three roles there.
func givenHost(ctx context.Context, admin string) (*host, error) {
	u, err := url.Parse(admin)
	if err != nil {
		return nil, fmt.Errorf("TEST_DATABASE_URL: %w", err)
	}
	as := func(user string) string {
		c := *u
		c.User = url.UserPassword(user, "tierbook")
		return c.String()
	}
	h := &host{adminURL: admin, ownerURL: as("tierbook_test"), webURL: as("tierbook_test_web"), workURL: as("tierbook_test_work"), ownerName: "tierbook_test"}
	if err := h.connect(ctx); err != nil {
		return nil, err
	}
	_, err = h.admin.Exec(ctx, `
		DO $$ BEGIN
			PERFORM pg_advisory_xact_lock(7202611);
			IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tierbook_test') THEN
				CREATE ROLE tierbook_test LOGIN PASSWORD 'tierbook';
				CREATE ROLE tierbook_test_web LOGIN PASSWORD 'tierbook';
				CREATE ROLE tierbook_test_work LOGIN BYPASSRLS PASSWORD 'tierbook';
			END IF;
		END $$`)
	if err != nil {
		return nil, fmt.Errorf("set up the test roles: %w", err)
	}
	return h, nil
}

// connect opens the superuser's pool and drops databases that killed test
// programs left.
func (h *host) connect(ctx context.Context) error {
	cfg, err := pgxpool.ParseConfig(h.adminURL)
	if err != nil {
		return fmt.Errorf("test server: %w", err)
	}
	cfg.MaxConns = 2
	if h.admin, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return fmt.Errorf("test server: %w", err)
	}
	rows, err := h.admin.Query(ctx, `SELECT datname FROM pg_database WHERE datname ~ '^t_\d+_\d+$'`)
	if err != nil {
		return fmt.Errorf("test server: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("test server: %w", err)
	}
	for _, name := range names {
		pid, _ := strconv.Atoi(strings.Split(name, "_")[1])
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			h.drop(name)
		}
	}
	return nil
}
