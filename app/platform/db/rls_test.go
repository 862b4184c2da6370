package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
)

// table is one of ours as pg_class has it; the queue's and the migrations' own
// tables hold nothing of a tenant.
type table struct {
	Name      string
	Enabled   bool // row-level security
	Forced    bool // for its owner, too
	Policies  int
	Partition bool
	Columns   []string
	Types     []string
}

func tables(t *testing.T, b *dbtest.Bundle) []table {
	t.Helper()
	rows, err := connect(t, b.AdminURL).Query(t.Context(), `
		SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid), c.relispartition,
			array_agg(a.attname::text ORDER BY a.attnum), array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum)
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
			AND c.relname NOT LIKE 'river\_%' AND c.relname <> 'goose_db_version'
		GROUP BY c.oid ORDER BY c.relname`)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// samples are values of each type that the schema uses; every uuid is the
// tenant that the row belongs to.
var samples = map[string]string{
	"uuid": "$1::uuid", "text": "'x'", "date": "'2026-03-01'", "daterange": "'(,)'", "numeric": "1", "boolean": "true", "jsonb": "'{}'",
	"timestamp with time zone": "now()", "smallint": "1", "integer": "1", "bigint": "1", "bytea": "'x'",
}

// insert returns a statement that writes a row which belongs, in every way, to
// the tenant $1.
func (tb table) insert(t *testing.T) string {
	t.Helper()
	values := make([]string, len(tb.Columns))
	for i, typ := range tb.Types {
		v, ok := samples[typ]
		if !ok {
			t.Fatalf("%s.%s is of type %s, of which this test has no sample", tb.Name, tb.Columns[i], typ)
		}
		values[i] = v
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", tb.Name, strings.Join(tb.Columns, ", "), strings.Join(values, ", "))
}

// seed gives tenant a row in every table. What the rows say is nonsense, so
// the constraints that would notice are dropped first.
func seed(t *testing.T, b *dbtest.Bundle, tbs []table, tenant scope.Scope) {
	t.Helper()
	conn := connect(t, b.AdminURL)
	_, err := conn.Exec(t.Context(), `
		SET session_replication_role = replica;
		SELECT billing_ensure_month('2026-03-01');
		DO $$ DECLARE c record; BEGIN
			FOR c IN SELECT conrelid::regclass AS rel, conname FROM pg_constraint
				WHERE connamespace = 'public'::regnamespace AND contype = 'c' AND conislocal AND conrelid <> 0 LOOP
				EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.rel, c.conname);
			END LOOP;
		END $$`)
	if err != nil {
		t.Fatal(err)
	}
	for _, tb := range tbs {
		if tb.Partition {
			continue
		}
		if _, err := conn.Exec(t.Context(), tb.insert(t)+" ON CONFLICT DO NOTHING", tenant.Tenant.String()); err != nil {
			t.Fatalf("%s: %v", tb.Name, err)
		}
	}
}

// count returns how many rows of tb raw SQL finds as the web role that acts
// for tenant ("": nobody); readable is false if the role may not even ask.
func count(t *testing.T, conn *pgx.Conn, tb table, tenant string) (n int, readable bool) {
	t.Helper()
	err := as(t, conn, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), "SELECT count(*) FROM "+tb.Name).Scan(&n)
	})
	if isPrivilege(err) {
		return 0, false
	}
	if err != nil {
		t.Fatalf("%s: %v", tb.Name, err)
	}
	return n, true
}

// as runs fn in a transaction that is rolled back.
func as(t *testing.T, conn *pgx.Conn, tenant string, fn func(pgx.Tx) error) error {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if tenant != "" {
		if _, err := tx.Exec(t.Context(), "SELECT set_config('app.tenant', $1, true)", tenant); err != nil {
			t.Fatal(err)
		}
	}
	return fn(tx)
}

func isPrivilege(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42501"
}

