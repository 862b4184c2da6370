package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/texttable"
	"tierbook/modules/contracts"
	"tierbook/modules/tenancy"
	"tierbook/rules"
)

func (e *env) contract() *cobra.Command {
	return group("contract", "Contracts as code", e.contractApply(), e.contractShow(), e.contractPreview())
}

// appliedAnswer is what applying a contract file did.
type appliedAnswer struct {
	Seller  string       `json:"seller"`
	Buyer   string       `json:"buyer"`
	Name    string       `json:"name"`
	Outcome string       `json:"outcome"`
	Version int          `json:"version"`
	From    period.Month `json:"from"`

	Warnings []string `json:"warnings"`
}

func (e *env) contractApply() *cobra.Command {
	return &cobra.Command{
		Use:   "apply FILE",
		Short: "Checks a contract file and saves it as a new version, if it says anything new",
		Long: "Checks a contract file and saves it as a new version, if it says anything new.\n\n" +
			"A file that would let the buyer see what the provider bills is asked about on a terminal, and warned of everywhere else.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.withDocument(cmd.Context(), args[0], func(ctx context.Context, a *app.App, d contracts.Document) error {
				if err := e.confirmWarnings(ctx, a, d); err != nil {
					return err
				}
				r, err := a.Contracts.Apply(ctx, d)
				if err != nil {
					return err
				}
				answer := appliedAnswer{d.Seller, d.Buyer, r.Contract.Name, string(r.Outcome), r.Version.Number, r.Version.From, []string{}}
				for _, w := range r.Warnings {
					answer.Warnings = append(answer.Warnings, w.Message)
					if !e.json && !e.isInteractive() {
						fmt.Fprintln(e.err, "warning:", w.Message)
					}
				}
				return e.print(answer, func(w io.Writer) {
					fmt.Fprintf(w, "%s: %s, version %d from %s.\n", answer.Name, outcomes[r.Outcome], answer.Version, answer.From)
				})
			})
		},
	}
}

// confirmWarnings asks somebody at a terminal about what d would do. It asks
// nothing where nobody sits: scripts are warned and go on.
func (e *env) confirmWarnings(ctx context.Context, a *app.App, d contracts.Document) error {
	if e.json || !e.isInteractive() {
		return nil
	}
	warnings, err := a.Contracts.Warnings(ctx, d)
	if err != nil || len(warnings) == 0 {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintln(e.err, "warning:", w.Message)
	}
	if e.confirm("Save it?") {
		return nil
	}
	fmt.Fprintln(e.out, "Nothing was saved.")
	return errFailed
}

var outcomes = map[contracts.Outcome]string{
	contracts.OutcomeCreated:   "created",
	contracts.OutcomeSaved:     "saved",
	contracts.OutcomeMonths:    "months changed",
	contracts.OutcomeUnchanged: "nothing to change",
}

// withDocument reads a contract file and opens the application to act in the
// tree of its seller.
func (e *env) withDocument(ctx context.Context, file string, do func(ctx context.Context, a *app.App, d contracts.Document) error) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	d, err := contracts.Parse(file, text)
	if err != nil {
		return allProblems(file, text, err)
	}
	return e.with(ctx, func(ctx context.Context, a *app.App) error {
		seller, ctx, err := e.act(ctx, a, d.Seller)
		if err != nil {
			return err
		}
		d.Seller = seller.Slug
		return do(ctx, a, d)
	})
}

// allProblems returns what is wrong with the rules of a contract file besides
// what is wrong with its shape. What a reseller's rules may not read is not
// known yet.
func allProblems(file string, text []byte, shape error) error {
	engine, err := app.NewRules()
	if err != nil {
		return shape
	}
	if _, err := contracts.Check(engine, rules.EdgeFirst, file, text); err != nil {
		return err
	}
	return shape
}

// shownAnswer is a contract with its versions.
type shownAnswer struct {
	Name     string          `json:"name"`
	Currency money.Currency  `json:"currency"`
	Starts   period.Month    `json:"starts"`
	Ends     period.Month    `json:"ends"`
	YAML     string          `json:"yaml"`
	Versions []versionAnswer `json:"versions"`
}

type versionAnswer struct {
	Number int          `json:"number"`
	From   period.Month `json:"from"`
	Hash   string       `json:"terms_hash"`
	Saved  string       `json:"saved"`
	By     string       `json:"by"`
}

