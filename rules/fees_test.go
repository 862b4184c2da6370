package rules

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

func feeRules(rules ...Rule) Terms {
	for i := range rules {
		rules[i].Stage = StageFee
	}
	return basis(BasisCost, rules...)
}

// feeMonth has two customers: acme with usage, tax, support, marketplace, a
// commitment fee and a correction; bolt with a refund.
func feeMonth() FeeInput {
	charge := func(customer, account, service, category, amount string) FeeCharge {
		return FeeCharge{
			Customer: customer, Quantity: dec("2"), Amount: dec(amount), List: decimal.NewNullDecimal(dec(amount).Add(dec("10"))),
			Grain: Grain{Provider: "aws", Account: account, Service: service, ChargeCategory: category, CommitmentRole: "none", Unit: "Hrs"},
		}
	}
	in := FeeInput{
		Month: period.NewMonth(2026, time.February), PeriodCost: dec("33"),
		Charges: []FeeCharge{
			charge("acme", "A1", "EC2", "Usage", "100"), charge("acme", "A2", "S3", "Usage", "90"),
			charge("acme", "A1", "Tax", "Tax", "20"), charge("acme", "A1", "AWS Support (Business)", "Usage", "30"),
			charge("acme", "A1", "Image", "Usage", "5"), charge("acme", "A1", "RI", "Purchase", "7"),
			charge("acme", "A1", "Fix", "Usage", "3"), charge("acme", "A1", "Late", "Usage", "2"),
			charge("bolt", "B1", "EC2", "Usage", "-40"),
		},
	}
	in.Charges[4].Marketplace = true
	in.Charges[5].CommitmentRole = "fee"
	in.Charges[6].ChargeClass = "Correction"
	in.Charges[7].ServiceMonth = "2026-01"
	for _, c := range in.Charges {
		in.Costs = append(in.Costs, FeeCost{c.Customer, c.Grain, c.Amount.Sub(dec("1"))})
	}
	return in
}

