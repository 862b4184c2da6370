package command

import (
	"context"
	"fmt"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/modules/tenancy"
)

// actor is whom the audit trail names for what a command does.
func actor() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "cli:" + u.Username
	}
	return "cli:unknown"
}

// act finds the tenant that name means («SLUG» or «DISTRIBUTOR/SLUG») and
// returns a context that acts as the distributor of its tree. A name that
// several trees know is wrong usage; the message lists them.
func (e *env) act(ctx context.Context, a *app.App, name string) (tenancy.Tenant, context.Context, error) {
	t, err := a.Tenancy.Resolve(ctx, name)
	switch errs.KindOf(err) {
	case errs.NotFound:
		return tenancy.Tenant{}, nil, errs.Newf(errs.NotFound, "command.no_tenant", "there is no tenant %q; tierbook tenant list shows all", name)
	case errs.Invalid:
		return tenancy.Tenant{}, nil, usageError{err}
	}
	if err != nil {
		return tenancy.Tenant{}, nil, err
	}
	return t, scope.With(ctx, scope.System(t.Tree, t.Tree, scope.Distributor, actor())), nil
}

// actBoth is act for two tenants of one tree. The second name is looked for in
// the first one's tree where it does not name a tree itself.
func (e *env) actBoth(ctx context.Context, a *app.App, first, second string) (one, two tenancy.Tenant, scoped context.Context, err error) {
	if one, scoped, err = e.act(ctx, a, first); err != nil {
		return one, two, nil, err
	}
	if !strings.Contains(second, "/") {
		second = one.Distributor + "/" + second
	}
	if two, _, err = e.act(ctx, a, second); err != nil {
		return one, two, nil, err
	}
	if one.Tree != two.Tree {
		return one, two, nil, usageError{fmt.Errorf("%s and %s are not of one distributor's tree", one.Path(), two.Path())}
	}
	return one, two, scoped, nil
}

// eachTree calls do once for every distributor, acting as it.
func (e *env) eachTree(ctx context.Context, a *app.App, do func(ctx context.Context, tree tenancy.Tenant) error) error {
	trees, err := a.Tenancy.Trees(ctx)
	if err != nil {
		return err
	}
	for _, t := range trees {
		scoped := scope.With(ctx, scope.System(t.ID, t.ID, scope.Distributor, actor()))
		if err := do(scoped, t); err != nil {
			return fmt.Errorf("%s: %w", t.Slug, err)
		}
	}
	return nil
}

// month is a flag's value: a month such as 2026-03.
type month struct{ period.Month }

func (m *month) Set(s string) (err error) { m.Month, err = period.ParseMonth(s); return err }

// Type names the value in help texts.
func (m *month) Type() string { return "MONTH" }

// required marks flags that a command cannot do without.
func required(cmd *cobra.Command, names ...string) {
	check := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		var missing []string
		for _, n := range names {
			if f := cmd.Flags().Lookup(n); !f.Changed || f.Value.String() == "" {
				missing = append(missing, "--"+n)
			}
		}
		if len(missing) > 0 {
			return usageError{fmt.Errorf("%s needs %s; see %s --help", cmd.CommandPath(), strings.Join(missing, ", "), cmd.CommandPath())}
		}
		if check != nil {
			return check(cmd, args)
		}
		return nil
	}
}
