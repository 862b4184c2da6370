package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"tierbook/app/kernel/errs"
)

const (
	shared    = syscall.LOCK_SH
	exclusive = syscall.LOCK_EX
)

// fileLock is an advisory lock on a file, dropped with its process.
type fileLock struct {
	path string
	file *os.File
}

// lockFile takes the lock in mode, and waits for it as long as ctx lives.
func lockFile(ctx context.Context, path string, mode int) (*fileLock, error) {
	for {
		l, err := flock(path, mode)
		if l != nil || err != nil {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s: %w", path, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// tryLockFile takes the lock alone; nil if someone else has it.
func tryLockFile(path string) (*fileLock, error) { return flock(path, exclusive) }

func flock(path string, mode int) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrPermission) {
		return nil, errs.Newf(errs.FailedPrecondition, "localpg.not_ours",
			"%s belongs to another user: run as that user, or choose another data directory.", path)
	}
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), mode|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, f.Close()
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &fileLock{path: path, file: f}, nil
}

func (l *fileLock) release() { _ = l.file.Close() }
