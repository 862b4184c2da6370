package billing

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// reconcile carries out the period runs that the month lacks, and reconciles.
func (w *world) reconcile() Reconciliation {
	w.t.Helper()
	if _, err := w.s.EnsurePeriods(w.as("dist"), march); err != nil {
		w.t.Fatal(err)
	}
	w.drain()
	got, err := w.s.Reconcile(w.as("dist"), march)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func messages(findings []Finding) []string {
	out := []string{}
	for _, f := range findings {
		out = append(out, f.Code+": "+f.Message.String())
	}
	return out
}

func notices(r Reconciliation) []Finding {
	var out []Finding
	for _, t := range r.Trees {
		out = append(out, t.Notices...)
	}
	return out
}

// blockedMonth is a customer's month whose reseller has no contract with it.
func blockedMonth(t *testing.T) (*world, id.Run) {
	t.Helper()
	w := newWorld(t)
	w.contract("dist", "north", rules.Terms{Basis: rules.BasisList, Rules: []rules.Rule{price("all", "", "price * 0.9")}})
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "100.505"}, usageLine{service: "Storage", billed: "10"})
	return w, w.recalc("dist", "acme").ID
}

func TestMissingContractIsToldAndDoesNotMakeTheBooksWrong(t *testing.T) {
	t.Parallel()
	w, run := blockedMonth(t)
	want := []string{"no_contract: 2 lines of acme have no contract on north → acme: not charged there or further down, at a cost of 99.45 USD."}
	got := w.reconcile()
	if !got.OK || len(got.Trees) != 1 || len(got.Trees[0].Findings) > 0 {
		t.Errorf("reconciliation %+v, want OK without findings of its own", got)
	}
	if diff := cmp.Diff(want, messages(notices(got))); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	if sum := got.Trees[0].Notices[0].Sum.String(); sum != "99.4545" {
		t.Errorf("sum %s, want the exact 99.4545", sum)
	}
	found, err := w.s.RunFindings(w.as("dist"), run)
	if diff := cmp.Diff(want, messages(found)); diff != "" || err != nil {
		t.Errorf("findings of the run (-want +got):\n%s%v", diff, err)
	}
}

func TestRunFindingsAreForTheSellersSide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost})
	w.account("dist", "111", "acme", usageLine{service: "Compute", billed: "5"})
	run := w.recalc("dist", "acme").ID // no contract above north
	for _, who := range []string{"north", "acme", "south"} {
		if found, err := w.s.RunFindings(w.as(who), run); errs.KindOf(err) != errs.NotFound || len(found) > 0 {
			t.Errorf("%s: %v, %v, want NotFound", who, found, err)
		}
	}
	found, err := w.s.RunFindings(w.as("dist"), run)
	if err != nil || len(found) != 1 || found[0].Lines != 1 {
		t.Errorf("%+v, %v, want one about one line", found, err)
	}
}

// What blocks stands as long as its run speaks for the edge; only the seller's
// side reads it.
func TestStandingFindings(t *testing.T) {
	t.Parallel()
	w, run := blockedMonth(t)
	standing := func(acting string, runs ...id.Run) []string {
		t.Helper()
		found, err := w.s.StandingFindings(w.as(acting), runs...)
		if err != nil {
			t.Fatal(err)
		}
		out := []string{}
		for _, f := range found {
			out = append(out, f.Seller.Slug+" → "+f.Buyer.Slug+": "+f.Code)
		}
		counts, err := w.s.CountStanding(w.as(acting), runs...)
		if n := counts[runs[0]]; err != nil || n != len(out) || len(counts) != min(n, 1) {
			t.Errorf("%s counts %v, %v of %q", acting, counts, err, out)
		}
		return out
	}
	want := []string{"north → acme: no_contract"}
	for acting, want := range map[string][]string{"dist": want, "north": want, "acme": {}, "south": {}} {
		if diff := cmp.Diff(want, standing(acting, run, id.New[id.Run]())); diff != "" {
			t.Errorf("%s reads (-want +got):\n%s", acting, diff)
		}
	}
	again := w.recalc("dist", "acme").ID
	if old, now := standing("dist", run), standing("dist", again); len(old) > 0 || !slices.Equal(now, want) {
		t.Errorf("after another run: %q of the old one, %q of the new one", old, now)
	}
	w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost})
	if got := standing("dist", w.recalc("dist", "acme").ID); len(got) > 0 {
		t.Errorf("with a contract: %q", got)
	}
}

