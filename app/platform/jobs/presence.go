package jobs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tierbook/app/platform/db"
)

// Presence shows that a client lives: it holds a lock that PostgreSQL gives
// back when the process dies, however it died. River itself would notice after
// an hour.
type Presence struct {
	client *Client
	db     *db.DB
	lock   *db.Lock
}

// attendEvery is how often a client looks for what others left behind.
const attendEvery = 2 * time.Second

// Attend makes c known as alive. Call it before Start, and Leave after Stop. d
// is the work role's; the lock takes a connection of its own.
func (c *Client) Attend(ctx context.Context, d *db.DB) (*Presence, error) {
	p := &Presence{client: c, db: d}
	return p, p.hold(ctx)
}

func (p *Presence) hold(ctx context.Context) error {
	lock, ok, err := p.db.Lock(ctx, workerKey(p.client.ID()))
	if err != nil || !ok { // not ok: our own former connection has not ended yet
		return err
	}
	p.lock = lock
	return nil
}

// Leave says that the client is gone.
func (p *Presence) Leave() {
	if p.lock != nil {
		p.lock.Release()
	}
}

// Run puts the jobs of clients that died back into the queue, until ctx ends. A
// start that ended so does not count as an attempt.
func (p *Presence) Run(ctx context.Context) error {
	return Sweep(ctx, attendEvery, p.client.log, "look for jobs that were left behind", p.look)
}

func (p *Presence) look(ctx context.Context) error {
	if p.lock == nil || !p.lock.Alive(ctx) { // the server was restarted
		if err := p.hold(ctx); err != nil {
			return err
		}
	}
	found, err := FindTaken(ctx, p.db)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(found.left, func(j takenJob) bool { return j.Worker == p.client.ID() })
	if len(left) == 0 {
		return nil
	}
	ids := make([]int64, len(left))
	for i, j := range left {
		ids[i] = j.ID
	}
	p.client.log.WarnContext(ctx, "jobs put back: their worker is gone", "jobs", ids)
	_, err = p.db.Pool().Exec(ctx, `UPDATE river_job SET state = 'available', scheduled_at = now(), attempt = greatest(attempt - 1, 0)
		WHERE id = ANY ($1) AND state = 'running'`, ids)
	return err
}

func workerKey(worker string) db.LockKey { return db.LockKey("jobs.worker:" + worker) }

// Taken is the jobs that workers have taken from the queue.
type Taken struct {
	UnderWay int // whose worker lives
	left     []takenJob
}

// Left is how many a worker took that has died since.
func (t Taken) Left() int { return len(t.left) }

type takenJob struct {
	ID     int64
	Worker string
}

// FindTaken tells which of the jobs that are taken somebody works on.
func FindTaken(ctx context.Context, d *db.DB) (Taken, error) {
	rows, err := d.Pool().Query(ctx, `SELECT id, coalesce(attempted_by[array_upper(attempted_by, 1)], '') FROM river_job WHERE state = 'running'`)
	if err != nil {
		return Taken{}, fmt.Errorf("read the queue: %w", err)
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[takenJob])
	if err != nil {
		return Taken{}, fmt.Errorf("read the queue: %w", err)
	}
	keys := make([]db.LockKey, len(jobs))
	for i, j := range jobs {
		keys[i] = workerKey(j.Worker)
	}
	held, err := d.Held(ctx, keys...)
	if err != nil {
		return Taken{}, err
	}
	var out Taken
	for i, j := range jobs {
		if held[keys[i]] {
			out.UnderWay++
		} else {
			out.left = append(out.left, j)
		}
	}
	return out, nil
}
