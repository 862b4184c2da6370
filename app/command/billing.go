package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/texttable"
	"tierbook/modules/billing"
	"tierbook/modules/tenancy"
)

// recalcAnswer is what became of a recalculation.
type recalcAnswer struct {
	Job    string    `json:"job"`
	Status string    `json:"status"`
	Error  string    `json:"error"`
	Run    runAnswer `json:"run"`
}

type runAnswer struct {
	Lines      int64       `json:"lines"`
	Classes    int64       `json:"classes"`
	Tuples     int64       `json:"tuples"`
	Charges    int64       `json:"charges"`
	Seconds    json.Number `json:"seconds"`
	InputHash  string      `json:"input_hash"`
	ResultHash string      `json:"result_hash"`
}

func answerOf(w billing.Waited) recalcAnswer {
	r := w.Run
	a := recalcAnswer{Job: r.ID.String(), Status: string(r.State), Error: r.Error.String(), Run: runAnswer{
		r.Lines, r.Classes, r.Tuples, r.Charges, json.Number(money.Plain(r.Seconds)), r.InputHash, r.ResultHash,
	}}
	if failed, ok := w.Failed(); ok {
		a.Status, a.Error = string(failed.State), failed.Error.String()
	}
	return a
}

func (e *env) recalc() *cobra.Command {
	var customer, reason string
	var p month
	var wait bool
	cmd := &cobra.Command{
		Use:     "recalc",
		Short:   "Rates a customer's month again, on every tier, and publishes the result",
		Example: "  tierbook recalc --customer harbour --period 2026-03 --reason \"price book corrected\" --wait",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				t, ctx, err := e.act(ctx, a, customer)
				if err != nil {
					return err
				}
				run, err := a.Billing.Request(ctx, billing.RunRequest{Assignee: t.ID, Month: p.Month, Reason: reason})
				if err != nil {
					return err
				}
				if !wait {
					answer := recalcAnswer{Job: run.String(), Status: string(billing.StateRequested)}
					return e.print(answer, func(w io.Writer) {
						fmt.Fprintf(w, "Job %s is in the queue. A worker carries it out: tierbook work, or add --wait.\n", run)
					})
				}
				return e.waitFor(ctx, a, t, p.Month, billing.Waited{Run: billing.Run{ID: run}})
			})
		},
	}
	cmd.Flags().StringVar(&customer, "customer", "", "slug of the customer, or of who uses accounts itself")
	cmd.Flags().Var(&p, "period", "billing month, such as 2026-03")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the log")
	cmd.Flags().BoolVar(&wait, "wait", false, "work on the queue here and return when the job has ended")
	required(cmd, "customer", "period", "reason")
	return cmd
}

// waitFor works on the queue until w's run has ended, and prints how.
func (e *env) waitFor(ctx context.Context, a *app.App, t tenancy.Tenant, p period.Month, w billing.Waited) error {
	var found []billing.Finding
	err := a.Work(ctx, func(ctx context.Context) error {
		bar := e.progress()
		defer bar.finish()
		bar.at(fmt.Sprintf("Rating %s %s", t.Slug, p), 0, 0)
		var err error
		if w, err = a.Billing.Wait(ctx, w.Run.ID); err != nil {
			return err
		}
		found, err = a.Billing.RunFindings(ctx, w.Run.ID)
		return err
	})
	if err != nil {
		return err
	}
	answer := answerOf(w)
	err = e.print(answer, func(out io.Writer) {
		printRun(out, t, p, answer)
		for _, f := range found {
			fmt.Fprintln(out, "-", f.Text())
		}
	})
	if err != nil {
		return err
	}
	if answer.Status != string(billing.StateComplete) {
		return errFailed
	}
	return nil
}

func printRun(w io.Writer, t tenancy.Tenant, p period.Month, a recalcAnswer) {
	switch {
	case a.Status == string(billing.StateComplete):
	case a.Run.ResultHash == "":
		fmt.Fprintf(w, "Job %s: %s. Nothing was published.\n%s\n", a.Job, a.Status, a.Error)
		return
	default:
		fmt.Fprintf(w, "Job %s: the lines of %s are published, but not all fees on them: what was computed before stands.\n%s\n", a.Job, t.Name, a.Error)
		return
	}
	fmt.Fprintf(w, "%s %s is rated: %d lines into %d charges in %s s (%d classes, %d tuples).\nJob %s\nResult %s\n",
		t.Name, p, a.Run.Lines, a.Run.Charges, a.Run.Seconds, a.Run.Classes, a.Run.Tuples, a.Job, a.Run.ResultHash)
}

func (e *env) invoice() *cobra.Command {
	return group("invoice", "What one tier charges the next", e.invoiceShow())
}

