package usage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const tempPrefix = "import-"

// tempDir is where one import puts things aside. Its lock ends with the
// process, so that others can tell what is left of a dead one.
type tempDir struct {
	path string
	lock *os.File
}

// newTempDir makes a locked directory in parent.
func newTempDir(parent string) (*tempDir, error) {
	for {
		path, err := os.MkdirTemp(parent, tempPrefix)
		if err != nil {
			return nil, err
		}
		// Before it is locked, a sweep may take it for an abandoned one.
		d, err := lockDir(path, syscall.LOCK_EX)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return d, err
	}
}

// lockDir locks the directory at path. Errors: fs.ErrNotExist, also if it went
// while its lock was waited for; EWOULDBLOCK with LOCK_NB if it is in use.
func lockDir(path string, how int) (*tempDir, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil { //nolint:gosec // a descriptor fits
		_ = f.Close()
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &tempDir{path: path, lock: f}, nil
}

// remove deletes the directory while it is still locked.
func (d *tempDir) remove() {
	_ = os.RemoveAll(d.path)
	_ = d.lock.Close()
}

// sweep removes the directories in parent that imports of dead processes have
// left behind. Those of running imports, whatever their process, stay.
func sweep(parent string) error {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	var all error
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), tempPrefix) {
			continue
		}
		d, err := lockDir(filepath.Join(parent, e.Name()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		case err != nil:
			all = errors.Join(all, err)
		default:
			d.remove()
		}
	}
	return all
}