// Raw SQL as the web role finds nothing of another tenant: without a scope, in
// the scope of another tree, of a sibling, or of a customer below. The tables
// are read from the database, so a new one without a policy fails here.
func TestRowLevelSecurity(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	d := b.Tenant(t, scope.Distributor)
	owner := b.Tenant(t, scope.Reseller, d)
	strangers := map[string]string{
		"nobody":           "",
		"another tree":     b.Tenant(t, scope.Distributor).Tenant.String(),
		"a sibling":        b.Tenant(t, scope.Reseller, d).Tenant.String(),
		"a customer of it": b.Tenant(t, scope.Customer, owner).Tenant.String(),
	}
	seed(t, b, tables(t, b), owner)
	tbs := tables(t, b) // again: now with partitions
	conn := connect(t, b.WebURL)
	seen := 0
	for _, tb := range tbs {
		if !tb.Enabled || !tb.Forced {
			t.Errorf("%s: row-level security is enabled %v, forced %v", tb.Name, tb.Enabled, tb.Forced)
		}
		if tb.Policies == 0 && !tb.Partition {
			t.Errorf("%s has no policy", tb.Name)
		}
		before, readable := count(t, connect(t, b.AdminURL), tb, "")
		if !readable || before == 0 {
			t.Fatalf("%s: no row to find", tb.Name)
		}
		if n, readable := count(t, conn, tb, owner.Tenant.String()); readable && n == 0 {
			t.Errorf("%s: its owner does not see its row", tb.Name)
		} else if readable {
			seen++
		}
		for name, tenant := range strangers {
			stranger(t, conn, tb, owner, name, tenant)
		}
	}
	if seen < 20 {
		t.Errorf("only %d tables could be read at all", seen)
	}
}

// stranger tries to read, change, remove and forge rows of owner.
func stranger(t *testing.T, conn *pgx.Conn, tb table, owner scope.Scope, name, tenant string) {
	t.Helper()
	mine := strings.Join(matching(tb, "uuid"), " OR ")
	if mine == "" {
		t.Fatalf("%s says of no row whose it is", tb.Name)
	}
	for _, statement := range []string{
		"SELECT 1 FROM " + tb.Name + " WHERE " + mine,
		fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", tb.Name, tb.Columns[0], tb.Columns[0], mine),
		"DELETE FROM " + tb.Name + " WHERE " + mine,
	} {
		err := as(t, conn, tenant, func(tx pgx.Tx) error {
			tag, err := tx.Exec(t.Context(), statement, owner.Tenant.String())
			if tag.RowsAffected() > 0 {
				t.Errorf("%s: %s reached %d rows: %s", tb.Name, name, tag.RowsAffected(), statement)
			}
			return err
		})
		if err != nil && !isPrivilege(err) {
			t.Errorf("%s: %s: %v", tb.Name, name, err)
		}
	}
	err := as(t, conn, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), tb.insert(t), owner.Tenant.String())
		return err
	})
	if !isPrivilege(err) {
		t.Errorf("%s: %s may write a row of another tenant: %v", tb.Name, name, err)
	}
}

// matching returns conditions that tb's columns of typ are $1.
func matching(tb table, typ string) []string {
	var out []string
	for i, c := range tb.Columns {
		if tb.Types[i] == typ {
			out = append(out, c+" = $1::"+typ)
		}
	}
	return out
}

// Roles have what the grants say and nothing by default.
func TestGrants(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	for _, tt := range []struct{ url, statement string }{
		{b.WorkURL, "SELECT FROM tenancy_users"},
		{b.WorkURL, "SELECT FROM tenancy_user_roles"},
		{b.WorkURL, "UPDATE audit_events SET action = ''"},
		{b.WorkURL, "DELETE FROM audit_events"},
		{b.WorkURL, "CREATE TABLE mine ()"},
		{b.WorkURL, "SELECT tenancy_extend_closure(NULL, NULL, NULL)"},
		{b.WebURL, "UPDATE audit_events SET action = ''"},
		{b.WebURL, "DELETE FROM audit_events"},
		{b.WebURL, "INSERT INTO tenancy_closure DEFAULT VALUES"},
		{b.WebURL, "INSERT INTO billing_charges DEFAULT VALUES"},
		{b.WebURL, "CREATE TABLE mine ()"},
		{b.WebURL, "SELECT billing_ensure_month('2026-03-01')"},
		{b.WebURL, "ALTER TABLE billing_runs DISABLE ROW LEVEL SECURITY"},
		{b.WebURL, "SET session_replication_role = replica"},
	} {
		if _, err := connect(t, tt.url).Exec(t.Context(), tt.statement); !isPrivilege(err) {
			t.Errorf("%s: %v, want to be refused", tt.statement, err)
		}
	}
}
