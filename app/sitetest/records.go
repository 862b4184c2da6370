package sitetest

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// Records are ids of what has a page of its own, by whose it is.
type Records struct {
	Contracts  map[string]string // by "seller>buyer", "seller>" for a base contract
	Runs       map[string]string // by the tenant that has asked for it: the newest complete one
	Deliveries map[string]string // by owner
	Imports    map[string]string // by owner
}

// Records looks up what the site's database has.
func (s *Site) Records(t testing.TB) Records {
	t.Helper()
	return Records{
		Contracts: s.Find(t, `SELECT s.slug || '>' || coalesce(b.slug, ''), c.id::text FROM contracts_contracts c
			JOIN tenancy_tenants s ON s.id = c.seller_id LEFT JOIN tenancy_tenants b ON b.id = c.buyer_id`),
		Runs: s.Find(t, `SELECT t.slug, r.id::text FROM billing_runs r JOIN tenancy_tenants t ON t.id = r.acting_tenant
			WHERE r.kind = 'line' AND r.state = 'complete' ORDER BY r.requested_at`),
		Deliveries: s.Find(t, `SELECT t.slug, d.id::text FROM usage_deliveries d JOIN tenancy_tenants t ON t.id = d.owner_id
			WHERE d.state = 'current' ORDER BY d.month`),
		Imports: s.Find(t, `SELECT t.slug, i.id::text FROM usage_imports i JOIN tenancy_tenants t ON t.id = i.owner_id ORDER BY i.started_at`),
	}
}

// Find runs a query of two text columns past every policy and returns the
// second by the first; of equal firsts the last.
func (s *Site) Find(t testing.TB, sql string, args ...any) map[string]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.DB.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	var key, value string
	if _, err := pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		out[key] = value
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}
