package usage

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
	"tierbook/modules/usage/internal/source"
)

// maxAttempts is how often an import is started: one that takes its worker
// down with it each time is given up.
const maxAttempts = 5

const (
	abandoned = "The process that ran it ended."
	givenUp   = "Its worker ended five times in the middle of it. Nothing more will be tried: ask whoever runs Tierbook what the log says."
)

// importLock is held by the process that carries an import out, for as long as
// it lives.
func importLock(i id.Import) db.LockKey { return db.LockKey("usage.import:" + i.String()) }

// systemScope acts as the distributor of an import's tree.
func systemScope(r importRow, job string) scope.Scope {
	sc := scope.System(r.TreeID, r.TreeID, scope.Distributor, "job:"+job)
	sc.Request = r.ID.String()
	return sc
}

// carryOut carries out an import that waits for a worker, or goes on with one
// whose worker is gone. It does nothing where the import has ended or another
// process has it.
//
// Errors: what has nothing to do with the import itself, such as a database
// that cannot be reached. What is wrong with the import it keeps.
func (s *Service) carryOut(ctx context.Context, i id.Import) error {
	var row importRow
	var found bool
	err := s.work.db.SystemTx(ctx, func(ctx context.Context) (err error) {
		row, found, err = s.work.getImport(ctx, i)
		return err
	})
	if err != nil || !found || !row.ByJob || !row.State.IsOpen() {
		return err
	}
	lock, ok, err := s.work.db.Lock(ctx, importLock(i))
	if err != nil || !ok {
		return err
	}
	defer lock.Release()
	ctx = scope.With(ctx, systemScope(row, ImportArgs{}.Kind()))
	if row.Attempt, ok, err = s.startImport(ctx, i); err != nil || !ok {
		return err
	}
	if err := s.carryStarted(ctx, row); err != nil {
		return err
	}
	s.DropUploads(ctx, row.Uploads.V...)
	return nil
}

// carryStarted does the work of a started import, in the perspective of who
// asked for it: nothing else may enter what it says. Errors: ctx's.
func (s *Service) carryStarted(ctx context.Context, row importRow) (err error) {
	run := s.newImportRun(row, Tenant{ID: row.OwnerID, Tree: row.TreeID})
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		if _, known := errs.Message(err); !known || errs.KindOf(err) == errs.Internal {
			s.log.ErrorContext(ctx, "import failed", "import", row.ID, "error", err)
		}
		run.fail(ctx, err) // does nothing where that is said already
		err = nil
	}()
	if row.Attempt > maxAttempts {
		return errs.New(errs.FailedPrecondition, "usage.given_up", givenUp)
	}
	acting, err := s.workTenants.Tenant(ctx, row.ActingID)
	if err != nil {
		return err
	}
	sc := scope.System(acting.ID, acting.Tree, acting.Tier, row.Actor)
	sc.Request = row.ID.String()
	ctx = scope.With(ctx, sc)
	if run.owner, err = s.workTenants.Tenant(ctx, row.OwnerID); err != nil {
		return err
	}
	set, err := s.sourceOf(ctx, row)
	if err != nil {
		return err
	}
	defer func() { _ = set.Close() }()
	_, err = run.do(ctx, set, nil)
	return err
}

// sourceOf returns what the import reads.
func (s *Service) sourceOf(ctx context.Context, row importRow) (*source.Set, error) {
	if len(row.Uploads.V) == 0 {
		url := row.URL
		if row.URLQuery != "" {
			url += "?" + row.URLQuery
		}
		return source.Resolve(ctx, url, s.sources)
	}
	var list []source.Object
	for _, u := range row.Uploads.V {
		list = append(list, source.Object{
			Name: u.Name, Size: u.Bytes, ModTime: row.RequestedAt.UTC(),
			Open: func(ctx context.Context) (io.ReadCloser, error) { return s.objects.Get(ctx, u.Object) },
			OpenAt: func(ctx context.Context) (io.ReaderAt, func() error, error) {
				r, _, done, err := s.objects.NewReaderAt(ctx, u.Object)
				return r, done, err
			},
		})
	}
	return source.ResolveObjects(ctx, list)
}
