package billing

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

func group(label, category, late, service, unit, quantity, amount string) usageGroup {
	return usageGroup{
		Label: label, ChargeCategory: category, ServiceMonth: late, Service: service, Unit: unit,
		Quantity: decimal.RequireFromString(quantity), Amount: decimal.RequireFromString(amount),
	}
}

func sampleInvoice() Invoice {
	inv := Invoice{
		Seller: "north", Buyer: "acme", Period: period.NewMonth(2026, time.March), Currency: "USD", Status: StatusProForma,
		Lines: usageLines([]usageGroup{
			group("", "Usage", "", "EC2", "Hrs", "700", "100.004"),
			group("", "Usage", "", "EC2", "Hrs", "44.50", "20"),
			group("", "Usage", "", "EC2", "GB-Mo", "3", "0.3"),
			group("", "Tax", "", "EC2", "", "1", "7.005"),
			group("", "Usage", "2026-02", "EC2", "Hrs", "-4", "-1.5"),
			group("Loyalty", "Usage", "", "EC2", "Hrs", "0", "-6.0002"),
			group("=cmd()", "Usage", "2026-02", "S3", "", "0", "0"),
		}),
		Findings: []Finding{{Code: "zero_basis", Message: "Cost without price.", Sum: decimal.RequireFromString("12.50"), Blocking: true}},
	}
	inv.Lines = append(inv.Lines, InvoiceLine{
		Kind: KindFee, Label: "Care", Amount: decimal.RequireFromString("11.99038"), Detail: "10 % of 119.9038",
	})
	inv.total()
	return inv
}

