package billing

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/money"
	"tierbook/rules"
)

// fee is a fee rule in short.
func fee(name, then string, more ...string) rules.Rule {
	r := rules.Rule{Name: name, Stage: rules.StageFee, Then: rules.Source(then)}
	for _, m := range more {
		if when, ok := strings.CutPrefix(m, "when "); ok {
			r.When = rules.Source(when)
		} else {
			r.Per = rules.Per(m)
		}
	}
	return r
}

// charged writes an edge's period charges down, one a line: «name = amount»,
// with customer and account where the fee is for one.
func (l *ledger) charged(seller, buyer string) string {
	l.t.Helper()
	inv, err := l.s.Invoice(l.as("dist"), l.edge(seller, buyer), l.month)
	if err != nil {
		l.t.Fatal(err)
	}
	var out []string
	for _, line := range inv.Lines {
		name := line.Label
		if line.Kind == KindUsage {
			name += "/" + line.Service
		}
		if line.Detail != "" {
			name += " (" + line.Detail.String() + ")"
		}
		out = append(out, name+" = "+money.Plain(line.Amount))
	}
	return strings.Join(append(out, "rounding = "+money.Plain(inv.Rounding), "total = "+money.Plain(inv.Total)), "\n")
}

func (l *ledger) wantCharged(seller, buyer string, lines ...string) {
	l.t.Helper()
	if diff := cmp.Diff(strings.Join(lines, "\n"), l.charged(seller, buyer)); diff != "" {
		l.t.Errorf("%s → %s (-want +got):\n%s", seller, buyer, diff)
	}
}

// wantBalanced checks invariant 2 on every edge of the ledger's month.
func (l *ledger) wantBalanced() {
	l.t.Helper()
	got, err := l.s.Reconcile(l.as("dist"), l.month)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, tree := range got.Trees {
		for _, e := range tree.Edges {
			if !e.SellerCharges.Equal(e.BuyerCosts) {
				l.t.Errorf("%s charges %s %s, which books %s", e.Seller, e.Buyer, e.SellerCharges, e.BuyerCosts)
			}
		}
	}
}

func TestFeeOverTwoCustomersIsComputedOncePerContract(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "north", "USD", fee("Programme fee", "percent(spend, 10)"))
	l.contract("north", "acme", "USD")
	l.contract("north", "bolt", "USD")
	l.publish("acme", sale{service: "EC2", prices: "90 100 120"})
	l.publish("bolt", sale{service: "EC2", prices: "81 90 95"})
	l.work()

	l.wantCharged("dist", "north",
		"Usage/EC2 = 190",
		"Programme fee (10 % of 190) = 19",
		"rounding = 0", "total = 209")
	l.wantCharged("north", "acme", "Usage/EC2 = 120", "rounding = 0", "total = 120")
	l.wantBalanced()
}

func TestFeeIsDueWithoutUsage(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "north", "USD", fee("Base fee", "250"), fee("Share", "percent(spend, 10)"))
	runs, err := l.s.EnsurePeriods(l.as("dist"), l.month)
	if err != nil || len(runs) != 1 {
		t.Fatalf("EnsurePeriods = %v, %v, want one run", runs, err)
	}
	l.work()

	l.wantCharged("dist", "north", "Base fee = 250", "Share (10 % of 0) = 0", "rounding = 0", "total = 250")
	l.wantBalanced()
	if again, err := l.s.EnsurePeriods(l.as("dist"), l.month); err != nil || len(again) > 0 {
		t.Errorf("EnsurePeriods again = %v, %v, want nothing", again, err)
	}
}

func TestMinimumNeverEatsARefund(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, spend, topUp, total string }{
		{"below", "300", "200", "500"},
		{"above", "700", "0", "700"},
		{"refunded month", "-40", "500", "460"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLedger(t)
			l.contract("dist", "dora", "USD", fee("Minimum", "minimum(spend, 500)"))
			l.publish("dora", sale{service: "EC2", prices: "10 " + tt.spend})
			l.work()
			l.wantCharged("dist", "dora", "Usage/EC2 = "+tt.spend, "Minimum (minimum 500 on "+tt.spend+") = "+tt.topUp, "rounding = 0", "total = "+tt.total)
			l.wantBalanced()
		})
	}
}

