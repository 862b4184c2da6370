// Package static holds everything that the browser loads: our style sheet and
// scripts, the icons, and the libraries that `make assets` has bundled.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

//go:embed app.css app.js theme.js icons.svg favicon.svg vendor
var embedded embed.FS

// Prefix begins the URL of every asset.
const Prefix = "/static/"

// CacheControl is right for every File: its URL changes with its bytes.
const CacheControl = "public, max-age=31536000, immutable"

// File is an asset as it goes over the wire. Its slices are shared: nobody may
// write to them.
type File struct {
	Name        string // "app.css"
	ContentType string
	ETag        string // quoted
	Body        []byte
	Gzip        []byte // nil where it would not be smaller
	Brotli      []byte // nil where it would not be smaller
}

// URL returns where the asset of that name is served: "app.css" becomes
// "/static/app.0a1b2c3d.css". The digits come from the content, so a browser
// may keep the answer for ever. An unknown name gives a URL that nothing
// answers; the tests of whoever names it see that.
func URL(name string) string {
	if a, ok := assets().byName[name]; ok {
		return a.url
	}
	return Prefix + name
}

// Names lists the assets, "app.css" and "vendor/htmx.min.js" among them, sorted.
func Names() []string { return assets().names }

// Lookup returns the asset that URL has given path to. The first call for an
// asset compresses it, which takes up to a third of a second for the largest;
// later ones are free. A name without digits, or with those of another build,
// is unknown.
func Lookup(path string) (File, bool) {
	a, ok := assets().byURL[path]
	if !ok {
		return File{}, false
	}
	return a.file(), true
}

// HasIcon reports whether the sprite icons.svg has an icon of that name.
func HasIcon(name string) bool {
	a := assets().byName["icons.svg"]
	return bytes.Contains(a.body, []byte(`<symbol id="`+name+`"`))
}

type asset struct {
	name, url, hash string
	body            []byte
	file            func() File
}

type index struct {
	names  []string
	byName map[string]*asset
	byURL  map[string]*asset
}

var assets = sync.OnceValue(func() index {
	out := index{byName: map[string]*asset{}, byURL: map[string]*asset{}}
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || contentTypes[path.Ext(name)] == "" {
			return err
		}
		body, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		a := newAsset(name, body)
		out.names = append(out.names, name)
		out.byName[name], out.byURL[a.url] = a, a
		return nil
	})
	if err != nil {
		panic(fmt.Errorf("static: the program's own files: %w", err)) //nolint:forbidigo // embedded files cannot fail
	}
	return out
})

func newAsset(name string, body []byte) *asset {
	sum := sha256.Sum256(body)
	a := &asset{name: name, body: body, hash: hex.EncodeToString(sum[:])}
	ext := path.Ext(name)
	a.url = Prefix + strings.TrimSuffix(name, ext) + "." + a.hash[:8] + ext
	a.file = sync.OnceValue(a.compress)
	return a
}

// contentTypes are what is served; other embedded files are not.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

func (a *asset) compress() File {
	return File{
		Name: a.name, ContentType: contentTypes[path.Ext(a.name)], ETag: `"` + a.hash[:16] + `"`,
		Body: a.body, Gzip: a.smaller(gzipped(a.body)), Brotli: a.smaller(brotlied(a.body)),
	}
}

// smaller returns packed if it is worth sending.
func (a *asset) smaller(packed []byte) []byte {
	if len(packed) >= len(a.body) {
		return nil
	}
	return packed
}

// Writing to memory cannot fail, so neither can the writers below.

func gzipped(body []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = w.Write(body)
	_ = w.Close()
	return out.Bytes()
}

const brotliQuality = 9 // 11 takes ten times as long for a tenth less

func brotlied(body []byte) []byte {
	var out bytes.Buffer
	w := brotli.NewWriterLevel(&out, brotliQuality)
	_, _ = w.Write(body)
	_ = w.Close()
	return out.Bytes()
}
