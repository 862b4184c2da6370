package command

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/kernel/errs"
	"tierbook/modules/usage"
)

var errNothingCurrent = errs.New(errs.NotFound, "command.no_delivery", "there is no current delivery of this provider, payer and month")

// withdraw takes out what was imported for the wrong tenant.
func (e *env) withdraw() *cobra.Command {
	var owner, provider, payer, reason string
	var p month
	cmd := &cobra.Command{
		Use:   "withdraw",
		Short: "Takes a delivery out again, such as one that was imported for the wrong tenant",
		Long: "Takes a delivery out again, with nothing in its place. Its lines count nowhere any more, and the\n" +
			"customers who answered for them are rated again as soon as a worker gets to it.",
		Example: "  tierbook import withdraw --tenant north --payer 999999999999 --period 2026-03 --reason \"it is south's\"",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				t, ctx, err := e.act(ctx, a, owner)
				if err != nil {
					return err
				}
				page, err := a.Usage.Deliveries(ctx, usage.DeliveryFilter{
					Owner: t.ID, Provider: provider, Text: payer, Month: p.Month, Status: usage.DeliveryCurrent, Limit: 1000,
				})
				if err != nil {
					return err
				}
				found := slices.DeleteFunc(page.Deliveries, func(d usage.Delivery) bool { return d.Payer != payer })
				switch len(found) {
				case 0:
					return errNothingCurrent
				case 1:
				default:
					return usageError{fmt.Errorf("%d providers have a payer %s: say which with --provider", len(found), payer)}
				}
				d := found[0]
				if err := a.Usage.Withdraw(ctx, d.ID, reason); err != nil {
					return err
				}
				answer := map[string]any{"delivery": d.ID, "provider": d.Provider, "payer": d.Payer, "month": d.Month, "rows": d.Rows}
				return e.print(answer, func(w io.Writer) {
					fmt.Fprintf(w, "%d rows of %s payer %s in %s no longer count for %s.\n", d.Rows, d.Provider, d.Payer, d.Month, t.Name)
				})
			})
		},
	}
	cmd.Flags().StringVar(&owner, "tenant", "", "slug of the tenant that it was imported for")
	cmd.Flags().StringVar(&provider, "provider", "", "aws, azure, gcp …, where the payer is not unique")
	cmd.Flags().StringVar(&payer, "payer", "", "the provider's payer account id")
	cmd.Flags().Var(&p, "period", "the delivery's month, such as 2026-03")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the log")
	required(cmd, "tenant", "payer", "period", "reason")
	return cmd
}
