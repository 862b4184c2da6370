package localpg

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"tierbook/app/kernel/errs"
)

// maxSocketPath is the longest path of a socket that the kernel takes.
const maxSocketPath = 107

const socketName = ".s.PGSQL.5432"

// account is the system user that the server runs as.
type account struct {
	name     string // "": the process's own
	uid, gid int
}

// unprivileged returns the account for the server: PostgreSQL refuses to run
// as root.
func unprivileged(preferred string) (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{preferred, "postgres", "nobody"} {
		u, err := user.Lookup(name)
		if name == "" || err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if uid != 0 {
			return account{name: name, uid: uid, gid: gid}, nil
		}
	}
	return account{}, errs.New(errs.FailedPrecondition, "localpg.no_user",
		"PostgreSQL does not run as root, and there is no user postgres or nobody: adduser --system postgres.")
}

// as makes cmd run as a, in a session of its own: Ctrl-C in the terminal is
// for us, not for the server.
func (a account) as(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a.name != "" {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)} //nolint:gosec // ids of the system
	}
}

// private creates dir for a alone.
func (a account) private(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	if a.name == "" {
		return nil
	}
	if err := os.Lchown(dir, a.uid, a.gid); err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	return nil
}

// reaches reports whether a can work in dir, through all directories above it.
func (a account) reaches(dir string) bool {
	cmd := exec.Command("/bin/sh", "-c", `cd "$1" && test -w .`, "sh", dir) //nolint:gosec,noctx // a constant script, a moment
	cmd.Dir = "/"
	a.as(cmd)
	return cmd.Run() == nil
}

// settle decides where the server's files and socket are, once for all starts.
func (st *state) settle(dir string) (account, error) {
	a, err := unprivileged(st.RunAs)
	if err != nil {
		return a, err
	}
	if st.Place == "" {
		if st.Place, err = choosePlace(dir, a); err != nil {
			return a, err
		}
		setAside(st.Place)
		st.Socket, st.RunAs = socketDir(st.Place), a.name
		if err := st.save(dir); err != nil {
			return a, err
		}
	}
	if err := a.private(st.Place); err != nil {
		return a, err
	}
	return a, a.ownSocketDir(st.Socket)
}

// setAside moves away files whose state, and with it their passwords, was
// removed: they belong to a data directory that somebody deleted. A server
// that still runs on them notices within a minute and ends by itself.
func setAside(place string) {
	if _, err := os.Stat(filepath.Join(place, "data")); err != nil {
		return
	}
	_ = os.RemoveAll(place + ".orphan")
	_ = os.Rename(place, place+".orphan")
}

// choosePlace returns dir/server, or a directory under /var/lib if the
// server's user cannot reach it, with a note left in dir.
func choosePlace(dir string, a account) (string, error) {
	place := filepath.Join(dir, "server")
	if err := a.private(place); err == nil && a.reaches(place) {
		return place, nil
	}
	if a.name == "" {
		return "", errs.Newf(errs.FailedPrecondition, "localpg.not_writable", "The directory %s cannot be written.", place)
	}
	_ = os.Remove(place)
	parent := filepath.Join("/var/lib/tierbook", hash(dir))
	if err := os.MkdirAll(parent, 0o755); err != nil { //nolint:gosec // passed through by the server's user
		return "", fmt.Errorf("private PostgreSQL: %w", err)
	}
	note := fmt.Sprintf("The user %s cannot reach this directory, so the files of the private PostgreSQL are in\n%s\nRemove both together.\n", a.name, parent)
	if err := os.WriteFile(filepath.Join(dir, "WHERE.txt"), []byte(note), 0o600); err != nil {
		return "", fmt.Errorf("private PostgreSQL: %w", err)
	}
	return filepath.Join(parent, "server"), nil
}

// socketDir returns the directory of place's socket: place/run, or a short one
// where that path would be too long.
func socketDir(place string) string {
	dir := filepath.Join(place, "run")
	if len(filepath.Join(dir, socketName)) <= maxSocketPath {
		return dir
	}
	return filepath.Join("/tmp", "tierbook-"+hash(place))
}

// ownSocketDir creates dir for a, or checks that nobody else made it.
func (a account) ownSocketDir(dir string) error {
	if err := a.private(dir); err != nil {
		return err
	}
	fi, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	if sys, ok := fi.Sys().(*syscall.Stat_t); !ok || !fi.IsDir() || fi.Mode().Perm() != 0o700 || int(sys.Uid) != a.uid {
		return errs.Newf(errs.FailedPrecondition, "localpg.not_ours", "%s is not a private directory of the server's user: remove it.", dir)
	}
	return nil
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
