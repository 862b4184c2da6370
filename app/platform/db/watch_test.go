package db_test

import (
	"slices"
	"sync"
	"testing"

	"tierbook/app/platform/db"
	"tierbook/app/platform/dbtest"
)

func TestWatch_TellsOfEveryStatement(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []string
	ctx := db.Watch(t.Context(), func(s db.Statement) {
		mu.Lock()
		defer mu.Unlock()
		if s.Took <= 0 {
			t.Errorf("%s took %s", s.SQL, s.Took)
		}
		got = append(got, s.SQL)
	})
	d, err := db.Open(ctx, dbtest.New(t).WebURL, db.RoleWeb, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	var one int
	if err := d.Pool().QueryRow(t.Context(), "SELECT 1").Scan(&one); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if n := len(got); n == 0 || got[n-1] != "SELECT 1" || slices.Contains(got[:n-1], "SELECT 1") {
		t.Errorf("seen %q", got)
	}
}