func TestInvoiceJSON(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(sampleInvoice(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
 "seller": "north",
 "buyer": "acme",
 "period": "2026-03",
 "currency": "USD",
 "status": "pro-forma",
 "lines": [
  {
   "label": "=cmd()",
   "service": "S3",
   "unit": "",
   "quantity": "",
   "amount": "0"
  },
  {
   "label": "Adjustment 2026-02",
   "service": "EC2",
   "unit": "Hrs",
   "quantity": "-4",
   "amount": "-1.5"
  },
  {
   "label": "Loyalty",
   "service": "EC2",
   "unit": "Hrs",
   "quantity": "0",
   "amount": "-6"
  },
  {
   "label": "Tax",
   "service": "EC2",
   "unit": "",
   "quantity": "",
   "amount": "7.01"
  },
  {
   "label": "Usage",
   "service": "EC2",
   "unit": "GB-Mo",
   "quantity": "3",
   "amount": "0.3"
  },
  {
   "label": "Usage",
   "service": "EC2",
   "unit": "Hrs",
   "quantity": "744.5",
   "amount": "120"
  },
  {
   "label": "Care",
   "service": "",
   "unit": "",
   "quantity": "",
   "amount": "11.99"
  }
 ],
 "subtotal": "131.8",
 "rounding": "0",
 "total": "131.8",
 "findings": [
  {
   "code": "zero_basis",
   "message": "Cost without price.",
   "sum": "12.5"
  }
 ]
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestInvoiceText(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := sampleInvoice().WriteText(&b); err != nil {
		t.Fatal(err)
	}
	const want = `Invoice 2026-03 (pro-forma)
Seller    north
Buyer     acme
Currency  USD

Label                    Service  Unit   Quantity      Amount
=cmd()                   S3                              0.00
Adjustment 2026-02       EC2      Hrs          -4       -1.50
Loyalty                  EC2      Hrs           0       -6.00
Tax                      EC2                             7.01
Usage                    EC2      GB-Mo         3        0.30
Usage                    EC2      Hrs       744.5      120.00
Care (10 % of 119.9038)                                 11.99
-------------------------------------------------------------
Subtotal                                               131.80
Rounding                                                 0.00
Total                                              131.80 USD

Before it can be issued:
- Cost without price. (12.5)
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestInvoiceCSV(t *testing.T) {
	t.Parallel()
	inv := sampleInvoice()
	var b strings.Builder
	if err := inv.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	const want = `kind,label,service,unit,quantity,amount,currency,detail
usage,'=cmd(),S3,,,0.00,USD,
usage,Adjustment 2026-02,EC2,Hrs,-4,-1.50,USD,
usage,Loyalty,EC2,Hrs,0,-6.00,USD,
usage,Tax,EC2,,,7.01,USD,
usage,Usage,EC2,GB-Mo,3,0.30,USD,
usage,Usage,EC2,Hrs,744.5,120.00,USD,
fee,Care,,,,11.99,USD,10 % of 119.9038
rounding,Rounding,,,,0.00,USD,
total,Total,,,,131.80,USD,
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("CSV (-want +got):\n%s", diff)
	}
}

// However charges are spread over lines: the total is the exact net rounded
// once, and lines and rounding add up to it.
func TestInvoice_TotalDoesNotDependOnGrouping(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(t, "currency")
		n := rapid.IntRange(1, 30).Draw(t, "charges")
		net := decimal.Zero
		fine, coarse := Invoice{Currency: currency}, Invoice{Currency: currency}
		var groups []usageGroup
		for i := range n {
			amount := decimal.New(rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "amount"), -rapid.Int32Range(0, 7).Draw(t, "scale"))
			net = net.Add(amount)
			fine.Lines = append(fine.Lines, InvoiceLine{Label: string(rune('a' + i)), Amount: amount})
			groups = append(groups, usageGroup{
				Label: rapid.SampledFrom([]string{"", "x"}).Draw(t, "label"), ChargeCategory: "Usage", Amount: amount,
				Service: rapid.SampledFrom([]string{"EC2", "S3"}).Draw(t, "service"), Unit: rapid.SampledFrom([]string{"", "Hrs"}).Draw(t, "unit"),
			})
		}
		coarse.Lines = usageLines(groups)
		for _, inv := range []*Invoice{&fine, &coarse} {
			inv.total()
			sum := inv.Rounding
			for _, l := range inv.Lines {
				sum = sum.Add(l.Amount)
				if !l.Amount.Equal(l.Amount.Round(currency.MinorUnit())) {
					t.Fatalf("line %s is not whole", l.Amount)
				}
			}
			if !sum.Equal(inv.Total) || !inv.Subtotal.Add(inv.Rounding).Equal(inv.Total) {
				t.Fatalf("lines and rounding add up to %s, total %s", sum, inv.Total)
			}
		}
		if want := net.Round(currency.MinorUnit()); !fine.Total.Equal(want) || !coarse.Total.Equal(want) {
			t.Fatalf("totals %s and %s, want %s", fine.Total, coarse.Total, want)
		}
	})
}

func TestInvoiceIsForItsPartiesAndWhoIsAboveTheSeller(t *testing.T) {
	t.Parallel()
	l := bookedMonth(t)
	for _, tt := range []struct {
		acting, seller, buyer string
		ok                    bool
	}{
		{"dist", "north", "acme", true},
		{"north", "north", "acme", true},
		{"acme", "north", "acme", true},
		{"north", "dist", "north", true}, // what it buys
		{"acme", "dist", "north", false}, // what its supplier buys
		{"bolt", "north", "acme", false},
		{"south", "north", "acme", false},
		{"south", "dist", "north", false},
		{"acme", "acme", "acme", false},
		{"dist", "dist", "core", false}, // no such edge
		{"north", "north", "core", false},
	} {
		inv, err := l.s.Invoice(l.as(tt.acting), l.edge(tt.seller, tt.buyer), l.month)
		if tt.ok && (err != nil || inv.Seller != tt.seller || inv.Buyer != tt.buyer || len(inv.Lines) == 0) {
			t.Errorf("%s reads %s → %s: %+v, %v", tt.acting, tt.seller, tt.buyer, inv, err)
		}
		if !tt.ok && (errs.KindOf(err) != errs.NotFound || err.Error() != errInvoiceNotFound.Error()) {
			t.Errorf("%s reads %s → %s: %v, want NotFound", tt.acting, tt.seller, tt.buyer, err)
		}
	}
}

