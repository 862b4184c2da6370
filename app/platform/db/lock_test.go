package db_test

import (
	"testing"

	"tierbook/app/platform/db"
	"tierbook/app/platform/dbtest"
)

func TestDB_Lock(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	lock := func(keys ...db.LockKey) *db.Lock {
		t.Helper()
		l, ok, err := b.Work.Lock(t.Context(), keys...)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return nil
		}
		t.Cleanup(l.Release)
		return l
	}
	ab := lock("a", "b", "a")
	if ab == nil || !ab.Alive(t.Context()) {
		t.Fatal("free locks were not given")
	}
	if lock("c", "b") != nil {
		t.Error("one lock was held twice")
	}
	if lock("c") == nil {
		t.Error("c stayed locked by an attempt that got only one of two")
	}
	held, err := b.Work.Held(t.Context(), "a", "b", "c", "d")
	if err != nil {
		t.Fatal(err)
	}
	if !held["a"] || !held["b"] || !held["c"] || held["d"] {
		t.Errorf("held: %v", held)
	}
	ab.Release()
	ab.Release()
	if ab.Alive(t.Context()) {
		t.Error("a released lock says that it is held")
	}
	if lock("a") == nil || lock("b") == nil {
		t.Error("released locks were not given")
	}
}

func TestLock_Alive_AfterItsConnectionDied(t *testing.T) {
	t.Parallel()
	b := dbtest.New(t)
	l, ok, err := b.Work.Lock(t.Context(), "a")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	b.Exec(t, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
	if l.Alive(t.Context()) {
		t.Error("the lock's connection is gone, and the lock with it")
	}
	l.Release()
}
