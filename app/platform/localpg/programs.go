package localpg

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"tierbook/app/kernel/errs"
)

// minMajor is the oldest PostgreSQL that has all that the schema needs
// (UNIQUE NULLS NOT DISTINCT).
const minMajor = 15

// programs are one installed PostgreSQL server.
type programs struct {
	dir   string
	major int
}

func (p programs) path(name string) string { return filepath.Join(p.dir, name) }

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// findPrograms returns the newest server on this machine, or the one of major
// if it is not 0: a cluster's files are read by the version that made them.
func findPrograms(ctx context.Context, major int) (programs, error) {
	found := installed(ctx, candidates())
	if major != 0 {
		found = slices.DeleteFunc(found, func(p programs) bool { return p.major != major })
	}
	if len(found) > 0 && found[0].major >= minMajor {
		return found[0], nil
	}
	if major != 0 {
		return programs{}, errs.Newf(errs.FailedPrecondition, "localpg.missing",
			"The private PostgreSQL was made by version %d, which is not installed: apt-get install postgresql-%d.", major, major)
	}
	return programs{}, errs.Newf(errs.FailedPrecondition, "localpg.missing",
		"No PostgreSQL server of version %d or newer is installed: apt-get install postgresql, or set DATABASE_URL, DATABASE_URL_WEB and DATABASE_URL_WORK to use a server of your own.", minMajor)
}

// candidates are the directories that may hold a server's programs.
func candidates() []string {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // Debian, Ubuntu
	more, _ := filepath.Glob("/usr/pgsql-*/bin")          // Red Hat
	dirs = append(dirs, more...)
	if p, err := exec.LookPath("postgres"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(p))
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// installed returns the complete servers among dirs, newest first.
func installed(ctx context.Context, dirs []string) []programs {
	var found []programs
	for _, dir := range dirs {
		if !hasAll(dir, "postgres", "initdb", "pg_ctl") {
			continue
		}
		out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output() //nolint:gosec // a program found above
		if err != nil {
			continue
		}
		if m := versionPattern.FindSubmatch(out); m != nil {
			major, _ := strconv.Atoi(string(m[1]))
			found = append(found, programs{dir: dir, major: major})
		}
	}
	slices.SortStableFunc(found, func(a, b programs) int { return cmp.Compare(b.major, a.major) })
	return found
}

func hasAll(dir string, names ...string) bool {
	for _, n := range names {
		if _, err := os.Stat(filepath.Join(dir, n)); err != nil {
			return false
		}
	}
	return true
}
