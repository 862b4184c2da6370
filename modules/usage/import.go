package usage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
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
		return ImportResult{}, errs.Newf(errs.Invalid, "usage.format", "The format %q is not known: auto, aws-cur and focus are.", in.Format).
			WithField("format", "Is auto, aws-cur or focus.")
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
	run := &importRun{
		s: s, owner: owner, in: in, set: set, began: time.Now(), //nolint:forbidigo // a duration, not an instant
		url: source.Redact(in.URL), progress: newReporter(progress, set),
	}
	run.result = ImportResult{Import: id.New[id.Import](), Deliveries: []DeliveryResult{}, Periods: []PeriodSum{}}
	return run.do(ctx)
}

func (f Format) isKnown() bool { return f == FormatAuto || f == FormatAWSCUR || f == FormatFOCUS }

// importRun is one import.
type importRun struct {
	s        *Service
	owner    Tenant
	in       ImportInput
	url      string
	set      *source.Set
	dir      string // temporary, for this import alone
	began    time.Time
	progress *reporter

	read   *reading
	result ImportResult
}

func (r *importRun) do(ctx context.Context) (ImportResult, error) {
	began := importRow{
		ID: r.result.Import, TreeID: r.owner.Tree, OwnerID: r.owner.ID, URL: r.url, Format: string(r.in.Format),
		State: "running", StartedAt: r.s.clock.Now(),
	}
	err := r.s.work.db.InTx(ctx, func(ctx context.Context) error { return r.s.work.insertImport(ctx, began) })
	if err != nil {
		return ImportResult{}, fmt.Errorf("start import: %w", err)
	}
	err = r.readAndStore(ctx)
	if err != nil {
		r.fail(ctx, err)
		return ImportResult{}, fmt.Errorf("import %s: %w", r.url, err)
	}
	r.result.Seconds = time.Since(r.began).Seconds()
	r.s.log.InfoContext(ctx, "imported", "url", r.url, "owner", r.owner.Slug, "rows", r.result.RowsRead,
		"quarantined", r.result.RowsQuarantined, "deliveries", len(r.result.Deliveries), "seconds", r.result.Seconds)
	return r.result, nil
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
	state, err := p.do(ctx)
	if err != nil {
		return err
	}
	if err := p.compareOwners(ctx); err != nil {
		return err
	}
	r.result.RowsStored += w.Rows
	r.result.Deliveries = append(r.result.Deliveries, DeliveryResult{Provider: d.Key.Provider, Payer: d.Key.Payer, Month: d.Key.Month, State: state})
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

// finish notes that the import is complete, with what belongs to no delivery.
func (r *importRun) finish(ctx context.Context) error {
	err := r.s.work.db.InTx(ctx, func(ctx context.Context) error {
		if err := r.s.work.insertQuarantine(ctx, r.read.quarantine.rowsOf(r, id.Delivery{}, nil)); err != nil {
			return err
		}
		if err := r.s.work.carryAcknowledgements(ctx, r.owner.ID, r.result.Import); err != nil {
			return err
		}
		done := importRow{
			ID: r.result.Import, State: "complete", FinishedAt: r.s.clock.Now(),
			RowsRead: r.result.RowsRead, RowsStored: r.result.RowsStored, RowsQuarantined: r.result.RowsQuarantined,
		}
		if err := r.s.work.finishImport(ctx, done); err != nil {
			return err
		}
		return r.s.workAudit.Record(ctx, "usage.import", r.url, r.owner.ID, nil, r.result)
	})
	if err != nil {
		return fmt.Errorf("finish import: %w", err)
	}
	r.progress.done()
	return nil
}

// fail notes why the import failed, also when ctx has ended.
func (r *importRun) fail(ctx context.Context, cause error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	message, ok := errs.Message(cause)
	if !ok {
		message = "The import failed; the log says why."
	}
	err := r.s.work.db.InTx(ctx, func(ctx context.Context) error {
		return r.s.work.finishImport(ctx, importRow{ID: r.result.Import, State: "failed", FinishedAt: r.s.clock.Now(), Error: &message})
	})
	if err != nil {
		r.s.log.ErrorContext(ctx, "note that an import failed", "import", r.result.Import, "error", err)
	}
}
