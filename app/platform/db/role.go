package db

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tierbook/app/kernel/errs"
)

// rights is what PostgreSQL says of the connected role.
type rights struct {
	Name      string
	Super     bool
	BypassRLS bool
	OwnsTable bool // owns a table here, or is a member of a role that does
	MayCreate bool // may create tables in the public schema
}

func readRights(ctx context.Context, pool *pgxpool.Pool) (rights, error) {
	rows, err := pool.Query(ctx, `
		SELECT r.rolname, r.rolsuper, r.rolbypassrls,
			EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
				AND c.relkind IN ('r', 'p') AND pg_has_role(current_user, c.relowner, 'MEMBER')),
			has_schema_privilege(current_user, 'public', 'CREATE')
		FROM pg_roles r WHERE r.rolname = current_user`)
	if err != nil {
		return rights{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[rights])
}

// checkRole refuses a role whose rights do not fit: a web role past row-level
// security, a work role that is held by it, an owner that cannot define tables.
func checkRole(ctx context.Context, pool *pgxpool.Pool, role Role) error {
	r, err := readRights(ctx, pool)
	if err != nil {
		return fmt.Errorf("connect to the database as %s: %w", role, err)
	}
	return r.check(role)
}

var errWrongRole = errs.New(errs.FailedPrecondition, "db.wrong_role", "The database role has the wrong rights.")

func (r rights) check(role Role) error {
	name := pgx.Identifier{r.Name}.Sanitize()
	wrong := func(format string, args ...any) error {
		return errs.Newf(errWrongRole.Kind, errWrongRole.Code, format, args...)
	}
	switch {
	case role == RoleOwner && !r.MayCreate:
		return wrong("The database role %s cannot create tables: grant it with GRANT CREATE ON SCHEMA public TO %s.", name, name)
	case role == RoleOwner:
		return nil
	case r.Super:
		return wrong("The database role %s is a superuser; the %s role must not be one: ALTER ROLE %s NOSUPERUSER, or name another role in its URL and run «tierbook migrate».", name, role, name)
	case r.OwnsTable:
		return wrong("The database role %s owns Tierbook's tables; the %s role must be another one: name it in its URL and run «tierbook migrate».", name, role)
	case role == RoleWeb && r.BypassRLS:
		return wrong("The database role %s is not held by row-level security: ALTER ROLE %s NOBYPASSRLS.", name, name)
	case role == RoleWork && !r.BypassRLS:
		return wrong("The database role %s is held by row-level security, under which bulk copies do not work: run, as a superuser, ALTER ROLE %s BYPASSRLS.", name, name)
	}
	return nil
}
