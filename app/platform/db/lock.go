package db

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// LockKey names something that one process at a time may work on, such as
// "billing.line:<assignee>:2026-03". Names are hashed to PostgreSQL's 64 bits.
type LockKey string

func (k LockKey) number() int64 {
	sum := sha256.Sum256([]byte(k))
	return int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // any 64 bits will do
}

// Lock holds advisory locks until Release, or until its process or connection
// dies.
type Lock struct {
	mu   sync.Mutex
	conn *pgx.Conn
}

// Lock tries to take all of keys at once, on a connection of its own outside
// the pool. It does not wait: ok is false, and nothing is held, if another
// session holds one of them. Locks are per database and are held by the
// session, not by a transaction.
func (d *DB) Lock(ctx context.Context, keys ...LockKey) (lock *Lock, ok bool, err error) {
	cfg := d.pool.Config().ConnConfig.Copy()
	cfg.RuntimeParams["application_name"] = d.opts.Application + " lock"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, false, fmt.Errorf("connect for a lock: %w", err)
	}
	lock = &Lock{conn: conn}
	for _, n := range numbers(keys) {
		var got bool
		err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", n).Scan(&got)
		if err != nil || !got {
			lock.Release()
			return nil, false, Translate(err)
		}
	}
	return lock, true, nil
}

// numbers returns keys' numbers in order and once each, so that two sessions
// that want the same keys meet at the first.
func numbers(keys []LockKey) []int64 {
	out := make([]int64, len(keys))
	for i, k := range keys {
		out[i] = k.number()
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Alive reports whether the locks are still held: false once the connection
// was lost or the lock was released.
func (l *Lock) Alive(ctx context.Context) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn != nil && l.conn.Ping(ctx) == nil
}

// Release gives the locks back. A second call does nothing.
func (l *Lock) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, _ = l.conn.Exec(ctx, "SELECT pg_advisory_unlock_all()") // before Close returns, not when the server notices
	_ = l.conn.Close(ctx)
	l.conn = nil
}

// Held tells which of keys some session holds at this moment. It is a hint for
// sweepers: only Lock decides.
func (d *DB) Held(ctx context.Context, keys ...LockKey) (map[LockKey]bool, error) {
	rows, err := d.pool.Query(ctx, `
		SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
		WHERE locktype = 'advisory' AND objsubid = 1 AND granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	if err != nil {
		return nil, fmt.Errorf("read locks: %w", err)
	}
	taken, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("read locks: %w", err)
	}
	out := make(map[LockKey]bool, len(keys))
	for _, k := range keys {
		out[k] = slices.Contains(taken, k.number())
	}
	return out, nil
}
