package billing

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/money"
)

type ctxT = context.Context

// read runs fn in a read transaction of the work role.
func (l *ledger) read(fn func(ctx ctxT) error) {
	l.t.Helper()
	if err := l.s.work.db.ReadTx(l.as("dist"), fn); err != nil {
		l.t.Fatal(err)
	}
}

// imported says that the segments hold billed of account, which assignee (none:
// nobody) answers for.
func (l *ledger) imported(account, assignee, billed string) {
	l.importedFrom("payer-1", account, assignee, billed, "USD")
}

func (l *ledger) importedFrom(payer, account, assignee, billed string, currency money.Currency) {
	l.recount.imported.Sums = append(l.recount.imported.Sums, ImportedSum{
		Owner: l.tenant("dist"), Provider: "aws", Payer: payer, Currency: currency, AccountID: l.account(account),
		Account: account, Rows: 1, Billed: decimal.RequireFromString(billed), Assignee: l.tenant(assignee),
	})
}

func (l *ledger) reconcile() Reconciliation {
	l.t.Helper()
	got, err := l.s.Reconcile(l.as("dist"), l.month)
	if err != nil {
		l.t.Fatal(err)
	}
	return got
}

func codes(r Reconciliation) []string {
	var out []string
	for _, t := range r.Trees {
		for _, f := range t.Findings {
			out = append(out, f.Code)
		}
	}
	return out
}

func hasFinding(r Reconciliation, code string) bool { return slices.Contains(codes(r), code) }

// bookedMonth is a month with everything in it: two resellers' customers, a
// direct one, own use, an unassigned account, an excluded line, fees on both
// levels.
func bookedMonth(t *testing.T) *ledger {
	t.Helper()
	l := newLedger(t)
	l.contract("dist", "north", "USD", fee("Programme fee", "percent(spend, 10)"))
	l.contract("dist", "south", "USD")
	l.contract("dist", "dora", "USD")
	l.contract("north", "acme", "USD", fee("Care", "20"))
	l.contract("north", "bolt", "USD")
	l.contract("south", "core", "USD")
	l.imported("acme", "acme", "95")
	l.imported("bolt", "bolt", "81")
	l.imported("core", "core", "10.123456789")
	l.imported("dora", "dora", "50")
	l.imported("lab", "south", "3.5")
	l.imported("stray", "", "7.25")
	l.publish("acme", sale{service: "EC2", prices: "90 100 120"}, sale{service: "Tax", prices: "5 -"})
	l.publish("bolt", sale{service: "EC2", prices: "81 90 95"})
	l.publish("core", sale{service: "EC2", prices: "10.123456789 11.1358024679 12.005"})
	l.publish("dora", sale{service: "EC2", prices: "50 60"})
	l.publish("south", sale{account: "lab", service: "EC2", prices: "3.5 4"})
	l.work()
	return l
}

func TestReconcileShowsBothSides(t *testing.T) {
	t.Parallel()
	got := bookedMonth(t).reconcile()
	text, err := json.MarshalIndent(got, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
 "ok": true,
 "trees": [
  {
   "distributor": "dist",
   "currency": "USD",
   "imported": "246.873456789",
   "assigned": "236.123456789",
   "own_use": "3.5",
   "unassigned": "7.25",
   "difference": "0",
   "rows_quarantined": 0,
   "edges": [
    {
     "seller": "dist",
     "buyer": "dora",
     "seller_charges": "60",
     "buyer_costs": "60",
     "cost": "50",
     "price": "60",
     "margin": "10"
    },
    {
     "seller": "dist",
     "buyer": "north",
     "seller_charges": "209",
     "buyer_costs": "209",
     "cost": "176",
     "price": "209",
     "margin": "33"
    },
    {
     "seller": "dist",
     "buyer": "south",
     "seller_charges": "15.14",
     "buyer_costs": "15.14",
     "cost": "13.623456789",
     "price": "15.14",
     "margin": "1.516543211"
    },
    {
     "seller": "north",
     "buyer": "acme",
     "seller_charges": "140",
     "buyer_costs": "140",
     "cost": "100",
     "price": "140",
     "margin": "40"
    },
    {
     "seller": "north",
     "buyer": "bolt",
     "seller_charges": "95",
     "buyer_costs": "95",
     "cost": "90",
     "price": "95",
     "margin": "5"
    },
    {
     "seller": "south",
     "buyer": "core",
     "seller_charges": "12.01",
     "buyer_costs": "12.01",
     "cost": "11.1358024679",
     "price": "12.01",
     "margin": "0.8741975321"
    }
   ],
   "findings": []
  }
 ]
}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("reconciliation (-want +got):\n%s", diff)
	}
}

