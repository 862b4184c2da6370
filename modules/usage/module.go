package usage

import (
	"cmp"
	"log/slog"
	"os"
	"sync"

	"github.com/riverqueue/river"

	"tierbook/app/kernel/clock"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/blob"
	"tierbook/app/platform/db"
	"tierbook/app/platform/jobs"
	"tierbook/modules/usage/internal/focus"
	"tierbook/modules/usage/internal/source"
	"tierbook/modules/usage/internal/source/bucket"
)

// Deps is what the module stands on.
type Deps struct {
	Web     *db.DB // the web role's pool: lists, assignment, acknowledging
	Work    *db.DB // the work role's pool: imports, and what billing reads
	Objects *blob.Store
	Authz   *authz.Authz
	Clock   clock.Clock
	Logger  *slog.Logger

	WebJobs  Enqueuer // in Web's transactions
	WorkJobs Enqueuer // in Work's

	Tenants     Tenants // reads through Web
	WorkTenants Tenants // reads through Work
	Rating      Rating

	Providers []Provider
	Sources   Sources

	TempDir     string // for what an import puts aside; it must exist
	UploadBytes int64  // that one uploaded file may have; 0: 2 GiB
	MemoryBytes int64  // that one import should get by with, whatever it reads; 0: 256 MiB
	Workers     int    // goroutines of re-adding segments; 0: as many as the process may use
}

// Provider is what a cloud provider is called in FOCUS exports.
type Provider struct {
	Key        string   // ours: aws, azure, gcp, …
	Names      []string // ProviderName and ServiceProviderName, in any case
	Publishers []string // its own names in PublisherName; a * at the end stands for any rest
}

// Sources says what may be imported from.
type Sources struct {
	// FileDirs are the directories from which file: URLs may be imported. None
	// means that there are no file: URLs, save for callers that ask for any.
	FileDirs []string
	// NeverDirs are never imported from: the data directory.
	NeverDirs []string
	// Buckets are the remote sources, each with credentials of its own. The
	// process's own credentials are never used.
	Buckets []Bucket
}

// Bucket is a remote source.
type Bucket struct {
	URL       string // s3://name
	Region    string
	Endpoint  string // of a store that speaks S3; empty: AWS
	AccessKey string // empty: a public bucket
	SecretKey string
}

// Module is the usage module, wired.
type Module struct {
	Service *Service

	uploadBytes int64
}

// New wires the module.
func New(d Deps) *Module {
	if d.TempDir == "" {
		d.TempDir = os.TempDir()
	}
	if d.MemoryBytes == 0 {
		d.MemoryBytes = 256 << 20
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		web: store{d.Web}, work: store{d.Work}, objects: d.Objects, authz: d.Authz, clock: d.Clock, log: d.Logger,
		webAudit: audit.New(d.Web, d.Clock), workAudit: audit.New(d.Work, d.Clock),
		webJobs: d.WebJobs, workJobs: d.WorkJobs,
		tenants: d.Tenants, workTenants: d.WorkTenants, rating: d.Rating,
		sources: d.Sources.options(d.TempDir), temp: d.TempDir, spillBytes: d.MemoryBytes * 3 / 8, workers: d.Workers,
		hasSources: len(d.Sources.FileDirs)+len(d.Sources.Buckets) > 0, verified: &sync.Map{},
	}
	for _, p := range d.Providers {
		s.providers = append(s.providers, focus.Provider{Key: p.Key, Names: p.Names, Publishers: p.Publishers})
	}
	return &Module{Service: s, uploadBytes: cmp.Or(d.UploadBytes, 2<<30)}
}

func (s Sources) options(temp string) source.Options {
	remotes := bucket.Remotes{TempDir: temp}
	for _, b := range s.Buckets {
		remotes.List = append(remotes.List, bucket.Remote(b))
	}
	return source.Options{Below: s.FileDirs, Never: s.NeverDirs, Remote: remotes.Open}
}

// Workers registers the module's workers, whose queues are Queue and default.
func (m *Module) Workers(w *river.Workers) {
	river.AddWorker(w, &importWorker{service: m.Service})
	river.AddWorker(w, &rerateWorker{service: m.Service})
}

// Sweeper returns what finds abandoned imports. Every process that works on the
// queue runs one beside its client.
func (m *Module) Sweeper(queue jobs.Lister) *Sweeper {
	return &Sweeper{service: m.Service, queue: queue}
}

// Permissions lists the module's permissions.
func (m *Module) Permissions() []authz.Permission {
	return []authz.Permission{PermBrowse, PermRead, PermImport, PermAssign, PermAcknowledge}
}
