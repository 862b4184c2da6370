package bucket

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
	"tierbook/modules/usage/internal/source"
)

// store speaks as much S3 as reading needs.
type store struct {
	mu      sync.Mutex
	objects map[string][]byte
	keys    []string // access keys that requests were signed with
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(credential, "/")
	s.keys = append(s.keys, key)
	if object := strings.TrimPrefix(r.URL.Path, "/bucket/"); object != "" && object != "/bucket" {
		data, ok := s.objects[object]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		http.ServeContent(w, r, object, time.Unix(1700000000, 0), bytes.NewReader(data))
		return
	}
	type content struct {
		Key          string
		Size         int
		LastModified string
	}
	list := struct {
		XMLName  xml.Name `xml:"ListBucketResult"`
		Contents []content
	}{}
	for k, v := range s.objects {
		if strings.HasPrefix(k, r.URL.Query().Get("prefix")) {
			list.Contents = append(list.Contents, content{k, len(v), "2026-04-01T00:00:00.000Z"})
		}
	}
	sort.Slice(list.Contents, func(i, j int) bool { return list.Contents[i].Key < list.Contents[j].Key })
	_ = xml.NewEncoder(w).Encode(list)
}

func zipped(t *testing.T, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte(text))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRemotes_Open(t *testing.T) {
	t.Parallel()
	s := &store{objects: map[string][]byte{
		"p/r/20260301-20260401/r-Manifest.json": []byte(`{"assemblyId": "a", "billingPeriod": {"start": "20260301T000000.000Z"}, "reportKeys": ["p/r/20260301-20260401/r-1.zip", "p/r/20260301-20260401/r-2.csv"]}`),
		"p/r/20260301-20260401/r-1.zip":         zipped(t, "r-1.csv", "a,b\n1,2\n"),
		"p/r/20260301-20260401/r-2.csv":         []byte("a,b\n3,4\n"),
		"p/r-other/x.csv":                       []byte("a\n"),
	}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	remotes := Remotes{TempDir: t.TempDir(), List: []Remote{{URL: "s3://bucket", Endpoint: server.URL, Region: "eu-west-1", AccessKey: "OURS", SecretKey: "secret"}}}
	set, err := source.Resolve(t.Context(), "s3://bucket/p/r?region=us-east-1", source.Options{Remote: remotes.Open})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	var got []string
	var n atomic.Int64
	for _, f := range set.Files {
		if f.Assembly == nil || f.Assembly.At.Year() != 2026 {
			t.Errorf("%s has no manifest", f.Key)
		}
		_, err := set.Read(t.Context(), f, &n, func(name string, in source.Table) error {
			in.Want([]int{0, 1})
			b, err := in.Next()
			if err != nil {
				return err
			}
			got = append(got, name+" "+string(b.Cell(0, 0))+" "+string(b.Cell(0, 1)))
			in.Release(b)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"p/r/20260301-20260401/r-1.zip/r-1.csv 1 2", "p/r/20260301-20260401/r-2.csv 3 4"}, got); diff != "" {
		t.Error(diff)
	}
	for _, k := range s.keys {
		if k != "OURS" {
			t.Errorf("a request was signed with the key %q", k)
		}
	}
}

func TestRemotes_Open_Refuses(t *testing.T) {
	t.Parallel()
	remotes := Remotes{List: []Remote{{URL: "s3://bucket"}}}
	for raw, kind := range map[string]errs.Kind{
		"s3://other/x":                             errs.FailedPrecondition,
		"s3://bucket/x?endpoint=http://10.0.0.1":   errs.Invalid,
		"s3://bucket/x?region=a&region=b":          errs.Invalid,
		"s3://bucket/x?disable_https=true":         errs.Invalid,
		"gs://bucket/x":                            errs.Invalid,
		"http://169.254.169.254/latest/meta-data/": errs.Invalid,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := remotes.Open(t.Context(), u); errs.KindOf(err) != kind || err == nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestRemotes_Open_SaysHowToConfigure(t *testing.T) {
	t.Parallel()
	_, err := Remotes{}.Open(t.Context(), &url.URL{Scheme: "s3", Host: "other", Path: "/x"})
	for _, want := range []string{"s3://other", "TIERBOOK_USAGE_BUCKETS_FILE", "configs/example.env"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}
