package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tierbook/app/kernel/period"
)

// Names of the steps, as Progress hears them.
const (
	stepGenerate    = "Writing provider exports"
	stepTenants     = "Creating tenants and users"
	stepImport      = "Importing usage"
	stepAssign      = "Assigning accounts"
	stepContracts   = "Applying contracts"
	stepRecalculate = "Rating"
	stepReconcile   = "Reconciling"
)

// Result is what a demo ends with.
type Result struct {
	Options Options          // as they were when the demo was made, defaults filled in
	Fresh   bool             // made by this call, not found
	Months  []Reconciliation // oldest first; the last is the one to print
}

// Run makes the demo below opts.Dir and through steps, or finds that it is
// there and only reads its summary. A demo that was interrupted goes on.
// Options left zero mean «as it was made, else the default».
//
// The contracts lie below opts.Dir/contracts as files to try changes with; Run
// doesn't touch one that is there, nor applies it again once the demo is made.
//
// Errors: Invalid for options that no demo can be made of; ErrOtherDemo where
// opts.Dir holds a demo with other options; those of steps.
func Run(ctx context.Context, steps Steps, opts Options, progress Progress) (Result, error) {
	st, opts, err := resume(opts)
	if err != nil {
		return Result{}, err
	}
	if err := opts.validate(); err != nil {
		return Result{}, err
	}
	s := &story{steps: steps, opts: opts, months: opts.months(), state: st, progress: progress}
	fresh, err := s.make(ctx)
	if err != nil {
		return Result{}, err
	}
	months, err := s.reconcile(ctx)
	if err != nil {
		return Result{}, err
	}
	return Result{Options: opts, Fresh: fresh, Months: months}, nil
}

// story is a run under way.
type story struct {
	steps    Steps
	opts     Options
	months   []period.Month
	state    state
	progress Progress
}

// make does what is not done yet. It reports whether there was anything to do.
func (s *story) make(ctx context.Context) (bool, error) {
	// A database that does not know the distributor is another one than the
	// state speaks of.
	created, err := s.steps.CreateTenant(ctx, Tenants()[0])
	if err != nil {
		return false, fmt.Errorf("create the distributor: %w", err)
	}
	if s.state.Done && !created {
		return false, nil
	}
	for _, step := range []func(context.Context) error{s.exports, s.tenants, s.imports, s.assign, s.contracts, s.recalculate} {
		if err := step(ctx); err != nil {
			return false, err
		}
	}
	s.state.Done = true
	return true, s.state.save(s.opts.Dir)
}

// exports writes the provider exports, unless they are there.
func (s *story) exports(ctx context.Context) error {
	if s.state.Exports != nil && s.exportsThere() {
		return nil
	}
	s.state.Exports, s.state.Done = nil, false
	if err := s.state.save(s.opts.Dir); err != nil {
		return err
	}
	written, err := Generate(ctx, s.opts, s.progress)
	if err != nil {
		return err
	}
	s.state.Exports = &written
	return s.state.save(s.opts.Dir)
}

func (s *story) exportsThere() bool {
	for _, src := range s.state.Exports.Sources {
		if _, err := os.Stat(src.Dir); err != nil {
			return false
		}
	}
	return true
}

func (s *story) tenants(ctx context.Context) error {
	tenants, users := Tenants(), Users()
	return each(s.progress, stepTenants, len(tenants)+len(users), func(i int) error {
		if i < len(tenants) {
			_, err := s.steps.CreateTenant(ctx, tenants[i])
			return wrap("create tenant "+tenants[i].Slug, err)
		}
		u := users[i-len(tenants)]
		return wrap("create user "+u.Email, s.steps.CreateUser(ctx, u))
	})
}

// imports reads the exports in, and checks that none of their rows got lost.
func (s *story) imports(ctx context.Context) error {
	var done int64
	s.progress.Step(stepImport, 0, s.state.Exports.Lines)
	for _, src := range s.state.Exports.Sources {
		in := Import{Owner: meridian, Format: src.Format, Dir: src.Dir, Rows: src.Lines}
		rows, err := s.steps.Import(ctx, in, func(rows int64) {
			s.progress.Step(stepImport, done+min(rows, src.Lines), s.state.Exports.Lines)
		})
		if err != nil {
			return fmt.Errorf("import %s: %w", src.Payer, err)
		}
		if rows != src.Lines {
			return fmt.Errorf("import %s: stored %d of %d rows", src.Payer, rows, src.Lines)
		}
		done += rows
		s.progress.Step(stepImport, done, s.state.Exports.Lines)
	}
	return nil
}

func (s *story) assign(ctx context.Context) error {
	list := Assignments(s.months)
	return each(s.progress, stepAssign, len(list), func(i int) error {
		return wrap("assign account "+list[i].Account, s.steps.Assign(ctx, list[i]))
	})
}

// contracts applies the contracts as their files say, writing those that are
// not there.
func (s *story) contracts(ctx context.Context) error {
	list, err := Contracts(s.months)
	if err != nil {
		return err
	}
	dir := filepath.Join(s.opts.Dir, "contracts")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return wrap("write contracts", err)
	}
	return each(s.progress, stepContracts, len(list), func(i int) error {
		text, err := fileOr(filepath.Join(dir, list[i].Name), list[i].YAML)
		if err != nil {
			return wrap("write contracts", err)
		}
		return wrap("apply contract "+list[i].Name, s.steps.ApplyContract(ctx, list[i].Name, text))
	})
}

// fileOr returns what the file at path says; if there is none it gets text.
func fileOr(path string, text []byte) ([]byte, error) {
	found, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return text, os.WriteFile(path, text, 0o644)
	}
	return found, err
}

func (s *story) recalculate(ctx context.Context) error {
	list := recalculations(s.months)
	total := int64(len(list))
	s.progress.Step(stepRecalculate, 0, total)
	err := s.steps.Recalculate(ctx, list, func(done int) {
		s.progress.Step(stepRecalculate, min(int64(done), total), total)
	})
	if err != nil {
		return wrap("rate the demo's months", err)
	}
	s.progress.Step(stepRecalculate, total, total)
	return nil
}

func (s *story) reconcile(ctx context.Context) ([]Reconciliation, error) {
	out := make([]Reconciliation, len(s.months))
	err := each(s.progress, stepReconcile, len(out), func(i int) (err error) {
		out[i], err = s.steps.Summary(ctx, meridian, s.months[i])
		return wrap("reconcile "+s.months[i].String(), err)
	})
	return out, err
}

// each does n things in order and reports each.
func each(progress Progress, name string, n int, do func(i int) error) error {
	progress.Step(name, 0, int64(n))
	for i := range n {
		if err := do(i); err != nil {
			return err
		}
		progress.Step(name, int64(i+1), int64(n))
	}
	return nil
}

// wrap adds what was being done to an error, and leaves none alone.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
