package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
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
	cmd.AddCommand(e.acknowledge())
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

// accountRow is an account in the list.
type accountRow struct {
	Distributor string        `json:"distributor"`
	Owner       string        `json:"owner"`
	Provider    string        `json:"provider"`
	Account     string        `json:"account"`
	Name        string        `json:"name"`
	Assigned    []assignedRow `json:"assigned"`
	Unassigned  []openMonth   `json:"unassigned"`
}

type assignedRow struct {
	Customer string        `json:"customer"`
	OwnUse   bool          `json:"own_use"`
	Months   period.Months `json:"-"`
	From     period.Month  `json:"from"`
	To       period.Month  `json:"to"`
}

// openMonth is a month with lines that nobody answers for.
type openMonth struct {
	Month    period.Month    `json:"month"`
	Currency string          `json:"currency"`
	Rows     int64           `json:"rows"`
	Billed   decimal.Decimal `json:"-"`
	Amount   string          `json:"billed"`
}

func (e *env) accounts() *cobra.Command {
	var unassigned bool
	cmd := &cobra.Command{
		Use:   "accounts",
		Short: "Lists accounts and who answers for them",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				rows := []accountRow{}
				err := e.eachTree(ctx, a, func(ctx context.Context, tree tenancy.Tenant) error {
					list, err := accountsOf(ctx, a, tree, unassigned)
					rows = append(rows, list...)
					return err
				})
				if err != nil {
					return err
				}
				return e.print(map[string]any{"accounts": rows}, func(w io.Writer) { printAccounts(w, rows, unassigned) })
			})
		},
	}
	cmd.Flags().BoolVar(&unassigned, "unassigned", false, "only accounts with lines in a month that nobody answers for")
	return cmd
}

func accountsOf(ctx context.Context, a *app.App, tree tenancy.Tenant, unassigned bool) ([]accountRow, error) {
	list, err := a.Usage.Accounts(ctx, usage.AccountFilter{Unassigned: unassigned})
	if err != nil {
		return nil, err
	}
	tenants, err := a.Tenancy.List(ctx)
	if err != nil {
		return nil, err
	}
	slug := map[string]string{}
	for _, t := range tenants {
		slug[t.ID.String()] = t.Slug
	}
	rows := make([]accountRow, 0, len(list))
	for _, x := range list {
		r := accountRow{
			Distributor: tree.Slug, Owner: slug[x.Owner.String()], Provider: x.Provider, Account: x.Account, Name: x.Name,
			Assigned: []assignedRow{}, Unassigned: []openMonth{},
		}
		for _, as := range x.Assignments {
			r.Assigned = append(r.Assigned, assignedRow{slug[as.Assignee.String()], as.OwnUse, as.Months, as.Months.From, as.Months.To})
		}
		for _, m := range x.Months {
			if !m.IsAssigned {
				r.Unassigned = append(r.Unassigned, openMonth{m.Month, m.Currency, m.Rows, m.Billed, money.Plain(m.Billed)})
			}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func printAccounts(w io.Writer, rows []accountRow, unassigned bool) {
	if unassigned {
		t := texttable.New("provider", "account", "name", "month", "lines>", "billed>", "currency")
		for _, r := range rows {
			for _, m := range r.Unassigned {
				t.Row(r.Provider, r.Account, r.Name, m.Month.String(), strconv.FormatInt(m.Rows, 10), m.Amount, m.Currency)
			}
		}
		writeTable(w, t, "Every account with lines is assigned.")
		return
	}
	t := texttable.New("provider", "account", "name", "answers", "months")
	for _, r := range rows {
		for _, as := range r.Assigned {
			t.Row(r.Provider, r.Account, r.Name, as.Customer, as.Months.String())
		}
		if len(r.Unassigned) > 0 {
			t.Row(r.Provider, r.Account, r.Name, "nobody", fmt.Sprintf("%d months with lines", len(r.Unassigned)))
		}
	}
	writeTable(w, t, "There are no accounts yet: they appear with the first import.")
}

func (e *env) assign() *cobra.Command {
	var in usage.AssignInput
	var customer string
	var from, to month
	cmd := &cobra.Command{
		Use:     "assign",
		Short:   "Gives an account to a customer, or to a reseller or distributor for its own use",
		Example: "  tierbook assign --account 123456789012 --customer harbour --from 2026-01",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				t, ctx, err := e.act(ctx, a, customer)
				if err != nil {
					return err
				}
				in.Assignee, in.From, in.To = t.ID, from.Month, to.Month
				r, err := a.Usage.Assign(ctx, in)
				if err != nil {
					return err
				}
				months := r.Assignment.Months
				answer := map[string]any{"account": in.Account, "customer": t.Slug, "own_use": r.Assignment.OwnUse, "from": months.From, "to": months.To, "ended": len(r.Ended)}
				return e.print(answer, func(w io.Writer) {
					fmt.Fprintf(w, "%s answers for account %s %s.\n", t.Name, in.Account, months)
					if len(r.Ended) > 0 {
						fmt.Fprintln(w, "The assignment before it ends the month before.")
					}
				})
			})
		},
	}
	cmd.Flags().StringVar(&in.Account, "account", "", "the provider's account id")
	cmd.Flags().StringVar(&in.Provider, "provider", "", "aws, azure, gcp …, where the account id is not unique")
	cmd.Flags().StringVar(&customer, "customer", "", "slug of who answers for it")
	cmd.Flags().Var(&from, "from", "first month, such as 2026-01")
	cmd.Flags().Var(&to, "to", "last month (default: open)")
	required(cmd, "account", "customer", "from")
	return cmd
}
