package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/blob"
	"tierbook/app/platform/db"
	"tierbook/app/platform/jobs"
)

// patient is a database that can be asked.
type patient struct {
	db    *db.DB
	clock clock.Clock
}

// minServer is the oldest PostgreSQL that the schema works on.
const minServer = 150000

func (p patient) server(ctx context.Context) (string, error) {
	var version string
	var number int
	err := p.db.Pool().QueryRow(ctx, "SELECT current_setting('server_version'), current_setting('server_version_num')::int").Scan(&version, &number)
	if err != nil {
		return "", err
	}
	if number < minServer {
		return "", ill("Use PostgreSQL 15 or newer.", "PostgreSQL %s is too old", version)
	}
	return "PostgreSQL " + version, nil
}

func (p patient) schema(ctx context.Context) (string, error) {
	s, err := p.db.Schema(ctx)
	if err != nil {
		return "", err
	}
	if err := s.Err(); err != nil {
		return "", err
	}
	return fmt.Sprintf("migration %d, queue %d: up to date", s.Tables, s.Queue), nil
}

// security finds tables that row-level security does not guard.
func (p patient) security(ctx context.Context) (string, error) {
	var tables int
	var open []string
	err := p.db.Pool().QueryRow(ctx, `
		SELECT count(*), coalesce(array_agg(relname::text ORDER BY relname) FILTER (WHERE NOT (relrowsecurity AND relforcerowsecurity)), '{}')
		FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
			AND relname ~ '^(tenancy|audit|usage|contracts|billing)_'`).Scan(&tables, &open)
	if err != nil {
		return "", err
	}
	if len(open) > 0 {
		return "", ill("Somebody has taken it off: for each, run as owner ALTER TABLE … ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY.",
			"off on %s", strings.Join(open, ", "))
	}
	return fmt.Sprintf("on for all %d tables", tables), nil
}

// queueLate is from when on a job that nobody takes means that nobody works.
const queueLate = time.Minute

func (p patient) queue(ctx context.Context) (string, error) {
	var waiting int
	var oldest float64
	err := p.db.Pool().QueryRow(ctx, `
		SELECT count(*), coalesce(extract(epoch FROM now() - min(scheduled_at)), 0)::float8
		FROM river_job WHERE state = 'available'`).Scan(&waiting, &oldest)
	if err != nil {
		return "", ill("Run «tierbook migrate».", "%v", err)
	}
	taken, err := jobs.FindTaken(ctx, p.db)
	if err != nil {
		return "", err
	}
	if age := time.Duration(oldest * float64(time.Second)).Round(time.Second); age > queueLate {
		return "", ill("Start «tierbook work», or give its queues more workers with TIERBOOK_WORK_QUEUES.",
			"%d jobs wait, the first for %v; %d run", waiting, age, taken.UnderWay)
	}
	if left := taken.Left(); left > 0 {
		return "", ill("Start «tierbook work»: it takes them up again within seconds.",
			"%d jobs were under way when their worker died; %d wait, %d run", left, waiting, taken.UnderWay)
	}
	return fmt.Sprintf("%d jobs wait, %d run", waiting, taken.UnderWay), nil
}

// maxSkew is what the clocks of this machine and the database may differ by.
const maxSkew = 2 * time.Second

func (p patient) time(ctx context.Context) (string, error) {
	var theirs time.Time
	before := p.clock.Now()
	if err := p.db.Pool().QueryRow(ctx, "SELECT clock_timestamp()").Scan(&theirs); err != nil {
		return "", err
	}
	after := p.clock.Now()
	skew := theirs.Sub(before.Add(after.Sub(before) / 2))
	if skew.Abs() > maxSkew+after.Sub(before)/2 {
		return "", ill("Let both machines set their clocks by NTP.", "the database's clock differs from this machine's by %v", skew.Round(time.Millisecond))
	}
	return fmt.Sprintf("differs from the database's by %v", skew.Abs().Round(time.Millisecond)), nil
}

// probe stores, reads and removes an object under a key of its own.
func probe(ctx context.Context, s *blob.Store) error {
	key, text := "doctor/"+id.New[id.Event]().String(), "written by tierbook doctor\n"
	if err := s.Put(ctx, key, strings.NewReader(text)); err != nil {
		return err
	}
	r, err := s.Get(ctx, key)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close(), s.Delete(ctx, key)); err != nil {
		return err
	}
	if string(got) != text {
		return errors.New("the object read back is not the one stored")
	}
	return nil
}