func TestFeesPerCustomerAndAccount(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "north", "USD",
		fee("Care", "percent(spend, 5)", "customer"),
		fee("Account", "2", "account", `when service == "EC2"`))
	l.contract("north", "bolt", "USD") // a customer without usage
	l.publish("acme",
		sale{account: "111", service: "EC2", prices: "1 100 100"},
		sale{account: "222", service: "EC2", prices: "1 60 60"},
		sale{account: "333", service: "S3", prices: "1 40 40"})
	l.work()

	l.wantCharged("dist", "north",
		"Usage/EC2 = 160",
		"Usage/S3 = 40",
		"Care (acme, 5 % of 200) = 10",
		"Care (bolt, 5 % of 0) = 0",
		"Account (acme, 111) = 2",
		"Account (acme, 222) = 2",
		"rounding = 0", "total = 214")
	if runs, err := l.s.EnsurePeriods(l.as("dist"), l.month); err != nil || len(runs) != 1 { // north → bolt
		t.Errorf("%d edges lack a period run, %v", len(runs), err)
	}
	l.work()
	l.wantBalanced()
}

func TestFeesReadCostListAndEarlierFees(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "dora", "USD",
		fee("Margin share", "percent(spend - cost, 50)"),
		fee("On top", `percent(fees["Margin share"], 10)`),
		fee("Head count", "accounts * 3"),
		fee("Daily", "days"))
	l.publish("dora",
		sale{account: "1", service: "EC2", prices: "80 100"},
		sale{account: "2", service: "S3", prices: "7 -"}) // excluded: no charge, and no cost of what was sold
	l.work()
	l.wantCharged("dist", "dora",
		"Usage/EC2 = 100",
		"Margin share (50 % of 20) = 10",
		"On top (10 % of 10) = 1",
		"Head count (1 × 3) = 3",
		"Daily = 31",
		"rounding = 0", "total = 145")
	l.wantBalanced()
}

func TestPeriodCostIsPassedOn(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "north", "USD", fee("Programme fee", "percent(spend, 10)"))
	l.contract("north", "acme", "USD", fee("Programme", "percent(period_cost, 50)"))
	l.contract("north", "bolt", "USD")
	l.publish("acme", sale{service: "EC2", prices: "90 100.004 120"})
	l.work()
	// 10.0004 of fees; the rounding of the edge above is no fee
	l.wantCharged("dist", "north", "Usage/EC2 = 100", "Programme fee (10 % of 100.004) = 10", "rounding = 0", "total = 110")
	l.wantCharged("north", "acme", "Usage/EC2 = 120", "Programme (50 % of 10.0004) = 5", "rounding = 0", "total = 125")

	// Another customer's usage changes the fee above, and with it what is
	// passed on to acme, whose own lines stay as they were.
	before := len(l.periods("north", "acme"))
	l.publish("bolt", sale{service: "EC2", prices: "81 90 95"})
	l.work()
	l.wantCharged("north", "acme", "Usage/EC2 = 120", "Programme (50 % of 19.0004) = 9.5", "rounding = 0", "total = 129.5")
	after := l.periods("north", "acme")
	if len(after) != before+1 {
		t.Fatalf("%d period runs of north → acme, want one more than %d", len(after), before)
	}
	if cause := l.run(after[before].Cause); cause.Kind != RunPeriod || cause.Buyer != l.tenant("north") {
		t.Errorf("caused by %v of %v, want the period run of dist → north", cause.Kind, cause.Buyer)
	}
	l.wantBalanced()
}

func TestRoundingIsAChargeOfItsOwn(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "dora", "USD")
	// three lines of 0.335: each shows as 0.34, together they are 1.005
	l.publish("dora",
		sale{service: "A", prices: "0 0.335"}, sale{service: "B", prices: "0 0.335"}, sale{service: "C", prices: "0 0.335"})
	l.work()
	l.wantCharged("dist", "dora", "Usage/A = 0.34", "Usage/B = 0.34", "Usage/C = 0.34", "rounding = -0.01", "total = 1.01")
	l.wantBalanced()

	var booked []periodRow
	l.read(func(ctx ctxT) (err error) {
		booked, err = l.s.work.periodRows(ctx, l.periods("dist", "dora")[0].ID)
		return err
	})
	if len(booked) != 1 || money.Plain(booked[0].Amount) != "0.005" || booked[0].Stage != "rounding" {
		t.Errorf("booked %+v, want a rounding of 0.005", booked)
	}
}

