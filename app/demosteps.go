package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"

	"tierbook/app/demo"
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/modules/billing"
	"tierbook/modules/contracts"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
)

// Demo makes the demo, or finds that it is there, through the real services
// and workers.
func (a *App) Demo(ctx context.Context, opts demo.Options, progress demo.Progress) (r demo.Result, err error) {
	if err := a.mayHoldDemo(ctx); err != nil {
		return demo.Result{}, err
	}
	opts.Dir = filepath.Join(a.Config.DataDir, "demo")
	if err := makeDir(opts.Dir); err != nil {
		return demo.Result{}, err
	}
	err = a.Work(ctx, func(ctx context.Context) error {
		r, err = demo.Run(ctx, &demoSteps{app: a, dir: opts.Dir}, opts, progress)
		return err
	})
	return r, err
}

// mayHoldDemo refuses to put the demo among tenants that are not of it.
func (a *App) mayHoldDemo(ctx context.Context) error {
	trees, err := a.Tenancy.Trees(ctx)
	if err != nil {
		return err
	}
	for _, t := range trees {
		if t.Slug != demo.Tenants()[0].Slug {
			return errs.Newf(errs.FailedPrecondition, "app.demo_elsewhere",
				"this data directory holds %s already: make the demo in another one, with --data-dir", t.Name)
		}
	}
	return nil
}

// demoSteps carries out the demo's story with the services. Everything is done
// as the distributor of the tree.
type demoSteps struct {
	app *App
	dir string
}

// as finds a tenant by slug and returns a context that acts as its distributor.
func (d *demoSteps) as(ctx context.Context, slug string) (tenancy.Tenant, context.Context, error) {
	t, err := d.app.Tenancy.Resolve(ctx, slug)
	return t, scope.With(ctx, scope.System(t.Tree, t.Tree, scope.Distributor, "demo")), err
}

// CreateTenant makes a tenant unless it is there.
func (d *demoSteps) CreateTenant(ctx context.Context, t demo.Tenant) (bool, error) {
	_, _, err := d.as(ctx, t.Slug)
	if errs.KindOf(err) != errs.NotFound {
		return false, err
	}
	in := tenancy.CreateInput{Tier: t.Tier, Name: t.Name, Slug: t.Slug}
	if t.Parent != "" {
		parent, scoped, err := d.as(ctx, t.Parent)
		if err != nil {
			return false, err
		}
		in.Parent, ctx = parent.ID, scoped
	}
	_, err = d.app.Tenancy.Create(ctx, in)
	return err == nil, err
}

// CreateUser makes a user with a random password, which is kept before the user
// is there, so that an interrupted demo knows every password; one that is there
// stays as they are.
func (d *demoSteps) CreateUser(ctx context.Context, u demo.User) error {
	t, ctx, err := d.as(ctx, u.Tenant)
	if err != nil {
		return err
	}
	known, err := readSignIns(d.dir)
	if err != nil {
		return err
	}
	_, err = d.app.Tenancy.User(ctx, u.Email)
	if errs.KindOf(err) != errs.NotFound {
		return err
	}
	password := cmp.Or(known[u.Email], rand.Text())
	if err := keepSignIn(d.dir, u.Email, password); err != nil {
		return err
	}
	_, err = d.app.Tenancy.CreateUser(ctx, tenancy.CreateUserInput{
		Tenant: t.ID, Email: u.Email, Name: u.Name, Password: password, Roles: []string{u.Role},
	})
	return err
}

// Import imports a payer account's exports.
func (d *demoSteps) Import(ctx context.Context, in demo.Import, progress func(rows int64)) (int64, error) {
	owner, ctx, err := d.as(ctx, in.Owner)
	if err != nil {
		return 0, err
	}
	address := url.URL{Scheme: "file", Path: in.Dir}
	r, err := d.app.Usage.Import(ctx, usage.ImportInput{
		Owner: owner.ID, URL: address.String(), Format: usage.Format(in.Format), AnyFile: true,
	}, func(p usage.Progress) {
		if p.Stage == usage.StageReading {
			progress(p.Rows)
		}
	})
	return r.RowsStored, err
}