func (e *env) invoiceShow() *cobra.Command {
	var seller, buyer string
	var p month
	var asCSV bool
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "Shows the pro-forma invoice of a contract and month",
		Example: "  tierbook invoice show --seller fern --buyer harbour --period 2026-03",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asCSV && e.json {
				return usageError{fmt.Errorf("--csv and --json exclude each other")}
			}
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				s, b, ctx, err := e.actBoth(ctx, a, seller, buyer)
				if err != nil {
					return err
				}
				if err := e.settle(ctx, a, p.Month); err != nil {
					return err
				}
				inv, err := a.Billing.Invoice(ctx, billing.Edge{Seller: s.ID, Buyer: b.ID}, p.Month)
				if err != nil {
					return err
				}
				switch {
				case asCSV:
					return inv.WriteCSV(e.out)
				case e.json:
					return e.print(inv, nil)
				}
				return inv.WriteText(e.out)
			})
		},
	}
	cmd.Flags().StringVar(&seller, "seller", "", "slug of who charges")
	cmd.Flags().StringVar(&buyer, "buyer", "", "slug of who is charged")
	cmd.Flags().Var(&p, "period", "billing month, such as 2026-03")
	cmd.Flags().BoolVar(&asCSV, "csv", false, "print a CSV table")
	required(cmd, "seller", "buyer", "period")
	return cmd
}

// settle computes the fees that a month lacks, such as those of a contract
// without usage.
func (e *env) settle(ctx context.Context, a *app.App, p period.Month) error {
	lacking, err := a.Billing.EnsurePeriods(ctx, p)
	if err != nil || len(lacking) == 0 {
		return err
	}
	return a.Work(ctx, func(ctx context.Context) error { return a.Billing.Settle(ctx, p) })
}

func (e *env) reconcile() *cobra.Command {
	var p month
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Proves that every tier's sale is the next tier's cost, and that nothing imported is missing",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				r, err := e.reconcileTrees(ctx, a, p.Month)
				if err != nil {
					return err
				}
				if err := e.print(r, func(w io.Writer) { printReconciliation(w, p.Month, r) }); err != nil {
					return err
				}
				if !r.OK {
					return errFailed
				}
				return nil
			})
		},
	}
	cmd.Flags().Var(&p, "period", "billing month, such as 2026-03")
	required(cmd, "period")
	return cmd
}

// reconcileTrees reconciles all trees. It works on the queue meanwhile, so that
// period runs under way end even without a running worker.
func (e *env) reconcileTrees(ctx context.Context, a *app.App, p period.Month) (billing.Reconciliation, error) {
	var parts []billing.Reconciliation
	err := a.Work(ctx, func(ctx context.Context) error {
		return e.eachTree(ctx, a, func(ctx context.Context, _ tenancy.Tenant) error {
			r, err := a.Billing.Reconcile(ctx, p)
			parts = append(parts, r)
			return err
		})
	})
	return billing.Join(parts...), err
}

func printReconciliation(w io.Writer, p period.Month, r billing.Reconciliation) {
	for _, t := range r.Trees {
		fmt.Fprintf(w, "%s %s %s\n", t.Distributor, p, t.Currency)
		sums := texttable.New("", "amount>")
		sums.Row("imported", money.Plain(t.Imported))
		sums.Row("assigned", money.Plain(t.Assigned))
		sums.Row("own use", money.Plain(t.OwnUse))
		sums.Row("unassigned", money.Plain(t.Unassigned))
		sums.Row("difference", money.Plain(t.Difference))
		sums.Row("rows quarantined", strconv.FormatInt(t.RowsQuarantined, 10))
		writeTable(w, sums, "")
		fmt.Fprintln(w)
		edges := texttable.New("seller", "buyer", "seller charges>", "buyer costs>", "cost>", "price>", "margin>")
		for _, x := range t.Edges {
			edges.Row(x.Seller, x.Buyer, money.Plain(x.SellerCharges), money.Plain(x.BuyerCosts),
				money.Plain(x.Cost), money.Plain(x.Price), money.Plain(x.Margin))
		}
		writeTable(w, edges, "Nothing was charged.")
		for _, f := range t.AllFindings() {
			fmt.Fprintln(w, "-", f.Text())
		}
		fmt.Fprintln(w)
	}
	switch {
	case r.Nothing:
		fmt.Fprintf(w, "Nothing was imported or charged in %s.\n", p)
		return
	case r.OK:
		fmt.Fprintf(w, "%s reconciles to the digit.\n", p)
		return
	}
	fmt.Fprintf(w, "%s does not reconcile.\n", p)
}
