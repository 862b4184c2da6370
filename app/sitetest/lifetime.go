package sitetest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Main runs a package's tests and gives back afterwards what they shared. It
// returns the exit code, which says failed where the shared program's log has
// an internal error.
func Main(m *testing.M) int {
	code := m.Run()
	if failures := binary.logged(); len(failures) > 0 {
		fmt.Fprintf(os.Stderr, "the shared program's log has errors:\n%s", strings.Join(failures, ""))
		code = max(code, 1)
	}
	binary.end()
	return code
}

// Lasting returns something like a test that ends when Main does, for what all
// tests share. do runs with it; its failure is returned as an error.
func Lasting(do func(t testing.TB)) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case failure:
			err = r
		default:
			panic(r)
		}
	}()
	do(binary)
	return nil
}

// lifetime is a testing.TB as long as the test program.
type lifetime struct {
	testing.TB // nil: what it does not have of its own must not be called
	ctx        context.Context
	cancel     context.CancelFunc

	mu       sync.Mutex
	cleanups []func()
	logs     []*Log
}

var binary = newLifetime()

func newLifetime() *lifetime {
	ctx, cancel := context.WithCancel(context.Background())
	return &lifetime{ctx: ctx, cancel: cancel}
}

// failure is what Fatal panics with.
type failure string

func (f failure) Error() string { return string(f) }

func (*lifetime) Helper()                      {}
func (l *lifetime) Context() context.Context   { return l.ctx }
func (*lifetime) Fatal(args ...any)            { panic(failure(fmt.Sprint(args...))) }
func (*lifetime) Fatalf(f string, args ...any) { panic(failure(fmt.Sprintf(f, args...))) }
func (*lifetime) Errorf(f string, args ...any) { fmt.Fprintf(os.Stderr, f+"\n", args...) }

func (l *lifetime) Cleanup(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cleanups = append(l.cleanups, f)
}

// TempDir returns a new directory that is removed at the end.
func (l *lifetime) TempDir() string {
	dir, err := os.MkdirTemp("", "tierbook-test-")
	if err != nil {
		l.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // a test's directory
		l.Fatal(err)
	}
	l.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (l *lifetime) watch(log *Log) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.logs = append(l.logs, log)
}

func (l *lifetime) logged() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, log := range l.logs {
		out = append(out, log.Failures()...)
	}
	return out
}

func (l *lifetime) end() {
	l.cancel()
	l.mu.Lock()
	cleanups := slices.Clone(l.cleanups)
	l.mu.Unlock()
	for _, f := range slices.Backward(cleanups) {
		f()
	}
}
