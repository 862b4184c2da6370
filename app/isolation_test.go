package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/dbtest"
	"tierbook/app/platform/scope"
	"tierbook/configs"
	"tierbook/modules/billing"
	"tierbook/modules/contracts"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
)

// channel is a distributor, a reseller and its customer in a wired program.
// Every number of the distributor's own cost holds the digits 7531, so that a
// test can look for them.
type channel struct {
	*App
	db                              *dbtest.Bundle
	distributor, reseller, customer tenancy.Tenant
	month                           period.Month
}

const secretDigits = "7531"

// openOn returns the wired program on a test's database.
func openOn(t *testing.T, b *dbtest.Bundle) *App {
	t.Helper()
	cfg, err := configs.LoadFrom([]string{
		"TIERBOOK_DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "DATABASE_URL=" + b.OwnerURL,
		"DATABASE_URL_WEB=" + b.WebURL, "DATABASE_URL_WORK=" + b.WorkURL,
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(t.Context(), cfg, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func newChannel(t *testing.T) *channel {
	t.Helper()
	b := dbtest.New(t)
	a := openOn(t, b)
	c := &channel{App: a, db: b, month: period.NewMonth(2026, 3)}
	c.distributor = c.tenant(t, t.Context(), tenancy.CreateInput{Tier: scope.Distributor, Name: "North"})
	c.reseller = c.tenant(t, c.asDistributor(t), tenancy.CreateInput{Tier: scope.Reseller, Name: "Fern", Parent: c.distributor.ID})
	c.customer = c.tenant(t, c.asDistributor(t), tenancy.CreateInput{Tier: scope.Customer, Name: "Harbour", Parent: c.reseller.ID})
	c.apply(t, c.asDistributor(t), "north", "fern", "billed", "billed * 2")
	c.apply(t, c.asReseller(t, "finance"), "fern", "harbour", "cost", "cost * 1.5")
	c.importUsage(t)
	return c
}

func (c *channel) tenant(t *testing.T, ctx context.Context, in tenancy.CreateInput) tenancy.Tenant {
	t.Helper()
	out, err := c.Tenancy.Create(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (c *channel) asDistributor(t *testing.T) context.Context {
	return scope.With(t.Context(), c.distributor.System("test"))
}

func (c *channel) asReseller(t *testing.T, role string) context.Context {
	return scope.With(t.Context(), scope.Scope{
		Tenant: c.reseller.ID, Tree: c.distributor.ID, Tier: scope.Reseller,
		Actor: scope.Actor{User: id.New[id.User](), Name: "grace@fern.example", Roles: []string{role}},
	})
}

func document(seller, buyer, basis, price string) contracts.Document {
	d, err := contracts.Parse("test.yaml", fmt.Appendf(nil, `
seller: %s
buyer: %s
name: %s to %s
starts: 2026-01
currency: USD
basis: %s
rules:
  - {name: price of %s, stage: price, then: %q}
`, seller, buyer, seller, buyer, basis, seller, price))
	if err != nil {
		panic(err)
	}
	return d
}

func (c *channel) apply(t *testing.T, ctx context.Context, seller, buyer, basis, price string) {
	t.Helper()
	if _, err := c.Contracts.Apply(ctx, document(seller, buyer, basis, price)); err != nil {
		t.Fatal(err)
	}
}

// importUsage imports one line whose four measures all hold the secret digits.
func (c *channel) importUsage(t *testing.T) {
	t.Helper()
	ctx := c.asDistributor(t)
	file := filepath.Join(t.TempDir(), "march.csv")
	text := "ProviderName,BillingAccountId,SubAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd," +
		"ChargeCategory,ServiceName,PricingQuantity,PricingUnit,BilledCost,EffectiveCost,ListCost,ContractedCost\n" +
		"AWS,payer-1,acc-1,USD,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03-01T00:00:00Z,2026-03-01T01:00:00Z," +
		"Usage,Compute,4,Hours,7531.25,7531.125,,7531.0625\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Usage.Import(ctx, usage.ImportInput{Owner: c.distributor.ID, URL: "file://" + file, AnyFile: true}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Usage.Assign(ctx, usage.AssignInput{Account: "acc-1", Assignee: c.customer.ID, From: c.month}); err != nil {
		t.Fatal(err)
	}
}

// rate recalculates the customer's month as ctx says.
func (c *channel) rate(t *testing.T, ctx context.Context) billing.Waited {
	t.Helper()
	var w billing.Waited
	err := c.Work(ctx, func(ctx context.Context) error {
		run, err := c.Billing.Request(ctx, billing.RunRequest{Assignee: c.customer.ID, Month: c.month, Reason: "test"})
		if err != nil {
			return err
		}
		w, err = c.Billing.Wait(ctx, run)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// tellsNothing fails if anything in seen holds the distributor's cost.
func tellsNothing(t *testing.T, what string, seen any) {
	t.Helper()
	text, err := json.Marshal(seen)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(text) + fmt.Sprintf("%+v", seen); strings.Contains(s, secretDigits) {
		t.Errorf("%s tells the distributor's cost: %s", what, s)
	}
}

func TestIsolation_AResellerCannotLearnTheDistributorsCost(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	if w := c.rate(t, c.asDistributor(t)); w.Run.State != billing.StateComplete {
		t.Fatalf("the month is not rated: %+v", w.Run)
	}
	ctx := c.asReseller(t, "finance")
	up := billing.Edge{Seller: c.distributor.ID, Buyer: c.reseller.ID}
	down := billing.Edge{Seller: c.reseller.ID, Buyer: c.customer.ID}

	t.Run("documents", func(t *testing.T) {
		bought, err := c.Billing.Invoice(ctx, up, c.month)
		if err != nil || bought.Total.String() != "15062.5" {
			t.Fatalf("what the reseller buys for: %s, %v", bought.Total, err)
		}
		tellsNothing(t, "the invoice from the distributor", bought)
		sold, err := c.Billing.Invoice(ctx, down, c.month)
		if err != nil || sold.Total.String() != "22593.75" {
			t.Fatalf("what the reseller sells for: %s, %v", sold.Total, err)
		}
		tellsNothing(t, "the invoice to the customer", sold)
	})
	t.Run("findings", func(t *testing.T) {
		found, err := c.Billing.Findings(ctx, up, c.month)
		if err != nil || len(found) != 0 {
			t.Errorf("findings of the edge above: %v, %v", found, err)
		}
	})
	t.Run("usage", func(t *testing.T) {
		totals, err := c.Usage.Totals(ctx, c.month)
		if err != nil || len(totals) != 0 {
			t.Errorf("totals: %v, %v", totals, err)
		}
		accounts, err := c.Usage.Accounts(ctx, usage.AccountFilter{})
		if err != nil || len(accounts) != 1 {
			t.Errorf("accounts: %v, %v; want the customer's one", accounts, err)
		}
		tellsNothing(t, "the list of accounts", accounts)
	})
	t.Run("contracts", func(t *testing.T) {
		if _, err := c.Contracts.Show(ctx, c.distributor.ID, c.reseller.ID); errs.KindOf(err) != errs.NotFound {
			t.Errorf("the contract above: %v, want NotFound", err)
		}
	})
	t.Run("rules", func(t *testing.T) {
		for _, name := range []string{"billed", "effective", "contracted"} {
			_, err := c.Contracts.Apply(ctx, document("fern", "harbour", "cost", name+" * 2"))
			if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "cost") {
				t.Errorf("a rule over %s: %v", name, err)
			}
			if _, err := c.Contracts.Apply(ctx, document("fern", "harbour", name, "cost")); errs.KindOf(err) != errs.Invalid {
				t.Errorf("a basis of %s: %v", name, err)
			}
		}
	})
	t.Run("preview", func(t *testing.T) {
		for _, price := range []string{"cost * 1.25", "list"} {
			seen, err := c.Contracts.Preview(ctx, contracts.PreviewInput{
				Draft: document("fern", "harbour", "cost", price), Customer: c.customer.ID, Month: c.month,
			})
			if err != nil {
				t.Fatal(err)
			}
			tellsNothing(t, "the preview of "+price, seen)
		}
	})
	t.Run("charges", func(t *testing.T) {
		for _, table := range []string{
			"billing_charges", "billing_charge_costs", "billing_runs", "billing_run_results", "billing_run_errors", "billing_published",
			"billing_period_charges", "billing_period_costs", "billing_findings", "usage_segment_accounts", "usage_segments", "audit_events",
		} {
			var rows []string
			err := c.web.ReadTx(ctx, func(ctx context.Context) error {
				return c.web.Gorm(ctx).Raw(`SELECT to_jsonb(x)::text FROM ` + table + ` x`).Scan(&rows).Error
			})
			if err != nil {
				t.Fatal(err)
			}
			tellsNothing(t, table, rows)
		}
	})
}

func TestIsolation_ErrorsOfTheEdgeAboveAreMasked(t *testing.T) {
	t.Parallel()
	c := newChannel(t)
	if w := c.rate(t, c.asDistributor(t)); w.Run.State != billing.StateComplete {
		t.Fatalf("the month is not rated: %+v", w.Run)
	}
	c.apply(t, c.asDistributor(t), "north", "fern", "billed", "billed / (billed - 7531.25)")
	failed := c.rate(t, c.asDistributor(t)).Run
	if failed.State != billing.StateFailed || !strings.Contains(failed.Error.String(), "price of north") {
		t.Errorf("the distributor reads %q (%s)", failed.Error, failed.State)
	}
	ctx := c.asReseller(t, "finance")
	_, err := c.Contracts.Preview(ctx, contracts.PreviewInput{
		Draft: document("fern", "harbour", "cost", "cost * 3"), Customer: c.customer.ID, Month: c.month,
	})
	if err == nil || strings.Contains(err.Error(), "price of north") || strings.Contains(err.Error(), secretDigits) {
		t.Errorf("the reseller's preview says %v", err)
	}
	log, err := c.Billing.List(ctx, billing.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range log {
		if strings.Contains(r.Error.String(), "price of north") || strings.Contains(r.Error.String(), secretDigits) {
			t.Errorf("the reseller's job log says %q", r.Error)
		}
	}
}