func TestInvoiceWithoutContractSaysWhatWaits(t *testing.T) {
	t.Parallel()
	w, _ := blockedMonth(t)
	for _, tt := range []struct{ acting, seller, buyer, want string }{
		{"north", "north", "acme", "There is no contract of north with acme in 2026-03; 2 lines wait for one."},
		{"dist", "north", "acme", "There is no contract of north with acme in 2026-03; 2 lines wait for one."},
		{"dist", "dist", "south", "There is no contract of dist with south in 2026-03, and no charge."},
		{"acme", "north", "acme", errInvoiceNotFound.Message},
		{"north", "dist", "south", errInvoiceNotFound.Message},
		{"dist", "dist", "acme", errInvoiceNotFound.Message},
		{"north", "north", "cargo", errInvoiceNotFound.Message},
	} {
		_, err := w.s.Invoice(w.as(tt.acting), w.edge(tt.seller, tt.buyer), march)
		if errs.KindOf(err) != errs.NotFound || err.Error() != tt.want {
			t.Errorf("%s reads %s → %s: %v, want %q", tt.acting, tt.seller, tt.buyer, err, tt.want)
		}
	}
}

func TestReassignedAccountIsNotOK(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Storage", billed: "100"})
	w.account("dist", "222", "bolt", usageLine{service: "Storage", billed: "7"})
	w.recalc("dist", "acme")
	w.recalc("dist", "bolt")
	if got := w.reconcile(); !got.OK {
		t.Fatalf("not OK before: %v", messages(got.Trees[0].Findings))
	}
	w.assign("111", "bolt")
	got := w.reconcile()
	want := []string{"reassigned: Account 111 (aws) is assigned to bolt, but acme is billed for it: recalculate bolt and acme for 2026-03."}
	if diff := cmp.Diff(want, messages(got.Trees[0].Findings)); diff != "" || got.OK || !got.Trees[0].Difference.IsZero() {
		t.Errorf("OK %v, difference %s, findings (-want +got):\n%s", got.OK, got.Trees[0].Difference, diff)
	}
	w.recalc("dist", "acme")
	if got := w.reconcile(); !got.OK || len(got.Trees[0].AllFindings()) > 0 {
		t.Errorf("after the recalculation: %v", messages(got.Trees[0].AllFindings()))
	}
}

func TestReassignedAccountOfNobodyAndLateLines(t *testing.T) {
	t.Parallel()
	feb := period.NewMonth(2026, time.February)
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Storage", billed: "100"}, usageLine{service: "Storage", billed: "-3", month: feb})
	w.account("dist", "222", "bolt", usageLine{service: "Storage", billed: "5"})
	w.assign("111", "bolt", feb)
	w.recalc("dist", "acme")
	w.recalc("dist", "bolt")
	if got := w.reconcile(); !got.OK {
		t.Fatalf("not OK before: %v", messages(got.Trees[0].Findings))
	}
	w.assign("111", "acme", feb)
	got := w.reconcile()
	if i := slices.IndexFunc(got.Trees[0].Findings, func(f Finding) bool { return f.Code == "reassigned" }); i < 0 || got.OK {
		t.Errorf("late lines moved: OK %v, %v", got.OK, messages(got.Trees[0].Findings))
	}
	w.assign("111", "bolt", feb)
	w.assign("222", "")
	got = w.reconcile()
	const want = "reassigned: Account 222 (aws) is assigned to nobody, but bolt is billed for it: recalculate bolt for 2026-03."
	if !slices.Contains(messages(got.Trees[0].Findings), want) || got.OK {
		t.Errorf("OK %v, %v, want %q", got.OK, messages(got.Trees[0].Findings), want)
	}
}

