package app

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/demo"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
	"tierbook/modules/billing"
	"tierbook/modules/contracts"
	"tierbook/modules/usage"
)

// One month of two AWS payers, with reservations, savings plans, credits,
// refunds, marketplace and support, costs the same whatever format it comes
// in: per edge, account, service and basis. Below the first edge the basis is
// list, which is not delivered for every purchase.
func TestFormats_LegacyCURAndFOCUSPriceAlike(t *testing.T) {
	t.Parallel()
	now := period.NewMonth(2026, 7)
	cur := pricesByBasis(t, demo.FormatCUR, now)
	focus := pricesByBasis(t, demo.FormatFOCUS, now)
	if len(cur) < 200 {
		t.Fatalf("only %d prices to compare", len(cur))
	}
	if diff := cmp.Diff(cur, focus); diff != "" {
		t.Errorf("prices as CUR (-) and as FOCUS (+):\n%s", diff)
	}
}

// pricesByBasis imports the AWS part of a generated month in a format and
// returns what contracts with a markup charge, by basis of the first edge,
// seller, account and service.
func pricesByBasis(t *testing.T, format demo.Format, now period.Month) map[string]string {
	t.Helper()
	b := dbtest.New(t)
	a := openOn(t, b)
	north := b.NamedTenant(t, scope.Distributor, "north")
	mid := b.NamedTenant(t, scope.Reseller, "mid", north)
	fern := b.NamedTenant(t, scope.Customer, "fern", mid)
	ctx := scope.With(t.Context(), north)
	importAWS(t, ctx, a, fern, demo.Options{Lines: 8000, Months: 3, Now: now, Dir: t.TempDir(), AWS: format})
	agree(t, ctx, a, "mid", "fern", "list")
	out := map[string]string{}
	for _, basis := range []string{"list", "contracted", "billed", "effective"} {
		priceOn(t, ctx, a, fern, basis, now.Add(-1))
		for key, amount := range chargesByService(t, ctx, a) {
			out[basis+" "+key] = amount
		}
	}
	return out
}

func importAWS(t *testing.T, ctx context.Context, a *App, customer scope.Scope, o demo.Options) {
	t.Helper()
	exports, err := demo.Generate(ctx, o, demo.Silent{})
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range exports.Sources {
		if src.Provider != "aws" {
			continue
		}
		in := usage.ImportInput{Owner: mustScope(t, ctx).Tenant, URL: "file://" + src.Dir, AnyFile: true}
		if _, err := a.Usage.Import(ctx, in, nil); err != nil {
			t.Fatal(err)
		}
	}
	accounts, err := a.Usage.Accounts(ctx, usage.AccountFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range accounts {
		in := usage.AssignInput{Account: x.Account, Assignee: customer.Tenant, From: o.Now.Add(-12)}
		if _, err := a.Usage.Assign(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
}

func mustScope(t *testing.T, ctx context.Context) scope.Scope {
	t.Helper()
	s, err := scope.From(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// agree signs a contract of this basis with a markup, so that cost and list
// differ on the edge below.
func agree(t *testing.T, ctx context.Context, a *App, seller, buyer, basis string) {
	t.Helper()
	d, err := contracts.Parse("basis.yaml", fmt.Appendf(nil, "{seller: %s, buyer: %s, name: basis, starts: 2020-01, currency: USD, basis: %s, rules: [{name: markup, stage: price, then: price * 1.5}]}", seller, buyer, basis))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Contracts.Apply(ctx, d); err != nil {
		t.Fatal(err)
	}
}

// priceOn rates the customer's month with a contract of this basis on the first
// edge.
func priceOn(t *testing.T, ctx context.Context, a *App, customer scope.Scope, basis string, month period.Month) {
	t.Helper()
	agree(t, ctx, a, "north", "mid", basis)
	err := a.Work(ctx, func(ctx context.Context) error {
		run, err := a.Billing.Request(ctx, billing.RunRequest{Assignee: customer.Tenant, Month: month, Reason: basis})
		if err != nil {
			return err
		}
		w, err := a.Billing.Wait(ctx, run)
		if err == nil && w.Run.State != billing.StateComplete {
			t.Errorf("%s: the run is %s: %s", basis, w.Run.State, w.Run.Error)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// chargesByService adds up what is published, by seller, account and service.
func chargesByService(t *testing.T, ctx context.Context, a *App) map[string]string {
	t.Helper()
	var rows []struct{ Key, Amount string }
	err := a.web.ReadTx(ctx, func(ctx context.Context) error {
		return a.web.Gorm(ctx).Raw(`SELECT t.slug || ' ' || c.account || ' ' || c.service AS key, trim_scale(sum(c.amount))::text AS amount
			FROM billing_charges c JOIN (SELECT DISTINCT run_id FROM billing_published) p ON p.run_id = c.run_id
			JOIN tenancy_tenants t ON t.id = c.seller_id GROUP BY 1`).Scan(&rows).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range rows {
		out[r.Key] = r.Amount
	}
	return out
}
