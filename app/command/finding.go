package command

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/modules/billing"
	"tierbook/modules/tenancy"
)

func (e *env) finding() *cobra.Command {
	return group("finding", "What keeps a month from being issued", e.findingAcknowledge())
}

func (e *env) findingAcknowledge() *cobra.Command {
	var seller, buyer, customer string
	var p month
	var in billing.AcknowledgeInput
	cmd := &cobra.Command{
		Use:   "acknowledge",
		Short: "Takes note of usage that is sold for nothing, so that it may be issued like this",
		Long: "Takes note of usage that costs something and is sold for nothing, so that it may be issued like this.\n\n" +
			"It holds until a recalculation finds another sum.",
		Example: "  tierbook finding acknowledge --seller fern --buyer harbour --period 2026-03 --code zero_basis --reason 'trial month'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				s, b, ctx, err := e.actBoth(ctx, a, seller, buyer)
				if err != nil {
					return err
				}
				if customer != "" {
					var t tenancy.Tenant
					if _, t, ctx, err = e.actBoth(ctx, a, seller, customer); err != nil {
						return err
					}
					in.Assignee = t.ID
				}
				in.Edge, in.Month = billing.Edge{Seller: s.ID, Buyer: b.ID}, p.Month
				found, err := a.Billing.AcknowledgeFinding(ctx, in)
				if err != nil {
					return err
				}
				return e.print(map[string]any{"findings": found}, func(w io.Writer) {
					for _, f := range found {
						fmt.Fprintln(w, "-", f.Text())
					}
				})
			})
		},
	}
	cmd.Flags().StringVar(&seller, "seller", "", "slug of who charges")
	cmd.Flags().StringVar(&buyer, "buyer", "", "slug of who is charged")
	cmd.Flags().Var(&p, "period", "billing month, such as 2026-03")
	cmd.Flags().StringVar(&in.Code, "code", "", "the finding's code: zero_basis")
	cmd.Flags().StringVar(&customer, "customer", "", "slug of whose lines (default: everybody's)")
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why it is right, for the log")
	required(cmd, "seller", "buyer", "period", "code", "reason")
	return cmd
}