func TestOutdatedTermsAreToldToTheSellersSide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "acme", usageLine{service: "Storage", billed: "100"})
	w.recalc("dist", "acme")
	invoice := func(who string) []string {
		inv, err := w.s.Invoice(w.as(who), w.edge("north", "acme"), march)
		if err != nil {
			t.Fatal(err)
		}
		return messages(inv.Findings)
	}
	w.contract("south", "cargo", rules.Terms{Basis: rules.BasisCost}) // of somebody else
	if got := invoice("north"); len(got) > 0 {
		t.Errorf("before: %v", got)
	}
	w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{price("markup", "", "price * 1.3")}})
	want := []string{"outdated: north → acme was rated with version 1 of «north-acme»; version 2 is in force: recalculate acme."}
	for _, who := range []string{"north", "dist"} {
		if diff := cmp.Diff(want, invoice(who)); diff != "" {
			t.Errorf("%s's invoice (-want +got):\n%s", who, diff)
		}
	}
	if got := invoice("acme"); len(got) > 0 {
		t.Errorf("the buyer reads %v", got)
	}
	got := w.reconcile()
	if !got.OK || !slices.Contains(messages(notices(got)), want[0]) {
		t.Errorf("OK %v, notices %v", got.OK, messages(notices(got)))
	}
	w.recalc("north", "acme")
	if got := invoice("north"); len(got) > 0 {
		t.Errorf("after: %v", got)
	}
}

func TestOutdatedFeesAndBases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "direct", usageLine{service: "Storage", billed: "100"})
	w.recalc("dist", "direct")
	w.recalc("dist", "bolt") // no lines: fees and rounding of its chain only
	w.contract("dist", "", rules.Terms{Rules: []rules.Rule{{Name: "no tax", Stage: rules.StageExclude, When: `charge_category == "Tax"`}}})
	w.contract("north", "bolt", rules.Terms{Basis: rules.BasisCost})
	got := messages(notices(w.reconcile()))
	for _, want := range []string{
		"outdated: The base of dist was rated without a contract; version 1 of «dist-» is in force: recalculate direct.",
		"outdated: The fees of north → bolt were computed with version 1 of «north-bolt»; version 2 is in force: recalculate a customer of this contract.",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("notices %v, want %q", got, want)
		}
	}
}

func TestFailedRunIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "111", "direct", usageLine{service: "Storage", billed: "100"})
	w.recalc("dist", "direct")
	w.contract("dist", "direct", rules.Terms{Basis: rules.BasisList, Rules: []rules.Rule{price("bad", "", "price / (billed - billed)")}})
	run := w.request("dist", "direct")
	w.drain()
	if r := w.run(run); r.State != StateFailed {
		t.Fatalf("run is %s", r.State)
	}
	got := w.reconcile()
	i := slices.IndexFunc(notices(got), func(f Finding) bool { return f.Code == "failed_run" })
	if !got.OK || i < 0 {
		t.Fatalf("OK %v, notices %v", got.OK, messages(notices(got)))
	}
	f := notices(got)[i]
	if !strings.HasPrefix(f.Message.String(), "The last recalculation of direct failed (Job "+run.String()+"): ") || f.Run != run ||
		!strings.HasSuffix(f.Message.String(), w.run(run).Error.String()) {
		t.Errorf("message %q", f.Message)
	}
	w.contract("dist", "direct", rules.Terms{Basis: rules.BasisList})
	w.recalc("dist", "direct")
	if got := messages(notices(w.reconcile())); len(got) > 0 {
		t.Errorf("after a good one: %v", got)
	}
}