func feeLedger(fees []Fee) string {
	var b strings.Builder
	for _, f := range fees {
		fmt.Fprintf(&b, "%s %s/%s: %s", f.Label, f.Customer, f.Account, money.Plain(f.Amount))
		if f.Rate != "" {
			fmt.Fprintf(&b, " = %s of %s", f.Rate, money.Plain(f.Base.Decimal))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func checkFees(t *testing.T, in FeeInput, terms Terms, want ...string) {
	t.Helper()
	c, err := newTestEngine(t).Compile(EdgeFirst, terms)
	if err != nil {
		t.Fatal(err)
	}
	fees, err := c.Fees(in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Join(want, "\n")+"\n", feeLedger(fees)); diff != "" {
		t.Errorf("fees (-want +got):\n%s", diff)
	}
}

func TestContract_Fees_Totals(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"spend": "217", "fee_base": "150", "cost": "208", "list": "307", "quantity": "18", "accounts": "3", "days": "28", "period_cost": "33",
	} {
		checkFees(t, feeMonth(), feeRules(Rule{Name: name, Then: Source(name)}), name+" /: "+want)
	}
}

func TestContract_Fees_RatesAndLaterFees(t *testing.T) {
	t.Parallel()
	checkFees(t, feeMonth(), feeRules(
		Rule{Name: "share", When: `service in ["EC2", "S3"] and not marketplace`, Then: "round(percent(spend, 10), 2)", Label: "Management"},
		Rule{Name: "tenth", Then: "spend * 0.1"},
		Rule{Name: "flat", Then: "15"},
		Rule{Name: "support", Then: `support_fee(fee_base, "business")`},
		Rule{Name: "top-up", Then: `minimum(fees["share"] + fees["flat"], 100)`},
		Rule{Name: "packs", When: `service == "EC2"`, Then: "package(quantity, 3, 2)"},
		Rule{Name: "steps", Then: "graduated(accounts, [{up_to: 2, unit: 10}, {unit: 5, flat: 1}])"},
		Rule{Name: "choice", Then: "spend > 100 ? percent(spend, 1) : percent(spend, 2)"},
	),
		"Management /: 15 = 10 % of 150",
		"tenth /: 21.7 = × 0.1 of 217",
		"flat /: 15",
		"support /: 100 = support fee business of 150",
		"top-up /: 70 = minimum 100 of 30",
		"packs /: 4 = 2 per package of 3 of 4",
		"steps /: 26 = graduated of 3",
		"choice /: 2.17 = 1 % of 217",
	)
}

func TestContract_Fees_Scopes(t *testing.T) {
	t.Parallel()
	in := feeMonth()
	in.Customers = []string{"acme", "zulu"}
	checkFees(t, in, feeRules(
		Rule{Name: "share", When: `service == "EC2"`, Then: "percent(spend, 10)", Per: PerCustomer},
		Rule{Name: "desk", When: `service == "EC2" or service == "S3"`, Then: "accounts * 3", Per: PerAccount},
		Rule{Name: "least", Then: `minimum(fees["share"] + fees["desk"], 20)`, Per: PerCustomer},
		Rule{Name: "all", Then: `fees["least"]`},
	),
		"share acme/: 10 = 10 % of 100",
		"share bolt/: -4 = 10 % of -40",
		"share zulu/: 0 = 10 % of 0",
		"desk acme/A1: 3 = × 3 of 1",
		"desk acme/A2: 3 = × 3 of 1",
		"desk bolt/B1: 3 = × 3 of 1",
		"least acme/: 4 = minimum 20 of 16",
		"least bolt/: 20 = minimum 20 of -1",
		"least zulu/: 20 = minimum 20 of 0",
		"all /: 44",
	)
}

func TestContract_Fees_MonthWithoutUsage(t *testing.T) {
	t.Parallel()
	checkFees(t, FeeInput{Month: period.NewMonth(2026, time.March)}, feeRules(
		Rule{Name: "share", Then: "percent(spend, 10)"},
		Rule{Name: "least", When: `service == "EC2"`, Then: "minimum(spend, 50)"},
		Rule{Name: "desk", Then: "5", Per: PerAccount},
	),
		"share /: 0 = 10 % of 0",
		"least /: 50 = minimum 50 of 0",
	)
}

func TestContract_Fees_ListWhereNoneWasDelivered(t *testing.T) {
	t.Parallel()
	in := feeMonth()
	in.Charges[0].List = decimal.NullDecimal{} // list 110, cost 99
	checkFees(t, in, feeRules(Rule{Name: "list", Then: "list"}), "list /: 296")
}

func TestContract_Fees_Errors(t *testing.T) {
	t.Parallel()
	in := feeMonth()
	in.Charges[1].Unit = "GB"
	e := newTestEngine(t)
	for _, c := range []struct {
		rule Rule
		want string
	}{
		{Rule{Then: "quantity * 2"}, `rule "fee", then: quantity cannot be added: the selected charges have the units GB, Hrs`},
		{Rule{Then: "1 / (days - 28)", Per: PerAccount}, `rule "fee", then, 1:3: division by zero (customer acme, account A1)`},
		{Rule{When: `split(service, " ")[1] == "x"`, Then: "1"}, `rule "fee", when, 1:20: the list has no such part`},
	} {
		c.rule.Name = "fee"
		contract, err := e.Compile(EdgeFirst, feeRules(c.rule))
		if err != nil {
			t.Fatal(err)
		}
		_, err = contract.Fees(in)
		var failed *FeeError
		if !errors.As(err, &failed) || err.Error() != c.want || errs.KindOf(err) != errs.FailedPrecondition {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

func TestContract_ReadsPeriodCost(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for then, want := range map[Source]bool{"percent(period_cost, 5)": true, "5": false} {
		c, err := e.Compile(EdgeBelow, feeRules(Rule{Name: "fee", Then: then}))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.ReadsPeriodCost(); got != want {
			t.Errorf("%s: %v", then, got)
		}
	}
}

func TestNew_Schedules(t *testing.T) {
	t.Parallel()
	upTo := func(n int64) decimal.NullDecimal { return decimal.NewNullDecimal(decimal.NewFromInt(n)) }
	for name, tiers := range map[string][]ScheduleTier{
		"no tiers":    nil,
		"no last":     {{UpTo: upTo(5)}},
		"a gap":       {{}, {}},
		"an overlap":  {{UpTo: upTo(5)}, {UpTo: upTo(5)}, {}},
		"a null tier": {{UpTo: upTo(0)}, {}},
	} {
		if _, err := New(Options{Schedules: map[string]Schedule{"x": {Tiers: tiers}}}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