// Assign gives an account to a tenant.
func (d *demoSteps) Assign(ctx context.Context, x demo.Assignment) error {
	t, ctx, err := d.as(ctx, x.Tenant)
	if err != nil {
		return err
	}
	_, err = d.app.Usage.Assign(ctx, usage.AssignInput{
		Account: x.Account, Provider: x.Provider, Assignee: t.ID, From: x.Months.From, To: x.Months.To,
	})
	return err
}

// ApplyContract saves a contract file.
func (d *demoSteps) ApplyContract(ctx context.Context, name string, yaml []byte) error {
	doc, err := contracts.Parse(name, yaml)
	if err != nil {
		return err
	}
	_, ctx, err = d.as(ctx, doc.Seller)
	if err != nil {
		return err
	}
	_, err = d.app.Contracts.Apply(ctx, doc)
	return err
}

// Recalculate asks for all runs, then waits for them in order. Runs of one
// assignee come in the order of months, because fees may look back.
func (d *demoSteps) Recalculate(ctx context.Context, list []demo.Recalculation, progress func(done int)) error {
	type asked struct {
		ctx context.Context
		run id.Run
	}
	var runs []asked
	for _, x := range list {
		t, scoped, err := d.as(ctx, x.Assignee)
		if err != nil {
			return err
		}
		run, err := d.app.Billing.Request(scoped, billing.RunRequest{Assignee: t.ID, Month: x.Month, Reason: "demo"})
		if err != nil {
			return fmt.Errorf("rate %s %s: %w", x.Assignee, x.Month, err)
		}
		runs = append(runs, asked{scoped, run})
	}
	for i, r := range runs {
		w, err := d.app.Billing.Wait(r.ctx, r.run)
		if err != nil {
			return err
		}
		if failed, ok := w.Failed(); ok || w.Run.State != billing.StateComplete {
			return fmt.Errorf("rate %s %s: %s %s", list[i].Assignee, list[i].Month, w.Run.State, failed.Error)
		}
		progress(i + 1)
	}
	return nil
}

// Summary reconciles a month. The demo bills in one currency.
func (d *demoSteps) Summary(ctx context.Context, distributor string, month period.Month) (demo.Reconciliation, error) {
	_, ctx, err := d.as(ctx, distributor)
	if err != nil {
		return demo.Reconciliation{}, err
	}
	r, err := d.app.Billing.Reconcile(ctx, month)
	if err != nil {
		return demo.Reconciliation{}, err
	}
	out := demo.Reconciliation{Month: month, OK: r.OK}
	i := slices.IndexFunc(r.Trees, func(t billing.TreeBooks) bool { return t.Distributor == distributor })
	if i < 0 {
		return out, nil
	}
	t := r.Trees[i]
	out.Currency, out.Findings = string(t.Currency), len(t.AllFindings())
	out.Imported, out.Assigned, out.OwnUse = t.Imported, t.Assigned, t.OwnUse
	out.Unassigned, out.Difference = t.Unassigned, t.Difference
	for _, e := range t.Edges {
		out.Edges = append(out.Edges, demo.EdgeTotal{Seller: e.Seller, Buyer: e.Buyer, Cost: e.Cost, Price: e.Price, Margin: e.Margin})
	}
	if out.Tiers, err = d.tiers(ctx, month); err != nil {
		return out, err
	}
	return out, d.keepCheck(ctx, month)
}

// keepCheck has the month's reconciliation stored, which is what pages show,
// unless one is: by a worker, when it comes to it.
func (d *demoSteps) keepCheck(ctx context.Context, month period.Month) error {
	_, _, known, err := d.app.Billing.LastCheck(ctx, month)
	if err != nil || known {
		return err
	}
	_, err = d.app.Billing.CheckNow(ctx, month)
	return err
}

// tiers is what each selling tier bought and sold in a month.
func (d *demoSteps) tiers(ctx context.Context, month period.Month) ([]demo.TierTotal, error) {
	list, err := d.app.Billing.Summary(ctx, month)
	return each(list, func(t billing.TierSummary) demo.TierTotal {
		return demo.TierTotal{Tier: t.Tier, Cost: t.Cost.Add(t.PeriodCost), PeriodCost: t.PeriodCost, Price: t.Price, Margin: t.Margin}
	}), err
}
