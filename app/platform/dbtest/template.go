package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"tierbook/app/platform/db"
	"tierbook/migrations"
)

// template returns the name of the migrated template, and makes it if no test
// program has yet.
func (h *host) template(ctx context.Context) (string, error) {
	h.once.Do(func() { h.name, h.templateErr = h.ensureTemplate(context.WithoutCancel(ctx)) })
	return h.name, h.templateErr
}

func (h *host) ensureTemplate(ctx context.Context) (string, error) {
	sum, err := migrationsHash()
	if err != nil {
		return "", err
	}
	name := "tpl_" + sum
	guard, err := pgx.Connect(ctx, h.adminURL)
	if err != nil {
		return "", err
	}
	defer func() { _ = guard.Close(ctx) }()
	if _, err := guard.Exec(ctx, "SELECT pg_advisory_lock(7202612)"); err != nil {
		return "", err
	}
	var there, complete bool
	err = guard.QueryRow(ctx, "SELECT coalesce(bool_or(true), false), coalesce(bool_or(datistemplate), false) FROM pg_database WHERE datname = $1", name).
		Scan(&there, &complete)
	switch {
	case err != nil:
		return "", err
	case complete:
		return name, nil
	case there: // whoever made it was killed
		if _, err := guard.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			return "", err
		}
	}
	if _, err := guard.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s OWNER %s", name, h.ownerName)); err != nil {
		return "", err
	}
	if err := db.Migrate(ctx, onDatabase(h.ownerURL, name), onDatabase(h.webURL, name), onDatabase(h.workURL, name)); err != nil {
		return "", err
	}
	_, err = guard.Exec(ctx, "ALTER DATABASE "+name+" IS_TEMPLATE true")
	return name, err
}

// migrationsHash changes whenever a migrated database could look different.
func migrationsHash() (string, error) {
	sum := sha256.New()
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		b, err := migrations.Files.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(b), b)
	}
	fmt.Fprintf(sum, "grants\n%s", migrations.Grants)
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}
