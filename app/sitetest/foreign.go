package sitetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"tierbook/app"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/modules/billing"
	"tierbook/modules/contracts"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
)

// ForeignAccount is the account of the second tree.
const ForeignAccount = "foreign-account-1"

// plantForeign makes a second distributor's tree with everything that has a
// page: tenants, contracts, an import, an account, a run and invoices of month.
func plantForeign(ctx context.Context, a *app.App, dir string, month period.Month) error {
	north, err := a.Tenancy.Create(ctx, tenancy.CreateInput{Tier: scope.Distributor, Name: "North", Slug: Foreign})
	if err != nil {
		return err
	}
	ctx = scope.With(ctx, scope.System(north.ID, north.ID, scope.Distributor, "test"))
	fern, err := a.Tenancy.Create(ctx, tenancy.CreateInput{Tier: scope.Reseller, Name: "Fern", Slug: ForeignRe, Parent: north.ID})
	if err != nil {
		return err
	}
	quay, err := a.Tenancy.Create(ctx, tenancy.CreateInput{Tier: scope.Customer, Name: "Quay", Slug: ForeignCust, Parent: fern.ID})
	if err != nil {
		return err
	}
	for _, edge := range [][3]string{{Foreign, ForeignRe, "billed * 2"}, {ForeignRe, ForeignCust, "cost * 1.5"}} {
		if err := applyPrice(ctx, a, edge[0], edge[1], edge[2], month); err != nil {
			return err
		}
	}
	if err := importLine(ctx, a, north, filepath.Join(dir, "foreign.csv"), month); err != nil {
		return err
	}
	if _, err := a.Usage.Assign(ctx, usage.AssignInput{Account: ForeignAccount, Assignee: quay.ID, From: month}); err != nil {
		return err
	}
	return rate(ctx, a, quay, month)
}

// plantRuns lets each reseller recalculate one of its customers, which changes
// nothing: the demo's own runs are the distributor's.
func plantRuns(ctx context.Context, a *app.App, month period.Month) error {
	for seller, buyer := range map[string]string{Reseller: Customer, Sibling: Nephew} {
		s, err := a.Tenancy.Resolve(ctx, Distributor+"/"+seller)
		if err != nil {
			return err
		}
		b, err := a.Tenancy.Resolve(ctx, Distributor+"/"+buyer)
		if err != nil {
			return err
		}
		if err := rate(scope.With(ctx, scope.System(s.ID, s.Tree, scope.Reseller, "test")), a, b, month); err != nil {
			return err
		}
	}
	return nil
}

// rate recalculates a month of customer and waits until that is complete.
func rate(ctx context.Context, a *app.App, customer tenancy.Tenant, month period.Month) error {
	return a.Work(ctx, func(ctx context.Context) error {
		run, err := a.Billing.Request(ctx, billing.RunRequest{Assignee: customer.ID, Month: month, Reason: "test"})
		if err != nil {
			return err
		}
		w, err := a.Billing.Wait(ctx, run)
		if err == nil && w.Run.State != billing.StateComplete {
			err = fmt.Errorf("the run of %s ended %s: %s", customer.Slug, w.Run.State, w.Run.Error)
		}
		return err
	})
}

func applyPrice(ctx context.Context, a *app.App, seller, buyer, price string, from period.Month) error {
	basis := "cost"
	if seller == Foreign {
		basis = "billed"
	}
	doc, err := contracts.Parse("foreign.yaml", fmt.Appendf(nil, `
seller: %s
buyer: %s
name: %s to %s
starts: %s
currency: USD
basis: %s
rules:
  - {name: price, stage: price, then: %q}
`, seller, buyer, seller, buyer, from, basis, price))
	if err == nil {
		_, err = a.Contracts.Apply(ctx, doc)
	}
	return err
}

func importLine(ctx context.Context, a *app.App, owner tenancy.Tenant, file string, month period.Month) error {
	text := fmt.Sprintf("ProviderName,BillingAccountId,SubAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"+
		"ChargeCategory,ServiceName,PricingQuantity,PricingUnit,BilledCost,EffectiveCost,ListCost,ContractedCost\n"+
		"AWS,foreign-payer,%[3]s,USD,%[1]s-01T00:00:00Z,%[2]s-01T00:00:00Z,%[1]s-01T00:00:00Z,%[1]s-01T01:00:00Z,"+
		"Usage,Compute,4,Hours,100,100,120,100\n", month, month.Add(1), ForeignAccount)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	_, err := a.Usage.Import(ctx, usage.ImportInput{Owner: owner.ID, URL: "file://" + file, AnyFile: true}, nil)
	return err
}