func TestReconcileFindsPlantedErrors(t *testing.T) {
	t.Parallel()
	cent := decimal.RequireFromString("0.01")
	for _, tt := range []struct {
		name  string
		plant func(l *ledger)
		want  []string // codes that must be among the findings
		sum   string   // of the first of them; empty: any
	}{
		{"a changed charge", func(l *ledger) {
			l.db.Exec(l.t, `UPDATE billing_charges SET amount = amount + 0.01 WHERE seller_id = $1 AND assignee_id = $2`,
				l.tenant("north").String(), l.tenant("acme").String())
		}, []string{"edge", "result.altered"}, "0.01"},
		{"a changed cost of the owner", func(l *ledger) {
			l.db.Exec(l.t, `UPDATE billing_charge_costs SET cost = cost - 0.000000001 WHERE bearer_id = $1 AND assignee_id = $2`,
				l.tenant("dist").String(), l.tenant("core").String())
		}, []string{"difference", "result.altered"}, "0.000000001"},
		{"a changed cost of a buyer", func(l *ledger) {
			l.db.Exec(l.t, `UPDATE billing_charge_costs SET cost = cost + 1 WHERE bearer_id = $1`, l.tenant("bolt").String())
		}, []string{"edge", "result.altered"}, "-1"},
		{"a charge and its cost, changed alike", func(l *ledger) {
			l.db.Exec(l.t, `UPDATE billing_charges SET amount = amount + 1 WHERE seller_id = $1 AND assignee_id = $2`,
				l.tenant("north").String(), l.tenant("bolt").String())
			l.db.Exec(l.t, `UPDATE billing_charge_costs SET cost = cost + 1 WHERE bearer_id = $1`, l.tenant("bolt").String())
		}, []string{"result.altered"}, ""},
		{"a changed fee", func(l *ledger) {
			l.db.Exec(l.t, `UPDATE billing_period_charges SET amount = amount - 1 WHERE rule = 'Care'`)
		}, []string{"edge", "result.altered"}, "-1"},
		{"a fee and its cost, changed alike", func(l *ledger) {
			l.db.Exec(l.t, `UPDATE billing_period_charges SET amount = amount - 1 WHERE rule = 'Care'`)
			l.db.Exec(l.t, `UPDATE billing_period_costs SET amount = amount - 1 WHERE rule = 'Care'`)
		}, []string{"result.altered"}, ""},
		{"a lost charge", func(l *ledger) {
			l.db.Exec(l.t, `DELETE FROM billing_charges WHERE assignee_id = $1`, l.tenant("dora").String())
		}, []string{"edge", "result.altered"}, "-60"},
		{"a lost publication of fees", func(l *ledger) {
			l.db.Exec(l.t, `DELETE FROM billing_period_published WHERE seller_id = $1 AND buyer_id = $2`,
				l.tenant("dist").String(), l.tenant("north").String())
			l.db.Exec(l.t, `UPDATE billing_runs SET state = 'failed' WHERE seller_id = $1 AND buyer_id = $2`,
				l.tenant("dist").String(), l.tenant("north").String())
		}, []string{"period"}, ""},
		{"a removed segment", func(l *ledger) {
			im := &l.recount.imported
			im.Sums = im.Sums[1:]
			im.Problems = append(im.Problems, SegmentProblem{Code: "segment.missing", Message: "segments/x.parquet is gone."})
		}, []string{"difference", "segment.missing"}, "-95"},
		{"an altered segment that adds up", func(l *ledger) {
			l.recount.imported.Problems = []SegmentProblem{{Code: "segment.altered", Message: "segments/x.parquet is not what was stored."}}
		}, []string{"segment.altered"}, ""},
		{"an altered sum", func(l *ledger) {
			im := &l.recount.imported
			im.Sums[0].Billed = im.Sums[0].Billed.Add(cent)
		}, []string{"difference"}, "0.01"},
		{"a quarantined row", func(l *ledger) { l.recount.imported.Quarantined = 1 }, []string{"quarantine"}, ""},
		{
			"an account that was never rated", func(l *ledger) { l.imported("new", "bolt", "12") },
			[]string{"unrated", "difference"},
			"12",
		},
		{"two payers that are wrong by the same", func(l *ledger) {
			l.importedFrom("payer-2", "x", "bolt", "5", "USD")
			l.imported("y", "bolt", "-5")
		}, []string{"difference", "unrated"}, "-5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := bookedMonth(t)
			if before := l.reconcile(); !before.OK {
				t.Fatalf("not OK before anything was planted: %v", codes(before))
			}
			tt.plant(l)
			got := l.reconcile()
			if got.OK {
				t.Error("OK, want not")
			}
			for _, code := range tt.want {
				if !hasFinding(got, code) {
					t.Errorf("findings %v, want %q among them", codes(got), code)
				}
			}
			if tt.sum == "" {
				return
			}
			i := slices.IndexFunc(got.Trees[0].Findings, func(f Finding) bool { return f.Code == tt.want[0] })
			if i < 0 || money.Plain(got.Trees[0].Findings[i].Sum) != tt.sum {
				t.Errorf("findings %+v, want %s with a sum of %s", got.Trees[0].Findings, tt.want[0], tt.sum)
			}
		})
	}
}

