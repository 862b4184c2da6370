package localpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// startTimeout is how long a start may take, recovery after a crash included.
const startTimeout = 2 * time.Minute

// defaults suit a server with one user on a machine that does other things too.
var defaults = map[string]string{
	"listen_addresses":                "''",
	"unix_socket_permissions":         "0700",
	"timezone":                        "'UTC'",
	"log_timezone":                    "'UTC'",
	"max_connections":                 "100",
	"shared_buffers":                  "'128MB'",
	"max_wal_size":                    "'1GB'",
	"wal_level":                       "minimal",
	"max_wal_senders":                 "0",
	"jit":                             "off",
	"max_parallel_workers_per_gather": "0",
	"log_min_messages":                "warning",
	"log_line_prefix":                 "'%m [%p] %u '",
}

// server is one cluster's files and process.
type server struct {
	dir  string // the cluster's directory: state and locks
	st   *state
	opts Options
	acct account
	bin  programs
	log  *slog.Logger
}

func newServer(dir string, st *state, opts Options) (*server, error) {
	a, err := st.settle(dir)
	if err != nil {
		return nil, err
	}
	return &server{dir: dir, st: st, opts: opts, acct: a, log: opts.Log}, nil
}

func (s *server) data() string    { return filepath.Join(s.st.Place, "data") }
func (s *server) logFile() string { return filepath.Join(s.st.Place, "postgresql.log") }

// ensure makes the server answer; started tells whether it had to be started.
func (s *server) ensure(ctx context.Context) (started bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if s.bin, err = findPrograms(ctx, s.major()); err != nil {
		return false, err
	}
	if s.alive() {
		return false, s.wait(ctx)
	}
	if s.major() == 0 {
		s.log.InfoContext(ctx, "setting up a private PostgreSQL", "directory", s.st.Place, "version", s.bin.major)
		if err := s.init(ctx); err != nil {
			return false, err
		}
	}
	if err := s.launch(ctx); err != nil {
		return false, err
	}
	return true, s.wait(ctx)
}

// major is the version that made the files; 0: there are none yet.
func (s *server) major() int {
	b, err := os.ReadFile(filepath.Join(s.data(), "PG_VERSION"))
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return n
}

// init creates the cluster's files beside their place and moves them there
// when they are complete.
func (s *server) init(ctx context.Context) error {
	fresh, pw := s.data()+".new", filepath.Join(s.st.Place, "password")
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	defer func() { _ = os.Remove(pw) }()
	if err := s.write(pw, s.st.Passwords[adminUser]+"\n"); err != nil {
		return err
	}
	args := []string{"-D", fresh, "-U", adminUser, "--pwfile", pw, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"}
	if s.opts.Fast {
		args = append(args, "--no-sync")
	}
	if out, err := s.run(ctx, "initdb", args...); err != nil {
		return fmt.Errorf("set up the private PostgreSQL: %w: %s", err, out)
	}
	conf, err := os.OpenFile(filepath.Join(fresh, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	_, err = conf.WriteString("\ninclude_if_exists = 'tierbook.conf'\n")
	if err := errors.Join(err, conf.Close(), os.Rename(fresh, s.data())); err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	return nil
}

// launch starts the server. A server that died may still have children for a
// moment; until they are gone it cannot be started.
func (s *server) launch(ctx context.Context) error {
	if err := s.write(filepath.Join(s.data(), "tierbook.conf"), s.settings()); err != nil {
		return err
	}
	if fi, err := os.Stat(s.logFile()); err == nil && fi.Size() > 16<<20 {
		_ = os.Remove(s.logFile())
	}
	var out string
	var err error
	for range 20 {
		s.dropStaleLocks()
		if out, err = s.run(ctx, "pg_ctl", "start", "-D", s.data(), "-l", s.logFile(), "-s", "-w", "-t", "90"); err == nil {
			return nil
		}
		if !strings.Contains(s.logTail(), "shared memory block") {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	return fmt.Errorf("start the private PostgreSQL: %w: %s\n%s", err, out, s.logTail())
}

func (s *server) settings() string {
	all := maps.Clone(defaults)
	maps.Copy(all, s.opts.Settings)
	all["unix_socket_directories"] = "'" + strings.ReplaceAll(s.st.Socket, "'", "''") + "'"
	var b strings.Builder
	b.WriteString("# written at every start\n")
	for _, k := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s = %s\n", k, all[k])
	}
	return b.String()
}

// stop ends the server and waits until it has.
func (s *server) stop() error {
	if !s.alive() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := s.run(ctx, "pg_ctl", "stop", "-D", s.data(), "-m", "fast", "-s", "-w", "-t", "30")
	if err != nil {
		out, err = s.run(ctx, "pg_ctl", "stop", "-D", s.data(), "-m", "immediate", "-s", "-w", "-t", "15")
	}
	if err != nil && s.alive() {
		return fmt.Errorf("stop the private PostgreSQL: %w: %s", err, out)
	}
	return nil
}

// pid reads the number of the process that says it serves these files; 0: none.
func (s *server) pid() int {
	b, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), "\n")
	n, _ := strconv.Atoi(strings.TrimSpace(first))
	return n
}

// alive reports whether a process serves these files. The process number in
// the pid file may since belong to another program (after a reboot, in a fresh
// container), so its working directory, which is the cluster's, is compared.
func (s *server) alive() bool {
	pid := s.pid()
	if pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		_, noProc := os.Stat("/proc/self/cwd")
		return noProc != nil || errors.Is(err, os.ErrPermission)
	}
	real, err := filepath.EvalSymlinks(s.data())
	return err == nil && cwd == real
}

// dropStaleLocks removes what a killed server left: PostgreSQL would take any
// program that got its process number since for a running server.
func (s *server) dropStaleLocks() {
	if s.alive() {
		return
	}
	_ = os.Remove(filepath.Join(s.data(), "postmaster.pid"))
	_ = os.Remove(filepath.Join(s.st.Socket, socketName+".lock"))
	_ = os.Remove(filepath.Join(s.st.Socket, socketName))
}

// wait returns when the server takes connections.
func (s *server) wait(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, s.st.url(adminUser, "postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the private PostgreSQL does not answer: %w\n%s", err, s.logTail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// run runs one of the server's programs as its user.
func (s *server) run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.bin.path(program), args...) //nolint:gosec // found by findPrograms
	cmd.Dir = s.st.Place
	cmd.Env = []string{"PATH=" + s.bin.dir + ":/usr/bin:/bin", "LC_ALL=C", "HOME=" + s.st.Place, "TZ=UTC"}
	s.acct.as(cmd)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// write replaces a file that the server reads.
func (s *server) write(path, text string) error {
	_ = os.Remove(path)
	err := os.WriteFile(path, []byte(text), 0o600)
	if err == nil && s.acct.name != "" {
		err = os.Chown(path, s.acct.uid, s.acct.gid)
	}
	if err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	return nil
}

// logTail returns the last lines of the server's log, for error messages.
func (s *server) logTail() string {
	b, err := os.ReadFile(s.logFile())
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}
