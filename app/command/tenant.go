package command

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/app/platform/texttable"
	"tierbook/modules/tenancy"
)

func (e *env) tenant() *cobra.Command {
	return group("tenant", "Distributors, resellers and customers", e.tenantCreate(), e.tenantMove(), e.tenantList())
}

func (e *env) tenantCreate() *cobra.Command {
	var tier, name, slug, parent string
	cmd := &cobra.Command{
		Use:     "create",
		Short:   "Creates a tenant and prints its slug",
		Example: "  tierbook tenant create --tier distributor --name \"North Distribution\"\n  tierbook tenant create --tier customer --name Harbour --parent fern",
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, ok := tiers[tier]
			if !ok {
				return usageError{fmt.Errorf("--tier is distributor, reseller or customer, not %q", tier)}
			}
			if (t == scope.Distributor) != (parent == "") {
				return usageError{fmt.Errorf("a distributor has no --parent, every other tenant needs one")}
			}
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				in := tenancy.CreateInput{Tier: t, Name: name, Slug: slug}
				if parent != "" {
					p, pctx, err := e.act(ctx, a, parent)
					if err != nil {
						return err
					}
					in.Parent, ctx = p.ID, pctx
				}
				created, err := a.Tenancy.Create(ctx, in)
				if err != nil {
					return err
				}
				return e.print(map[string]string{"slug": created.Slug}, func(w io.Writer) {
					fmt.Fprintf(w, "Created %s %s: %s\n", tier, created.Name, created.Slug)
				})
			})
		},
	}
	cmd.Flags().StringVar(&tier, "tier", "", "distributor, reseller or customer")
	cmd.Flags().StringVar(&name, "name", "", "the tenant's name")
	cmd.Flags().StringVar(&slug, "slug", "", "its short name in commands and files (default made from the name)")
	cmd.Flags().StringVar(&parent, "parent", "", "slug of the tenant that sells to it")
	required(cmd, "tier", "name")
	return cmd
}

// moveAnswer says where a tenant stands now.
type moveAnswer struct {
	Slug   string       `json:"slug"`
	Parent string       `json:"parent"`
	From   period.Month `json:"from"`
}

func (e *env) tenantMove() *cobra.Command {
	var parent string
	var from month
	cmd := &cobra.Command{
		Use:     "move SLUG",
		Short:   "Puts a tenant under another parent from a month on; what was before stays",
		Example: "  tierbook tenant move harbour --parent birch --from 2026-07",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				t, p, ctx, err := e.actBoth(ctx, a, args[0], parent)
				if err != nil {
					return err
				}
				if err := a.Tenancy.Move(ctx, tenancy.MoveInput{Tenant: t.ID, Parent: p.ID, From: from.Month}); err != nil {
					return err
				}
				return e.print(moveAnswer{t.Slug, p.Slug, from.Month}, func(w io.Writer) {
					fmt.Fprintf(w, "%s stands under %s from %s on.\n", t.Name, p.Name, from)
				})
			})
		},
	}
	cmd.Flags().StringVar(&parent, "parent", "", "slug of the tenant that sells to it from then on")
	cmd.Flags().Var(&from, "from", "the first month under the new parent")
	required(cmd, "parent", "from")
	return cmd
}

var tiers = map[string]scope.Tier{
	"distributor": scope.Distributor, "reseller": scope.Reseller, "customer": scope.Customer,
}

// tenantRow is a tenant in the list.
type tenantRow struct {
	Distributor string `json:"distributor"`
	Slug        string `json:"slug"`
	Name        string `json:"name"`
	Tier        string `json:"tier"`
	Parent      string `json:"parent"` // slug; empty for distributors, and where nobody sells to it this month
}

func (e *env) tenantList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Lists all tenants of all trees",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				rows := []tenantRow{}
				err := e.eachTree(ctx, a, func(ctx context.Context, tree tenancy.Tenant) error {
					list, err := tenantsOf(ctx, a, tree)
					rows = append(rows, list...)
					return err
				})
				if err != nil {
					return err
				}
				return e.print(map[string]any{"tenants": rows}, func(w io.Writer) {
					t := texttable.New("distributor", "slug", "tier", "parent", "name")
					for _, r := range rows {
						t.Row(r.Distributor, r.Slug, r.Tier, r.Parent, r.Name)
					}
					writeTable(w, t, "There are no tenants yet. Create a distributor: tierbook tenant create --tier distributor --name NAME")
				})
			})
		},
	}
}

// tenantsOf lists the tenants of a tree with their parents of this month.
func tenantsOf(ctx context.Context, a *app.App, tree tenancy.Tenant) ([]tenantRow, error) {
	list, err := a.Tenancy.List(ctx)
	if err != nil {
		return nil, err
	}
	placed, err := a.Tenancy.Descendants(ctx, period.MonthOf(now()))
	if err != nil {
		return nil, err
	}
	slug, parent := map[id.Tenant]string{}, map[id.Tenant]id.Tenant{}
	for _, t := range list {
		slug[t.ID] = t.Slug
	}
	for _, d := range placed {
		parent[d.ID] = d.Parent
	}
	rows := make([]tenantRow, len(list))
	for i, t := range list {
		rows[i] = tenantRow{tree.Slug, t.Slug, t.Name, t.Tier.String(), slug[parent[t.ID]]}
	}
	return rows, nil
}
