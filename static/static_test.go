package static_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"

	"tierbook/static"
)

func TestURL(t *testing.T) {
	t.Parallel()
	for _, name := range static.Names() {
		ext := filepath.Ext(name)
		want := regexp.MustCompile(`^/static/` + regexp.QuoteMeta(strings.TrimSuffix(name, ext)) + `\.[0-9a-f]{8}` + ext + `$`)
		if url := static.URL(name); !want.MatchString(url) {
			t.Errorf("URL(%q) = %q", name, url)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	t.Run("EveryNameAnswersUnderItsURL", func(t *testing.T) {
		t.Parallel()
		for _, name := range static.Names() {
			want, err := os.ReadFile(filepath.FromSlash(name))
			if err != nil {
				t.Fatal(err)
			}
			f, ok := static.Lookup(static.URL(name))
			if !ok || f.Name != name || !bytes.Equal(f.Body, want) {
				t.Errorf("%s: found %t, %q with %d bytes, want %d", name, ok, f.Name, len(f.Body), len(want))
			}
			if f.ContentType == "" || len(f.ETag) != 18 {
				t.Errorf("%s: content type %q, etag %s", name, f.ContentType, f.ETag)
			}
		}
	})
	t.Run("PackedVariantsHoldTheSameBytes", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"app.css", "vendor/htmx.min.js"} {
			f, _ := static.Lookup(static.URL(name))
			zr, err := gzip.NewReader(bytes.NewReader(f.Gzip))
			if err != nil {
				t.Fatal(err)
			}
			for kind, r := range map[string]io.Reader{"gzip": zr, "brotli": brotli.NewReader(bytes.NewReader(f.Brotli))} {
				if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, f.Body) {
					t.Errorf("%s: %s holds %d bytes (%v), want %d", name, kind, len(got), err, len(f.Body))
				}
			}
			if len(f.Gzip) >= len(f.Body) || len(f.Brotli) >= len(f.Gzip) {
				t.Errorf("%s: %d bytes, gzip %d, brotli %d", name, len(f.Body), len(f.Gzip), len(f.Brotli))
			}
		}
	})
	t.Run("OtherPathsAreUnknown", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{
			"", "/", "/static/", "/static/app.css", "/static/app.00000000.css", "app.css", "/static/vendor/manifest.json",
			"/static/../static.go", static.URL("app.css") + "/", strings.ToUpper(static.URL("app.css")), static.URL("nothing.js"),
		} {
			if f, ok := static.Lookup(path); ok {
				t.Errorf("Lookup(%q) = %s", path, f.Name)
			}
		}
	})
}

// Whoever edits a bundled file by hand, or a source without bundling it anew,
// is told here.
func TestManifest(t *testing.T) {
	t.Parallel()
	var manifest struct{ Sources, Files map[string]string }
	text, err := os.ReadFile("vendor/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	want, got := maps.Clone(manifest.Files), map[string]string{}
	maps.Copy(want, manifest.Sources)
	for name := range want {
		body, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body)
		got[name] = hex.EncodeToString(sum[:])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("run make assets (-manifest +files):\n%s", diff)
	}
	for _, name := range static.Names() {
		if _, ok := manifest.Files["static/"+name]; !ok && strings.HasPrefix(name, "vendor/") {
			t.Errorf("%s is not in the manifest", name)
		}
	}
}

// The content security policy lets nothing load from elsewhere, and nobody
// should have to find out in a browser.
func TestAssets_LoadNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	outside := regexp.MustCompile(`@import[^;]*|url\(\s*["']?(?:https?:|//)[^)]*\)|sourceMappingURL=\S*`)
	for _, name := range static.Names() {
		f, _ := static.Lookup(static.URL(name))
		if found := outside.FindAll(f.Body, 3); len(found) > 0 && !strings.HasSuffix(name, ".txt") {
			t.Errorf("%s loads %s", name, bytes.Join(found, []byte(", ")))
		}
	}
}

func TestHasIcon(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"receipt": true, "x": true, "no-such-icon": false, "": false} {
		if got := static.HasIcon(name); got != want {
			t.Errorf("HasIcon(%q) = %t", name, got)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	names := static.Names()
	if !slices.IsSorted(names) {
		t.Errorf("not sorted: %q", names)
	}
	for _, want := range []string{"app.css", "app.js", "icons.svg", "theme.js", "vendor/htmx.min.js", "vendor/LICENSES.txt"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is missing from %q", want, names)
		}
	}
}
