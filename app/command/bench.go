package command

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/kernel/clock"
	"tierbook/app/platform/scope"
	"tierbook/bench"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
)

var now = clock.System{}.Now

func (e *env) bench() *cobra.Command {
	return group("bench", "How fast this machine rates, imports and answers", e.benchRating(), e.benchImport(), e.benchPages())
}

func (e *env) benchRating() *cobra.Command {
	var o bench.Options
	cmd := &cobra.Command{
		Use:   "rating",
		Short: "Prices usage that it makes itself along two edges",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Lines < 1000 || o.Rules < 1 || o.Workers < 0 {
				return usageError{fmt.Errorf("--lines begins at 1000, --rules at 1, --workers at 0")}
			}
			r, err := bench.Rating(cmd.Context(), o)
			if err != nil {
				return err
			}
			return e.print(r, func(w io.Writer) {
				fmt.Fprintf(w, "%d lines, %d rules, %d edges: %.3f s, %.0f lines/s, of it decoding %.3f s; peak memory %d MB\n",
					r.Lines, r.Rules, r.Edges, r.Seconds, r.LinesPerSecond, r.DecodeSeconds, r.PeakRSSBytes>>20)
				fmt.Fprintf(w, "%d classes, %d tuples, %d charges; line by line it takes %.1f s per million\n",
					r.Classes, r.Tuples, r.Charges, r.PlainSecondsPerMillion)
			})
		},
	}
	cmd.Flags().Int64Var(&o.Lines, "lines", 4_000_000, "usage lines, at least 1000")
	cmd.Flags().IntVar(&o.Rules, "rules", 20, "rules on each edge")
	cmd.Flags().IntVar(&o.Workers, "workers", 0, "goroutines (default: one per processor)")
	return cmd
}

func (e *env) benchImport() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Imports a file into a throw-away data directory",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := os.MkdirTemp("", "tierbook-bench-")
			if err != nil {
				return err
			}
			defer func() { _ = os.RemoveAll(dir) }()
			// PostgreSQL's user has to pass through, or its files would be put
			// elsewhere and stay.
			if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // what is secret below is 0600
				return err
			}
			e.dataDir = dir
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				r, err := bench.Import(ctx, args[0], func(ctx context.Context, path string) (bench.Imported, error) {
					return importOnce(ctx, a, path)
				})
				if err != nil {
					return err
				}
				return e.print(r, func(w io.Writer) {
					fmt.Fprintf(w, "%d rows, %d MB in %.2f s: %.0f MB/s; peak memory %d MB\n",
						r.Rows, r.BytesUncompressed/1e6, r.Seconds, r.MBPerSecond, r.PeakRSSBytes>>20)
				})
			})
		},
	}
}

// importOnce imports a file for a distributor made for it.
func importOnce(ctx context.Context, a *app.App, path string) (bench.Imported, error) {
	t, err := a.Tenancy.Create(ctx, tenancy.CreateInput{Tier: scope.Distributor, Name: "Bench"})
	if err != nil {
		return bench.Imported{}, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return bench.Imported{}, err
	}
	address := url.URL{Scheme: "file", Path: abs}
	r, err := a.Usage.Import(scope.With(ctx, t.System(actor())), usage.ImportInput{Owner: t.ID, URL: address.String(), AnyFile: true}, nil)
	return bench.Imported{Rows: r.RowsStored, BytesUncompressed: r.BytesUncompressed}, err
}
