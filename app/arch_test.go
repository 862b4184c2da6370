package app

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// module is the prefix of our own import paths.
const module = "tierbook/"

// A layer says which packages of ours the files below from may import. {m}
// stands for one module's name, the same on both sides.
type layer struct {
	from string
	may  []string
}

// layers are tried in order; the first that fits an importing file decides.
var layers = []layer{
	{"app/kernel/", []string{"app/kernel/"}},
	{"app/platform/web", []string{"app/kernel/", "app/platform/", "views/ui", "views/layout", "static"}},
	{"app/platform/", []string{"app/kernel/", "app/platform/", "migrations"}},
	{"app/demo/", []string{"app/demo/", "app/kernel/", "app/platform/scope", "app/platform/texttable"}},
	{"app/", []string{"app/", "modules/", "views/", "rules", "configs", "migrations", "static", "bench"}},
	{"rules/", []string{"app/kernel/", "rules"}},
	{"views/ui/", []string{"app/kernel/", "static"}},
	{"views/layout/", []string{"app/kernel/", "views/ui", "static"}},
	{"views/gallery/", []string{"app/kernel/", "views/"}},
	{"views/{m}/", []string{"app/kernel/", "views/ui", "views/layout", "views/{m}"}},
	{"static/", nil},
	{"modules/{m}/", []string{"app/kernel/", "app/platform/", "rules", "views/ui", "views/layout", "views/{m}", "modules/{m}"}},
	{"configs/", nil},
	{"migrations/", nil},
	{"bench/", []string{"bench", "rules", "app/kernel/", "app/demo", "modules/usage/synthetic"}},
	{"main.go", []string{"app/command"}},
}

// homes are the only files that may import a library: everything that others
// need of it goes through them.
var homes = map[string][]string{
	"github.com/gofiber/fiber/v2":      {"app/*.go", "app/platform/**", "modules/*/http*.go"},
	"gorm.io/":                         {"app/platform/**", "modules/*/store*.go"},
	"github.com/casbin/casbin/v2":      {"app/platform/authz/**"},
	"github.com/riverqueue/river":      {"app/*.go", "app/platform/**", "modules/*/jobs*.go", "modules/*/module.go"},
	"github.com/expr-lang/expr":        {"rules/**"},
	"github.com/parquet-go/parquet-go": {"modules/usage/internal/**", "bench/**"},
	"github.com/spf13/cobra":           {"app/command/**"},
	"gocloud.dev/":                     {"app/platform/blob/**", "modules/usage/internal/source/**"},
	"github.com/a-h/templ":             {"views/**", "app/platform/web/**", "app/*.go", "modules/*/http*.go"},
}

func TestArchitecture_Imports(t *testing.T) {
	t.Parallel()
	for _, v := range violations(t, os.DirFS("..")) {
		t.Error(v)
	}
}

// A rule that has never refused anything is not trusted.
func TestArchitecture_RefusesFixtures(t *testing.T) {
	t.Parallel()
	bad := fstest.MapFS{}
	for file, imported := range map[string]string{
		"modules/billing/a.go":           "tierbook/modules/usage",
		"modules/billing/service.go":     "gorm.io/gorm",
		"modules/billing/b.go":           "tierbook/app",
		"modules/billing/rate.go":        "github.com/riverqueue/river",
		"modules/billing/c.go":           "tierbook/configs",
		"modules/usage/d.go":             "tierbook/app/platform/dbtest",
		"app/kernel/money/e.go":          "tierbook/app/platform/db",
		"app/platform/db/f.go":           "tierbook/modules/billing",
		"app/platform/db/g.go":           "github.com/casbin/casbin/v2",
		"app/platform/authz/k.go":        "tierbook/configs",
		"rules/h.go":                     "tierbook/app/platform/db",
		"configs/i.go":                   "tierbook/app/kernel/money",
		"app/wire_fiber/j.go":            "github.com/spf13/cobra",
		"modules/contracts/evaluate.go":  "github.com/expr-lang/expr",
		"modules/usage/http_accounts.go": "gorm.io/driver/postgres",
		"modules/usage/http_x.go":        "tierbook/views/billing",
		"views/usage/l.go":               "tierbook/modules/usage",
		"views/billing/m.go":             "tierbook/views/usage",
		"views/ui/n.go":                  "tierbook/views/layout",
		"unheard/of.go":                  "fmt",
	} {
		pkg := path.Base(path.Dir(file))
		bad[file] = &fstest.MapFile{Data: fmt.Appendf(nil, "package %s\nimport _ %q\n", pkg, imported)}
	}
	bad["modules/billing/store_x.go"] = &fstest.MapFile{Data: []byte("package billing\nconst q = `SELECT 1 FROM usage_accounts a`\n")}
	got := violations(t, bad)
	for file := range bad {
		if !slices.ContainsFunc(got, func(v string) bool { return strings.HasPrefix(v, file+":") }) {
			t.Errorf("%s was not refused", file)
		}
	}
}