func (e *env) contractShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show SELLER [BUYER]",
		Short: "Shows the contracts of an edge; without BUYER, the distributor's base contract",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				seller, ctx, err := e.act(ctx, a, args[0])
				if err != nil {
					return err
				}
				var buyer id.Tenant
				if len(args) == 2 {
					var t tenancy.Tenant
					if _, t, ctx, err = e.actBoth(ctx, a, args[0], args[1]); err != nil {
						return err
					}
					buyer = t.ID
				}
				list, err := a.Contracts.Show(ctx, seller.ID, buyer)
				if err != nil {
					return err
				}
				answers := shown(list)
				return e.print(map[string]any{"contracts": answers}, func(w io.Writer) { printContracts(w, answers) })
			})
		},
	}
}

func shown(list []contracts.Shown) []shownAnswer {
	out := make([]shownAnswer, 0, len(list))
	for _, s := range list {
		text := contracts.Format(s.Document)
		c := s.Contract
		answer := shownAnswer{c.Name, c.Currency, c.Months.From, c.Months.To, string(text), []versionAnswer{}}
		for _, v := range s.Versions {
			answer.Versions = append(answer.Versions, versionAnswer{
				v.Number, v.From, v.TermsHash, v.SavedAt.UTC().Format("2006-01-02T15:04:05Z"), v.SavedBy,
			})
		}
		out = append(out, answer)
	}
	return out
}

func printContracts(w io.Writer, list []shownAnswer) {
	for _, c := range list {
		fmt.Fprintf(w, "# %s, %s\n%s\n", c.Name, period.Months{From: c.Starts, To: c.Ends}, c.YAML)
		t := texttable.New("version>", "from", "saved", "by")
		for _, v := range c.Versions {
			t.Row(fmt.Sprint(v.Number), v.From.String(), v.Saved, v.By)
		}
		writeTable(w, t, "")
		fmt.Fprintln(w)
	}
}

func (e *env) contractPreview() *cobra.Command {
	var customer string
	var p month
	cmd := &cobra.Command{
		Use:   "preview FILE",
		Short: "Prices a customer's real month with a contract file, next to what is in force, and saves nothing",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.withDocument(cmd.Context(), args[0], func(ctx context.Context, a *app.App, d contracts.Document) error {
				_, t, ctx, err := e.actBoth(ctx, a, d.Seller, customer)
				if err != nil {
					return err
				}
				v, err := a.Contracts.Preview(ctx, contracts.PreviewInput{Draft: d, Customer: t.ID, Month: p.Month})
				if err != nil {
					return err
				}
				return e.print(previewOf(v), func(w io.Writer) { printPreview(w, previewOf(v)) })
			})
		},
	}
	cmd.Flags().StringVar(&customer, "customer", "", "slug of whose usage is priced")
	cmd.Flags().Var(&p, "period", "billing month, such as 2026-03")
	required(cmd, "customer", "period")
	return cmd
}

// previewAnswer compares prices before fees.
type previewAnswer struct {
	Currency money.Currency     `json:"currency"`
	Cost     string             `json:"cost"`
	Before   string             `json:"before"`
	After    string             `json:"after"`
	Error    string             `json:"before_error,omitempty"`
	Rows     []previewRowAnswer `json:"rows"`
}

type previewRowAnswer struct {
	Service string `json:"service"`
	Rule    string `json:"rule"`
	Before  string `json:"before"`
	After   string `json:"after"`
}

func previewOf(v contracts.Preview) previewAnswer {
	a := previewAnswer{
		Currency: v.Currency, Cost: money.Plain(v.After.Cost), Before: money.Plain(v.Before.Price), After: money.Plain(v.After.Price),
		Error: v.BeforeError, Rows: []previewRowAnswer{},
	}
	for _, r := range v.Rows {
		row := previewRowAnswer{Service: r.Service, Rule: r.Rule}
		if r.Before.Valid {
			row.Before = money.Plain(r.Before.Decimal)
		}
		if r.After.Valid {
			row.After = money.Plain(r.After.Decimal)
		}
		a.Rows = append(a.Rows, row)
	}
	return a
}

func printPreview(w io.Writer, a previewAnswer) {
	fmt.Fprintf(w, "Cost %s, price %s → %s %s, before fees\n", a.Cost, a.Before, a.After, a.Currency)
	if a.Error != "" {
		fmt.Fprintln(w, "The contract in force fails:", a.Error)
	}
	t := texttable.New("service", "rule", "before>", "after>")
	for _, r := range a.Rows {
		t.Row(r.Service, r.Rule, r.Before, r.After)
	}
	writeTable(w, t, "The customer has no lines in this month.")
}

// problemsOf returns what is wrong with a contract file; any other error stays
// one.
func problemsOf(err error) (contracts.Problems, error) {
	if p, ok := errors.AsType[contracts.Problems](err); ok {
		return p, nil
	}
	return nil, err
}
