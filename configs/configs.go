// Package configs holds what can be set from outside: the program's
// configuration with its defaults, the access model and policy, the names that
// providers go by, and fee schedules.
//
// Values come from defaults.yaml and, over it, from the environment; flags are
// for single commands only. Modules get values from app, never this package.
package configs

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Config is everything that can be set. Each field is set by an environment
// variable, too: TIERBOOK_ and the path of its names in capitals, such as
// TIERBOOK_WEB_LISTEN; the three database addresses have names of their own.
type Config struct {
	// DataDir holds the private PostgreSQL, segments and exports.
	DataDir string `yaml:"data_dir"`

	Database Database `yaml:"database"`
	Objects  Objects  `yaml:"objects"`
	Usage    Usage    `yaml:"usage"`
	Work     Work     `yaml:"work"`
	Web      Web      `yaml:"web"`
	Metrics  Metrics  `yaml:"metrics"`
	Log      Log      `yaml:"log"`
}

// Database says where PostgreSQL is. All three addresses are empty (a private
// PostgreSQL under DataDir is used), or Web and Work are set; Owner is needed
// by commands that migrate only.
type Database struct {
	Owner Secret `yaml:"owner" env:"DATABASE_URL"`      // defines tables
	Web   Secret `yaml:"web"   env:"DATABASE_URL_WEB"`  // answers requests; row-level security applies
	Work  Secret `yaml:"work"  env:"DATABASE_URL_WORK"` // imports and rates; BYPASSRLS

	// WebConns and WorkConns are the connections that one process opens at
	// most. The workers need three more than jobs run at once.
	WebConns  int `yaml:"web_conns"`
	WorkConns int `yaml:"work_conns"`
	// StatementTimeout ends statements of requests, not those of workers.
	StatementTimeout time.Duration `yaml:"statement_timeout"`
	// SlowQuery is from when on a statement is logged as slow.
	SlowQuery time.Duration `yaml:"slow_query"`
}

// IsPrivate reports whether the private PostgreSQL is to be used.
func (d Database) IsPrivate() bool { return d.Owner == "" && d.Web == "" && d.Work == "" }

// Objects says where segments are kept.
type Objects struct {
	// URL is file:///dir, s3://bucket, gs://bucket or azblob://container; ""
	// means the directory objects under DataDir.
	URL Secret `yaml:"url"`
}

// Usage limits imports.
type Usage struct {
	// WebDirs are directories below which the browser may name files to
	// import; none by default. The command line may name any.
	WebDirs []string `yaml:"web_dirs"`
	// BucketsFile is a YAML file that lists the buckets to import from, each
	// with credentials of its own: see Bucket. "": none.
	BucketsFile string `yaml:"buckets_file"`
	// UploadMB is how large a file may be that is uploaded to be imported.
	UploadMB int `yaml:"upload_mb"`
	// MemoryMB bounds what one import keeps in memory.
	MemoryMB int `yaml:"memory_mb"`
}

// Work is about background work.
type Work struct {
	// Queues says how many jobs of each queue one process runs at once.
	Queues map[string]int `yaml:"queues"`
	// StopGrace is what jobs under way get to finish when the process stops.
	StopGrace time.Duration `yaml:"stop_grace"`
}

// Web is about the server for people and programs.
type Web struct {
	Listen         string        `yaml:"listen"`          // host:port
	RequestTimeout time.Duration `yaml:"request_timeout"` // deadline of one request
	StopGrace      time.Duration `yaml:"stop_grace"`      // what requests under way get when the process stops
	SessionIdle    time.Duration `yaml:"session_idle"`    // without a request for so long, one has to sign in again
	SessionLife    time.Duration `yaml:"session_life"`    // and after so long in any case
	Development    bool          `yaml:"development"`     // adds the gallery of components at /dev/gallery

	// TrustedProxies are addresses and networks, such as 10.0.0.0/8, whose word
	// counts when they say for whom they ask; empty: nobody's does.
	TrustedProxies []string `yaml:"trusted_proxies"`
}

// Proxies returns TrustedProxies as networks; an address is one of its own.
//
// Errors: one for the first that is neither.
func (w Web) Proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range w.TrustedProxies {
		p, err := netip.ParsePrefix(text)
		if a, aerr := netip.ParseAddr(text); aerr == nil {
			p, err = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q is no address and no network", text)
		}
		out = append(out, p)
	}
	return out, nil
}

// Metrics is about the server for Prometheus.
type Metrics struct {
	Listen string `yaml:"listen"` // host:port; "": off
}

// Log is about structured logs, which go to standard error.
type Log struct {
	Format string `yaml:"format"` // text or json
	Level  string `yaml:"level"`  // debug, info, warn or error
}

// Secret is a text that must not be printed: every usual way of printing it
// gives ***.
type Secret string

// String returns ***, and "" for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// MarshalText is String, for logs, JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal returns the text, for whoever connects with it.
func (s Secret) Reveal() string { return string(s) }

// Problems is everything that is wrong with a configuration, each in a
// sentence that names the variable to set.
type Problems []string

// Error lists the problems, one per line.
func (p Problems) Error() string {
	return "The configuration cannot be used:\n- " + strings.Join(p, "\n- ")
}