func TestArchitecture_EveryModuleIsUsed(t *testing.T) {
	t.Parallel()
	wire, err := os.ReadFile("wire.go")
	if err != nil {
		t.Fatal(err)
	}
	modules, err := os.ReadDir("../modules")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range modules {
		if !strings.Contains(string(wire), strconv.Quote(module+"modules/"+m.Name())) {
			t.Errorf("modules/%s is not wired in app/wire.go", m.Name())
		}
	}
}

// violations returns one sentence for every import and table name in root that
// the rules above do not allow.
func violations(t *testing.T, root fs.FS) []string {
	t.Helper()
	var out []string
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "var" || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go"):
			return nil
		}
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		out = append(out, inFile(file, text)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func inFile(file string, text []byte) []string {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", file, err)}
	}
	l, known := layerOf(file)
	if !known {
		return []string{file + ": no layer knows this directory"}
	}
	var out []string
	for _, spec := range parsed.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if why := refuse(file, l, imported); why != "" {
			out = append(out, fmt.Sprintf("%s: imports %s: %s", file, imported, why))
		}
	}
	return append(out, foreignTables(file, text)...)
}

func layerOf(file string) (layer, bool) {
	for _, l := range layers {
		from := strings.ReplaceAll(l.from, "{m}", moduleOf(file))
		if strings.HasPrefix(file, from) {
			l.may = slices.Clone(l.may)
			for i := range l.may {
				l.may[i] = strings.ReplaceAll(l.may[i], "{m}", moduleOf(file))
			}
			return l, true
		}
	}
	return layer{}, false
}

// moduleOf returns the module that file belongs to, "" for none.
func moduleOf(file string) string {
	parts := strings.Split(file, "/")
	if len(parts) > 2 && (parts[0] == "modules" || parts[0] == "views") {
		return parts[1]
	}
	return ""
}

// refuse says why file may not import what it does, "" if it may.
func refuse(file string, l layer, imported string) string {
	ours, isOurs := strings.CutPrefix(imported, module)
	isTest := strings.HasSuffix(file, "_test.go") || strings.Contains(path.Dir(file), "test")
	switch {
	case isOurs && strings.HasSuffix(ours, "test") && !isTest:
		return "test help is for tests"
	case isOurs && !isTest && !slices.ContainsFunc(l.may, func(p string) bool { return within(ours, p) }):
		return fmt.Sprintf("%s may import %s", l.from, strings.Join(l.may, ", "))
	case isOurs && isTest && moduleOf(file) != "" && strings.HasPrefix(ours, "modules/") && !within(ours, "modules/"+moduleOf(file)):
		return "modules meet only in app/wire.go, in tests too"
	}
	for library, files := range homes {
		if within(imported, strings.TrimSuffix(library, "/")) && !isTest && !slices.ContainsFunc(files, func(p string) bool { return matches(p, file) }) {
			return "only " + strings.Join(files, ", ") + " may know it"
		}
	}
	return ""
}

// within reports whether p is dir or lies below it.
func within(p, dir string) bool {
	dir = strings.TrimSuffix(dir, "/")
	return p == dir || strings.HasPrefix(p, dir+"/")
}

// matches reports whether file fits pattern, in which ** stands for any path.
func matches(pattern, file string) bool {
	if dir, ok := strings.CutSuffix(pattern, "**"); ok {
		return strings.HasPrefix(file, dir)
	}
	ok, _ := path.Match(pattern, file)
	return ok
}

// sqlTable finds the table after a word that names one in SQL.
var sqlTable = regexp.MustCompile(`\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+(?:ONLY\s+)?([a-z]+)_[a-z_]+`)

// tables are the prefixes of tables with an owner.
var tables = []string{"tenancy", "usage", "contracts", "billing", "audit", "customers", "utilities", "catalogue", "reports"}

// foreignTables finds SQL in a module that names another module's table.
func foreignTables(file string, text []byte) []string {
	own := moduleOf(file)
	if own == "" || strings.HasSuffix(file, "_test.go") {
		return nil
	}
	var out []string
	for _, m := range sqlTable.FindAllSubmatch(text, -1) {
		if prefix := string(m[1]); prefix != own && slices.Contains(tables, prefix) {
			out = append(out, fmt.Sprintf("%s: names the table %s: each module reads its own", file, m[0]))
		}
	}
	return out
}
