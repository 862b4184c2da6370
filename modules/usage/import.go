package usage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
	"tierbook/modules/usage/internal/segment"
	"tierbook/modules/usage/internal/source"
	"tierbook/modules/usage/internal/spill"
)

// Import reads everything at in.URL, stores it as segments and publishes its
// deliveries, each in one transaction of its own. progress may be nil; it is
// called from one goroutine at a time, a few times a second.
//
// A file that cannot be read at all, or a manifest that names a missing file,
// refuses the whole import before anything is published. Rows that cannot be
// read are quarantined and the rest goes on. Deliveries that were published
// before a later failure stay; importing again picks up.
//
// Needs usage.import. An owner outside the scope is NotFound. Errors: Invalid
// for a URL or file that cannot be read, naming it; FailedPrecondition for a
// manifest that names a missing file.
func (s *Service) Import(ctx context.Context, in ImportInput, progress func(Progress)) (ImportResult, error) {
	if err := s.authz.Need(ctx, PermImport); err != nil {
		return ImportResult{}, err
	}
	in.Format = cmp.Or(in.Format, FormatAuto)
	if !in.Format.isKnown() {
		return ImportResult{}, errFormat(in.Format)
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return ImportResult{}, err
	}
	owner, err := s.tenants.Tenant(ctx, in.Owner)
	if err != nil {
		return ImportResult{}, err
	}
	opts := s.sources
	opts.AnyFile = in.AnyFile
	set, err := source.Resolve(ctx, in.URL, opts)
	if err != nil {
		return ImportResult{}, err
	}
	defer func() { _ = set.Close() }()
	row := s.newImport(sc, owner, in.Format)
	row.URL = source.Redact(in.URL)
	lock, _, err := s.work.db.Lock(ctx, importLock(row.ID)) // tells others that this process is alive
	if err != nil {
		return ImportResult{}, err
	}
	defer lock.Release()
	if err := s.work.db.InTx(ctx, func(ctx context.Context) error { return s.work.insertImport(ctx, row) }); err != nil {
		return ImportResult{}, fmt.Errorf("start import: %w", err)
	}
	if row.Attempt, _, err = s.startImport(ctx, row.ID); err != nil {
		return ImportResult{}, fmt.Errorf("start import: %w", err)
	}
	return s.newImportRun(row, owner).do(ctx, set, progress)
}

// newImport returns an import that sc asks for, still without what to read.
func (s *Service) newImport(sc scope.Scope, owner Tenant, format Format) importRow {
	return importRow{
		ID: id.New[id.Import](), TreeID: owner.Tree, OwnerID: owner.ID, Format: string(format), State: ImportRequested,
		ActingID: sc.Tenant, Actor: sc.Actor.String(), ActorName: sc.Actor.Name, RequestedAt: s.clock.Now(),
	}
}

func (s *Service) startImport(ctx context.Context, i id.Import) (attempt int, ok bool, err error) {
	err = s.work.db.InTx(ctx, func(ctx context.Context) error {
		attempt, ok, err = s.work.startImport(ctx, i, s.clock.Now())
		return err
	})
	return attempt, ok, err
}

// subject names what is imported, as people do.
func (r importRow) subject() string {
	if len(r.Uploads.V) == 0 {
		return r.URL
	}
	names := make([]string, len(r.Uploads.V))
	for i, u := range r.Uploads.V {
		names[i] = u.Name
	}
	return strings.Join(names, ", ")
}

// importRun is one import.
type importRun struct {
	s        *Service
	row      importRow
	owner    Tenant
	set      *source.Set
	dir      string // temporary, for this import alone
	began    time.Time
	progress *reporter

	read   *reading
	result ImportResult
}

func (s *Service) newImportRun(row importRow, owner Tenant) *importRun {
	run := &importRun{s: s, row: row, owner: owner, began: time.Now()} //nolint:forbidigo // a duration, not an instant
	run.result = ImportResult{Import: row.ID, Deliveries: []DeliveryResult{}, Periods: []PeriodSum{}}
	return run
}

