package command

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"tierbook/app"
	"tierbook/app/platform/scope"
	"tierbook/modules/usage"
)

// upload asks for the import of a file as the browser does.
func (b *books) upload(a *app.App, tenant, path string) string {
	b.t.Helper()
	t, err := a.Tenancy.Resolve(b.t.Context(), tenant)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx := scope.With(b.t.Context(), scope.System(t.ID, t.Tree, t.Tier, "test"))
	f, err := os.Open(path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	u, err := a.Usage.Upload(ctx, path, f, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	i, err := a.Usage.RequestImport(ctx, usage.RequestInput{Owner: t.ID, Uploads: []usage.Upload{u}})
	if err != nil {
		b.t.Fatal(err)
	}
	return i.String()
}

// An uploaded file is imported once and whole, however often its worker is
// killed, and goes on within seconds.
func TestImport_SurvivesKilledWorkers(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	cfg, err := b.load()
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(context.WithoutCancel(t.Context()), cfg, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	conn := b.connect()
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	const state = `SELECT state FROM usage_imports WHERE id = $1`
	for round := range 3 {
		month := fmt.Sprintf("2026-%02d", round+1)
		lines := make([]string, 60_000)
		for i := range lines {
			lines[i] = fmt.Sprintf("acc-%d,Service %d,%d.5,%d.%09d,%d", i%40, i/400, i, i%97, i, i%97+1)
		}
		path := b.file(month+".csv", usageCSV("payer-1", month, "USD", lines...))
		i := b.upload(a, "north", path)
		victim := b.worker()
		until(t, conn, time.Minute, state, i, "running", "complete")
		time.Sleep(time.Duration(rnd.Int64N(int64(2 * time.Second))))
		kill(victim)
		killed := time.Now()
		successor := b.worker()
		until(t, conn, time.Minute, state, i, "complete")
		t.Logf("complete %s after the kill, at start %s", time.Since(killed).Round(time.Millisecond),
			until(t, conn, 0, `SELECT attempt::text FROM usage_imports WHERE id = $1`, i, "1", "2"))
		kill(successor)
		got := b.do("usage", "totals", "--period", month)
		b.do("import", "--tenant", "north", "--url", "file://"+path).want("deliveries.0.state", "unchanged")
		got.want("totals.0.rows", "60000")
		until(t, conn, 0, `SELECT count(*)::text FROM usage_deliveries WHERE state = 'current' AND month = ($1 || '-01')::date`, month, "1")
	}
}
