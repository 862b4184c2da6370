package db_test

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"tierbook/app/platform/db"
	"tierbook/app/platform/dbtest"
)

// shape lists what the schema is made of.
func shape(t *testing.T, url string) map[string]bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), `
		SELECT format('%s.%s %s %s', table_name, column_name, data_type, is_nullable) FROM information_schema.columns WHERE table_schema = 'public'
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
		UNION ALL SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL SELECT format('policy %s on %s: %s %s %s', policyname, tablename, cmd, qual, with_check) FROM pg_policies WHERE schemaname = 'public'
		UNION ALL SELECT 'function ' || p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
		UNION ALL SELECT format('grant %s %s to %s', privilege_type, table_name, grantee) FROM information_schema.role_table_grants WHERE table_schema = 'public'`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]bool, len(lines))
	for _, l := range lines {
		out[l] = true
	}
	return out
}

func TestMigrate_EachDownUndoesItsUp(t *testing.T) {
	t.Parallel()
	b := dbtest.Empty(t)
	if err := db.Migrate(t.Context(), b.OwnerURL, b.WebURL, b.WorkURL); err != nil {
		t.Fatal(err)
	}
	cfg, err := pgx.ParseConfig(b.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	std := stdlib.OpenDB(*cfg)
	t.Cleanup(func() { _ = std.Close() })
	p, err := db.NewProvider(std)
	if err != nil {
		t.Fatal(err)
	}
	want := shape(t, b.OwnerURL)
	sources := p.ListSources()
	shapes := make([]map[string]bool, len(sources)+1) // by number of migrations applied
	shapes[len(sources)] = want
	for n := len(sources) - 1; n >= 0; n-- {
		if _, err := p.Down(t.Context()); err != nil {
			t.Fatalf("down from %s: %v", sources[n].Path, err)
		}
		shapes[n] = shape(t, b.OwnerURL)
	}
	for n := 1; n <= len(sources); n++ {
		if _, err := p.UpByOne(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n < len(sources) {
			compare(t, sources[n-1].Path, without(shapes[n], "grant "), without(shape(t, b.OwnerURL), "grant "))
		}
	}
	if err := db.Migrate(t.Context(), b.OwnerURL, b.WebURL, b.WorkURL); err != nil {
		t.Fatal(err)
	}
	compare(t, "up again", want, shape(t, b.OwnerURL))
}

func without(lines map[string]bool, prefix string) map[string]bool {
	out := make(map[string]bool, len(lines))
	for l := range lines {
		if len(l) < len(prefix) || l[:len(prefix)] != prefix {
			out[l] = true
		}
	}
	return out
}

func compare(t *testing.T, what string, want, got map[string]bool) {
	t.Helper()
	for l := range want {
		if !got[l] {
			t.Errorf("%s: missing: %s", what, l)
		}
	}
	for l := range got {
		if !want[l] {
			t.Errorf("%s: left over: %s", what, l)
		}
	}
}

func TestMigrate_ManyAtOnce(t *testing.T) {
	t.Parallel()
	b := dbtest.Empty(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := db.Migrate(t.Context(), b.OwnerURL, b.WebURL, b.WorkURL); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A database that lost the grants gets them back.
func TestMigrate_GrantsAnew(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	web := connect(t, b.WebURL).Config().User
	for _, lost := range []string{
		"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM " + web,
		"COMMENT ON TABLE goose_db_version IS 'grants of another version'; REVOKE SELECT ON usage_imports FROM " + web,
	} {
		b.Exec(t, lost)
		if _, err := connect(t, b.WebURL).Exec(t.Context(), "SELECT FROM usage_imports"); !isPrivilege(err) {
			t.Fatalf("nothing was lost by %s: %v", lost, err)
		}
		if err := db.Migrate(t.Context(), b.OwnerURL, b.WebURL, b.WorkURL); err != nil {
			t.Fatal(err)
		}
		if _, err := connect(t, b.WebURL).Exec(t.Context(), "SELECT FROM usage_imports"); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkMigrate_NothingToDo(b *testing.B) {
	d := dbtest.New(b)
	for b.Loop() {
		if err := db.Migrate(b.Context(), d.OwnerURL, d.WebURL, d.WorkURL); err != nil {
			b.Fatal(err)
		}
	}
}
