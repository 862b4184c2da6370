package command

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/kernel/money"
	"tierbook/app/platform/texttable"
	"tierbook/bench"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
)

func (e *env) importUsage() *cobra.Command {
	var owner, url, format string
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Imports provider exports for the tenant that the provider bills",
		Example: "  tierbook import --tenant north --url file:///data/cur/2026-03/\n" +
			"  tierbook import --tenant north --url 's3://bucket/prefix?region=eu-west-1'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				t, ctx, err := e.act(ctx, a, owner)
				if err != nil {
					return err
				}
				bar := e.progress()
				r, err := a.Usage.Import(ctx, usage.ImportInput{Owner: t.ID, URL: url, AnyFile: true, Format: usage.Format(format)}, func(p usage.Progress) {
					showImport(bar, p)
				})
				bar.finish()
				if err != nil {
					return err
				}
				return e.print(importAnswer{r, bench.PeakRSS("self")}, func(w io.Writer) { printImport(w, r) })
			})
		},
	}
	cmd.Flags().StringVar(&owner, "tenant", "", "slug of the tenant that the provider bills")
	cmd.Flags().StringVar(&url, "url", "", "file:///path of a file or directory, or a bucket's URL")
	cmd.Flags().StringVar(&format, "format", "auto", "auto, aws-cur or focus")
	required(cmd, "tenant", "url")
	cmd.AddCommand(e.acknowledge(), e.withdraw())
	return cmd
}

// importAnswer adds the process's memory to what the import says.
type importAnswer struct {
	usage.ImportResult
	PeakRSSBytes int64 `json:"peak_rss_bytes"`
}

func showImport(bar *progress, p usage.Progress) {
	switch p.Stage {
	case usage.StageReading:
		bar.at("Reading "+p.File, p.Bytes, p.BytesAll)
	case usage.StageStoring:
		bar.at("Storing lines", p.Rows, p.RowsAll)
	}
}

func printImport(w io.Writer, r usage.ImportResult) {
	fmt.Fprintf(w, "Read %d rows, stored %d in %.1f s.\n", r.RowsRead, r.RowsStored, r.Seconds)
	if r.RowsQuarantined > 0 {
		fmt.Fprintf(w, "%d rows could not be read and are in no sum: see tierbook usage quarantine.\n", r.RowsQuarantined)
	}
	t := texttable.New("provider", "payer", "delivery", "state")
	for _, d := range r.Deliveries {
		t.Row(d.Provider, d.Payer, d.Month.String(), string(d.State))
	}
	writeTable(w, t, "No delivery came of it.")
	sums := texttable.New("payer", "period", "currency", "rows>", "billed>", "effective>", "list>", "contracted>")
	for _, s := range r.Periods {
		sums.Row(s.Payer, s.Period.String(), s.Currency, strconv.FormatInt(s.Rows, 10),
			money.Plain(s.Billed), money.Plain(s.Effective), money.Plain(s.List), money.Plain(s.Contracted))
	}
	if len(r.Periods) > 0 {
		writeTable(w, sums, "")
	}
	for _, warning := range r.Warnings {
		fmt.Fprintln(w, "Note:", warning)
	}
}

func (e *env) acknowledge() *cobra.Command {
	var p month
	var reason string
	cmd := &cobra.Command{
		Use:   "acknowledge",
		Short: "Takes note of quarantined rows, so that their month can reconcile without them",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				var rows int64
				err := e.eachTree(ctx, a, func(ctx context.Context, _ tenancy.Tenant) error {
					n, err := a.Usage.Acknowledge(ctx, p.Month, reason)
					rows += n
					return err
				})
				if err != nil {
					return err
				}
				return e.print(map[string]int64{"rows": rows}, func(w io.Writer) {
					fmt.Fprintf(w, "Acknowledged %d rows of %s.\n", rows, p)
				})
			})
		},
	}
	cmd.Flags().Var(&p, "period", "billing month, such as 2026-03")
	cmd.Flags().StringVar(&reason, "reason", "", "why the month is right without these rows")
	required(cmd, "period", "reason")
	return cmd
}