// do carries out a started import. If ctx ends meanwhile, an import that a
// worker carries out stays as it is, for another one to go on.
func (r *importRun) do(ctx context.Context, set *source.Set, progress func(Progress)) (ImportResult, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.set, r.progress = set, newReporter(r.noting(ctx, stop, progress), set)
	err := r.readAndStore(ctx)
	if err != nil {
		if errors.Is(context.Cause(ctx), errTakenOver) {
			err = errTakenOver
		}
		if !r.row.ByJob || ctx.Err() == nil {
			r.fail(ctx, err)
		}
		return ImportResult{}, fmt.Errorf("import %s: %w", r.row.subject(), err)
	}
	r.s.log.InfoContext(ctx, "imported", "source", r.row.subject(), "owner", r.owner.Slug, "rows", r.result.RowsRead,
		"quarantined", r.result.RowsQuarantined, "deliveries", len(r.result.Deliveries), "seconds", r.result.Seconds)
	return r.result, nil
}

// errTakenOver ends an import that no longer belongs to this process.
var errTakenOver = errs.New(errs.Conflict, "usage.taken_over", "Another process has taken the import over.")

// noteEvery is how often an import's progress is written down.
const noteEvery = 500 * time.Millisecond

// noting returns what tells tell and writes down how far the import is, and
// stops it if it was taken over.
func (r *importRun) noting(ctx context.Context, stop context.CancelCauseFunc, tell func(Progress)) func(Progress) {
	var noted time.Time
	var stage Stage
	return func(p Progress) {
		if tell != nil {
			tell(p)
		}
		now := time.Now() //nolint:forbidigo // a duration, not an instant
		if p.Stage == StageDone || p.Stage == stage && now.Sub(noted) < noteEvery {
			return
		}
		noted, stage = now, p.Stage
		var ours bool
		err := r.s.work.db.InTx(ctx, func(ctx context.Context) (err error) {
			ours, err = r.s.work.saveProgress(ctx, r.row.ID, r.row.Attempt, p)
			return err
		})
		switch {
		case err != nil:
			r.s.log.WarnContext(ctx, "note an import's progress", "import", r.row.ID, "error", err)
		case !ours:
			stop(errTakenOver)
		}
	}
}

func (r *importRun) readAndStore(ctx context.Context) (err error) {
	if err := sweep(r.s.temp); err != nil {
		r.s.log.WarnContext(ctx, "remove what dead imports left", "error", err)
	}
	dir, err := newTempDir(r.s.temp)
	if err != nil {
		return fmt.Errorf("make a temporary directory: %w", err)
	}
	defer dir.remove()
	r.dir = dir.path
	if r.read, err = newReading(r); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.read.close()) }()
	if err := r.read.all(ctx); err != nil {
		return err
	}
	deliveries, err := r.read.spill.Finish()
	if err != nil {
		return err
	}
	r.result.RowsRead, r.result.RowsQuarantined, r.result.BytesUncompressed = r.read.rows, r.read.quarantine.rows, r.read.bytes
	r.result.Warnings = r.read.warnings()
	var all int64
	for _, d := range deliveries {
		all += d.Rows
	}
	r.progress.storing(0, all)
	for _, d := range deliveries {
		if err := r.delivery(ctx, d); err != nil {
			return fmt.Errorf("delivery %s %s %s: %w", d.Key.Provider, d.Key.Payer, d.Key.Month, err)
		}
		r.progress.storing(r.result.RowsStored, all)
	}
	return r.finish(ctx)
}

