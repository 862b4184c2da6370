package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/shopspring/decimal"
	"golang.org/x/sync/errgroup"

	"tierbook/app/demo/internal/export"
	"tierbook/app/kernel/period"
)

// Format is how a provider delivers.
type Format string

// The formats that Generate writes.
const (
	FormatCUR   Format = "aws-cur" // legacy CUR: an S3 tree with manifests
	FormatFOCUS Format = "focus"   // FOCUS 1.2, csv.gz
)

// Exports describe what Generate wrote.
type Exports struct {
	Sources []Source // one a payer account
	Totals  []Total  // by payer account and month, in that order
	Lines   int64
	Bytes   int64 // uncompressed
}

// Source is the exports of one payer account.
type Source struct {
	Provider string
	Payer    string
	Format   Format
	Dir      string // absolute
	Lines    int64
}

// Total is the exact sum of one payer account's lines of one month, as they
// were written.
type Total struct {
	Provider   string
	Payer      string
	Month      period.Month
	Currency   string
	Lines      int64
	Billed     decimal.Decimal // AWS: UnblendedCost
	Effective  decimal.Decimal // what FOCUS calls EffectiveCost
	List       decimal.Decimal
	Contracted decimal.Decimal
}

// Generate writes the exports below opts.Dir/exports, replacing what lies
// there. Equal options give equal bytes, whatever the machine.
func Generate(ctx context.Context, opts Options, progress Progress) (Exports, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return Exports{}, err
	}
	root, err := filepath.Abs(filepath.Join(opts.Dir, exportsFolder))
	if err != nil {
		return Exports{}, fmt.Errorf("generate exports: %w", err)
	}
	if err := os.RemoveAll(root); err != nil {
		return Exports{}, fmt.Errorf("generate exports: %w", err)
	}
	list, months := payers(opts.Months), opts.months()
	if opts.AWS == FormatFOCUS {
		for i := range list {
			list[i].payer.Layout = export.FOCUS
		}
	}
	written := make([]export.Written, len(list)*len(months))
	report := counter{progress: progress, name: stepGenerate, total: int64(len(written))}
	report.add(0)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for p, b := range list {
		for i, m := range months {
			group.Go(func() error {
				w, err := export.WriteMonth(ctx, b.payer, export.Month{
					Seed: opts.Seed, Month: m, Index: i, Dir: filepath.Join(root, b.folder),
					Lines: opts.Lines * b.share / 100 / int64(len(months)),
				})
				written[p*len(months)+i] = w
				report.add(1)
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return Exports{}, err
	}
	return collect(root, list, months, written), nil
}

const exportsFolder = "exports"

// collect describes what was written, payer by payer.
func collect(root string, list []billed, months []period.Month, written []export.Written) Exports {
	var out Exports
	for p, b := range list {
		src := Source{Provider: b.payer.Provider, Payer: b.payer.ID, Format: FormatFOCUS, Dir: filepath.Join(root, b.folder)}
		if b.payer.Layout == export.CUR {
			src.Format = FormatCUR
		}
		for i, m := range months {
			w := written[p*len(months)+i]
			src.Lines += w.Lines
			out.Bytes += w.Bytes
			out.Totals = append(out.Totals, Total{
				Provider: src.Provider, Payer: src.Payer, Month: m, Currency: b.payer.Currency, Lines: w.Lines,
				Billed: w.Billed, Effective: w.Effective, List: w.List, Contracted: w.Contracted,
			})
		}
		out.Lines += src.Lines
		out.Sources = append(out.Sources, src)
	}
	return out
}

// counter reports the progress of parts that run side by side, one at a time.
type counter struct {
	progress    Progress
	name        string
	total, done int64
	mu          sync.Mutex
}

func (c *counter) add(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done += n
	c.progress.Step(c.name, c.done, c.total)
}