func TestMonthToComeGetsNoPeriodRuns(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.contract("dist", "north", "USD", fee("Base fee", "250"))
	l.month = period.MonthOf(l.s.clock.Now()).Add(1)
	if runs, err := l.s.EnsurePeriods(l.as("dist"), l.month); err != nil || len(runs) > 0 {
		t.Errorf("EnsurePeriods: %v, %v", runs, err)
	}
	if err := l.s.Settle(l.as("dist"), l.month); err != nil {
		t.Error(err)
	}
	if got := l.reconcile(); !got.OK || !got.Nothing {
		t.Errorf("reconciliation %+v, want OK and nothing", got)
	}
	if runs := l.periods("dist", "north"); len(runs) > 0 {
		t.Errorf("period runs %+v, want none", runs)
	}
}

func TestReconcileSaysWhenThereIsNothing(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	if !l.reconcile().Nothing {
		t.Error("an empty month is not nothing")
	}
	l.contract("dist", "north", "USD")
	if _, err := l.s.EnsurePeriods(l.as("dist"), l.month); err != nil {
		t.Fatal(err)
	}
	l.work()
	if !l.reconcile().Nothing {
		t.Error("a contract in force without usage is not nothing")
	}
	l.imported("stray", "", "0")
	got := l.reconcile()
	if got.Nothing {
		t.Error("imported lines are nothing")
	}
	if Join(got, Reconciliation{OK: true, Nothing: true}).Nothing || !Join(Reconciliation{OK: true, Nothing: true}).Nothing {
		t.Error("Join has not kept what is nothing")
	}
}

func TestFindingsWithoutCurrencyStandOnce(t *testing.T) {
	t.Parallel()
	l := bookedMonth(t)
	l.importedFrom("payer-jp", "tokyo", "", "1000", "JPY")
	l.recount.imported.Problems = []SegmentProblem{{Code: "segment.altered", Message: "segments/x.parquet is not what was stored."}}
	got := l.reconcile()
	if diff := cmp.Diff([]string{"segment.altered"}, codes(got)); diff != "" || got.OK || len(got.Trees[0].Findings) != 1 {
		t.Errorf("OK %v, codes (-want +got):\n%s", got.OK, diff)
	}
}

func TestInvoiceTextIsForPeople(t *testing.T) {
	t.Parallel()
	row := periodRow{
		Stage: "fee", Label: "Support", Currency: "USD", Rate: "3.5 %",
		Base: decimal.NewNullDecimal(decimal.RequireFromString("2496.6389768236166034")), Amount: decimal.RequireFromString("87.38"),
	}
	idle := row
	idle.Label, idle.Amount = "Idle", decimal.Zero
	tiny := row
	tiny.Label, tiny.Amount = "Tiny", decimal.RequireFromString("0.001")
	inv := Invoice{Seller: "north", Buyer: "acme", Period: march, Currency: "USD", Status: StatusProForma, Findings: []Finding{
		{Code: "period", Message: "Fees and rounding of this month are being computed.", Blocking: true},
		{Code: "result.altered", Message: "Something is off.", Sum: decimal.RequireFromString("1.005"), Currency: "USD", Blocking: true},
		{Code: "no_contract", Message: "2 lines, at a cost of 99.45 USD.", Sum: decimal.RequireFromString("99.4545"), Currency: "USD", Blocking: true},
		{Code: "outdated", Message: "Version 2 is in force."},
	}}
	for _, r := range []periodRow{row, idle, tiny} {
		inv.Lines = append(inv.Lines, r.invoiceLine(nil))
	}
	inv.total()
	var text, table strings.Builder
	if err := inv.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Support (3.5 % of 2496.64) ", "Tiny (3.5 % of 2496.64) ",
		"\nBefore it can be issued:\n- Fees and rounding of this month are being computed.\n- Something is off. (1.01 USD)\n" +
			"- 2 lines, at a cost of 99.45 USD.\n\nTo know:\n- Version 2 is in force.\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("text lacks %q:\n%s", want, text.String())
		}
	}
	if strings.Contains(text.String(), "Idle") {
		t.Errorf("text has a fee of 0:\n%s", text.String())
	}
	if err := inv.WriteCSV(&table); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table.String(), "fee,Idle,,,,0.00,USD,3.5 % of 2496.6389768236166034\n") {
		t.Errorf("CSV:\n%s", table.String())
	}
}
