package usage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
	"tierbook/modules/usage/internal/source"
)

// uploads is where uploaded files lie in the object store.
const uploads = "uploads/"

const (
	maxUploads    = 1000 // files of an import
	maxUploadName = 255  // bytes, as file systems have it
)

var (
	errNoFile     = errs.New(errs.Invalid, "usage.no_file", "There is no file to import.").WithField("file", "Choose a file.")
	errManyFiles  = errs.Newf(errs.Invalid, "usage.many_files", "An import takes at most %d files.", maxUploads).WithField("file", "Choose fewer files, or a zip of them.")
	errTwoSources = errs.New(errs.Invalid, "usage.two_sources", "An import is of files or of a URL.").WithField("url", "Leave it empty, or choose no file.")
	errOneFile    = func(name string) error {
		return errs.Newf(errs.Invalid, "usage.same_name", "Two of the files are called %s.", name).WithField("file", "Two files have the same name.")
	}
)

func errFormat(f Format) error {
	return errs.Newf(errs.Invalid, "usage.format", "The format %q is not known: auto, aws-cur and focus are.", f).
		WithField("format", "Is auto, aws-cur or focus.")
}

// Upload keeps a file until it is imported. It reads r to its end, with little
// memory, but no more than limit bytes; 0 means any number. What no import asks
// for within 24 hours goes with the next GC.
//
// Needs usage.import. Errors: Invalid for a name that no importer reads or that
// is longer than 255 bytes, and for a file that is empty or larger than limit,
// naming it; r's own.
func (s *Service) Upload(ctx context.Context, name string, r io.Reader, limit int64) (Upload, error) {
	if err := s.authz.Need(ctx, PermImport); err != nil {
		return Upload{}, err
	}
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if len(name) > maxUploadName {
		return Upload{}, errs.Newf(errs.Invalid, "usage.file_name", "The name of a file is longer than %d bytes.", maxUploadName).
			WithField("file", fmt.Sprintf("Has a name of more than %d bytes.", maxUploadName))
	}
	if !source.IsImportable(name) {
		return Upload{}, errs.Newf(errs.Invalid, "usage.file_name", "%s is not a CSV, gz, zip or Parquet file, nor a manifest.", name).
			WithField("file", "Is not a CSV, gz, zip or Parquet file.")
	}
	u := Upload{Name: name, Object: uploads + uuid.Must(uuid.NewV7()).String() + "-" + safeName(name)}
	counted := &limited{r: r, left: cmp.Or(limit, 1<<62)}
	if err := s.objects.Put(ctx, u.Object, counted); err != nil {
		if errors.Is(err, errTooLarge) {
			return Upload{}, errs.Newf(errs.Invalid, "usage.file_size", "The file %s is larger than %d MB.", name, limit>>20).
				WithField("file", fmt.Sprintf("Is larger than %d MB.", limit>>20))
		}
		return Upload{}, fmt.Errorf("keep the upload %s: %w", name, err)
	}
	u.Bytes = counted.read
	if u.Bytes == 0 {
		s.DropUploads(ctx, u)
		return Upload{}, errs.Newf(errs.Invalid, "usage.file_empty", "The file %s is empty.", name).WithField("file", "Is empty.")
	}
	return u, nil
}

// DropUploads removes uploads that will not be imported. What cannot be removed
// now goes with a later GC.
func (s *Service) DropUploads(ctx context.Context, list ...Upload) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	for _, u := range list {
		if err := s.objects.Delete(ctx, u.Object); err != nil && errs.KindOf(err) != errs.NotFound {
			s.log.WarnContext(ctx, "remove an upload", "object", u.Object, "error", err)
		}
	}
}

var unsafe = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// safeName returns name as an object's key can have it.
func safeName(name string) string {
	name = strings.TrimLeft(unsafe.ReplaceAllString(name, "-"), ".")
	return cmp.Or(name[max(0, len(name)-100):], "file")
}

var errTooLarge = errors.New("the upload is too large")

// limited reads at most left more bytes; more are an error.
type limited struct {
	r          io.Reader
	read, left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.read += int64(n)
	if l.left -= int64(n); l.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

// RequestImport asks for an import and returns it. A worker carries it out as
// Import does, and if that worker dies, another one goes on. Where in.Rerate
// is set, the months of the assignees whose lines have changed are rated again
// afterwards.
//
// Needs usage.import. An owner outside the scope is NotFound. Errors: Invalid
// for an unknown format, without anything to import, or for a URL that is not
// allowed. What is wrong with the files themselves, the import says later.
func (s *Service) RequestImport(ctx context.Context, in RequestInput) (id.Import, error) {
	if err := s.authz.Need(ctx, PermImport); err != nil {
		return id.Import{}, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return id.Import{}, err
	}
	in.Format, in.URL = cmp.Or(in.Format, FormatAuto), strings.TrimSpace(in.URL)
	if err := s.check(ctx, in); err != nil {
		return id.Import{}, err
	}
	var row importRow
	err = s.web.db.InTx(ctx, func(ctx context.Context) error {
		owner, err := s.tenants.Tenant(ctx, in.Owner)
		if err != nil {
			return err
		}
		row = s.newImport(sc, owner, in.Format)
		row.ByJob, row.Rerate = true, in.Rerate
		// What is uploaded is a source of its own each time: a later file of
		// the same name says nothing about it.
		row.URL, row.Uploads.V = "upload:"+row.ID.String(), in.Uploads
		if in.URL != "" {
			row.URL = source.Redact(in.URL)
			_, row.URLQuery, _ = strings.Cut(in.URL, "?")
		}
		if err := s.web.insertImport(ctx, row); err != nil {
			return err
		}
		return s.webJobs.Enqueue(ctx, ImportArgs{ImportID: row.ID})
	})
	return row.ID, err
}

// check refuses what cannot be imported.
func (s *Service) check(ctx context.Context, in RequestInput) error {
	switch {
	case !in.Format.isKnown():
		return errFormat(in.Format)
	case in.URL == "" && len(in.Uploads) == 0:
		return errNoFile
	case in.URL != "" && len(in.Uploads) > 0:
		return errTwoSources
	case in.URL != "":
		return source.Check(ctx, in.URL, s.sources)
	}
	seen := map[string]bool{}
	for _, u := range in.Uploads {
		if seen[u.Name] {
			return errOneFile(u.Name)
		}
		seen[u.Name] = true
	}
	return nil
}

// HasSources reports whether anything but uploads can be imported from here:
// configured directories or buckets.
func (s *Service) HasSources() bool { return s.hasSources }
