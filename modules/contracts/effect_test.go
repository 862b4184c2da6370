package contracts

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// told writes an effect's amounts in one text.
func told(e Effect) []string {
	null := func(d decimal.NullDecimal) string {
		if !d.Valid {
			return "-"
		}
		return money.Plain(d.Decimal)
	}
	sum := func(s EffectSum) string {
		return fmt.Sprintf("%s v%d cost %s lines %s fees %s", s.Contract, s.Version, money.Plain(s.Cost), money.Plain(s.Lines), money.Plain(s.Fees))
	}
	out := []string{sum(e.Before), sum(e.After)}
	for _, c := range e.Customers {
		out = append(out, fmt.Sprintf("%s %s %s %s", c.Customer.Slug, money.Plain(c.Cost), money.Plain(c.Before), money.Plain(c.After)))
	}
	for _, c := range e.Rules {
		out = append(out, fmt.Sprintf("rule «%s» %s %s", c.Name, null(c.Before), null(c.After)))
	}
	for _, c := range e.Services {
		out = append(out, fmt.Sprintf("service %s %s %s", c.Name, null(c.Before), null(c.After)))
	}
	for _, c := range e.Fees {
		out = append(out, fmt.Sprintf("fee «%s» %s %s", c.Name, null(c.Before), null(c.After)))
	}
	return out
}

func fee(name string, then rules.Source) rules.Rule {
	return rules.Rule{Name: name, Stage: rules.StageFee, Then: then}
}

