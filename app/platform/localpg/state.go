package localpg

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// Names inside every private cluster.
const (
	database  = "tierbook"
	adminUser = "tierbook_admin"
	ownerUser = "tierbook"
	webUser   = "tierbook_web"
	workUser  = "tierbook_work"
)

// state is what must be known to find and enter a cluster again. It holds the
// passwords and is readable by its owner only.
type state struct {
	Place        string            `json:"place"`  // holds the server's files
	Socket       string            `json:"socket"` // directory of the socket
	RunAs        string            `json:"run_as"` // the server's user; "": the one who started it
	Passwords    map[string]string `json:"passwords"`
	Bootstrapped bool              `json:"bootstrapped"` // roles and database are there
}

func statePath(dir string) string { return filepath.Join(dir, "cluster.json") }

// loadState reads dir's state; a fresh one has passwords and nothing else.
func loadState(dir string) (*state, error) {
	b, err := os.ReadFile(statePath(dir))
	if errors.Is(err, os.ErrNotExist) {
		st := &state{Passwords: map[string]string{}}
		for _, u := range []string{adminUser, ownerUser, webUser, workUser} {
			st.Passwords[u] = rand.Text()
		}
		return st, nil
	}
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	st := new(state)
	if err := json.Unmarshal(b, st); err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %s: %w", statePath(dir), err)
	}
	return st, nil
}

func (st *state) save(dir string) error {
	b, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return err
	}
	return writeSecret(statePath(dir), b)
}

// writeSecret replaces path as a whole, readable by its owner only.
func writeSecret(path string, b []byte) error {
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	return nil
}

// url returns the address of db for user.
func (st *state) url(user, db string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(user, st.Passwords[user]),
		Path:     "/" + db,
		RawQuery: url.Values{"host": {st.Socket}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

// bootstrap creates roles and database once, and the files that hold their
// addresses. Every step may have been done by a start that was killed.
func (st *state) bootstrap(ctx context.Context, dir string) error {
	if st.Bootstrapped {
		return nil
	}
	conn, err := pgx.Connect(ctx, st.url(adminUser, "postgres"))
	if err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, r := range []struct{ user, rights string }{
		{ownerUser, "NOBYPASSRLS"}, {webUser, "NOBYPASSRLS"}, {workUser, "BYPASSRLS"},
	} {
		var there bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", r.user).Scan(&there); err != nil {
			return fmt.Errorf("private PostgreSQL: %w", err)
		}
		verb := "CREATE"
		if there {
			verb = "ALTER"
		}
		if _, err := conn.Exec(ctx, fmt.Sprintf("%s ROLE %s LOGIN %s PASSWORD '%s'", verb, r.user, r.rights, st.Passwords[r.user])); err != nil {
			return fmt.Errorf("private PostgreSQL: create role %s: %w", r.user, err)
		}
	}
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database).Scan(&there); err != nil {
		return fmt.Errorf("private PostgreSQL: %w", err)
	}
	if !there {
		if _, err := conn.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s OWNER %s", database, ownerUser)); err != nil {
			return fmt.Errorf("private PostgreSQL: create the database: %w", err)
		}
	}
	return st.finish(dir)
}

func (st *state) finish(dir string) error {
	for _, f := range []struct{ name, user string }{{"owner.url", ownerUser}, {"web.url", webUser}, {"work.url", workUser}} {
		if err := writeSecret(filepath.Join(dir, f.name), []byte(st.url(f.user, database)+"\n")); err != nil {
			return err
		}
	}
	st.Bootstrapped = true
	return st.save(dir)
}
