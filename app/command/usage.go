package command

import (
	"context"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/texttable"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
)

func (e *env) usage() *cobra.Command {
	return group("usage", "What was imported", e.usageTotals(), e.quarantine())
}

func (e *env) usageTotals() *cobra.Command {
	var p month
	var tenant string
	cmd := &cobra.Command{
		Use:   "totals",
		Short: "Adds up a billing month's current deliveries by payer account",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				totals, err := e.collectTotals(ctx, a, tenant, p.Month)
				if err != nil {
					return err
				}
				return e.print(map[string]any{"totals": totals}, func(w io.Writer) { printTotals(w, totals) })
			})
		},
	}
	cmd.Flags().Var(&p, "period", "billing month, such as 2026-03")
	cmd.Flags().StringVar(&tenant, "tenant", "", "slug of a tenant: only what it and the tenants below it own (default: all trees)")
	required(cmd, "period")
	return cmd
}

func (e *env) collectTotals(ctx context.Context, a *app.App, tenant string, p period.Month) ([]usage.Total, error) {
	totals := []usage.Total{}
	add := func(ctx context.Context, _ tenancy.Tenant) error {
		list, err := a.Usage.Totals(ctx, p)
		totals = append(totals, list...)
		return err
	}
	if tenant == "" {
		return totals, e.eachTree(ctx, a, add)
	}
	t, ctx, err := e.act(ctx, a, tenant)
	if err != nil {
		return nil, err
	}
	if err := add(ctx, t); err != nil || t.ID == t.Tree {
		return totals, err
	}
	below, err := e.below(ctx, a, t, p)
	return slices.DeleteFunc(totals, func(x usage.Total) bool { return !below[x.Owner] }), err
}

// below returns the slugs of t and the tenants under it in month p.
func (e *env) below(ctx context.Context, a *app.App, t tenancy.Tenant, p period.Month) (map[string]bool, error) {
	list, err := a.Tenancy.Descendants(ctx, p)
	if err != nil {
		return nil, err
	}
	slugs := map[string]bool{t.Slug: true}
	for _, d := range list {
		ok, err := a.Tenancy.IsBelow(ctx, t.ID, d.ID, period.Months{From: p, To: p})
		if err != nil {
			return nil, err
		}
		if ok {
			slugs[d.Slug] = true
		}
	}
	return slugs, nil
}

func printTotals(w io.Writer, totals []usage.Total) {
	t := texttable.New("distributor", "owner", "provider", "payer", "currency", "rows>", "billed>", "effective>", "list>", "contracted>")
	for _, x := range totals {
		t.Row(x.Distributor, x.Owner, x.Provider, x.Payer, x.Currency, strconv.FormatInt(x.Rows, 10),
			money.Plain(x.Billed), money.Plain(x.Effective), money.Plain(x.List), money.Plain(x.Contracted))
	}
	writeTable(w, t, "Nothing was imported for this month.")
}

// quarantinedRow is a row of the list of what could not be read.
type quarantinedRow struct {
	File   string       `json:"file"`
	Row    int64        `json:"row"`
	Column string       `json:"column"`
	Value  string       `json:"value"`
	Reason string       `json:"reason"`
	Period period.Month `json:"period"`
}

func (e *env) quarantine() *cobra.Command {
	var p month
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "Lists the rows that could not be read and wait for somebody to take note",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				rows := []quarantinedRow{}
				err := e.eachTree(ctx, a, func(ctx context.Context, _ tenancy.Tenant) error {
					list, err := a.Usage.Quarantine(ctx, usage.QuarantineFilter{Period: p.Month})
					for _, q := range list {
						rows = append(rows, quarantinedRow{q.File, q.Row, q.Column, q.Value, q.Reason, q.Period})
					}
					return err
				})
				if err != nil {
					return err
				}
				return e.print(map[string]any{"rows": rows}, func(w io.Writer) {
					t := texttable.New("file", "row>", "column", "value", "reason", "period")
					for _, r := range rows {
						t.Row(r.File, strconv.FormatInt(r.Row, 10), r.Column, r.Value, r.Reason, r.Period.String())
					}
					writeTable(w, t, "No row waits.")
				})
			})
		},
	}
	cmd.Flags().Var(&p, "period", "only rows that count against this month")
	return cmd
}