func TestRoundingHalfAwayFromZeroInEveryCurrency(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ currency, price, shown, total string }{
		{"USD", "10.005", "10.01", "10.01"},
		{"USD", "-10.005", "-10.01", "-10.01"},
		{"JPY", "1000.5", "1001", "1001"},
		{"JPY", "-1000.5", "-1001", "-1001"},
		{"JPY", "1000.49", "1000", "1000"},
		{"KWD", "1.0005", "1.001", "1.001"},
	} {
		t.Run(tt.currency+" "+tt.price, func(t *testing.T) {
			t.Parallel()
			l := newLedger(t)
			l.contract("dist", "dora", tt.currency)
			l.publish("dora", sale{service: "EC2", currency: tt.currency, prices: "1 " + tt.price})
			l.work()
			l.wantCharged("dist", "dora", "Usage/EC2 = "+tt.shown, "rounding = 0", "total = "+tt.total)
			l.wantBalanced()
		})
	}
}

func TestPassThroughBearsNoFees(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contractOf("dist", "dora", rules.EdgeFirst, rules.Terms{
		Basis: rules.BasisCost, Currency: "USD", Missing: rules.MissingPassThrough,
		Covers: rules.Covers{{Provider: "aws", Payers: []string{"payer-1"}}},
		Rules:  []rules.Rule{fee("Share", "percent(spend, 10)")},
	})
	l.publish("dora", sale{service: "EC2", prices: "90 100"}, sale{service: "S3", payer: "payer-2", prices: "40 40"})
	l.work()
	l.wantCharged("dist", "dora", "Usage/EC2 = 100", "Usage/S3 = 40", "Share (10 % of 100) = 10", "rounding = 0", "total = 150")
	l.wantBalanced()
}

func TestPassThroughWithoutAnyContractIsRounded(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.publish("dora", sale{service: "EC2", prices: "40.123 40.123"})
	l.work()
	l.wantCharged("dist", "dora", "Usage/EC2 = 40.12", "rounding = 0", "total = 40.12")
	l.wantBalanced()
}

func TestPeriodGoesWithItsContract(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "north", "USD", fee("Base fee", "250"))
	if _, err := l.s.EnsurePeriods(l.as("dist"), l.month); err != nil {
		t.Fatal(err)
	}
	l.work()
	l.wantCharged("dist", "north", "Base fee = 250", "rounding = 0", "total = 250")

	l.contracts.end(l.edge("dist", "north"))
	if runs, err := l.s.EnsurePeriods(l.as("dist"), l.month); err != nil || len(runs) != 1 {
		t.Fatalf("EnsurePeriods = %v, %v, want one run", runs, err)
	}
	l.work()
	if _, err := l.s.Invoice(l.as("dist"), l.edge("dist", "north"), l.month); errs.KindOf(err) != errs.NotFound {
		t.Errorf("Invoice = %v, want NotFound", err)
	}
}

func TestPeriodRunsOfOneEdgeJoin(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "north", "USD", fee("Base fee", "1"))
	l.publish("acme", sale{service: "EC2", prices: "1 1 1"})
	l.publish("bolt", sale{service: "EC2", prices: "1 1 1"})
	if runs := l.periods("dist", "north"); len(runs) != 1 {
		t.Errorf("%d period runs are waiting, want one", len(runs))
	}
	l.work()
	if runs := l.periods("dist", "north"); len(runs) != 1 || runs[0].State != StateComplete {
		t.Errorf("period runs %+v, want one that is complete", runs)
	}
}