// delivery stores and publishes one delivery.
func (r *importRun) delivery(ctx context.Context, d *spill.Delivery) error {
	w, err := segment.Write(ctx, d, r.dir)
	if err != nil {
		return err
	}
	defer func() {
		for _, f := range w.Segments {
			_ = os.Remove(f.Path)
		}
	}()
	p := r.newPublication(d, w)
	published, state, err := p.do(ctx)
	if err != nil {
		return err
	}
	if err := p.compareOwners(ctx); err != nil {
		return err
	}
	r.result.RowsStored += w.Rows
	r.result.Deliveries = append(r.result.Deliveries, DeliveryResult{ID: published, Provider: d.Key.Provider, Payer: d.Key.Payer, Month: d.Key.Month, State: state})
	r.result.Warnings = append(r.result.Warnings, p.warnings...)
	r.addPeriods(w)
	return nil
}

// addPeriods adds a delivery's sums to those of its periods.
func (r *importRun) addPeriods(w *segment.Written) {
	for _, f := range w.Segments {
		for _, p := range f.Parts {
			key := PeriodSum{Payer: p.Payer, Period: p.Period, Currency: p.Currency}
			i, found := slices.BinarySearchFunc(r.result.Periods, key, comparePeriods)
			if !found {
				r.result.Periods = slices.Insert(r.result.Periods, i, key)
			}
			sum := &r.result.Periods[i]
			sum.Rows += p.Rows
			sum.Billed = sum.Billed.Add(p.Billed)
			sum.Effective = sum.Effective.Add(p.Effective)
			sum.List = sum.List.Add(p.List)
			sum.Contracted = sum.Contracted.Add(p.Contracted)
		}
	}
}

func comparePeriods(a, b PeriodSum) int {
	return cmp.Or(cmp.Compare(a.Payer, b.Payer), a.Period.Compare(b.Period), cmp.Compare(a.Currency, b.Currency))
}

// finish notes that the import is complete, with what belongs to no delivery,
// and asks for what it changed to be rated again if that was wished for.
func (r *importRun) finish(ctx context.Context) error {
	r.result.Seconds = time.Since(r.began).Seconds()
	err := r.s.work.db.InTx(ctx, func(ctx context.Context) error {
		if err := r.s.work.insertQuarantine(ctx, r.read.quarantine.rowsOf(r, id.Delivery{}, nil)); err != nil {
			return err
		}
		if err := r.s.work.carryAcknowledgements(ctx, r.owner.ID, r.row.ID); err != nil {
			return err
		}
		if err := r.end(ctx, ImportComplete, ""); err != nil {
			return err
		}
		if err := r.askForRating(ctx); err != nil {
			return err
		}
		return r.s.workAudit.Record(ctx, "usage.import", r.row.subject(), r.owner.ID, nil, r.result)
	})
	if err != nil {
		return fmt.Errorf("finish import: %w", err)
	}
	r.progress.done()
	return nil
}

// end writes down how the import ended. Errors: errTakenOver.
func (r *importRun) end(ctx context.Context, state ImportState, message string) error {
	now := r.s.clock.Now()
	row := importRow{ID: r.row.ID, Attempt: r.row.Attempt, State: state, FinishedAt: &now}
	if state == ImportComplete {
		row.RowsRead, row.RowsStored, row.RowsQuarantined = r.result.RowsRead, r.result.RowsStored, r.result.RowsQuarantined
		row.Result.V = newStoredResult(r.result)
	} else {
		row.Error = &message
	}
	ours, err := r.s.work.finishImport(ctx, row)
	if err == nil && !ours {
		err = errTakenOver
	}
	return err
}

// fail notes why the import failed, also when ctx has ended.
func (r *importRun) fail(ctx context.Context, cause error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	message, ok := errs.Message(cause)
	if !ok || errs.KindOf(cause) == errs.Internal {
		message = "The import failed; the log says why."
	}
	err := r.s.work.db.InTx(ctx, func(ctx context.Context) error { return r.end(ctx, ImportFailed, message) })
	if err != nil && !errors.Is(err, errTakenOver) {
		r.s.log.ErrorContext(ctx, "note that an import failed", "import", r.row.ID, "error", err)
	}
}
