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

// What was published before documents had names gets them, by the owner, whom
// row-level security holds back as well; no sum changes.
func TestMigrate_NamesPublishedParties(t *testing.T) {
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
	const before, names = 24, 25
	if _, err := p.DownTo(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	const publish = `
		INSERT INTO billing_period_published (tree_id, seller_id, buyer_id, month, seller, buyer, run_id, currency, lines, fees, rounding)
		SELECT d.id, d.id, r.id, $1, d.slug, r.slug, x.id, 'USD', 10.004, 2, -0.004
		FROM tenancy_tenants d, tenancy_tenants r, billing_runs x WHERE d.tier = 1 AND r.tier = 2`
	b.Exec(t, `
		INSERT INTO tenancy_tenants (id, tree_id, tier, slug, name, created_at) VALUES
			('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000001', 1, 'dist', 'Distributor', now()),
			('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 2, 'north', 'Northern Light', now());
		INSERT INTO tenancy_parents (tenant_id, parent_id, tree_id, months)
			SELECT r.id, r.tree_id, r.tree_id, '(,)' FROM tenancy_tenants r WHERE tier = 2;
		INSERT INTO tenancy_closure (ancestor_id, descendant_id, tree_id, depth, months)
			SELECT tree_id, id, tree_id, 1, '(,)' FROM tenancy_tenants WHERE tier = 2;
		INSERT INTO billing_runs (id, tree_id, kind, acting_tenant, seller_id, buyer_id, month, state, reason, actor, requested_at)
			SELECT '00000000-0000-7000-8000-000000000003', tree_id, 'period', tree_id, tree_id, id, '2026-03-01', 'complete', 'test', 'test', now()
			FROM tenancy_tenants WHERE tier = 2`)
	b.Exec(t, publish, "2026-03-01")
	admin, err := pgx.Connect(t.Context(), b.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(t.Context()) }()
	read := func(sql string) string {
		t.Helper()
		var out string
		if err := admin.QueryRow(t.Context(), sql).Scan(&out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	const (
		sums  = `SELECT string_agg(format('%s: %s, %s, %s', month, documents, charged, total), '; ' ORDER BY month) FROM billing_seller_totals`
		named = `SELECT string_agg(format('%s → %s', seller_name, buyer_name), '; ' ORDER BY month) FROM billing_period_published`
	)
	total := read(sums)
	if total != "2026-03-01: 1, 1.996, 12.00" {
		t.Fatal(total)
	}
	if _, err := p.UpTo(t.Context(), names); err != nil {
		t.Fatal(err)
	}
	if got := read(named); got != "Distributor → Northern Light" {
		t.Errorf("the names are %q", got)
	}
	if got := read(sums); got != total {
		t.Errorf("the sums are %q, were %q", got, total)
	}
	if got := read(`SELECT string_agg(seller_id || ' ' || name, '; ' ORDER BY tenant_id) FROM billing_party_names`); got != "00000000-0000-7000-8000-000000000001 Distributor; 00000000-0000-7000-8000-000000000001 Northern Light" {
		t.Errorf("names are looked for among %q", got)
	}
	// A worker of the version before goes on publishing, and counts.
	b.Exec(t, publish, "2026-04-01")
	if got := read(named); got != "Distributor → Northern Light;  → " {
		t.Errorf("the names are %q", got)
	}
	total += "; 2026-04-01: 1, 1.996, 12.00"
	if got := read(sums); got != total {
		t.Errorf("the sums are %q, want %q", got, total)
	}
	if got := read(`SELECT string_agg(relname || relforcerowsecurity, ' ' ORDER BY relname) FROM pg_class
		WHERE relname IN ('tenancy_tenants', 'billing_period_published')`); got != "billing_period_publishedtrue tenancy_tenantstrue" {
		t.Errorf("row-level security of the owner: %s", got)
	}
	if _, err := p.DownTo(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if got := read(sums); got != total || read(`SELECT count(*)::text FROM billing_period_published`) != "2" {
		t.Errorf("down again: %q", got)
	}
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