func TestService_Effect(t *testing.T) {
	t.Parallel()
	b, sales := faced(t)
	sales.sell(b.r, b.c, b.c, 15)
	d := retail()
	d.Terms.Rules = append(d.Terms.Rules, fee("management", "percent(spend, 10)"))
	got, err := b.service.Effect(finance(t, b.r), EffectInput{Draft: d, Lines: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Retail v1 cost 15 lines 16.5 fees 0", "Retail 2 v0 cost 15 lines 25.5 fees 2.55", "c 15 16.5 25.5",
		"rule «» - 4.5", "rule «double» - 21", "rule «margin» 16.5 -",
		"service EC2 11.55 21", "service S3 4.95 4.5", "fee «management» - 2.55",
	}
	if diff := cmp.Diff(want, told(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Month != month("2026-03") || len(got.Lines) != 1 || got.Lines[0].RuleAfter != "double" || got.FeesLeftOut {
		t.Errorf("%+v", got)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"8.125", "9.25", "3.75", "3.5", "1.0625", "billed", "uplift", "Resale", "no tax"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q of the tier above is in the effect: %s", secret, text)
		}
	}
	if n := b.count(t, "contracts_versions"); n != 3 {
		t.Errorf("something was saved: %d versions", n)
	}
}

// What an adjustment without a label changes is told under its own name, and
// fees on the sum are as a run computes them.
func TestService_Effect_NamesUnlabelledAdjustments(t *testing.T) {
	t.Parallel()
	b, sales := faced(t)
	sales.sell(b.r, b.c, b.c, 15)
	d := retail()
	d.Terms.Rules = append(d.Terms.Rules, rules.Rule{Name: "uplift 10", Stage: rules.StageAdjust, Then: "price * 1.1"}, fee("management", "percent(spend, 10)"))
	got, err := b.service.Effect(finance(t, b.r), EffectInput{Draft: d})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Retail v1 cost 15 lines 16.5 fees 0", "Retail 2 v0 cost 15 lines 28.05 fees 2.805", "c 15 16.5 28.05",
		"rule «» - 4.5", "rule «double» - 21", "rule «uplift 10» - 2.55", "rule «margin» 16.5 -",
		"service EC2 11.55 23.1", "service S3 4.95 4.95", "fee «management» - 2.805",
	}
	if diff := cmp.Diff(want, told(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// withSecondCustomer is a bundle in which r has sold what d sold to it to c and
// to c3, who is returned.
func withSecondCustomer(t *testing.T) (*bundle, scope.Scope) {
	t.Helper()
	b, sales := faced(t)
	c3 := b.NamedTenant(t, scope.Customer, "c3", b.r)
	b.tenants.add(c3, "c3", b.r)
	b.use(c3, b.d, batch(t, s3))
	sales.sell(b.d, b.r, c3, 5)
	sales.sell(b.d, b.r, b.c, 15)
	return b, c3
}

// What is wrong with the lines of several customers is said once, with their
// names.
func TestService_Effect_FindingsOfSeveralCustomers(t *testing.T) {
	t.Parallel()
	b, c3 := withSecondCustomer(t)
	d := doc("d", "r", "Resale", rules.BasisCost)
	d.Terms.Covers = rules.Covers{{Provider: "azure"}}
	found := func(customer id.Tenant) []string {
		e, err := b.service.Effect(as(t, b.d), EffectInput{Draft: d, Customer: customer})
		if err != nil {
			t.Fatal(err)
		}
		return presentEffect(e, "everybody").Findings
	}
	if got := found(id.Tenant{}); !cmp.Equal(got, []string{"3 lines of c and c3 are not covered and therefore blocked: their cost is 15.13 USD."}) {
		t.Errorf("everybody: %q", got)
	}
	if got := found(c3.Tenant); !cmp.Equal(got, []string{"1 line is not covered and therefore blocked: its cost is 3.50 USD."}) {
		t.Errorf("one: %q", got)
	}
}

func TestNamesText(t *testing.T) {
	t.Parallel()
	var list []Tenant
	for i, want := range map[int]string{1: "a", 2: "a and b", 3: "a, b and c", 6: "a, b, c, d, e and 1 other", 7: "a, b, c, d, e and 2 others"} {
		list = nil
		for _, name := range "abcdefg"[:i] {
			list = append(list, Tenant{Name: string(name)})
		}
		if got := namesText(list); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Fees of a contract with several customers are computed on all of them or not
// at all.
func TestService_Effect_SeveralCustomers(t *testing.T) {
	t.Parallel()
	b, c3 := withSecondCustomer(t)
	d := doc("d", "r", "Resale", rules.BasisCost, fee("base", "100"), fee("share", `spend + fees["base"]`))
	all, err := b.service.Effect(as(t, b.d), EffectInput{Draft: d})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Resale v1 cost 16.1875 lines 19.5 fees 0", "Resale v0 cost 16.1875 lines 15.125 fees 215.125",
		"c 12.6875 15 11.625", "c3 3.5 4.5 3.5",
		"rule «» - 15.125", "rule «uplift» 19.5 -",
		"service EC2 10.5 8.125", "service S3 9 7",
		"fee «base» - 100", "fee «share» - 115.125",
	}
	if diff := cmp.Diff(want, told(all)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	one, err := b.service.Effect(as(t, b.d), EffectInput{Draft: d, Customer: c3.Tenant})
	if err != nil || !one.FeesLeftOut || len(one.Fees) > 0 || len(one.Customers) != 1 || money.Plain(one.After.Lines) != "3.5" {
		t.Errorf("one of two customers: %v, %v", told(one), err)
	}
	buyers, err := b.service.BuyersOf(as(t, b.d), Edge{Seller: b.d.Tenant, Buyer: b.r.Tenant}, 9)
	if err != nil || len(buyers.Largest) != 2 || buyers.Largest[0].Slug != "c" || buyers.Largest[1].Month != month("2026-03") || buyers.HasMore {
		t.Errorf("buyers %+v, %v", buyers, err)
	}
}

func TestService_Effect_PeriodCost(t *testing.T) {
	t.Parallel()
	b, sales := faced(t)
	sales.sell(b.r, b.c, b.c, 15)
	sales.paid[b.r.Tenant] = decimal.NewFromInt(40)
	d := doc("r", "c", "Retail", rules.BasisCost, fee("share", "period_cost * 0.5"))
	got, err := b.service.Effect(finance(t, b.r), EffectInput{Draft: d})
	if err != nil || money.Plain(got.After.Fees) != "20" || money.Plain(got.After.Price()) != "35" {
		t.Errorf("%v, %v", told(got), err)
	}
}

func TestService_Effect_Refuses(t *testing.T) {
	t.Parallel()
	b, sales := faced(t)
	sales.sell(b.r, b.c, b.c, 15)
	effect := func(d Document, customer id.Tenant) error {
		_, err := b.service.Effect(finance(t, b.r), EffectInput{Draft: d, Customer: customer, Month: month("2026-03")})
		return err
	}
	for name, foreign := range map[string]id.Tenant{"sibling's": b.c2.Tenant, "upstream": b.direct.Tenant, "unknown": id.New[id.Tenant]()} {
		if err := effect(retail(), foreign); errs.KindOf(err) != errs.NotFound {
			t.Errorf("%s customer: %v, want NotFound", name, err)
		}
	}
	if err := effect(doc("d", "r", "X", rules.BasisList), b.c.Tenant); errs.KindOf(err) != errs.Invalid {
		t.Errorf("the edge above: %v, want Invalid", err)
	}
	for _, name := range []rules.Source{"billed", "effective", "contracted"} {
		if err := effect(doc("r", "c", "X", rules.BasisCost, price("p", name)), b.c.Tenant); err == nil || !strings.Contains(err.Error(), "use cost") {
			t.Errorf("%s: %v, want «use cost»", name, err)
		}
	}
	broken := doc("r", "c", "X", rules.BasisCost, fee("broken", "1 / (accounts - 1)"))
	if err := effect(broken, b.c.Tenant); errs.KindOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), "broken") {
		t.Errorf("a fee that fails: %v", err)
	}
	b.apply(t, b.d, doc("d", "r", "Resale", rules.BasisEffective, price("secret", "effective / (quantity - 5)")))
	if err := effect(retail(), b.c.Tenant); !errors.Is(err, ErrSupplier) || strings.Contains(err.Error(), "secret") {
		t.Errorf("a failure above: %v, want ErrSupplier", err)
	}
	if err := effect(doc("r", "c", "X", rules.BasisCost), id.Tenant{}); err != nil && !errors.Is(err, ErrSupplier) {
		t.Errorf("everybody: %v", err)
	}
}

func TestService_Effect_WhatStoodBeforeFails(t *testing.T) {
	t.Parallel()
	b, sales := faced(t)
	sales.sell(b.r, b.c, b.c, 15)
	b.apply(t, b.r, doc("r", "c", "Retail", rules.BasisCost, price("broken", "cost / (quantity - 3)")))
	got, err := b.service.Effect(finance(t, b.r), EffectInput{Draft: retail(), Lines: 5})
	if err != nil || !strings.Contains(got.BeforeError, "broken") || !got.Before.Lines.IsZero() || money.Plain(got.After.Lines) != "25.5" {
		t.Errorf("%v, %v", told(got), err)
	}
	for _, c := range got.Rules {
		if c.Before.Valid {
			t.Errorf("an incomplete sum before: %+v", c)
		}
	}
}

func TestService_Compare(t *testing.T) {
	t.Parallel()
	b, sales := faced(t)
	sales.sell(b.r, b.c, b.c, 15)
	saved := b.apply(t, b.r, doc("r", "c", "Retail", rules.BasisList, price("margin", "cost * 1.2"), fee("flat", "7")))
	third := doc("r", "c", "Retail", rules.BasisList, price("margin", "cost * 2"))
	third.From = month("2026-09")
	b.apply(t, b.r, third)

	c, err := b.service.Compare(finance(t, b.r), saved.Contract.ID, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]FieldDiff{{"basis", "cost", "list"}}, c.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if len(c.Rules) != 2 || c.Rules[0].Fields[0] != (FieldDiff{"then", "cost * 1.1", "cost * 1.2"}) || c.Rules[1].Old != nil {
		t.Errorf("rules %+v", c.Rules)
	}
	got, err := b.service.Money(finance(t, b.r), c, month("2026-03"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Retail v1 cost 15 lines 16.5 fees 0", "Retail v0 cost 15 lines 18 fees 7", "c 15 16.5 18",
		"rule «margin» 16.5 18", "service EC2 11.55 12.6", "service S3 4.95 5.4", "fee «flat» - 7",
	}
	if diff := cmp.Diff(want, told(got)); diff != "" {
		t.Errorf("money (-want +got):\n%s", diff)
	}
	newest, err := b.service.Compare(finance(t, b.r), saved.Contract.ID, 0, 0)
	if err != nil || newest.Old.Number != 2 || newest.New.Number != 3 {
		t.Errorf("default: %d and %d, %v", newest.Old.Number, newest.New.Number, err)
	}
	if _, err := b.service.Compare(finance(t, b.r), saved.Contract.ID, 1, 9); !errors.Is(err, ErrNotFound) {
		t.Errorf("a version that is not there: %v, want ErrNotFound", err)
	}
}

func TestRulesDiff(t *testing.T) {
	t.Parallel()
	rule := func(name string) rules.Rule {
		return rules.Rule{Name: name, Stage: rules.StagePrice, Then: rules.Source(name)}
	}
	list := func(names ...string) (out []rules.Rule) {
		for _, n := range names {
			out = append(out, rule(n))
		}
		return out
	}
	renamed := rule("a")
	renamed.Name = "z"
	for _, c := range []struct {
		old, next []rules.Rule
		want      string
	}{
		{list("a", "b", "c"), list("a", "b", "c"), "a b c"},
		{list("a", "b", "c"), list("a", "x", "b", "c"), "a +x b c"},
		{list("a", "b", "c"), list("a", "c"), "a -b c"},
		{list("a", "b", "c"), list("c", "a", "b"), "^c a b"},
		{list("a", "b"), []rules.Rule{renamed, rule("b")}, "z~name b"},
		{list("a", "b"), nil, "-a -b"},
		{nil, list("a"), "+a"},
		{list("a", "b", "c", "d"), list("d", "b", "e", "a"), "-c d ^b +e ^a"},
	} {
		var got []string
		for _, d := range rulesDiff(c.old, c.next) {
			text := ""
			switch {
			case d.Old == nil:
				text = "+" + d.New.Name
			case d.New == nil:
				text = "-" + d.Old.Name
			default:
				if d.Moved {
					text = "^"
				}
				text += d.New.Name
				for _, f := range d.Fields {
					text += "~" + f.Name
				}
			}
			if (d.Old == nil || d.New == nil || d.Moved || len(d.Fields) > 0) != d.IsChanged() {
				t.Errorf("IsChanged of %s", text)
			}
			got = append(got, text)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("got %s, want %s", s, c.want)
		}
	}
}
