package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"tierbook/app/kernel/errs"
	"tierbook/migrations"
)

// migrateLock keeps two processes from migrating one database at once.
const migrateLock LockKey = "db.migrate"

// Migrate brings the database at ownerURL to this program's schema: the queue's
// tables first, then ours, then the grants of the two runtime roles, which are
// created from the user and password in their URLs unless they are there. It
// may run at any time, also several times at once: the second waits and finds
// nothing to do.
//
// Errors: FailedPrecondition with a sentence that says how to mend it, if the
// owner may not create the roles.
func Migrate(ctx context.Context, ownerURL, webURL, workURL string) error {
	cfg, err := pgx.ParseConfig(ownerURL)
	if err != nil {
		return errs.New(errs.FailedPrecondition, "db.url", "The database URL for owner cannot be read.")
	}
	guard, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("connect to the database as owner: %w", err)
	}
	defer func() { _ = guard.Close(context.WithoutCancel(ctx)) }()
	if _, err := guard.Exec(ctx, "SELECT pg_advisory_lock($1)", migrateLock.number()); err != nil {
		return fmt.Errorf("wait for another migration: %w", err)
	}
	web, err := ensureRole(ctx, guard, webURL, RoleWeb)
	if err != nil {
		return err
	}
	work, err := ensureRole(ctx, guard, workURL, RoleWork)
	if err != nil {
		return err
	}
	grants := strings.NewReplacer("{{web}}", web, "{{work}}", work).Replace(migrations.Grants)
	if settled(ctx, guard, web, work, grants) {
		return nil
	}
	std := stdlib.OpenDB(*cfg)
	defer func() { _ = std.Close() }()
	if err := migrateUp(ctx, std); err != nil {
		return err
	}
	if _, err := guard.Exec(ctx, grants+"COMMENT ON TABLE goose_db_version IS "+literal(mark(grants))); err != nil {
		return fmt.Errorf("grant rights to %s and %s: %w", web, work, err)
	}
	return nil
}

// mark names the grants that were last applied.
func mark(grants string) string { return fmt.Sprintf("grants %x", sha256.Sum256([]byte(grants))) }

// settled reports whether there is nothing to do: every start of the private
// PostgreSQL asks, and granting anew would disturb the sessions that run. Two
// rights stand for all, so that a restored dump without them is noticed.
func settled(ctx context.Context, conn *pgx.Conn, web, work, grants string) bool {
	s, err := readSchema(ctx, conn)
	if err != nil || s.Err() != nil || s.Tables == 0 {
		return false
	}
	var granted string
	var rights bool
	err = conn.QueryRow(ctx, `
		SELECT coalesce(obj_description('goose_db_version'::regclass, 'pg_class'), ''),
			has_table_privilege($1, 'billing_runs', 'SELECT') AND has_table_privilege($2, 'billing_charges', 'INSERT')`,
		strings.Trim(web, `"`), strings.Trim(work, `"`)).Scan(&granted, &rights)
	return err == nil && rights && granted == mark(grants)
}

func migrateUp(ctx context.Context, std *sql.DB) error {
	queue, err := rivermigrate.New(riverdatabasesql.New(std), nil)
	if err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	if _, err := queue.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	ours, err := newProvider(std)
	if err != nil {
		return err
	}
	if _, err := ours.Up(ctx); err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	return nil
}

func newProvider(std *sql.DB) (*goose.Provider, error) {
	p, err := goose.NewProvider(goose.DialectPostgres, std, migrations.Files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}

// ensureRole creates the login role of u unless it is there, and returns its
// quoted name.
func ensureRole(ctx context.Context, conn *pgx.Conn, u string, role Role) (string, error) {
	name, password, err := userOf(u)
	if err != nil {
		return "", errs.Newf(errs.FailedPrecondition, "db.url", "The database URL for %s cannot be read, or names no user.", role)
	}
	quoted := pgx.Identifier{name}.Sanitize()
	bypass := map[Role]string{RoleWeb: "NOBYPASSRLS", RoleWork: "BYPASSRLS"}[role]
	var there, bypasses bool
	err = conn.QueryRow(ctx, "SELECT coalesce(bool_or(true), false), coalesce(bool_or(rolbypassrls), false) FROM pg_roles WHERE rolname = $1", name).
		Scan(&there, &bypasses)
	switch {
	case err != nil:
		return "", fmt.Errorf("read role %s: %w", name, err)
	case there && bypasses == (role == RoleWork):
		return quoted, nil
	}
	verb := "CREATE"
	create := fmt.Sprintf("CREATE ROLE %s LOGIN NOSUPERUSER %s PASSWORD %s", quoted, bypass, literal(password))
	if there {
		verb, create = "ALTER", fmt.Sprintf("ALTER ROLE %s %s", quoted, bypass)
	}
	if _, err := conn.Exec(ctx, create); err != nil {
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == codePrivilege {
			return "", errs.Newf(errs.FailedPrecondition, "db.wrong_role",
				"The owner may not set up the database role %s: run, as a superuser, %s ROLE %s LOGIN NOSUPERUSER %s, with the password of its URL.", quoted, verb, quoted, bypass)
		}
		return "", fmt.Errorf("set up role %s: %w", name, err)
	}
	return quoted, nil
}

// userOf reads user and password of a connection URL; pgx would fill a missing
// user with the operating system's, which nobody meant.
func userOf(u string) (name, password string, err error) {
	cfg, err := pgconn.ParseConfig(u)
	if err != nil {
		return "", "", err
	}
	if p, perr := url.Parse(u); perr == nil && p.Scheme != "" && p.User.Username() == "" && p.Query().Get("user") == "" {
		return "", "", errors.New("no user")
	}
	return cfg.User, cfg.Password, nil
}

func literal(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