func TestReconcileAsksForMissingPeriodRunsAndWaits(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "north", "USD", fee("Base fee", "250"))
	done := make(chan Reconciliation)
	go func() {
		got, err := l.s.Reconcile(l.as("dist"), l.month)
		if err != nil {
			t.Error(err)
		}
		done <- got
	}()
	for len(l.periods("dist", "north")) == 0 { // until it has asked
		select {
		case <-done:
			t.Fatal("did not wait")
		case <-t.Context().Done():
			t.Fatal("has not asked for a period run")
		default:
		}
	}
	if err := l.m.CarryOut(t.Context(), l.periods("dist", "north")[0].ID); err != nil {
		t.Fatal(err)
	}
	got := <-done
	if !got.OK || len(got.Trees) != 1 || got.Trees[0].Edges[0].SellerCharges.String() != "250" {
		t.Errorf("reconciliation %+v, want 250 charged and OK", got)
	}
}

func TestReconcileKeepsCurrenciesApart(t *testing.T) {
	t.Parallel()
	l := bookedMonth(t)
	l.importedFrom("payer-jp", "tokyo", "", "1000", "JPY")
	got := l.reconcile()
	if len(got.Trees) != 2 || got.Trees[0].Currency != "JPY" || got.Trees[1].Currency != "USD" {
		t.Fatalf("trees %+v, want JPY and USD", got.Trees)
	}
	if got.Trees[0].Unassigned.String() != "1000" || !got.OK {
		t.Errorf("JPY %+v, want 1000 unassigned", got.Trees[0])
	}
}

func TestReconcileWithoutAnythingIsOK(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	if got := l.reconcile(); !got.OK || len(got.Trees) != 0 {
		t.Errorf("%+v, want OK and empty", got)
	}
	l.recount.imported.Quarantined = 2
	if got := l.reconcile(); got.OK || len(got.Trees) != 1 || got.Trees[0].RowsQuarantined != 2 {
		t.Errorf("%+v, want an entry with two quarantined rows", got)
	}
}

func TestReconcileIsForDistributors(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for _, who := range []string{"north", "acme"} {
		if _, err := l.s.Reconcile(l.as(who), l.month); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("%s: %v, want Forbidden", who, err)
		}
	}
}

func TestSummaryAddsUpTiers(t *testing.T) {
	t.Parallel()
	l := bookedMonth(t)
	got, err := l.s.Summary(l.as("dist"), l.month)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{
		"distributor USD cost 239.623456789 fees 0 price 284.14 margin 44.516543211",
		"reseller USD cost 201.1358024679 fees 19.0041975321 price 247.01 margin 26.87",
	}, summaryText(got)); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	// A reseller reads its own tier, nothing above or beside it.
	if got, err = l.s.Summary(l.as("north"), l.month); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"reseller USD cost 190 fees 19 price 235 margin 26"}, summaryText(got)); diff != "" {
		t.Errorf("north's summary (-want +got):\n%s", diff)
	}
	if got, err = l.s.Summary(l.as("acme"), l.month); err != nil || len(got) > 0 {
		t.Errorf("acme's summary %v, %v, want nothing: it sells nothing", got, err)
	}
}

func summaryText(list []TierSummary) []string {
	var out []string
	for _, t := range list {
		out = append(out, t.Tier.String()+" "+string(t.Currency)+" cost "+money.Plain(t.Cost)+" fees "+money.Plain(t.PeriodCost)+
			" price "+money.Plain(t.Price)+" margin "+money.Plain(t.Margin))
	}
	return out
}

func TestJoinOrdersTrees(t *testing.T) {
	t.Parallel()
	got := Join(
		Reconciliation{OK: true, Trees: []TreeBooks{{Distributor: "b", Currency: "USD"}}},
		Reconciliation{OK: false, Trees: []TreeBooks{{Distributor: "a", Currency: "USD"}, {Distributor: "a", Currency: "EUR"}}})
	var order []string
	for _, x := range got.Trees {
		order = append(order, x.Distributor+" "+string(x.Currency))
	}
	if got.OK || !slices.Equal(order, []string{"a EUR", "a USD", "b USD"}) {
		t.Errorf("Join: OK %v, %v", got.OK, order)
	}
}
