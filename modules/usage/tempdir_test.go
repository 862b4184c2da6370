package usage

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestSweep_RemovesWhatDeadImportsLeft(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dead := filepath.Join(parent, tempPrefix+"1")
	other := filepath.Join(parent, "other")
	for _, dir := range []string{dead, other} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "run"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	alive, err := newTempDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	if err := sweep(parent); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{dead: false, other: true, alive.path: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", filepath.Base(path), err == nil, want)
		}
	}
	alive.remove()
	if _, err := os.Stat(alive.path); err == nil {
		t.Error("an import leaves its directory behind")
	}
}

func TestSweep_LeavesDirectoriesOfImportsThatBegin(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if err := sweep(parent); err != nil {
					t.Error(err)
				}
				d, err := newTempDir(parent)
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(filepath.Join(d.path, "run"), nil, 0o600); err != nil {
					t.Error(err)
				}
				d.remove()
			}
		})
	}
	wg.Wait()
}

func TestService_Import_RemovesWhatDeadImportsLeft(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dead := filepath.Join(b.temp, tempPrefix+"1")
	if err := os.Mkdir(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	b.load(t, b.north, file(t, "march.csv", new(cur).line("1", "2026-03", "2026-03-01", "2026-03-02", "5").text()))
	left, err := os.ReadDir(b.temp)
	if err != nil || len(left) > 0 {
		t.Errorf("%v, %v are left", left, err)
	}
}
