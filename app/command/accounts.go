package command

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/texttable"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
)

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
	whose := whoseColumns(rows)
	if unassigned {
		t := texttable.New(whose.and("provider", "account", "name", "month", "lines>", "billed>", "currency")...)
		for _, r := range rows {
			for _, m := range r.Unassigned {
				t.Row(whose.of(r, r.Provider, r.Account, r.Name, m.Month.String(), strconv.FormatInt(m.Rows, 10), m.Amount, m.Currency)...)
			}
		}
		writeTable(w, t, "Every account with lines is assigned.")
		return
	}
	t := texttable.New(whose.and("provider", "account", "name", "assigned to", "months")...)
	for _, r := range rows {
		for _, as := range r.Assigned {
			t.Row(whose.of(r, r.Provider, r.Account, r.Name, as.Customer, as.Months.String())...)
		}
		if len(r.Unassigned) > 0 {
			t.Row(whose.of(r, r.Provider, r.Account, r.Name, "nobody", fmt.Sprintf("%d months with lines", len(r.Unassigned)))...)
		}
	}
	writeTable(w, t, "There are no accounts yet: they appear with the first import.")
}

// whose are the columns that tell whose accounts are listed, each only where
// the answer is not the same for all.
type whose struct{ distributor, owner bool }

func whoseColumns(rows []accountRow) whose {
	var out whose
	for _, r := range rows {
		out.distributor = out.distributor || r.Distributor != rows[0].Distributor
		out.owner = out.owner || r.Owner != rows[0].Owner
	}
	return out
}

// and puts the columns' headings before others.
func (c whose) and(headings ...string) []string {
	return c.of(accountRow{Distributor: "distributor", Owner: "owner"}, headings...)
}

// of puts the columns of r before other cells.
func (c whose) of(r accountRow, cells ...string) []string {
	var out []string
	if c.distributor {
		out = append(out, r.Distributor)
	}
	if c.owner {
		out = append(out, r.Owner)
	}
	return append(out, cells...)
}

func (e *env) assign() *cobra.Command {
	var in usage.AssignInput
	var customer, owner string
	var from, to month
	cmd := &cobra.Command{
		Use:     "assign",
		Short:   "Gives an account to a customer, or to a reseller or distributor for its own use",
		Example: "  tierbook assign --account 123456789012 --customer harbour --from 2026-01",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				t, ctx, err := e.act(ctx, a, customer)
				if owner != "" && err == nil {
					var o tenancy.Tenant
					t, o, ctx, err = e.actBoth(ctx, a, customer, owner)
					in.Owner = o.ID
				}
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
					fmt.Fprintf(w, "%s has account %s %s.\n", t.Name, in.Account, months)
					for _, old := range r.Ended {
						fmt.Fprintf(w, "Who had it %s gave these months up, and keeps the others.\n", old.Months)
					}
				})
			})
		},
	}
	cmd.Flags().StringVar(&in.Account, "account", "", "the provider's account id")
	cmd.Flags().StringVar(&in.Provider, "provider", "", "aws, azure, gcp …, where the account id is not unique")
	cmd.Flags().StringVar(&owner, "owner", "", "slug of the tenant that the provider bills for it, where several have the account")
	cmd.Flags().StringVar(&customer, "customer", "", "slug of who answers for it")
	cmd.Flags().Var(&from, "from", "first month, such as 2026-01")
	cmd.Flags().Var(&to, "to", "last month (default: open)")
	cmd.Flags().BoolVar(&in.Replace, "replace", false, "whoever has the account in these months gives them up")
	required(cmd, "account", "customer", "from")
	return cmd
}
