package configs

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLoadFrom_Defaults(t *testing.T) {
	t.Parallel()
	c, err := LoadFrom(nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Web.Listen != "127.0.0.1:8080" || c.Metrics.Listen != "127.0.0.1:9090" {
		t.Errorf("listens on %s and %s: only this machine may reach the defaults", c.Web.Listen, c.Metrics.Listen)
	}
	if !c.Database.IsPrivate() || c.DataDir != "./var" || c.Web.RequestTimeout != 30*time.Second {
		t.Errorf("unexpected defaults: %+v", c)
	}
}

func TestLoadFrom_EnvironmentGoesOverDefaults(t *testing.T) {
	t.Parallel()
	c, err := LoadFrom([]string{
		"DATABASE_URL_WEB=postgres://web", "DATABASE_URL_WORK=postgres://work", "TIERBOOK_DATA_DIR=/srv/tb", "TIERBOOK_WEB_LISTEN=",
		"TIERBOOK_WORK_QUEUES=default=1, mail=3", "TIERBOOK_USAGE_WEB_DIRS=/a,/b", "TIERBOOK_WORK_STOP_GRACE=500ms", "TIERBOOK_DATABASE_WEB_CONNS=3", "HOME=/root",
		"TIERBOOK_WEB_TRUSTED_PROXIES=10.0.0.7,::1,192.168.0.0/24",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Database.IsPrivate() || c.Database.Web.Reveal() != "postgres://web" || c.DataDir != "/srv/tb" || c.Web.Listen == "" {
		t.Errorf("got %+v", c)
	}
	if diff := cmp.Diff(map[string]int{"default": 1, "mail": 3}, c.Work.Queues); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"/a", "/b"}, c.Usage.WebDirs); diff != "" {
		t.Error(diff)
	}
	if proxies, err := c.Web.Proxies(); err != nil || fmt.Sprint(proxies) != "[10.0.0.7/32 ::1/128 192.168.0.0/24]" {
		t.Errorf("proxies: %v, %v", proxies, err)
	}
	if c.Work.StopGrace != 500*time.Millisecond || c.Database.WebConns != 3 {
		t.Errorf("got %+v", c)
	}
}

func TestLoadFrom_AllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := LoadFrom([]string{
		"DATABASE_URL=postgres://owner:hidden@x/y", "TIERBOOK_WBE_LISTEN=x", "TIERBOOK_WEB_LISTEN=8080", "TIERBOOK_LOG_LEVEL=loud",
		"TIERBOOK_DATABASE_WORK_CONNS=many", "TIERBOOK_WORK_QUEUES=billing=0", "TIERBOOK_WEB_REQUEST_TIMEOUT=10",
		"TIERBOOK_WEB_TRUSTED_PROXIES=10.0.0.0/8,nginx",
	})
	var p Problems
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want Problems", err)
	}
	for _, want := range []string{
		"DATABASE_URL_WEB", "TIERBOOK_WBE_LISTEN", "TIERBOOK_WEB_LISTEN", "TIERBOOK_LOG_LEVEL", "TIERBOOK_DATABASE_WORK_CONNS", "TIERBOOK_WORK_QUEUES", "TIERBOOK_WEB_REQUEST_TIMEOUT",
		`"nginx" is no address`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hidden") {
		t.Errorf("a secret is named in\n%v", err)
	}
}

func TestSecret_IsNotPrinted(t *testing.T) {
	t.Parallel()
	c := Config{Database: Database{Owner: "postgres://u:hidden@h/d"}}
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprintf("%v", c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprint(c.Database.Owner), string(j)} {
		if strings.Contains(s, "hidden") || !strings.Contains(s, "***") {
			t.Errorf("printed as %s", s)
		}
	}
}

// Every setting stands in example.env, under its own name.
func TestExampleEnv_IsComplete(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("example.env")
	if err != nil {
		t.Fatal(err)
	}
	uncommented := regexp.MustCompile(`(?m)^#([A-Z_]+=)`).ReplaceAllString(string(b), "$1")
	var environ []string
	for _, line := range strings.Split(uncommented, "\n") {
		if !strings.HasPrefix(line, "#") && line != "" {
			environ = append(environ, line)
		}
	}
	got, err := LoadFrom(environ)
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := LoadFrom(nil)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(name string, a, b reflect.Value)
	walk = func(name string, a, b reflect.Value) {
		for i := range a.NumField() {
			n := name + "." + a.Type().Field(i).Name
			if a.Field(i).Kind() == reflect.Struct {
				walk(n, a.Field(i), b.Field(i))
			} else if reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
				t.Errorf("%s is not set in example.env, or to its default", n)
			}
		}
	}
	walk("Config", reflect.ValueOf(got), reflect.ValueOf(defaults))
}

func TestProviders(t *testing.T) {
	t.Parallel()
	ps, err := Providers()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, p := range ps {
		for _, n := range p.Names {
			if other, ok := seen[strings.ToLower(n)]; ok {
				t.Errorf("%s is a name of %s and %s", n, other, p.Key)
			}
			seen[strings.ToLower(n)] = p.Key
		}
		if len(p.Publishers) == 0 || len(p.Support) == 0 {
			t.Errorf("%s lacks publishers or support services", p.Key)
		}
	}
	for name, key := range map[string]string{"aws": "aws", "microsoft azure": "azure", "google cloud": "gcp", "oracle": "oracle"} {
		if seen[name] != key {
			t.Errorf("%s is %q, want %q", name, seen[name], key)
		}
	}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	s, err := Schedules()
	if err != nil {
		t.Fatal(err)
	}
	want := Schedule{
		Doc:     "AWS Business Support: 10 % of the first 10,000, 7 % up to 80,000, 5 % up to 250,000, 3 % above; at least 100.",
		Minimum: "100",
		Tiers:   []Tier{{"10000", "10"}, {"80000", "7"}, {"250000", "5"}, {"", "3"}},
	}
	if diff := cmp.Diff(want, s["aws-business"]); diff != "" {
		t.Error(diff)
	}
	if len(s) != 3 || len(s["aws-enterprise"].Tiers) != 4 || s["aws-developer"].Minimum != "29" {
		t.Errorf("got %+v", s)
	}
}

func TestBuckets_RefusesWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "buckets.yaml")
	for text, want := range map[string]int{
		"- {url: s3://a, region: eu-central-1, access_key: k, secret_key: s}": 1,
		"- {url: s3://a}\n- {url: s3://b}":                                    2,
		"- {url: http://a}":                                                   -1,
		"- {url: s3://a, access_key: k}":                                      -1,
		"- {url: s3://a, colour: red}":                                        -1,
		"url: s3://a":                                                         -1,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Buckets(file)
		if (err != nil) != (want < 0) || err == nil && len(got) != want {
			t.Errorf("%s: %d buckets, %v; want %d", text, len(got), err, want)
		}
	}
}
