package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

// checkNow asks for a check of March, once all fees are computed: there is no
// worker that it could wait for.
func (w *world) checkNow() Check {
	w.t.Helper()
	if _, err := w.s.EnsurePeriods(w.as("dist"), march); err != nil {
		w.t.Fatal(err)
	}
	w.drain()
	c, err := w.s.CheckNow(w.as("dist"), march)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// carryOutCheck does what the worker does.
func (w *world) carryOutCheck(c Check) Check {
	w.t.Helper()
	if _, err := w.s.carryOutCheck(w.t.Context(), c.ID, w.id("dist")); err != nil {
		w.t.Fatal(err)
	}
	newest, _, ok, err := w.s.LastCheck(w.as("dist"), march)
	if err != nil || !ok {
		w.t.Fatal(ok, err)
	}
	return newest
}

// Of many edges a check keeps those that differ and the largest, and says how
// many it leaves out; of few it keeps all.
func TestCheck_KeepsAnExcerpt(t *testing.T) {
	t.Parallel()
	var tree TreeBooks
	for i := range maxStored + 50 {
		amount := decimal.NewFromInt(int64(i))
		tree.Edges = append(tree.Edges, EdgeBooks{Seller: "dist", Buyer: fmt.Sprintf("b%04d", i), SellerCharges: amount, BuyerCosts: amount, Price: amount})
		tree.Notices = append(tree.Notices, Finding{Code: "x", Message: Text(strconv.Itoa(i))})
	}
	tree.Edges[3].BuyerCosts = decimal.NewFromInt(4)
	b, err := formatReconciliation(Reconciliation{OK: true, Trees: []TreeBooks{tree, {Edges: tree.Edges[:maxStored]}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := parseReconciliation(b)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Trees[0]
	if len(got.Edges) != maxStored || got.MoreEdges != 50 || len(got.Notices) != maxStored || got.MoreNotices != 50 || got.MoreFindings != 0 {
		t.Fatalf("%d edges and %d more, %d notices and %d more", len(got.Edges), got.MoreEdges, len(got.Notices), got.MoreNotices)
	}
	if got.Edges[0].Buyer != "b0003" || got.Edges[1].Buyer != "b0051" || got.Edges[maxStored-1].Buyer != "b0249" {
		t.Errorf("%s, %s … %s", got.Edges[0].Buyer, got.Edges[1].Buyer, got.Edges[maxStored-1].Buyer)
	}
	if few := r.Trees[1]; len(few.Edges) != maxStored || few.MoreEdges != 0 {
		t.Errorf("of few: %d and %d more", len(few.Edges), few.MoreEdges)
	}
}

// A stored check says what Reconcile says, findings and notices included, with
// names for slugs.
func TestCheck_StoresTheReconciliation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"})
	w.account("dist", "2", "direct", usageLine{service: "Free", billed: "5", list: "0"})
	w.recalc("dist", "acme")
	w.recalc("dist", "direct")
	w.db.Exec(t, `UPDATE billing_charges SET amount = amount + 1 WHERE seller_id = $1`, w.id("north").UUID())
	asked := w.checkNow()
	if asked.State != CheckRequested || asked.Actor != "dbtest" {
		t.Errorf("%+v", asked)
	}
	if again := w.checkNow(); again.ID != asked.ID {
		t.Error("a second request did not join the first")
	}
	got := w.carryOutCheck(asked)
	want, err := w.s.Reconcile(w.as("dist"), march)
	if err != nil {
		t.Fatal(err)
	}
	same := cmp.Options{
		cmp.Comparer(func(a, b id.Tenant) bool { return a == b }), cmp.Comparer(func(a, b id.Run) bool { return a == b }),
	}
	for _, list := range [][]Finding{want.Trees[0].Findings, want.Trees[0].Notices} {
		for i := range list {
			list[i].Message = names{"north": nameOf("north"), "acme": nameOf("acme"), "direct": nameOf("direct"), "dist": nameOf("dist")}.in(list[i].Message)
		}
	}
	if diff := cmp.Diff(want, got.Result, same); diff != "" {
		t.Errorf("(-reconciled +stored):\n%s", diff)
	}
	if got.State != CheckComplete || got.OK || got.PublishedSince != 0 || len(got.Result.Trees) != 1 || len(got.Result.Trees[0].Notices) == 0 {
		t.Errorf("%+v", got)
	}
	w.recalc("north", "acme")
	newest, complete, _, err := w.s.LastCheck(w.as("dist"), march)
	if err != nil || newest.ID != complete.ID || complete.PublishedSince == 0 {
		t.Errorf("%v: published since %d", err, complete.PublishedSince)
	}
	w.carryOutCheck(w.checkNow())
	months, err := w.s.CheckedMonths(w.as("dist"), 12)
	if !slices.Equal(months, []CheckedMonth{{Month: march, IsChecked: true, OK: true}}) || err != nil {
		t.Error(err, months)
	}
}

// What was imported is the distributor's alone.
func TestCheck_OnlyTheDistributor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"})
	w.recalc("dist", "acme")
	w.carryOutCheck(w.checkNow())
	for _, who := range []string{"north", "acme"} {
		_, err := w.s.CheckNow(w.as(who), march)
		_, _, _, last := w.s.LastCheck(w.as(who), march)
		_, months := w.s.CheckedMonths(w.as(who), 3)
		for _, err := range []error{err, last, months} {
			if errs.KindOf(err) != errs.Forbidden {
				t.Errorf("%s: %v", who, err)
			}
		}
		var n int64
		err = w.db.Web.ReadTx(w.as(who), func(ctx context.Context) error {
			return w.db.Web.Gorm(ctx).Raw(`SELECT count(*) FROM billing_checks`).Scan(&n).Error
		})
		if err != nil || n != 0 {
			t.Errorf("%s sees %d checks, %v", who, n, err)
		}
	}
	if _, err := w.s.CheckNow(w.as("dist"), period.Month{}); errs.KindOf(err) != errs.Invalid {
		t.Error(err)
	}
}

// A check whose worker died is asked for again; one that lives is joined.
func TestCheck_DeadWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	c := w.checkNow()
	lock, ok, err := w.db.Work.Lock(t.Context(), checkKey(w.id("dist"), march))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	w.db.Exec(t, `UPDATE billing_checks SET state = 'running', started_at = now() WHERE id = $1`, c.ID.UUID())
	if joined := w.checkNow(); joined.ID != c.ID {
		t.Error("did not join the check under way")
	}
	if again, err := w.s.carryOutCheck(t.Context(), c.ID, w.id("dist")); err != nil || again == 0 {
		t.Errorf("a second worker did not step back: %v %v", again, err)
	}
	lock.Release()
	next := w.checkNow()
	if next.ID == c.ID || next.State != CheckRequested {
		t.Errorf("%+v", next)
	}
	if got := w.carryOutCheck(next); got.State != CheckComplete || !got.OK {
		t.Errorf("%+v", got)
	}
	// The first job comes back to nothing.
	if _, err := w.s.carryOutCheck(t.Context(), c.ID, w.id("dist")); err != nil {
		t.Error(err)
	}
}

// A check that cannot be carried out says so, without what only the log may
// know.
func TestCheck_Fails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deps := w.deps()
	deps.Recount = brokenRecount{}
	w.module = New(deps)
	w.s = w.module.Service
	got := w.carryOutCheck(w.checkNow())
	if got.State != CheckFailed || got.Error == "" || got.FinishedAt.IsZero() {
		t.Errorf("%+v", got)
	}
	if want := "Something went wrong inside Tierbook; the log knows more (check " + got.ID.String() + ")."; got.Error != want {
		t.Errorf("it says %q", got.Error)
	}
}

type brokenRecount struct{}

func (brokenRecount) Imported(context.Context, period.Month) (Imported, error) {
	return Imported{}, errors.New("disk 7 is full")
}

// The job carries it out.
func TestCheck_ByWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"})
	w.recalc("dist", "acme")
	w.startWorker()
	c := w.checkNow()
	for deadline := time.Now().Add(30 * time.Second); ; {
		got, _, _, err := w.s.LastCheck(w.as("dist"), march)
		if err != nil {
			t.Fatal(err)
		}
		if got.State == CheckComplete && got.ID == c.ID && got.OK && money.Plain(got.Result.Trees[0].Imported) == "100" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v", got)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