func TestEqualInputsGiveEqualPeriodHashes(t *testing.T) {
	t.Parallel()
	hashes := func() [2]string {
		l := newLedger(t)
		l.contract("dist", "north", "USD", fee("Care", "percent(spend, 5)", "customer"))
		l.publish("acme", sale{service: "EC2", prices: "1 100.001 100"})
		l.publish("bolt", sale{service: "EC2", prices: "1 60 60"})
		l.work()
		r := l.periods("dist", "north")[0]
		return [2]string{r.InputHash, r.ResultHash}
	}
	a, b := hashes(), hashes()
	if a != b || a[0] == "" || a[1] == "" {
		t.Errorf("hashes %v and %v, want equal ones", a, b)
	}
}

func TestFailingFeeSaysWhereAndPublishesNothing(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "dora", "USD", fee("Base fee", "10"))
	l.publish("dora", sale{service: "EC2", prices: "1 100"})
	l.work()
	l.contract("dist", "dora", "USD", fee("Broken", "spend / (spend - spend)"))
	l.publish("dora", sale{service: "EC2", prices: "1 100"})
	l.work()
	runs := l.periods("dist", "dora")
	last := runs[len(runs)-1]
	if last.State != StateFailed || !strings.Contains(last.Error.String(), `"Broken"`) || !strings.Contains(last.Error.String(), "dist → dora") {
		t.Errorf("run %s: %q, want a failure that names rule and edge", last.State, last.Error)
	}
	l.wantCharged("dist", "dora", "Usage/EC2 = 100", "Base fee = 10", "rounding = 0", "total = 110")
	got, err := l.s.Reconcile(l.as("dist"), l.month)
	if err != nil {
		t.Fatal(err)
	}
	if got.OK || !hasFinding(got, "period") {
		t.Errorf("OK = %v with findings %v, want the failed run among them", got.OK, codes(got))
	}
}

func TestOneEdgeHasOneCurrency(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.publish("acme", sale{service: "EC2", prices: "1 1 1"})
	l.publish("bolt", sale{service: "EC2", currency: "EUR", prices: "1 1 1"})
	l.work()
	runs := l.periods("dist", "north")
	if last := runs[len(runs)-1]; last.State != StateFailed || !strings.Contains(last.Error.String(), "EUR") || !strings.Contains(last.Error.String(), "USD") {
		t.Errorf("run %s: %q, want a failure that names both currencies", last.State, last.Error)
	}
}

func TestRequestPeriodIsForTheSellerAndAbove(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for _, tt := range []struct {
		acting, seller, buyer string
		want                  errs.Kind
		ok                    bool
	}{
		{"dist", "dist", "north", 0, true},
		{"dist", "north", "acme", 0, true},
		{"north", "north", "acme", 0, true},
		{"north", "dist", "north", errs.NotFound, false}, // bought, not sold
		{"north", "south", "core", errs.NotFound, false},
		{"acme", "north", "acme", errs.NotFound, false},
		{"dist", "north", "core", errs.NotFound, false}, // no such edge
	} {
		_, err := l.s.RequestPeriod(l.as(tt.acting), l.edge(tt.seller, tt.buyer), l.month, "changed")
		if (err == nil) != tt.ok || err != nil && errs.KindOf(err) != tt.want {
			t.Errorf("%s asks for %s → %s: %v, want ok %v", tt.acting, tt.seller, tt.buyer, err, tt.ok)
		}
	}
	if _, err := l.s.RequestPeriod(l.as("dist"), l.edge("dist", "north"), l.month, ""); errs.KindOf(err) != errs.Invalid {
		t.Errorf("without a reason: %v, want Invalid", err)
	}
}

func TestEnsurePeriodsKeepsToTheActingTenantsSales(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "north", "USD")
	l.contract("north", "acme", "USD")
	l.contract("south", "core", "USD")
	runs, err := l.s.EnsurePeriods(l.as("north"), l.month)
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 1 || len(l.periods("north", "acme")) != 1 {
		t.Errorf("%d runs, want one of north → acme", len(runs))
	}
}

func TestEnsurePeriodsLeavesMonthsToComeAlone(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "north", "USD", fee("Base fee", "250"))
	for add, want := range map[int]int{0: 1, 1: 1, 2: 0} { // the clock says April
		runs, err := l.s.EnsurePeriods(l.as("dist"), l.month.Add(add))
		if err != nil || len(runs) != want {
			t.Errorf("%s: %d runs, %v, want %d", l.month.Add(add), len(runs), err, want)
		}
	}
}