func TestInvoiceHidesTheSellersFindingsFromTheBuyer(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("north", "acme", "USD")
	run := l.publish("acme", sale{service: "EC2", prices: "1 1 2"})
	l.work()
	l.db.Exec(t, `INSERT INTO billing_findings (run_id, tree_id, seller_id, buyer_id, assignee_id, month, code, blocking, currency, sum, message)
		VALUES ($1, $2, $3, $4, $4, '2026-03-01', 'zero_basis', true, 'USD', 77, 'Cost without price.'),
			($1, $2, $3, $4, $4, '2026-03-01', 'null_measure', false, 'USD', 5, 'A measure is missing.')`,
		run.String(), l.top.Tree.String(), l.tenant("north").String(), l.tenant("acme").String())
	edge := l.edge("north", "acme")
	for _, tt := range []struct {
		acting      string
		onIt, inAll int
	}{{"dist", 1, 2}, {"north", 1, 2}, {"acme", 0, 0}} {
		inv, err := l.s.Invoice(l.as(tt.acting), edge, l.month)
		if err != nil || len(inv.Findings) != tt.onIt {
			t.Errorf("%s reads findings %+v on the document, %v, want %d", tt.acting, inv.Findings, err, tt.onIt)
		}
		all, err := l.s.Findings(l.as(tt.acting), edge, l.month)
		if err != nil || len(all) != tt.inAll {
			t.Errorf("%s reads findings %+v, %v, want %d", tt.acting, all, err, tt.inAll)
		}
	}
}

func TestInvoiceOfAMonthThatIsNotComputedYet(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("north", "acme", "JPY", fee("Base", "10"))
	inv, err := l.s.Invoice(l.as("north"), l.edge("north", "acme"), l.month)
	if err != nil || inv.Currency != "JPY" || len(inv.Lines) != 0 || len(inv.Findings) != 1 {
		t.Errorf("%+v, %v, want an empty document with a finding", inv, err)
	}
	if _, err := l.s.Invoice(l.as("acme"), l.edge("north", "acme"), l.month); errs.KindOf(err) != errs.NotFound {
		t.Errorf("buyer: %v, want NotFound", err)
	}
}

func TestInvoiceSaysWhenUsageChangedSinceItsFees(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "dora", "USD")
	l.publish("dora", sale{service: "EC2", prices: "1 10.001"})
	l.work()
	l.publish("dora", sale{service: "EC2", prices: "1 10.004"})
	inv, err := l.s.Invoice(l.as("dist"), l.edge("dist", "dora"), l.month)
	if err != nil || len(inv.Findings) != 1 || inv.Findings[0].Code != "period" {
		t.Errorf("findings %+v, %v, want one of code period", inv.Findings, err)
	}
	l.work()
	if inv, err = l.s.Invoice(l.as("dist"), l.edge("dist", "dora"), l.month); err != nil || len(inv.Findings) != 0 {
		t.Errorf("after the period run: %+v, %v, want no finding", inv.Findings, err)
	}
}

func TestIncompleteSupplierBlocksWithoutSayingWhy(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "north", "USD")
	l.contract("north", "acme", "USD")
	run := l.publish("acme", sale{service: "EC2", prices: "1 1 2"})
	l.db.Exec(t, `INSERT INTO billing_findings (run_id, tree_id, seller_id, buyer_id, assignee_id, month, code, blocking, currency, sum, message)
		VALUES ($1, $2, $3, $4, $5, '2026-03-01', 'no_contract', true, 'USD', 77, 'No contract covers these lines.')`,
		run.String(), l.top.Tree.String(), l.top.Tree.String(), l.tenant("north").String(), l.tenant("acme").String())
	l.work()
	inv, err := l.s.Invoice(l.as("north"), l.edge("north", "acme"), l.month)
	if err != nil || len(inv.Findings) != 1 || inv.Findings[0].Code != "supplier_incomplete" || !inv.Findings[0].Sum.IsZero() {
		t.Errorf("findings %+v, %v, want supplier_incomplete without a sum", inv.Findings, err)
	}
}
