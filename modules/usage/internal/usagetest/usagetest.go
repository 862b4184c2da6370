// Package usagetest helps tests of this module to real billing files.
package usagetest

import (
	"os"
	"path/filepath"
	"testing"
)

// Data returns the path of a file or directory of real billing data, in
// ../shared/data from the project's root. Where that folder is absent the test
// is skipped, by name and aloud.
func Data(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	data := filepath.Join(dir, "..", "shared", "data")
	if _, err := os.Stat(data); err != nil {
		t.Skipf("SKIPPED %s: real billing data are not at %s", t.Name(), data)
	}
	return filepath.Join(data, filepath.FromSlash(name))
}
