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

// fileLock is an advisory lock on a file, dropped with its process. It holds a
// plain descriptor, not an *os.File, which the garbage collector would close,
// and the lock with it, once nobody looks at the cluster any more.
type fileLock struct {
	path string
	fd   int
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
	fd, err := syscall.Open(path, syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if errors.Is(err, os.ErrPermission) {
		return nil, errs.Newf(errs.FailedPrecondition, "localpg.not_ours",
			"%s belongs to another user: run as that user, or choose another data directory.", path)
	}
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %s: %w", path, err)
	}
	err = syscall.Flock(fd, mode|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, syscall.Close(fd)
	}
	if err != nil {
		_ = syscall.Close(fd)
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &fileLock{path: path, fd: fd}, nil
}

func (l *fileLock) release() { _ = syscall.Close(l.fd) }
